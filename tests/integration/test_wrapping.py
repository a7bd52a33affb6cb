"""A new user's minute: the servers of real configuration files go behind Yett, and official clients call tools through them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support import secret_server
from tests.support.effort import times
from tests.support.ports import free_port
from tests.support.programs import require_program
from tests.support.real_clients import CLIENTS, Endpoint, RealClient, Step
from tests.support.real_gateway import YETT, Gateway, running_gateway
from tests.support.real_server import Witness

pytestmark = [pytest.mark.xdist_group("gateway"), pytest.mark.timeout(300)]
"""The first test waits for real servers to start, several at once."""

SECRET: Final = "sk-hidden-4f9c2e7d1a"
CLIENT_IDS: Final = [client.name for client in CLIENTS]


@dataclass(frozen=True)
class House:
    """A user's home, with the files of three clients, and their gateway."""

    home: Path
    gateway: Gateway
    files: Mapping[Path, bytes]

    def yett(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        environment = {**self.gateway.environment, "HOME": str(self.home)}
        environment.pop("XDG_CONFIG_HOME", None)
        done = subprocess.run([YETT, *words], env=environment, capture_output=True, text=True, timeout=240, check=False)
        assert not check or done.returncode == 0, done.stderr + done.stdout
        return done

    def entry(self, path: str, key: str, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.home / path).read_text())[key][name]
        return found

    def endpoint(self, entry: Mapping[str, Any]) -> Endpoint:
        """As a client starts it: with nothing but what stands in the file, and an environment that knows nothing of Yett."""
        command = entry["command"] if isinstance(entry["command"], list) else [entry["command"], *entry["args"]]
        return Endpoint(command=tuple(command), env={"HOME": str(self.home)})


def write(path: Path, value: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=4))
    return path


