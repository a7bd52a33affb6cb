"""The gate with nothing faked: its edge, a server over HTTP, and the state file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
import pytest

from tests.gateway.gate import Gate
from tests.gateway.listener import Listener, listening
from tests.support.fake_upstream import ECHO, WELCOME, content, listing, result, rpc_error
from tests.support.policies import ALLOW_ALL, policy
from tests.support.wire import call, initialize, request
from yett.edge.limits import EdgeLimits
from yett.edge.request import Request
from yett.edge.responder import Responder
from yett.edge.server import EdgeServer, serve
from yett.stores.state import StateStore
from yett.upstreams.http import HttpUpstream

pytestmark = pytest.mark.anyio

LIMITED = policy(tools={"echo": {"limits": [{"counter": "n", "window": "day", "max": 2}]}})
Script = Callable[[Request, Responder], Awaitable[None]]


@dataclass
class Server:
    """A small MCP server on loopback that remembers what reached it."""

    requests: list[Request] = field(default_factory=list)
    script: Script | None = None
    edge: EdgeServer | None = None
    connections: set[int] = field(default_factory=set)

    async def handle(self, request: Request, responder: Responder) -> None:
        self.requests.append(request)
        message = json.loads(request.body) if request.body else {}
        if message.get("method") == "tools/call" and self.script is not None:
            return await self.script(request, responder)
        id = json.dumps(message.get("id")).encode()
        if message.get("id") is None:
            return responder.send(202)
        value = {"initialize": WELCOME, "tools/list": listing([ECHO])}.get(message["method"], content("done"))
        return responder.send(200, result(id, value), headers=((b"mcp-session-id", b"server-session"),))

    @property
    def url(self) -> str:
        assert self.edge is not None
        return f"http://127.0.0.1:{self.edge.port}/mcp"

    @property
    def calls(self) -> list[Request]:
        return [request for request in self.requests if b'"tools/call"' in request.body]


@dataclass
class World:
    """Everything between a client and a server."""

    server: Server
    gateway: Listener
    path: Path

    def rows(self, sql: str) -> list[Any]:
        """What another program reads from the state file."""
        connection = apsw.Connection(str(self.path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    async def outcomes(self, count: int) -> list[Any]:
        """The outcomes in the state file, once there are so many."""
        async with asyncio.timeout(5):
            sql = "SELECT result, http_status, given_back FROM outcomes ORDER BY seq"
            while len(found := self.rows(sql)) < count:  # noqa: ASYNC110 - a file has no events
                await asyncio.sleep(0.01)
        return found


@asynccontextmanager
async def world(tmp_path: Path, document: Any = LIMITED) -> AsyncIterator[World]:
    server, gate = Server(), Gate()
    server.edge = await serve(server.handle, host="127.0.0.1", port=0, limits=EdgeLimits(), monotonic=gate.clock.monotonic)
    upstream: Any = HttpUpstream(server.url, clock=gate.clock, timeout_s=5)
    store = StateStore.open(tmp_path / "state.db", clock=gate.clock)
    gate = Gate(upstream=upstream, ledger=store, clock=gate.clock)
    try:
        async with listening(gate, document=document) as gateway:
            yield World(server, gateway, tmp_path / "state.db")
    finally:
        await upstream.aclose()
        await server.edge.aclose(1)
        await store.aclose()


@pytest.mark.parametrize("stateless", [False, True])
async def test_a_call_goes_through_with_identical_bytes_and_is_written_down(tmp_path: Path, stateless: bool) -> None:
    async with world(tmp_path) as here:
        sent = call("echo", {"text": "ä"}, stateless=stateless)
        reply = await here.gateway.post(sent, (b"cookie", b"a=b"))
        assert reply.json["result"] == content("done")
        assert b"mcp-session-id" not in reply.fields
        (reached,) = here.server.calls
        assert reached.body == sent.body
        assert reached.header(b"authorization") == b"Bearer server-secret"
        assert reached.header(b"cookie") is None
        assert here.gateway.token.encode() not in repr(reached).encode()
        assert await here.outcomes(1) == [("ok", 200, 0)]
        assert here.rows("SELECT count(*) FROM calls") == [(1,)]


async def test_a_limit_holds_among_many_clients_and_what_is_denied_never_reaches_the_server(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        async with asyncio.TaskGroup() as group:
            replies = [group.create_task(here.gateway.post(call("echo"))) for _ in range(20)]
        denied = [reply for reply in replies if reply.result().json["result"].get("isError")]
        assert (len(denied), len(here.server.calls)) == (18, 2)
        assert len(await here.outcomes(2)) == 2


async def test_a_server_that_is_away_gets_nothing_and_the_units_come_back(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.gateway.post(call("echo"))
        assert here.server.edge is not None
        await here.server.edge.aclose(0)
        replies = [await here.gateway.post(call("echo", id=number)) for number in range(3)]
        assert [reply.status for reply in replies] == [502] * 3
        assert b"127.0.0.1" not in replies[0].body
        outcomes = await here.outcomes(4)
        assert outcomes[0] == ("ok", 200, 0)
        assert set(outcomes[1:]) <= {("not_sent", None, 1), ("lost", None, 0)}
        assert outcomes[-1] == ("not_sent", None, 1)


async def test_an_error_that_says_that_nothing_ran_gives_the_units_back(tmp_path: Path) -> None:
    async with world(tmp_path) as here:

        async def refuse(request: Request, responder: Responder) -> None:
            responder.send(200, rpc_error(b"1", -32601))

        here.server.script = refuse
        for _ in range(3):
            assert (await here.gateway.post(call("echo"))).json["error"]["code"] == -32601
        assert await here.outcomes(3) == [("rpc_error", 200, 1)] * 3


async def test_streams_leave_their_connection_to_the_next_call(tmp_path: Path) -> None:
    async with world(tmp_path, ALLOW_ALL) as here:
        ports: list[int] = []

        async def stream(request: Request, responder: Responder) -> None:
            assert here.server.edge is not None
            ports.append(here.server.edge.open_connections)
            responder.start(200, b"text/event-stream")
            for data in (b'{"jsonrpc":"2.0","method":"notifications/message"}', result(b"1", content("done"))):
                await responder.write(b"data: %b\n\n" % data)
                await asyncio.sleep(0)
            responder.end()

        here.server.script = stream
        for _ in range(5):
            reply = await here.gateway.post(call("echo"))
            assert reply.complete
            assert len(reply.body.split(b"\n\n")) == 3
        assert ports == [1] * 5
        assert await here.outcomes(5) == [("ok", 200, 0)] * 5


async def test_a_stream_that_is_cut_is_cut_for_the_client_too(tmp_path: Path) -> None:
    async with world(tmp_path) as here:

        async def cut(request: Request, responder: Responder) -> None:
            responder.start(200, b"text/event-stream")
            await responder.write(b'data: {"jsonrpc":"2.0","method":"notifications/message"}\n\n')
            responder.abort()

        here.server.script = cut
        assert not (await here.gateway.post(call("echo"))).complete
        assert await here.outcomes(1) == [("lost", 200, 0)]


async def test_a_client_that_leaves_in_the_stateless_era_cancels_at_the_server(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        reached, left = asyncio.Event(), asyncio.Event()

        async def wait(request: Request, responder: Responder) -> None:
            responder.client_gone.add_done_callback(lambda _: left.set())
            reached.set()
            await left.wait()
            responder.send(200, b"")

        here.server.script = wait
        sent = call("echo", stateless=True)
        client = await here.gateway.client()
        await client.send("POST", "/mcp/files", here.gateway.fields(sent), sent.body)
        await reached.wait()
        await client.aclose()
        async with asyncio.timeout(5):
            await left.wait()
        assert await here.outcomes(1) == [("client_gone", None, 0)]


async def test_a_long_answer_is_relayed_unchanged(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        body = result(b"1", content("x" * 3_000_000))

        async def answer(request: Request, responder: Responder) -> None:
            responder.send(200, body)

        here.server.script = answer
        reply = await here.gateway.post(call("echo"))
        assert reply.body == body
        assert await here.outcomes(1) == [("ok", 200, 0)]


async def test_a_session_is_known_to_each_side_by_its_own_id(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        reply = await here.gateway.post(initialize())
        id = reply.fields[b"mcp-session-id"]
        assert id != b"server-session"
        listed = await here.gateway.post(request("tools/list"), (b"mcp-session-id", id))
        assert [tool["name"] for tool in listed.json["result"]["tools"]] == ["echo"]
        assert here.server.requests[-1].header(b"mcp-session-id") == b"server-session"
        fields = here.gateway.fields(None, (b"mcp-session-id", id))
        assert (await (await here.gateway.client()).ask("DELETE", "/mcp/files", fields)).status == 202
        assert here.server.requests[-1].method == b"DELETE"
        assert (await here.gateway.post(request("tools/list"), (b"mcp-session-id", id))).status == 404


async def test_a_state_file_that_is_taken_away_denies_and_says_so(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.gateway.post(call("echo"))
        blocker = apsw.Connection(str(here.path))
        blocker.execute("BEGIN IMMEDIATE")
        try:
            here.gateway.gate.ledger._patience_s = 0.02
            reply = await here.gateway.post(call("echo"))
            assert reply.json["result"]["_meta"]["dev.yett/decision"]["code"] == "counter_unavailable"
            assert len(here.server.calls) == 1
        finally:
            blocker.execute("ROLLBACK")
            blocker.close()
