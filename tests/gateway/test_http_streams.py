"""Streams and sessions of the data plane, through its real edge."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.gateway.gate import STDIO_SERVER, Gate
from tests.gateway.listener import listening, token_grant
from tests.support.fake_upstream import Chunks, Stream, content, result, streamed
from tests.support.policies import ALLOW_ALL
from tests.support.wire import call, initialize
from yett.audit.record import Refused
from yett.errors import OperatorFault, UpstreamFault
from yett.gateway.tokens import mint
from yett.ports import Answer, Event, Outbound

pytestmark = pytest.mark.anyio

PROGRESS = b'{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}'
DONE = result(b"1", content("done"))
ERAS = pytest.mark.parametrize("stateless", [False, True], ids=["handshake", "stateless"])


# --- who may speak --------------------------------------------------------------------------------------------------------


# --- streams --------------------------------------------------------------------------------------------------------------


@ERAS
async def test_a_stream_is_relayed_event_by_event(stateless: bool) -> None:
    async with listening() as gateway:
        proceed = asyncio.Semaphore(1)

        async def wait() -> None:
            await proceed.acquire()

        events = [Event(PROGRESS, b"id: 1\ndata: %b\n\n" % PROGRESS), Event(DONE)]
        gateway.gate.upstream.replies["tools/call"] = Answer(events=Stream(events, before_each=wait))
        sent = call("echo", stateless=stateless)
        client = await gateway.client()
        await client.send("POST", "/mcp/files", gateway.fields(sent), sent.body)
        head = await client.head()
        assert (head.status, head.fields[b"content-type"]) == (200, b"text/event-stream")
        assert head.fields[b"x-accel-buffering"] == b"no"
        assert await client.chunk() == b"id: 1\ndata: %b\n\n" % PROGRESS
        proceed.release()
        assert await client.chunk() == b"event: message\ndata: %b\n\n" % DONE
        proceed.release()
        assert await client.chunk() == b""
        gateway.gate.upstream.replies.clear()
        again = await client.ask("POST", "/mcp/files", gateway.fields(sent), sent.body)
        assert again.status == 200


async def test_a_stream_that_breaks_off_does_not_look_complete() -> None:
    async with listening() as gateway:
        gateway.gate.upstream.replies["tools/call"] = streamed(PROGRESS, fault=UpstreamFault("reset"))
        reply = await gateway.post(call("echo"))
        assert (reply.status, reply.complete) == (200, False)


async def test_a_long_answer_is_relayed_in_its_pieces_and_cut_where_it_breaks_off() -> None:
    async with listening() as gateway:
        gateway.gate.upstream.replies["tools/call"] = Answer(chunks=Chunks([DONE[:9], DONE[9:]]))
        reply = await gateway.post(call("echo"))
        assert (reply.complete, reply.chunks, reply.fields[b"content-type"]) == (True, [DONE[:9], DONE[9:]], b"application/json")
        gateway.gate.upstream.replies["tools/call"] = Answer(chunks=Chunks([DONE[:9]], UpstreamFault("reset")))
        assert not (await gateway.post(call("echo"))).complete


async def left_behind(gate: Gate) -> tuple[Stream, asyncio.Event]:
    """A call whose client leaves after the first event, while the server is silent."""
    silence = asyncio.Event()
    taken = 0

    async def wait() -> None:
        nonlocal taken
        taken += 1
        if taken > 1:
            await silence.wait()

    stream = Stream([Event(PROGRESS), Event(DONE)], before_each=wait)
    gate.upstream.replies["tools/call"] = Answer(events=stream)
    return stream, silence


async def until(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what it waits for happens in many places
            await asyncio.sleep(0.005)


async def test_in_the_stateless_era_a_client_that_leaves_cancels_its_call() -> None:
    async with listening() as gateway:
        stream, _ = await left_behind(gateway.gate)
        sent = call("echo", stateless=True)
        client = await gateway.client()
        await client.send("POST", "/mcp/files", gateway.fields(sent), sent.body)
        await client.head()
        await client.chunk()
        await client.aclose()
        await until(lambda: stream.closed)
        assert [result.value for result in gateway.gate.ledger.results] == ["client_gone"]
        assert not gateway.in_flight._open


async def test_in_the_handshake_era_a_client_that_leaves_cancels_nothing() -> None:
    async with listening() as gateway:
        stream, silence = await left_behind(gateway.gate)
        sent = call("echo")
        client = await gateway.client()
        await client.send("POST", "/mcp/files", gateway.fields(sent), sent.body)
        await client.head()
        await client.chunk()
        await client.aclose()
        await asyncio.sleep(0.05)
        assert not stream.closed
        silence.set()
        await until(lambda: stream.closed)
        assert [result.value for result in gateway.gate.ledger.results] == ["ok"]


async def test_a_stream_that_nobody_reads_is_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yett.gateway.http.ORPHANED_S", 0.02)
    async with listening() as gateway:
        stream, _ = await left_behind(gateway.gate)
        sent = call("echo")
        client = await gateway.client()
        await client.send("POST", "/mcp/files", gateway.fields(sent), sent.body)
        await client.head()
        await client.chunk()
        await client.aclose()
        await until(lambda: stream.closed)
        assert [result.value for result in gateway.gate.ledger.results] == ["client_gone"]
        assert not gateway.in_flight._open


@ERAS
async def test_a_client_that_leaves_before_its_answer(stateless: bool) -> None:
    async with listening() as gateway:
        reached, proceed = asyncio.Event(), asyncio.Event()

        async def slow(message: Outbound) -> Answer:
            reached.set()
            await proceed.wait()
            return Answer(body=result(message.id, content("done")))

        gateway.gate.upstream.replies["tools/call"] = slow
        sent = call("echo", stateless=stateless)
        client = await gateway.client()
        await client.send("POST", "/mcp/files", gateway.fields(sent), sent.body)
        await reached.wait()
        await client.aclose()
        if stateless:
            await until(lambda: gateway.gate.ledger.outcomes)
        else:
            await asyncio.sleep(0.05)
            assert not gateway.gate.ledger.outcomes
        proceed.set()
        await until(lambda: gateway.gate.ledger.outcomes)
        assert [result.value for result in gateway.gate.ledger.results] == ["client_gone" if stateless else "ok"]


# --- sessions -------------------------------------------------------------------------------------------------------------


async def test_a_session_is_opened_used_and_ended() -> None:
    async with listening() as gateway:
        gateway.gate.upstream.session = "upstream-session"
        session = (b"mcp-session-id", await gateway.open())
        reply = await gateway.post(call("echo"), session)
        assert reply.status == 200
        assert b"mcp-session-id" not in reply.fields
        assert gateway.gate.upstream.calls[0].session == "upstream-session"
        ended = await (await gateway.client()).ask("DELETE", "/mcp/files", gateway.fields(None, session))
        assert ended.status == 200
        assert [outbound.session for outbound in gateway.gate.upstream.ended] == ["upstream-session"]
        assert (await gateway.post(call("echo"), session)).status == 404


@pytest.mark.parametrize("era", ["POST", "DELETE"])
async def test_a_session_of_another_grant_is_as_if_it_were_not_there(era: str) -> None:
    async with listening() as gateway:
        gateway.gate.upstream.session = "upstream-session"
        other = mint()
        gateway.gate.publish(ALLOW_ALL, grants=[token_grant(gateway.token), token_grant(other, "g2")])
        session = (b"mcp-session-id", await gateway.open())
        sent = call("echo")
        fields = gateway.fields(sent if era == "POST" else None, session, token=other)
        stolen = await (await gateway.client()).ask(era, "/mcp/files", fields, sent.body if era == "POST" else None)
        made_up = [*fields[:-1], (b"mcp-session-id", b"made-up")]
        unknown = await (await gateway.client()).ask(era, "/mcp/files", made_up, sent.body if era == "POST" else None)
        assert (stolen.status, stolen.body) == (unknown.status, unknown.body)
        assert stolen.status == 404
        assert not gateway.gate.upstream.calls
        assert [record.kind for record in gateway.gate.ledger.security] == [Refused.SESSION] * 2
        assert (await gateway.post(call("echo"), session)).status == 200


async def test_the_servers_own_session_id_opens_nothing() -> None:
    async with listening() as gateway:
        gateway.gate.upstream.session = "upstream-session"
        await gateway.open()
        assert (await gateway.post(call("echo"), (b"mcp-session-id", b"upstream-session"))).status == 404


async def test_a_program_needs_a_session_in_the_handshake_era() -> None:
    gate = Gate(server=STDIO_SERVER)
    async with listening(gate) as gateway:
        reply = await gateway.post(call("echo"), path="/mcp/time")
        assert (reply.status, reply.json["error"]["code"]) == (400, -32600)
        assert (await gateway.post(initialize(), path="/mcp/time")).status == 200
        assert (await gateway.post(call("echo", stateless=True), path="/mcp/time")).status == 200


@pytest.mark.parametrize(
    ("upstream", "status"),
    [(200, 200), (204, 204), (404, 404), (405, 405), (401, 200), (302, 200), (500, 200), (UpstreamFault("gone"), 200)],
)
async def test_what_the_server_says_to_the_end_of_a_session_does_not_read_like_ours(upstream: Any, status: int) -> None:
    async with listening() as gateway:
        gateway.gate.upstream.session = "upstream-session"
        session = (b"mcp-session-id", await gateway.open())
        gateway.gate.upstream.end_status = upstream
        ended = await (await gateway.client()).ask("DELETE", "/mcp/files", gateway.fields(None, session))
        assert ended.status == status


async def test_a_session_can_be_ended_without_the_servers_credential() -> None:
    async with listening() as gateway:
        gateway.gate.upstream.session = "upstream-session"
        session = (b"mcp-session-id", await gateway.open())
        gateway.gate.credential = OperatorFault("not set")
        ended = await (await gateway.client()).ask("DELETE", "/mcp/files", gateway.fields(None, session))
        assert ended.status == 200
        assert not gateway.gate.upstream.ended
