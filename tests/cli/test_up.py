"""`yett up`, with its real processes."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from yett.admin.client import RemoteControl
from yett.admin.views import Attachment, NewGrant, NewRevision, NewServer
from yett.app.control import connect
from yett.settings import Settings, load_settings

SOON_S = 20.0
ALLOW = '{"version":"1","default":"allow"}'
CALL = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'


@dataclass
class Gateway:
    """A running `yett up --json`."""

    process: subprocess.Popen[str]
    settings: Settings
    events: list[dict[str, Any]] = field(default_factory=list)

    def next_event(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"it ended with {self.process.wait(5)}: {self.process.stderr.read() if self.process.stderr else ''}"
        self.events.append(json.loads(line))
        return self.events[-1]

    def until(self, **expected: object) -> dict[str, Any]:
        """The next event that has all of these."""
        while True:
            event = self.next_event()
            if expected.items() <= event.items():
                return event

    def port(self, part: str) -> int:
        return int([event["port"] for event in self.events if event["event"] == "listens" and event["part"] == part][-1])

    def pid(self, part: str) -> int:
        return int([event["pid"] for event in self.events if event["event"] == "listens" and event["part"] == part][-1])

    def get(self, part: str, path: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port(part), timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def call(self, token: str) -> int:
        """The status of one call with this token."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port("data plane"), timeout=5)
        fields = {
            "authorization": f"Bearer {token}",
            "accept": "application/json, text/event-stream",
            "content-type": "application/json",
        }
        try:
            connection.request("POST", "/mcp/shop", CALL, fields)
            return connection.getresponse().status
        finally:
            connection.close()


@contextmanager
def gateway(directory: Path, toml: str = "[data_plane]\nport = 0\n[control_plane]\nport = 0\n") -> Iterator[Gateway]:
    config = directory / "yett.toml"
    config.write_text(f'[state]\ndirectory = "state"\n{toml}')
    environment = {name: value for name, value in os.environ.items() if not name.startswith("YETT_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "yett.cli.main", "--config", str(config), "up", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    with process:
        try:
            yield Gateway(process, load_settings(config, {}))
        finally:
            process.terminate()
            try:
                process.communicate(timeout=SOON_S)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_from_start_to_stop(tmp_path: Path) -> None:
    with gateway(tmp_path) as up:
        up.until(event="listens", part="data plane")
        up.until(event="listens", part="control plane")
        assert up.get("data plane", "/readyz")[1]["status"] == "ready"
        with connect(up.settings) as control:
            assert isinstance(control, RemoteControl)
            assert [plane.pid for plane in control.status().data_planes] == [up.pid("data plane")]
            control.add_server(NewServer(name="shop", url="http://127.0.0.1:9/mcp"))
            control.set_policy("open", NewRevision(document=ALLOW))
            minted = control.mint_grant(NewGrant(server="shop", policy="open"))
            assert minted.applied
            assert minted.grant.endpoint == f"http://127.0.0.1:{up.port('data plane')}/mcp/shop"
            assert up.call(minted.token) != 401
            rotated = control.rotate_grant(minted.grant.id)
            assert (up.call(minted.token), up.call(rotated.token) != 401) == (401, True)
            control.attach(minted.grant.id, Attachment(policy=None))
            assert control.revoke_grant(minted.grant.id).applied
            assert up.call(rotated.token) == 401
        up.process.send_signal(signal.SIGTERM)
        assert up.process.wait(SOON_S) == 0
        assert not is_alive(up.pid("data plane"))
        assert not is_alive(up.pid("control plane"))
        assert not (up.settings.state_dir / "control.json").exists()


def test_each_process_is_started_again_after_a_kill_and_the_other_one_goes_on(tmp_path: Path) -> None:
    with gateway(tmp_path) as up:
        up.until(event="listens", part="data plane")
        up.until(event="listens", part="control plane")
        with connect(up.settings) as control:
            control.add_server(NewServer(name="shop", url="http://127.0.0.1:9/mcp"))
            minted = control.mint_grant(NewGrant(server="shop"))
        data_plane = up.pid("data plane")
        os.kill(up.pid("control plane"), signal.SIGKILL)
        assert up.until(event="crashed", part="control plane")["status"] == -9
        assert up.call(minted.token) != 401
        # The command is at work while the control plane starts again: it waits, or does the work itself.
        with connect(up.settings) as control:
            control.revoke_grant(minted.grant.id)
        up.until(event="listens", part="control plane")
        _until_refused(up, minted.token)
        assert up.pid("data plane") == data_plane

        os.kill(data_plane, signal.SIGKILL)
        up.until(event="crashed", part="data plane")
        up.until(event="listens", part="data plane")
        assert up.pid("data plane") != data_plane
        assert up.call(minted.token) in {401, 503}
        _until_refused(up, minted.token)


def _until_refused(up: Gateway, token: str) -> None:
    deadline = time.monotonic() + SOON_S
    while up.call(token) != 401:
        assert time.monotonic() < deadline, "the revoked grant still opens the gate"


@pytest.mark.parametrize("section", ["data_plane", "control_plane"])
def test_a_taken_port_is_one_sentence_that_names_the_setting(tmp_path: Path, section: str) -> None:
    other = {"data_plane": "control_plane", "control_plane": "data_plane"}[section]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with gateway(tmp_path, f"[{section}]\nport = {port}\n[{other}]\nport = 0\n") as up:
            assert up.process.wait(SOON_S) == 3
            assert up.process.stderr is not None
            errors = up.process.stderr.read()
    assert f"{port}" in errors
    assert f"`{section}.port`" in errors
    assert "Traceback" not in errors


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a child of its parent's death")
def test_nothing_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    with gateway(tmp_path) as up:
        up.until(event="listens", part="data plane")
        up.until(event="listens", part="control plane")
        up.process.kill()
        up.process.wait()
        deadline = time.monotonic() + SOON_S
        while is_alive(up.pid("data plane")) or is_alive(up.pid("control plane")):
            assert time.monotonic() < deadline
            os.sched_yield()


def test_bad_settings_end_the_start_before_anything_runs(tmp_path: Path) -> None:
    config = tmp_path / "yett.toml"
    config.write_text("[data_plane]\nprot = 1\n")
    done = subprocess.run(
        [sys.executable, "-m", "yett.cli.main", "up", "--config", str(config)],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("error: ")
    assert "did you mean `port`?" in done.stderr
