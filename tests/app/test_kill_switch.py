"""The kill switch from end to end: a use case of the control plane, and what a client of the data plane sees of it, and when."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest

from tests.app.test_data_plane import a_server
from tests.support.wire import HttpClient, Reply, Sent, call, initialize
from yett.admin.permissions import operator
from yett.admin.publish import Publisher
from yett.admin.service import Service
from yett.admin.stop_views import Scope, StopWanted
from yett.admin.views import NewGrant, NewRevision, NewServer
from yett.app import data_plane
from yett.app.desk import open_alone, open_desk
from yett.edge.server import EdgeServer
from yett.gateway.feed import SNAPSHOT_FILE, SOCKET_FILE
from yett.settings import Command, DataPlaneSettings, ServersSettings, Settings

pytestmark = pytest.mark.anyio

CALLS_S = 1.0
STREAMS_S = 5.0
ALLOW = '{"version":"1","default":"allow"}'
PROGRAM = Path(__file__).parent.parent / "support" / "mcp_program.py"


def settings_in(directory: Path) -> Settings:
    servers = ServersSettings(commands={"program": Command(argv=(sys.executable, str(PROGRAM), str(directory / "notes")))})
    return Settings(config_path=None, state_dir=directory, data_plane=DataPlaneSettings(port=0), servers=servers)


@dataclass
class House:
    """A data plane, and the use cases of its control plane."""

    settings: Settings
    port: int
    service: Service
    tokens: dict[str, str]

    async def does(self, work: Callable[[Service], Any]) -> Any:
        return await asyncio.to_thread(work, self.service)

    async def asks(self, server: str, sent: Sent, *more: tuple[bytes, bytes]) -> Reply:
        client = await HttpClient.connect(self.port)
        try:
            return await client.ask("POST", f"/mcp/{server}", [*self.bearer(server), *sent.fields, *more], sent.body)
        finally:
            await client.aclose()

    def bearer(self, server: str) -> list[tuple[bytes, bytes]]:
        return [(b"authorization", f"Bearer {self.tokens[server]}".encode())]

    def furnish(self, url: str) -> None:
        self.service.add_server(NewServer(name="files", url=url))
        self.service.add_server(NewServer(name="program", command="program"))
        self.service.set_policy("all", NewRevision(document=ALLOW))
        for server in ("files", "program"):
            minted = self.service.mint_grant(NewGrant(server=server, label=f"{server}-grant", policy="all"))
            self.tokens[server] = minted.token


@asynccontextmanager
async def house(directory: Path, url: str) -> AsyncIterator[House]:
    settings = settings_in(directory)
    stop, listening = asyncio.Event(), asyncio.get_running_loop().create_future()
    publisher = Publisher(directory / SNAPSHOT_FILE)
    desk = await asyncio.to_thread(open_desk, settings, publisher)
    await asyncio.to_thread(desk.begin)
    async with asyncio.timeout(40), publisher.listening(directory / SOCKET_FILE), asyncio.TaskGroup() as parts:
        parts.create_task(data_plane.run(settings, ready=listening.set_result, stop=stop))
        server: EdgeServer = await listening
        made = House(settings, server.port, Service(desk, operator("test", desk.first_organisation())), {})
        while not publisher.data_planes():  # noqa: ASYNC110 - the publisher tells nobody of arrivals
            await asyncio.sleep(0.01)
        await asyncio.to_thread(made.furnish, url)
        try:
            yield made
        finally:
            stop.set()
            await asyncio.to_thread(desk.close)


def wanted(scope: Scope) -> StopWanted:
    names = {"grant": "files-grant", "server": "files"}
    return StopWanted(scope=scope, name=names.get(scope, ""))


@pytest.mark.parametrize("scope", get_args(Scope))
async def test_calls_are_denied_within_a_second_and_go_on_when_they_may(tmp_path: Path, scope: Scope) -> None:
    async with a_server() as (url, seen), house(tmp_path, url) as home:
        assert b"done" in (await home.asks("files", call("echo"))).body
        began, reached = time.monotonic(), len(seen)
        changed = await home.does(lambda service: service.stop(wanted(scope)))
        assert changed.applied
        reply = await home.asks("files", call("echo"))
        assert time.monotonic() - began < CALLS_S
        assert reply.json["result"]["_meta"]["dev.yett/decision"]["code"] == "stopped"
        assert len(seen) == reached
        await home.does(lambda service: service.resume(wanted(scope)))
        assert b"done" in (await home.asks("files", call("echo"))).body


@pytest.mark.parametrize("what", ["stopped", "revoked", "everything stopped"])
async def test_an_open_stream_and_the_program_behind_it_end_within_five(tmp_path: Path, what: str) -> None:
    async with a_server() as (url, _), house(tmp_path, url) as home:
        session = (await home.asks("program", initialize())).fields[b"mcp-session-id"]
        client = await HttpClient.connect(home.port)
        fields = [(b"accept", b"text/event-stream"), (b"mcp-session-id", session)]
        await client.send("GET", "/mcp/program", [*home.bearer("program"), *fields])
        assert (await client.head()).status == 200
        assert programs()
        began = time.monotonic()
        if what == "revoked":
            await home.does(lambda service: service.revoke_grant("program-grant"))
        elif what == "stopped":
            await home.does(lambda service: service.stop(StopWanted(scope="server", name="program")))
        else:
            await home.does(lambda service: service.stop(StopWanted(scope="everything")))
        assert await client.chunk() == b""
        while programs():  # noqa: ASYNC110 - processes tell nobody
            await asyncio.sleep(0.02)
        assert time.monotonic() - began < STREAMS_S
        await client.aclose()


def programs() -> list[str]:
    """Process ids of the program, started by this process."""
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text(encoding="ascii").split()
    return [pid for pid in children if str(PROGRAM).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()]


async def test_a_command_that_works_alone_stops_a_data_plane_whose_control_plane_is_dead(tmp_path: Path) -> None:
    async with a_server() as (url, _):
        settings, stop = settings_in(tmp_path), asyncio.Event()
        async with house(tmp_path, url) as home:
            tokens = home.tokens
        listening = asyncio.get_running_loop().create_future()
        async with asyncio.timeout(30), asyncio.TaskGroup() as parts:
            parts.create_task(data_plane.run(settings, ready=listening.set_result, stop=stop))
            alone = House(settings, (await listening).port, await asyncio.to_thread(open_alone, settings, "test"), tokens)
            while (await alone.asks("files", call("echo"))).status != 200:  # noqa: ASYNC110 - as a client would
                await asyncio.sleep(0.02)
            began = time.monotonic()
            await alone.does(lambda service: service.stop(StopWanted(scope="everything")))
            while b"stopped" not in (await alone.asks("files", call("echo"))).body:  # noqa: ASYNC110 - as a client would
                await asyncio.sleep(0.02)
            assert time.monotonic() - began < CALLS_S
            await asyncio.to_thread(alone.service.desk.close)
            stop.set()
