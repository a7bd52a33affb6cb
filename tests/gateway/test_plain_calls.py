"""Plain calls by the short way, and what can happen to them on the way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.gateway.gate import HTTP_SERVER
from tests.gateway.listener import Listener, token_grant
from tests.gateway.plain_rig import DISCOVERED, LIST, gated, said
from tests.support.fake_upstream import ECHO, WELCOME, encode, result
from tests.support.ledgers import FakeLedger
from tests.support.wire import PATIENCE_S, call
from tests.upstreams.http_server import Peer, response
from yett.audit.record import CallRecord, Outcome, Result
from yett.edge.request import Request
from yett.edge.responder import Responder
from yett.errors import OperatorFault, StoreFault
from yett.ports import Admission

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("stateless", [True, False])
async def test_a_plain_call_takes_the_short_way(*, stateless: bool) -> None:
    async with gated(policy={"version": "1", "default": "allow"}) as (listener, _):
        await listener.post(call("echo", stateless=stateless))  # the tools are asked for
        handled: list[bytes] = []
        assert listener.server is not None
        handler = listener.server._shared.handler

        async def handle(request: Request, responder: Responder) -> None:
            handled.append(request.body)
            await handler(request, responder)

        listener.server._shared.handler = handle
        client = await listener.client()
        for kind in ("fine", "tool error", "rpc error"):
            sent = call("echo", {"text": kind}, stateless=stateless)
            assert (await client.ask("POST", "/mcp/files", listener.fields(sent), sent.body)).status == 200
        assert handled == []
        assert listener.gate.ledger.results == [Result.OK, Result.OK, Result.TOOL_ERROR, Result.RPC_ERROR]
        await client.ask("POST", "/mcp/files", listener.fields(sent := call("absent", stateless=stateless)), sent.body)
        assert len(handled) == 1


class Silent:
    """A server that says nothing to calls until it is told to."""

    def __init__(self) -> None:
        self.asked, self.speak, self.left = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.calls = 0

    async def __call__(self, peer: Peer) -> None:
        while True:
            _, body = await peer.request()
            message = json.loads(body)
            id = encode(message.get("id"))
            if message["method"] != "tools/call":
                found = {"server/discover": DISCOVERED, "tools/list": {**LIST, "tools": [ECHO]}}.get(message["method"], WELCOME)
                await peer.send(response(result(id, found)))
                continue
            self.calls += 1
            if self.calls > 1:
                self.asked.set()
                speaking = asyncio.ensure_future(self.speak.wait())
                leaving = asyncio.ensure_future(peer.gone())
                await asyncio.wait([speaking, leaving], return_when=asyncio.FIRST_COMPLETED)
                if leaving.done():
                    self.left.set()
                    speaking.cancel()
                    return
                leaving.cancel()
                await asyncio.wait([leaving])
            await peer.send(said("fine", id))


@asynccontextmanager
async def in_work(*, stateless: bool, **members: Any) -> AsyncIterator[tuple[Listener, Silent, Any]]:
    """A plain call that its server has and does not answer yet."""
    silent = Silent()
    async with gated(silent, policy={"version": "1", "default": "allow"}, **members) as (listener, _):
        await listener.post(call("echo", stateless=stateless))
        client = await listener.client()
        sent = call("echo", id=2, stateless=stateless)
        await client.send("POST", "/mcp/files", listener.fields(sent), sent.body)
        async with asyncio.timeout(PATIENCE_S):
            await silent.asked.wait()
        yield listener, silent, client


async def settled(ledger: FakeLedger) -> Outcome:
    """The outcome of the second call."""
    async with asyncio.timeout(PATIENCE_S):
        while len(ledger.outcomes) < 2:  # noqa: ASYNC110 - the ledger tells nobody
            await asyncio.sleep(0.001)
    return ledger.outcomes[1][1]


async def test_in_the_stateless_era_a_client_that_leaves_cancels_its_call() -> None:
    async with in_work(stateless=True) as (listener, silent, client):
        await client.aclose()
        assert (await settled(listener.gate.ledger)).result is Result.CLIENT_GONE
        async with asyncio.timeout(PATIENCE_S):
            await silent.left.wait()
        assert listener.in_flight.total == 0


async def test_in_the_handshake_era_a_call_goes_on_without_its_client() -> None:
    async with in_work(stateless=False) as (listener, silent, client):
        await client.aclose()
        assert listener.in_flight.total == 1
        silent.speak.set()
        assert (await settled(listener.gate.ledger)).result is Result.OK
        assert listener.in_flight.total == 0


@pytest.mark.parametrize("stateless", [True, False])
async def test_a_call_in_work_is_cut_off_when_people_stop_its_grant(*, stateless: bool) -> None:
    async with in_work(stateless=stateless) as (listener, silent, client):
        entry = token_grant(listener.token, stopped=True)
        listener.gate.publish({"version": "1", "default": "allow"}, grants=[entry])
        reply = await client.reply()
        assert (reply.status, reply.json["code"]) == (403, "stopped")
        assert (await settled(listener.gate.ledger)).result is Result.CLIENT_GONE
        async with asyncio.timeout(PATIENCE_S):
            await silent.left.wait()
        assert listener.in_flight.total == 0
        assert [record.kind.value for record in listener.gate.ledger.security] == ["stopped"]


async def test_the_next_call_of_a_stopped_grant_is_denied() -> None:
    async with gated(policy={"version": "1", "default": "allow"}) as (listener, server):
        client, sent = await listener.client(), call("echo", stateless=True)
        for _ in range(2):
            assert (await client.ask("POST", "/mcp/files", listener.fields(sent), sent.body)).status == 200
        asked = len(server.bodies)
        listener.gate.publish({"version": "1", "default": "allow"}, grants=[token_grant(listener.token, stopped=True)])
        reply = await client.ask("POST", "/mcp/files", listener.fields(sent), sent.body)
        assert reply.json["result"]["isError"] is True
        assert len(server.bodies) == asked


async def test_a_token_that_expires_opens_nothing_more() -> None:
    async with gated(policy={"version": "1", "default": "allow"}) as (listener, _):
        clock = listener.gate.clock
        entry = token_grant(listener.token, expires_at_ns=clock.now_ns() + 10**9)
        listener.gate.publish({"version": "1", "default": "allow"}, grants=[entry])
        client, sent = await listener.client(), call("echo", stateless=True)
        for _ in range(2):
            assert (await client.ask("POST", "/mcp/files", listener.fields(sent), sent.body)).status == 200
        clock.advance(2.0)
        assert (await client.ask("POST", "/mcp/files", listener.fields(sent), sent.body)).status == 401


async def test_a_session_that_ended_is_not_found_again() -> None:
    async with gated(policy={"version": "1", "default": "allow"}) as (listener, _):
        session, client, sent = await listener.open(), await listener.client(), call("echo")
        fields = listener.fields(sent, (b"mcp-session-id", session))
        for _ in range(2):
            assert (await client.ask("POST", "/mcp/files", fields, sent.body)).status == 200
        found = listener.gate.sessions.find(session.decode(), grant_id="g1", server_id=HTTP_SERVER.id)
        assert found is not None
        listener.gate.sessions.close(found)
        assert (await client.ask("POST", "/mcp/files", fields, sent.body)).status == 404


@dataclass
class LateFault(FakeLedger):
    """A ledger that takes a call and cannot write it."""

    failing: bool = False

    def admitted(self, record: CallRecord) -> Admission:
        if self.failing:
            raise StoreFault("the disk is full")
        return super().admitted(record)


async def test_a_call_that_cannot_be_recorded_is_denied_and_not_forwarded() -> None:
    ledger = LateFault()
    async with gated(ledger=ledger) as (listener, server):
        client, sent = await listener.client(), call("echo", stateless=True)
        assert (await client.ask("POST", "/mcp/files", listener.fields(sent), sent.body)).status == 200
        asked, ledger.failing = len(server.bodies), True
        reply = await client.ask("POST", "/mcp/files", listener.fields(sent), sent.body)
        assert reply.json["result"]["isError"] is True
        assert ledger.decisions[-1].code is not None
        assert ledger.decisions[-1].code.value == "counter_unavailable"
        assert (len(server.bodies), listener.in_flight.total) == (asked, 0)


async def test_a_credential_that_is_gone_denies_what_was_recorded() -> None:
    async with gated() as (listener, server):
        client, sent = await listener.client(), call("echo", stateless=True)
        assert (await client.ask("POST", "/mcp/files", listener.fields(sent), sent.body)).status == 200
        asked = len(server.bodies)
        listener.gate.credential = OperatorFault("the variable is not set")
        reply = await client.ask("POST", "/mcp/files", listener.fields(sent), sent.body)
        assert reply.json["result"]["isError"] is True
        assert listener.gate.ledger.results[-1] is Result.NOT_SENT
        assert len(server.bodies) == asked
        listener.gate.credential = {"authorization": "Bearer another"}
        assert (await client.ask("POST", "/mcp/files", listener.fields(sent), sent.body)).status == 200
        assert b"authorization: Bearer another" in server.heads[-1]


async def test_a_fault_of_ours_harms_one_call_and_leaves_it_settled() -> None:
    async with gated(policy={"version": "1", "default": "allow"}) as (listener, _):
        client, sent = await listener.client(), call("echo", stateless=True)
        assert (await client.ask("POST", "/mcp/files", listener.fields(sent), sent.body)).status == 200
        bridge: Any = listener.gate.upstream
        broken, bridge.inner.plain_body = bridge.inner.plain_body, lambda _: 1 / 0
        reply = await client.ask("POST", "/mcp/files", listener.fields(sent), sent.body)
        assert reply.status == 500
        assert listener.gate.ledger.results[-1] is Result.LOST
        assert [type(failure) for failure in listener.failures] == [ZeroDivisionError]
        listener.failures.clear()
        bridge.inner.plain_body = broken
        client = await listener.client()
        assert (await client.ask("POST", "/mcp/files", listener.fields(sent), sent.body)).status == 200
        assert listener.in_flight.total == 0


async def test_a_client_that_leaves_while_its_call_is_written_has_it_recorded_as_not_sent() -> None:
    async with gated(policy={"version": "1", "default": "allow"}) as (listener, server):
        sent = call("echo", stateless=True)
        await listener.post(sent)
        asked = len(server.bodies)
        ledger, client = listener.gate.ledger, await listener.client()
        waiting: list[Any] = []
        submit, ledger.submit = ledger.submit, lambda record, waiter: waiting.append((record, waiter))
        await client.send("POST", "/mcp/files", listener.fields(sent), sent.body)
        async with asyncio.timeout(PATIENCE_S):
            while not waiting:  # noqa: ASYNC110 - nobody is told
                await asyncio.sleep(0.001)
        await client.aclose()
        async with asyncio.timeout(PATIENCE_S):
            while listener.in_flight.total:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.001)
        submit(*waiting[0])
        assert (await settled(ledger)).result is Result.NOT_SENT
        assert len(server.bodies) == asked


async def test_more_calls_of_a_grant_than_may_begin_at_once_are_all_answered() -> None:
    async with gated(policy={"version": "1", "default": "allow"}) as (listener, _):
        sent = call("echo", stateless=True)
        await listener.post(sent)
        clients = [await listener.client() for _ in range(60)]
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(client.ask("POST", "/mcp/files", listener.fields(sent), sent.body)) for client in clients]
        assert {task.result().status for task in asked} == {200}
        assert listener.in_flight.total == 0