def configured(home: Path, repository: Path, witness: str | None) -> dict[Path, bytes]:
    """Real files of three clients, by path."""
    secretive = {"command": sys.executable, "args": [str(Path(secret_server.__file__))], "env": {"API_KEY": SECRET}}
    git = {"command": str(require_program("mcp-server-git")), "args": ["--repository", str(repository)], "disabled": False}
    remote = {"type": "http", "url": witness, "headers": {"X-Api-Key": SECRET}} if witness else git
    paths = [
        write(home / ".config/Claude/claude_desktop_config.json", {"mcpServers": {"Secretive (mine)": secretive, "git": git}}),
        write(home / ".claude.json", {"numStartups": 3, "mcpServers": {"remote": remote}}),
        write(home / ".config/opencode/opencode.json", {"mcp": {"secretive": {
            "type": "local", "command": [secretive["command"], *secretive["args"]], "environment": secretive["env"]}}}),
    ]  # fmt: skip
    return {path: path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wrapped-repository")
    subprocess.run([require_program("git"), "init", "-q", str(folder)], check=True)
    (folder / "plan.txt").write_text("a plan\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, repository: Path, witness: Witness) -> Iterator[House]:
    home = tmp_path_factory.mktemp("home")
    files = configured(home, repository, witness.url)
    with running_gateway(home / "yett") as gateway:
        house = House(home, gateway, files)
        house.yett("wrap", "--all", "--yes")
        yield house


def test_no_secret_is_left_in_any_file_and_wrapping_again_changes_nothing(house: House) -> None:
    assert [path for path in house.home.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()] == []
    before = [path.read_bytes() for path in house.files]
    done = json.loads(house.yett("wrap", "--all", "--yes", "--json").stdout)
    assert [entry["state"] for entry in done["entries"]] == ["wrapped"] * 4
    assert [path.read_bytes() for path in house.files] == before
    assert len(json.loads(house.yett("grant", "list", "--json").stdout)) == 4


@pytest.mark.parametrize("client", CLIENTS, ids=CLIENT_IDS)
def test_a_client_calls_a_tool_through_the_wrapped_entry_and_the_secret_reaches_the_server_alone(
    house: House, client: RealClient
) -> None:
    entries = [
        house.entry(".config/Claude/claude_desktop_config.json", "mcpServers", "Secretive (mine)"),
        house.entry(".config/opencode/opencode.json", "mcp", "secretive"),
    ]
    for entry in entries:
        listed, done = client.run(house.endpoint(entry), "2025-11-25", (Step("list"), Step("call", "show_fingerprint"))).seen
        assert listed.tools == ("show_fingerprint",)  # what removes everything is hidden
        assert done.text == hashlib.sha256(SECRET.encode()).hexdigest()


@pytest.mark.parametrize("client", CLIENTS, ids=CLIENT_IDS)
def test_a_real_server_does_its_job_through_the_wrapped_entry(house: House, client: RealClient, repository: Path) -> None:
    entry = house.entry(".config/Claude/claude_desktop_config.json", "mcpServers", "git")
    assert entry["disabled"] is False
    status = Step("call", "git_status", {"repo_path": str(repository)})
    reset = Step("call", "git_reset", {"repo_path": str(repository)})
    listed, done, denied = client.run(house.endpoint(entry), "auto", (Step("list"), status, reset)).seen
    assert "plan.txt" in done.text
    assert "git_reset" not in listed.tools
    assert denied.error_code is not None or denied.is_error


def test_a_server_elsewhere_gets_its_header_and_the_file_does_not_hold_it(house: House, witness: Witness) -> None:
    entry = house.entry(".claude.json", "mcpServers", "remote")
    (done,) = CLIENTS[0].run(house.endpoint(entry), "2025-11-25", (Step("call", "add", {"a": 1, "b": 2}),)).seen
    assert done.text == "3"
    assert ["x-api-key", SECRET] in [header for request in witness.requests() for header in request["headers"]]


def test_each_call_is_recorded_under_the_grant_of_its_entry(house: House) -> None:
    entry = house.entry(".config/Claude/claude_desktop_config.json", "mcpServers", "git")
    CLIENTS[0].run(
        house.endpoint(entry),
        "2025-11-25",
        (Step("list"), Step("call", "git_branch", {"repo_path": "/", "branch_type": "local"})),
    )
    calls = [json.loads(line) for line in house.yett("log", "--json").stdout.splitlines()]
    assert ("git_branch", "Claude Desktop git") in {(call.get("target"), call.get("grant_label")) for call in calls}


def test_a_new_key_seals_what_was_wrapped_anew(house: House) -> None:
    entry = house.entry(".config/opencode/opencode.json", "mcp", "secretive")
    assert json.loads(house.yett("secrets", "rotate", "--json").stdout)["retired"] == [1]
    (done,) = CLIENTS[0].run(house.endpoint(entry), "2025-11-25", (Step("call", "show_fingerprint"),)).seen
    assert done.text == hashlib.sha256(SECRET.encode()).hexdigest()
    assert SECRET in house.yett("unwrap", "--show", "secretive").stdout


def test_unwrapping_restores_every_file_to_the_byte_and_ends_the_grants(house: House) -> None:
    entry = house.entry(".config/opencode/opencode.json", "mcp", "secretive")
    kept = house.home / "kept"
    shutil.copytree(house.home / "yett/state/tokens", kept)
    house.yett("unwrap", "--all", "--yes")
    try:
        assert {path: path.read_bytes() for path in house.files} == house.files
        assert json.loads(house.yett("server", "list", "--json").stdout) == []
        words = [str(kept / Path(word).name) if "/tokens/" in word else word for word in entry["command"]]
        with pytest.raises(BaseException):  # noqa: B017 - each SDK has its own
            CLIENTS[0].run(Endpoint(command=tuple(words), env={"HOME": str(house.home)}), "2025-11-25", (Step("list"),))
    finally:
        house.yett("wrap", "--all", "--yes", "--no-look")  # for the other tests, in whatever order they run


@contextmanager
def alone(directory: Path, repository: Path) -> Iterator[tuple[dict[Path, bytes], dict[str, str]]]:
    """A home without a gateway."""
    environment = {"HOME": str(directory), "PATH": str(Path(YETT).parent), "YETT_STATE_DIRECTORY": str(directory / "state")}
    yield configured(directory, repository, None), environment


def test_a_client_that_finds_no_gateway_starts_one(tmp_path: Path, repository: Path) -> None:
    files, config = configured(tmp_path, repository, None), tmp_path / "yett.toml"
    config.write_text(
        f'[state]\ndirectory = "state"\n[data_plane]\nport = {free_port()}\n[control_plane]\nport = {free_port()}\n'
        "[health]\ninterval_s = 0\n"
    )
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "YETT_CONFIG": str(config)}
    subprocess.run([YETT, "wrap", "claude-code", "--yes"], env=environment, capture_output=True, timeout=120, check=True)
    entry = json.loads((tmp_path / ".claude.json").read_text())["mcpServers"]["remote"]
    assert "--start" in entry["args"]
    endpoint = Endpoint(command=(entry["command"], *entry["args"]), env={"HOME": str(tmp_path)})
    try:
        (done,) = CLIENTS[0].run(endpoint, "2025-11-25", (Step("call", "git_status", {"repo_path": str(repository)}),)).seen
        assert "plan.txt" in done.text
        subprocess.run([YETT, "unwrap", "--all", "--yes"], env=environment, capture_output=True, timeout=120, check=True)
        assert {path: path.read_bytes() for path in files} == files
    finally:
        control = json.loads((tmp_path / "state/control.json").read_text())["pid"]
        os.kill(int(Path(f"/proc/{control}/stat").read_text().rpartition(")")[2].split()[1]), signal.SIGTERM)


KILLS: Final = times(2)
LATEST_S: Final = 1.6


def test_whenever_it_is_killed_the_next_run_finishes_and_nothing_is_lost(tmp_path: Path, repository: Path) -> None:
    with alone(tmp_path, repository) as (files, environment):
        for number in range(KILLS):
            for words in (("wrap", "--all", "--yes", "--no-look"), ("unwrap", "--all", "--yes")):
                killed = subprocess.Popen([YETT, *words], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                try:
                    killed.wait(0.3 + LATEST_S * number / KILLS)
                except subprocess.TimeoutExpired:
                    killed.send_signal(signal.SIGKILL)
                    killed.wait()
                for path in files:
                    assert json.loads(path.read_text())
                done = subprocess.run([YETT, *words], env=environment, capture_output=True, text=True, timeout=240, check=False)
                assert done.returncode == 0, done.stderr + done.stdout
                assert ({path: path.read_bytes() for path in files} == files) == (words[0] == "unwrap")
        listed = subprocess.run([YETT, "server", "list", "--json"], env=environment, capture_output=True, text=True, check=True)
        assert json.loads(listed.stdout) == []
