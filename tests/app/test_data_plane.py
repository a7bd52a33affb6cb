"""The data plane in one piece: from a snapshot on disk to a call, and to a clean end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import pytest

from tests.support.fake_upstream import ECHO, content, listing, result
from tests.support.policies import ALLOW_ALL, entry, policy
from tests.support.wire import HANDSHAKE_VERSION, HttpClient, Reply, Sent, call, initialize
from yett.app.data_plane import run
from yett.edge.limits import EdgeLimits
from yett.edge.request import Request
from yett.edge.responder import Responder
from yett.edge.server import EdgeServer, serve
from yett.errors import OperatorFault
from yett.gateway.feed import SNAPSHOT_FILE, store_snapshot
from yett.gateway.snapshot import GrantEntry, ServerEntry, SnapshotData
from yett.gateway.tokens import digest, mint, token_key
from yett.settings import DataPlaneSettings, Settings

pytestmark = pytest.mark.anyio

TOKEN = mint()


@dataclass
class Plane:
    """A running data plane."""

    port: int
    state_dir: Path
    stop: asyncio.Event

    async def post(self, sent: Sent, *more: tuple[bytes, bytes]) -> Reply:
        client = await HttpClient.connect(self.port)
        try:
            fields = [(b"authorization", f"Bearer {TOKEN}".encode()), *sent.fields, *more]
            return await client.ask("POST", "/mcp/files", fields, sent.body)
        finally:
            await client.aclose()

    async def ready(self) -> Reply:
        client = await HttpClient.connect(self.port)
        try:
            return await client.ask("GET", "/readyz")
        finally:
            await client.aclose()

    def publish(self, document: Any, *, url: str) -> None:
        store_snapshot(self.state_dir / SNAPSHOT_FILE, snapshot(self.state_dir, document, url, revision=2))


def snapshot(state_dir: Path, document: Any, url: str, credential: str | None = None, revision: int = 1) -> SnapshotData:
    return SnapshotData(
        revision=revision,
        origin="org",
        servers=[ServerEntry(organisation="org", id="srv", name="files", url=url, credential=credential)],
        grants=[GrantEntry(organisation="org", id="g", digest=digest(TOKEN, token_key(state_dir)), server="srv", policy="p")],
        policies=[entry(document, revision=f"{revision}-x")],
    )


@asynccontextmanager
async def running(tmp_path: Path, document: Any = ALLOW_ALL, **members: Any) -> AsyncIterator[Plane]:
    settings = Settings(config_path=None, state_dir=tmp_path, data_plane=DataPlaneSettings(port=0))
    store_snapshot(
        tmp_path / SNAPSHOT_FILE, snapshot(tmp_path, document, members.pop("url", "http://127.0.0.1:9/mcp"), **members)
    )
    listening: asyncio.Future[EdgeServer] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    serving = asyncio.create_task(run(settings, ready=listening.set_result, stop=stop))
    async with asyncio.timeout(10):
        while not listening.done() and not serving.done():  # noqa: ASYNC110 - whichever comes first
            await asyncio.sleep(0.005)
    plane = Plane(listening.result().port, tmp_path, stop)
    async with asyncio.timeout(10):
        while (await plane.ready()).status != 200:  # noqa: ASYNC110 - as a person would
            await asyncio.sleep(0.01)
    try:
        yield plane
    finally:
        stop.set()
        async with asyncio.timeout(15):
            await serving


@asynccontextmanager
async def a_server() -> AsyncIterator[tuple[str, list[Request]]]:
    """A small MCP server: its address and what reached it."""
    seen: list[Request] = []

    async def handle(request: Request, responder: Responder) -> None:
        seen.append(request)
        if b'"tools/list"' in request.body:
            id = request.body.split(b'"id":')[1].split(b",")[0]
            return responder.send(200, result(id, listing([ECHO])))
        return responder.send(200, result(b"1", content("done")))

    edge = await serve(handle, host="127.0.0.1", port=0, limits=EdgeLimits(), monotonic=asyncio.get_running_loop().time)
    try:
        yield f"http://127.0.0.1:{edge.port}/mcp", seen
    finally:
        await edge.aclose(1)


def holders_of(text: str, folder: Path) -> list[str]:
    """Files that hold this text."""
    return [path.name for path in folder.iterdir() if path.is_file() and text.encode() in path.read_bytes()]


async def test_a_call_goes_through_and_is_in_the_log_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILES_TOKEN", "server-secret")
    async with a_server() as (url, seen):
        async with running(tmp_path, url=url, credential="env:FILES_TOKEN") as plane:
            reply = await plane.post(call("echo", {"text": "hi"}))
            assert reply.json["result"] == content("done")
        assert seen[-1].header(b"authorization") == b"Bearer server-secret"
    connection = apsw.Connection(str(tmp_path / "state.db"))
    rows = connection.execute("SELECT target, decision, result FROM calls JOIN outcomes USING (seq)").fetchall()
    connection.close()
    assert rows == [("echo", "allow", "ok")]
    assert b"server-secret" not in (tmp_path / "state.db").read_bytes()
    assert not holders_of(TOKEN, tmp_path)


async def test_a_missing_credential_denies(tmp_path: Path) -> None:
    async with a_server() as (url, seen), running(tmp_path, url=url, credential="env:NO_SUCH_VARIABLE_HERE") as plane:
        reply = await plane.post(call("echo"))
        assert reply.json["result"]["_meta"]["dev.yett/decision"]["code"] == "credential_unavailable"
        assert not seen


async def test_a_server_that_cannot_be_reached_is_told_to_the_operator_and_not_to_the_client(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(tmp_path) as plane:
        reply = await plane.post(call("echo"))
        assert (reply.status, b"127.0.0.1" in reply.body) == (502, False)
        request_id = reply.json["error"]["data"]["request_id"]
    assert any(request_id in message and "127.0.0.1:9" in message for message in caplog.messages)


async def test_a_snapshot_that_changes_on_disk_judges_the_next_call(tmp_path: Path) -> None:
    async with a_server() as (url, _), running(tmp_path, url=url) as plane:
        assert "isError" not in (await plane.post(call("echo"))).json["result"]
        plane.publish(policy(), url=url)
        async with asyncio.timeout(10):
            while "isError" not in (await plane.post(call("echo"))).json["result"]:  # noqa: ASYNC110 - the file is looked at
                await asyncio.sleep(0.02)


async def test_what_is_no_request_is_in_the_security_stream(tmp_path: Path) -> None:
    async with running(tmp_path) as plane:
        client = await HttpClient.connect(plane.port)
        client.writer.write(b"NONSENSE\r\n\r\n")
        await client.writer.drain()
        assert (await client.head()).status == 400
        await client.aclose()
    connection = apsw.Connection(str(tmp_path / "state.db"))
    kinds = connection.execute("SELECT kind, client_ip FROM security").fetchall()
    connection.close()
    assert kinds == [("http_refused", "127.0.0.1")]


async def test_a_port_that_is_taken_is_a_fault_that_says_so(tmp_path: Path) -> None:
    async with a_server() as (url, _):
        port = int(url.split(":")[2].split("/")[0])
        settings = Settings(config_path=None, state_dir=tmp_path, data_plane=DataPlaneSettings(port=port))
        with pytest.raises(OperatorFault, match="the port is taken"):
            await run(settings, stop=asyncio.Event())


async def test_calls_in_work_are_finished_before_the_end(tmp_path: Path) -> None:
    reached, proceed = asyncio.Event(), asyncio.Event()

    async def handle(request: Request, responder: Responder) -> None:
        if b'"tools/list"' in request.body:
            id = request.body.split(b'"id":')[1].split(b",")[0]
            return responder.send(200, result(id, listing([ECHO])))
        reached.set()
        await proceed.wait()
        return responder.send(200, result(b"1", content("done")))

    edge = await serve(handle, host="127.0.0.1", port=0, limits=EdgeLimits(), monotonic=asyncio.get_running_loop().time)
    try:
        async with running(tmp_path, url=f"http://127.0.0.1:{edge.port}/mcp") as plane:
            asked = asyncio.create_task(plane.post(call("echo")))
            await reached.wait()
            plane.stop.set()
            for _ in range(10):
                await asyncio.sleep(0)
            proceed.set()
            assert (await asked).json["result"] == content("done")
    finally:
        await edge.aclose(1)


async def test_open_streams_end_in_good_order_when_it_stops_and_do_not_hold_it_up(tmp_path: Path) -> None:
    opened = asyncio.Event()

    async def handle(request: Request, responder: Responder) -> None:
        if request.method == b"GET":
            responder.start(200, b"text/event-stream")
            opened.set()
            await responder.client_gone
            return responder.abort()
        if request.method == b"DELETE" or b'"initialize"' not in request.body:
            return responder.send(202)
        told = {"protocolVersion": HANDSHAKE_VERSION, "capabilities": {}, "serverInfo": {"name": "s", "version": "1"}}
        return responder.send(200, result(b"1", told), headers=((b"mcp-session-id", b"theirs"),))

    edge = await serve(handle, host="127.0.0.1", port=0, limits=EdgeLimits(), monotonic=asyncio.get_running_loop().time)
    try:
        async with running(tmp_path, url=f"http://127.0.0.1:{edge.port}/mcp") as plane:
            session = (await plane.post(initialize())).fields[b"mcp-session-id"]
            client = await HttpClient.connect(plane.port)
            fields = [(b"authorization", f"Bearer {TOKEN}".encode()), (b"mcp-session-id", session)]
            fields += [(b"accept", b"text/event-stream"), (b"mcp-protocol-version", HANDSHAKE_VERSION.encode())]
            await client.send("GET", "/mcp/files", fields)
            assert (await client.head()).status == 200
            await opened.wait()
            plane.stop.set()
            async with asyncio.timeout(3):
                while await client.chunk():
                    pass
            await client.aclose()
    finally:
        await edge.aclose(1)
