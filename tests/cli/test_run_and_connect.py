"""`yett run` and `yett connect` as an MCP client starts them: lines in, lines out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.real_gateway import YETT, running_gateway
from yett.cli import connect as connect_module
from yett.cli import run as run_module
from yett.cli.output import CommandError

POLICY = {
    "version": "1",
    "default": "deny",
    "tools": {"get_current_time": {"limits": [{"counter": "looks", "window": "month", "max": 2}]}},
}
HANDSHAKE: list[dict[str, Any]] = [
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
    },
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
]


def environment_in(directory: Path) -> dict[str, str]:
    """The environment of somebody who has a home of his own."""
    home = {"HOME": str(directory), "YETT_STATE_DIRECTORY": str(directory / "state")}
    return {"PATH": str(Path(sys.executable).parent), **home}


def call(id: int, name: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": name, "arguments": {"timezone": "UTC"}}}


def answers(command: list[str], lines: list[dict[str, Any]], environment: dict[str, str]) -> dict[int, dict[str, Any]]:
    """What a command prints for these lines, by id; it must end by itself when its stdin does."""
    text = "".join(json.dumps(line) + "\n" for line in lines)
    done = subprocess.run(command, input=text, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return {answer["id"]: answer for answer in map(json.loads, done.stdout.splitlines()) if "id" in answer}


def test_run_judges_calls_and_a_second_client_gets_no_fresh_quota(tmp_path: Path) -> None:
    policy = tmp_path / "p.json"
    policy.write_text(json.dumps(POLICY), encoding="utf-8")
    environment = {
        "PATH": str(Path(sys.executable).parent),
        "YETT_STATE_DIRECTORY": str(tmp_path / "state"),
        "HOME": str(tmp_path),
    }
    command = [YETT, "run", "--policy", str(policy), "--", sys.executable, "-m", "mcp_server_time"]
    first = answers(command, [*HANDSHAKE, call(2, "get_current_time"), call(3, "convert_time")], environment)
    assert first[2]["result"]["isError"] is False
    assert first[3]["result"]["_meta"]["dev.yett/decision"]["code"] == "not_listed"
    second = answers(command, [*HANDSHAKE, call(2, "get_current_time")], environment)
    assert second[2]["result"]["isError"] is False
    third = answers(command, [*HANDSHAKE, call(2, "get_current_time")], environment)
    assert third[2]["result"]["_meta"]["dev.yett/decision"]["code"] == "limit_exceeded"


def test_connect_takes_no_word_of_the_folder_where_a_client_starts_it(tmp_path: Path) -> None:
    (tmp_path / "yett.toml").write_text("[data_plane]\nport = 1\nnonsense = true\n", encoding="utf-8")
    environment = {**environment_in(tmp_path), "YETT_TOKEN": "yett_x", "YETT_DATA_PLANE_PORT": "2"}
    line = json.dumps(HANDSHAKE[0]) + "\n"
    command = [YETT, "connect", "files"]
    done = subprocess.run(
        command, input=line, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert "127.0.0.1:2" in json.loads(done.stdout)["error"]["message"]


def test_run_without_a_readable_policy_says_so_and_starts_nothing(tmp_path: Path) -> None:
    policy = tmp_path / "p.json"
    policy.write_text("{}", encoding="utf-8")
    environment = environment_in(tmp_path)
    witness = tmp_path / "started"
    command = [YETT, "run", "--policy", str(policy), "--", sys.executable, "-c", f"open({str(witness)!r}, 'w')"]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 3
    assert "`version` is missing" in done.stderr
    assert not witness.exists()


@pytest.mark.timeout(120)
def test_connect_bridges_stdio_to_a_server_of_the_gateway(tmp_path: Path) -> None:
    with running_gateway(tmp_path) as gateway:
        gateway.yett("server", "add", "time", "--", sys.executable, "-m", "mcp_server_time")
        gateway.publish("p", POLICY, tmp_path)
        endpoint = gateway.endpoint("time", "p")
        token = endpoint.headers["Authorization"].removeprefix("Bearer ")
        environment = {**gateway.environment, "YETT_TOKEN": token}
        told = answers([YETT, "connect", "time"], [*HANDSHAKE, call(2, "get_current_time"), call(3, "convert_time")], environment)
        assert told[1]["result"]["serverInfo"]["name"] == "mcp-time"
        assert told[2]["result"]["isError"] is False
        assert told[3]["result"]["_meta"]["dev.yett/decision"]["code"] == "not_listed"
        refused = answers([YETT, "connect", "time"], HANDSHAKE, {**environment, "YETT_TOKEN": "yett_wrong"})
        assert "does not know this grant" in refused[1]["error"]["message"]


def test_connect_without_a_token_says_where_to_put_it(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="set YETT_TOKEN, or give --token-file"):
        connect_module._token(None, None)
    with pytest.raises(CommandError, match="cannot read the token file"):
        connect_module._token(tmp_path / "absent", None)
    (tmp_path / "token").write_text("yett_x\n", encoding="utf-8")
    assert connect_module._token(tmp_path / "token", None) == "yett_x"


def with_closed(closed: str, command: list[str], environment: dict[str, str], text: str) -> subprocess.CompletedProcess[str]:
    """What a command does that a shell starts with one of its three streams closed."""
    shell = ["/bin/sh", "-c", f'exec "$@" {closed}', "sh", *command]
    return subprocess.run(shell, input=text, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(("closed", "name"), [("<&-", "stdin"), (">&-", "stdout")])
@pytest.mark.parametrize("words", [["run", "--policy", "p.json", "--", "true"], ["connect", "time"]], ids=["run", "connect"])
def test_without_a_way_to_the_client_the_start_is_refused(words: list[str], closed: str, name: str, tmp_path: Path) -> None:
    done = with_closed(closed, [YETT, *words], environment_in(tmp_path), "")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == f"error: {name} is closed, and the client speaks through it; start this with {name} open\n"


def test_without_a_stderr_messages_pass_and_nothing_else_does(tmp_path: Path) -> None:
    policy = tmp_path / "p.json"
    policy.write_text(json.dumps(POLICY), encoding="utf-8")
    command = [YETT, "run", "--policy", str(policy), "--", sys.executable, "-m", "mcp_server_time"]
    text = "".join(json.dumps(line) + "\n" for line in HANDSHAKE)
    done = with_closed("2>&-", command, environment_in(tmp_path), text)
    assert done.returncode == 0
    assert [json.loads(line)["result"]["serverInfo"]["name"] for line in done.stdout.splitlines()] == ["mcp-time"]
    bridged = with_closed("2>&-", [YETT, "connect", "time"], {**environment_in(tmp_path), "YETT_TOKEN": "x"}, text)
    assert bridged.returncode == 0
    assert [json.loads(line)["id"] for line in bridged.stdout.splitlines()] == [1]


def test_run_takes_everything_behind_the_dashes_as_the_command() -> None:
    names = [parameter.name for parameter in run_module.command.params]
    assert names[:4] == ["policy_path", "name", "no_pins", "argv"]
