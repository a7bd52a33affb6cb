"""The control plane's process, on a real loop, with real sockets."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from tests.admin.asking import asked as requested
from tests.admin.asking import request
from yett.admin.client import RemoteControl
from yett.admin.views import NewGrant, NewRevision, NewServer, StatusView
from yett.app import control_plane
from yett.app.address import read_address
from yett.app.control import connect
from yett.app.desk import FilePublication, open_desk
from yett.approvals.model import Vote
from yett.errors import OperatorFault
from yett.gateway.active import ActiveSnapshot, Snapshot
from yett.gateway.feed import follow
from yett.settings import Settings, load_settings
from yett.stores.approval_desk import ApprovalDesk
from yett.stores.control.lock import ControlBusy, is_held, take_lock
from yett.stores.state_file import STATE_FILE

pytestmark = pytest.mark.anyio
SOON_S = 10.0
DENY = '{"version":"1","default":"deny"}'


def settings_in(directory: Path, toml: str = "") -> Settings:
    path = directory / "yett.toml"
    path.write_text("[control_plane]\nport = 0\n" + toml)
    return load_settings(path, {"YETT_STATE_DIRECTORY": str(directory / "state")})


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[int]:
    """The control plane; its port."""
    stop, port = asyncio.Event(), asyncio.get_running_loop().create_future()
    async with asyncio.timeout(SOON_S), asyncio.TaskGroup() as parts:
        task = parts.create_task(control_plane.run(settings, ready=port.set_result, stop=stop))
        await asyncio.wait([task, port], return_when=asyncio.FIRST_COMPLETED)
        try:
            yield await port if port.done() else 0
        finally:
            stop.set()


async def asked(settings: Settings, ask: Callable[[RemoteControl], object]) -> object:
    """As a command does it, which is another process."""

    def connected() -> object:
        with connect(settings) as control:
            assert isinstance(control, RemoteControl)
            return ask(control)

    return await asyncio.to_thread(connected)


async def test_commands_find_it_while_it_runs_and_nothing_is_left_of_it_afterwards(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    async with running(settings) as port:
        address = read_address(settings.state_dir)
        assert address is not None
        assert (address.port, address.pid) == (port, os.getpid())
        status = await asked(settings, lambda control: control.status())
        assert isinstance(status, StatusView)
        assert status.pid == os.getpid()
    assert read_address(settings.state_dir) is None
    assert not is_held(settings.state_dir)
    assert not (settings.state_dir / "feed.sock").exists()


async def test_a_change_over_the_api_governs_the_data_plane_before_the_command_ends(tmp_path: Path) -> None:
    settings, active = settings_in(tmp_path), ActiveSnapshot()

    async with running(settings):
        state = settings.state_dir
        feed = asyncio.ensure_future(follow(state / "feed.sock", state / "snapshot.json", active.take, listening="http://gate:1"))
        await _until(settings, lambda status: [plane.listening for plane in status.data_planes] == ["http://gate:1"])
        await asked(settings, lambda control: control.add_server(NewServer(name="files", url="http://127.0.0.1:9/mcp")))
        await asked(settings, lambda control: control.set_policy("strict", NewRevision(document=DENY)))
        await asked(settings, lambda control: control.mint_grant(NewGrant(server="files", label="ci", policy="strict")))
        assert [grant.label for grant in _current(active).grants.values()] == ["ci"]
        revoked = await asked(settings, lambda control: control.revoke_grant("ci"))
        assert getattr(revoked, "applied", False)
        assert not _current(active).grants
        assert getattr(revoked, "grant").endpoint == "http://gate:1/mcp/files"  # noqa: B009 - typed as object here
        feed.cancel()
        await asyncio.wait([feed])


def _current(active: ActiveSnapshot) -> Snapshot:
    snapshot = active.current()
    assert snapshot is not None
    return snapshot


async def _until(settings: Settings, holds: Callable[[StatusView], bool]) -> None:
    while True:
        status = await asked(settings, lambda control: control.status())
        assert isinstance(status, StatusView)
        if holds(status):
            return


async def test_policy_files_are_published_at_start_and_when_they_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yett.admin.policy_files.PolicyFiles.watch.__defaults__", (0.01,))
    (tmp_path / "p.json").write_text(DENY)
    settings = settings_in(tmp_path, '[policies]\nstrict = "p.json"\n')
    async with running(settings):
        assert await asked(settings, lambda control: control.policy("strict").document) == DENY
        (tmp_path / "p.json").write_text("{")
        await _until(settings, lambda status: any("the file" in problem for problem in status.problems))
        (tmp_path / "p.json").write_text(DENY.replace("deny", "allow"))
        await _until(settings, lambda status: not status.problems)
        assert await asked(settings, lambda control: control.policy("strict").policy.number) == 2


async def test_a_taken_port_is_one_sentence_with_its_setting(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = load_settings(None, {"YETT_STATE_DIRECTORY": str(tmp_path / "state"), "YETT_CONTROL_PLANE_PORT": str(port)})
        with pytest.raises(OperatorFault, match=f"port {port} at 127.0.0.1 is taken; set `control_plane.port` to another"):
            await control_plane.run(settings, stop=asyncio.Event())


async def test_a_host_that_is_not_ours_is_one_sentence_with_its_setting() -> None:
    with pytest.raises(OperatorFault, match=r"cannot listen at .*; set `control_plane\.host`"):
        control_plane.bind("192.0.2.1", 0)


async def test_a_store_that_stays_held_stops_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_plane, "PATIENCE_S", 0.0)
    settings = settings_in(tmp_path)
    with take_lock(settings.state_dir), pytest.raises(ControlBusy):
        await control_plane.run(settings, stop=asyncio.Event())


async def test_the_program_says_its_port_and_ends_on_a_signal(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    environment = {**os.environ, "YETT_STATE_DIRECTORY": str(settings.state_dir)}
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "yett.app.control_plane", "--config", str(settings.config_path)),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert program.stdout is not None
    async with asyncio.timeout(SOON_S):
        line = await program.stdout.readline()
        address = read_address(settings.state_dir)
        assert address is not None
        assert line == f"listening {address.port}\n".encode()
        program.send_signal(signal.SIGTERM)
        _, errors = await program.communicate()
    assert (program.returncode, errors) == (0, b"")


async def test_a_decision_whose_line_a_crash_swallowed_stands_in_the_admin_log_after_the_start(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with closing(open_desk(settings, FilePublication(tmp_path / "snapshot.json"))) as desk:
        organisation = desk.first_organisation()
    state_db, now_ns = settings.state_dir / STATE_FILE, time.time_ns()
    waiting = requested(state_db, now_ns, request(organisation=organisation))
    with ApprovalDesk(state_db) as approvals:  # which is how a process that is killed after its vote leaves both
        approvals.vote(waiting.id, lambda _: Vote("local:ann", "ann", True, now_ns, "cli", tuple(waiting.request.rules)), now_ns)
    async with running(settings):
        lines = await asked(settings, lambda remote: remote.changes())
    assert ("local:ann", "approval.given", waiting.id) in [(line.actor, line.action, line.subject) for line in lines]  # type: ignore[attr-defined]  # a list
