"""`yett run`: one program behind a policy file, for one client on stdin and stdout."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import pytest

from tests.support.policies import ALLOW_ALL, policy
from tests.support.wire import call, initialize, request
from yett.app.local import LocalRun

YETT: Final = str(Path(sys.executable).parent / "yett")
PROGRAM: Final = str(Path(__file__).parents[1] / "support" / "mcp_program.py")


@dataclass
class Client:
    """A client that started `yett run` in the place of the server."""

    process: subprocess.Popen[bytes]
    notes: Path
    policy: Path

    def ask(self, sent: Any) -> Any:
        """Send a request and wait for its answer."""
        self.stdin.write(sent.body + b"\n")
        self.stdin.flush()
        return json.loads(self.stdout.readline())

    def call(self, name: str, **members: Any) -> Any:
        """The result of a call."""
        return self.ask(call(name, **members)).get("result")

    def publish(self, document: Any) -> None:
        """Write the policy file anew."""
        self.policy.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")

    def end(self) -> tuple[int, str]:
        """Close the client's end; exit status and what was said on stderr."""
        self.stdin.close()
        assert self.process.stderr is not None
        said = self.process.stderr.read().decode()
        return self.process.wait(15), said

    @property
    def stdin(self) -> IO[bytes]:
        assert self.process.stdin is not None
        return self.process.stdin

    @property
    def stdout(self) -> IO[bytes]:
        assert self.process.stdout is not None
        return self.process.stdout

    @property
    def reached(self) -> list[str]:
        """The calls that reached the server."""
        return self.notes.read_text(encoding="utf-8").split() if self.notes.exists() else []


@contextmanager
def running(folder: Path, document: Any = ALLOW_ALL, *command: str, options: tuple[str, ...] = ()) -> Iterator[Client]:
    path, notes = folder / "policy.json", folder / "notes"
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    argv = [
        YETT,
        "run",
        "--policy",
        str(path),
        "--name",
        "me",
        *options,
        "--",
        *(command or (sys.executable, PROGRAM, str(notes))),
    ]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "YETT_STATE_DIRECTORY": str(folder / "state")}
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, cwd=folder) as process:
        try:
            yield Client(process, notes, path)
        finally:
            if process.poll() is None:
                process.kill()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def gone(pid: int) -> bool:
    """Whether a process ends within a moment."""
    deadline = time.monotonic() + 10
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not alive(pid)


def test_the_local_grant_is_named_after_the_run_so_that_its_quota_outlives_it() -> None:
    run = LocalRun(Path("p.json"), "me", ("true",), {})
    assert (run.grant.id, run.grant.policy, run.server.id, run.server.url) == ("local:me", "me", "local:me", None)


def test_a_conversation_from_the_handshake_to_the_end(tmp_path: Path) -> None:
    with running(tmp_path, policy(tools={"echo": {}}, hide=["drop"])) as client:
        assert client.ask(initialize())["result"]["serverInfo"]["name"] == "small"
        assert [tool["name"] for tool in client.ask(request("tools/list"))["result"]["tools"]] == ["echo", "pid"]
        assert client.call("echo", arguments={"a": 1})["content"][0]["text"] == '{"a": 1}'
        assert client.call("pid")["_meta"]["dev.yett/decision"]["code"] == "not_listed"
        assert client.ask(call("drop"))["error"]["message"] == "Unknown tool: drop"
        assert client.reached == ["echo"]
        assert client.end() == (0, "")


def test_a_quota_outlives_the_process(tmp_path: Path) -> None:
    document = policy(tools={"echo": {"limits": [{"counter": "n", "window": "month", "max": 1}]}})
    with running(tmp_path, document) as client:
        assert "isError" not in client.call("echo")
        client.end()
    with running(tmp_path, document) as client:
        assert client.call("echo")["_meta"]["dev.yett/decision"]["code"] == "limit_exceeded"
        client.end()


def test_a_policy_that_changes_judges_what_follows_and_a_broken_one_changes_nothing(tmp_path: Path) -> None:
    with running(tmp_path) as client:
        assert "isError" not in client.call("echo")
        client.publish(policy())
        deadline = time.monotonic() + 10
        while "isError" not in client.call("echo"):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        client.publish("{")
        time.sleep(1.2)  # as long as the file is not looked at
        decision = client.call("echo")["_meta"]["dev.yett/decision"]
        assert (decision["code"], decision["policy_revision"][:2]) == ("not_listed", "2-")
        status, said = client.end()
        assert status == 0
        assert "cannot be used" in said


@pytest.mark.parametrize("document", ["", "{", '{"version":"1","default":"alow"}'])
def test_without_a_policy_nothing_is_started(tmp_path: Path, document: str) -> None:
    with running(tmp_path, document) as client:
        status, said = client.end()
        assert status == 3
        assert "policy file" in said
        assert "Traceback" not in said
        assert client.reached == []


def test_a_program_that_does_not_exist_is_an_error_in_words(tmp_path: Path) -> None:
    with running(tmp_path, ALLOW_ALL, "/no/such/program") as client:
        error = client.ask(initialize())["error"]
        assert error["code"] == -32603
        assert "/no/such/program" in error["message"] or "program" in error["message"]
        status, said = client.end()
        assert (status, "Traceback" in said) == (0, False)


def test_lines_that_are_no_messages_are_skipped_and_refused_ones_answered(tmp_path: Path) -> None:
    with running(tmp_path) as client:
        client.stdin.write(b"hello\n\n")
        assert client.ask(type(call("x"))(b'{"jsonrpc":"2.0","id":1,"method":"made/up"}', []))["error"]["code"] == -32601
        assert "isError" not in client.call("echo")
        assert client.end()[0] == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_program_too(tmp_path: Path, number: signal.Signals) -> None:
    with running(tmp_path) as client:
        pid = int(client.call("pid")["content"][0]["text"])
        client.process.send_signal(number)
        assert client.process.wait(15) in {130, 0, 143}
        assert gone(pid)
        assert client.process.stderr is not None
        assert b"Traceback" not in client.process.stderr.read()


def test_a_client_that_no_longer_reads_ends_everything_quietly(tmp_path: Path) -> None:
    with running(tmp_path) as client:
        pid = int(client.call("pid")["content"][0]["text"])
        client.stdout.close()
        client.stdin.write(call("echo", {"text": "x" * 100_000}).body + b"\n")
        client.stdin.flush()
        status, said = client.end()
        assert (status, "Traceback" in said) == (0, False)
        assert gone(pid)


def test_the_configurations_own_variables_do_not_reach_the_program(tmp_path: Path) -> None:
    answer = "{'jsonrpc': '2.0', 'id': 1, 'error': {'code': 1, 'message': ' '.join(os.environ)}}"
    show = f"import os, sys, json; sys.stdin.readline(); print(json.dumps({answer}))"
    with running(tmp_path, ALLOW_ALL, sys.executable, "-c", show) as client:
        seen = client.ask(initialize())["error"]["message"]
        assert "PATH" in seen
        assert "YETT_STATE_DIRECTORY" not in seen
        client.end()
