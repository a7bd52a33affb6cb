"""The live ways to servers: made at first use, kept while configured, never a reason to fail before a call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.clock import ManualClock
from yett.app.upstreams import NoUpstream, Upstreams, commands_of
from yett.errors import UpstreamNotReached
from yett.gateway.snapshot import ServerEntry
from yett.ports import Outbound, Upstream
from yett.settings import ServersSettings, Settings
from yett.stores.commands import Command, add_command, mark_of
from yett.upstreams.bridge import Bridge
from yett.upstreams.credentials import Credentials
from yett.upstreams.http import HttpUpstream
from yett.upstreams.stdio import StdioUpstream

pytestmark = pytest.mark.anyio

HTTP = ServerEntry(organisation="o", id="1", name="files", url="http://127.0.0.1:9/mcp")
STDIO = ServerEntry(organisation="o", id="2", name="time", command="time")
PING = Outbound(b'{"jsonrpc":"2.0","id":1,"method":"ping"}', "ping", b"1", modern=False)


def ways(state_dir: Path, **commands: Command) -> Upstreams:
    settings = Settings(config_path=None, state_dir=state_dir, servers=ServersSettings(commands=commands))
    return Upstreams(settings, ManualClock(), Credentials(), lambda *_: None, lambda _: None)


def inner(upstream: Upstream) -> Upstream:
    """The way behind the bridge between eras, which each way has before it."""
    assert isinstance(upstream, Bridge)
    return upstream.inner


async def refusal(upstream: Any) -> str:
    with pytest.raises(UpstreamNotReached) as refused:
        await upstream.exchange(PING)
    return str(refused.value)


async def test_a_way_is_made_once(tmp_path: Path) -> None:
    upstreams = ways(tmp_path, time=Command(argv=("true",)))
    assert isinstance(inner(upstreams.of(HTTP)), HttpUpstream)
    assert isinstance(inner(upstreams.of(STDIO)), StdioUpstream)
    assert upstreams.of(HTTP) is upstreams.of(HTTP)
    await upstreams.aclose()


async def test_another_program_than_the_control_plane_saw_is_not_started(tmp_path: Path) -> None:
    seen = Command(argv=("true",), env={"TOKEN": "a"})
    server = ServerEntry(organisation="o", id="2", name="time", command="time", program=mark_of(seen))
    upstreams = ways(tmp_path, time=Command(argv=("true", "--evil")))
    assert "another one than its tools were accepted of" in await refusal(upstreams.of(server))
    again = ways(tmp_path, time=Command(argv=("true",), env={"TOKEN": "b"}))
    assert isinstance(inner(again.of(server)), StdioUpstream), "a credential may change"
    await again.aclose()


async def test_a_server_that_is_configured_otherwise_has_another_way_and_the_old_one_is_closed(tmp_path: Path) -> None:
    upstreams = ways(tmp_path)
    old = upstreams.of(HTTP)
    moved = ServerEntry(organisation="o", id="1", name="files", url="http://127.0.0.1:10/mcp")
    assert upstreams.of(moved) is not old
    await upstreams.keep([moved, moved])
    assert upstreams.of(moved) is upstreams.of(moved)
    assert upstreams.of(HTTP) is not old
    await upstreams.aclose()


@pytest.mark.parametrize("url", ["", "files", "ftp://x/", "http://", "http://u:p@x/", "http://x:99999/", "http://x y/"])
async def test_an_address_that_cannot_be_used_is_said_when_it_is_used(tmp_path: Path, url: str) -> None:
    upstreams = ways(tmp_path)
    assert "url" in await refusal(upstreams.of(ServerEntry(organisation="o", id="1", name="x", url=url)))


async def test_a_command_that_is_not_listed_is_found_once_it_is(tmp_path: Path) -> None:
    upstreams = ways(tmp_path)
    missing = upstreams.of(STDIO)
    assert isinstance(missing, NoUpstream)
    assert "`time`; add it with `yett server add`" in await refusal(missing)
    assert await missing.end_session(PING) == 404
    await missing.aclose()
    add_command(tmp_path, "time", Command(argv=("true",)))
    assert isinstance(inner(upstreams.of(STDIO)), StdioUpstream)
    await upstreams.aclose()


async def test_a_variable_that_refers_to_nothing_is_said_when_the_server_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstreams = ways(tmp_path, time=Command(argv=("true",), env={"TOKEN": "env:NO_SUCH_VARIABLE_HERE"}))
    assert "NO_SUCH_VARIABLE_HERE" in await refusal(upstreams.of(STDIO))
    monkeypatch.setenv("NO_SUCH_VARIABLE_HERE", "x")
    assert isinstance(inner(upstreams.of(STDIO)), StdioUpstream)
    await upstreams.aclose()


async def test_a_list_of_commands_that_cannot_be_read_starts_nothing(tmp_path: Path) -> None:
    (tmp_path / "commands.json").write_text("{")
    (tmp_path / "commands.json").chmod(0o600)
    assert "commands" in await refusal(ways(tmp_path).of(STDIO))


def test_the_configuration_file_wins_over_the_command_line(tmp_path: Path) -> None:
    add_command(tmp_path, "a", Command(argv=("added",)))
    add_command(tmp_path, "b", Command(argv=("added",)))
    settings = Settings(
        config_path=None, state_dir=tmp_path, servers=ServersSettings(commands={"a": Command(argv=("configured",))})
    )
    assert {name: command.argv for name, command in commands_of(settings).items()} == {"a": ("configured",), "b": ("added",)}
