"""The examination of a running installation. What it says of one that rests is tested with its command."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from tests.app.test_control_plane import asked, running, settings_in
from tests.edge.wire import edge
from tests.support.certificates import pair
from yett.admin.views import NewServer
from yett.app.doctor import Finding, Level, examine
from yett.edge.certificate import Certificate
from yett.gateway.feed import Apply, follow
from yett.gateway.snapshot import SnapshotDelta
from yett.settings import Settings
from yett.stores.commands import Command, add_command

pytestmark = pytest.mark.anyio


async def findings(settings: Settings) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for finding in await asyncio.to_thread(lambda: list(examine(settings))):
        found.setdefault(finding.check, []).append(finding)
    return found


def says(*problems: str) -> Apply:
    """A data plane that takes every change, and says this of it."""

    async def take(_: SnapshotDelta) -> list[str]:
        return list(problems)

    return take


async def added(settings: Settings, new: NewServer) -> None:
    await asked(settings, lambda control: control.add_server(new))


async def test_a_gateway_without_a_data_plane_fails(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    async with running(settings):
        found = await findings(settings)
    assert found["control plane"][0].level is Level.OK
    assert [(finding.level, finding.message) for finding in found["data plane"]] == [
        (Level.FAIL, "none is connected to the control plane")
    ]


async def test_a_data_plane_that_does_not_answer_and_has_problems_fails(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    async with running(settings):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            port = nobody.getsockname()[1]
            state = settings.state_dir
            feed = asyncio.ensure_future(
                follow(state / "feed.sock", state / "snapshot.json", says("no room"), listening=f"http://127.0.0.1:{port}")
            )
            try:
                async with asyncio.timeout(10):
                    while len(found := (await findings(settings))["data plane"]) < 3:
                        pass
            finally:
                feed.cancel()
                await asyncio.wait([feed])
    assert [finding.level for finding in found] == [Level.OK, Level.FAIL, Level.FAIL]
    assert f"http://127.0.0.1:{port}/readyz does not answer" in found[1].message
    assert found[2].message == "no room"


async def test_each_server_is_looked_at_without_being_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yett.app.lookout.LOOK_S", 0.5)  # one of them never answers when it is added
    settings = settings_in(tmp_path)
    add_command(settings.state_dir, "here", Command(argv=("sh", "-c", f"touch {tmp_path}/started")))
    add_command(settings.state_dir, "nowhere", Command(argv=("no-such-program",)))
    add_command(settings.state_dir, "forgotten", Command(argv=("sh",)))
    with socket.create_server(("127.0.0.1", 0)) as there, socket.socket() as gone:
        gone.bind(("127.0.0.1", 0))
        async with running(settings):
            for name in ("here", "nowhere", "forgotten"):
                await added(settings, NewServer(name=name, command=name))
            for name, port in (("up", there.getsockname()[1]), ("down", gone.getsockname()[1])):
                await added(settings, NewServer(name=name, url=f"http://127.0.0.1:{port}/mcp"))
            await added(settings, NewServer(name="secret", url="http://127.0.0.1:9/", credential="env:NEVER_SET_IN_TESTS"))
            (settings.state_dir / "commands.json").write_text('{"here":{"argv":["sh"]},"nowhere":{"argv":["no-such-program"]}}')
            (tmp_path / "started").unlink(missing_ok=True)  # adding it started it
            found = await findings(settings)
    levels = {
        check.removeprefix("server "): lines[0].level.value for check, lines in found.items() if check.startswith("server ")
    }
    assert levels == {"here": "ok", "nowhere": "warn", "forgotten": "fail", "up": "ok", "down": "fail", "secret": "warn"}
    assert not (tmp_path / "started").exists()


async def test_a_key_of_tls_that_others_may_use_is_named(tmp_path: Path) -> None:
    _, key = pair().write(tmp_path)
    settings = settings_in(tmp_path, "[tls]\ncertificate = 'certificate.pem'\nkey = 'key.pem'\n")
    key.chmod(0o604)
    (_, told) = (await findings(settings))["keys"]
    assert (told.level, told.remedy) == (Level.WARN, f"run `chmod o= {key}`")
    key.chmod(0o600)
    assert len((await findings(settings))["keys"]) == 1


async def test_a_data_plane_that_shows_another_certificate_than_the_configured_one_fails(tmp_path: Path) -> None:
    old = Certificate(*pair().write(tmp_path))
    configuration = "[tls]\ncertificate = 'certificate.pem'\nkey = 'key.pem'\n"
    settings = settings_in(tmp_path, configuration)
    async with running(settings), edge(tls=old.context) as gate:
        pair().write(tmp_path)
        state, listening = settings.state_dir, f"https://127.0.0.1:{gate.server.port}"
        feed = asyncio.ensure_future(follow(state / "feed.sock", state / "snapshot.json", says(), listening=listening))
        try:
            async with asyncio.timeout(10):
                while len(found := (await findings(settings))["data plane"]) < 2:
                    pass
        finally:
            feed.cancel()
            await asyncio.wait([feed])
    assert found[1].level is Level.FAIL
    assert "does not show the certificate of `tls.certificate`" in found[1].message
