"""The server's own event stream in a handshake session: GET, resumption, and what ends it. Through the real edge."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.gateway.feeds import NOTICE, fed, listens, opened, refused, response, until
from tests.gateway.gate import STDIO_SERVER, Gate
from tests.gateway.listener import listening, token_grant
from tests.support.fake_upstream import Stream, content, encode, result
from tests.support.policies import ALLOW_ALL, policy
from tests.support.wire import call, initialize, request
from yett.audit.record import Refused, Result
from yett.errors import OperatorFault, UpstreamNotReached
from yett.gateway.live_streams import GRANT_STREAMS_MAX
from yett.gateway.tokens import mint
from yett.ports import Answer, Event

pytestmark = pytest.mark.anyio


async def test_a_stream_is_relayed_event_by_event_as_it_stands() -> None:
    async with listening() as gateway:
        session, feed = await opened(gateway), fed(gateway.gate)
        client, head = await listens(gateway, session)
        assert (head.status, head.fields[b"content-type"]) == (200, b"text/event-stream")
        assert b"mcp-session-id" not in head.fields
        feed.queue.put_nowait(Event(b"", b"id: 1\nretry: 50\ndata:\n\n", b"1"))
        assert await client.chunk() == b"id: 1\nretry: 50\ndata:\n\n"
        feed.say(NOTICE, b"2")
        assert await client.chunk() == b"id: 2\ndata: %b\n\n" % NOTICE
        feed.queue.put_nowait(None)
        assert await client.chunk() == b""
        (asked,) = gateway.gate.upstream.listened
        assert (asked.session, asked.credential) == ("up-1", {"authorization": "Bearer server-secret"})
        assert gateway.token not in repr(asked.headers)
        assert not len(gateway.gate.dispatcher.live)
        assert not gateway.in_flight._open


async def test_a_request_on_the_stream_is_answered_by_post_once() -> None:
    async with listening() as gateway:
        session, feed = await opened(gateway, "roots"), fed(gateway.gate)
        client, _ = await listens(gateway, session)
        asked = encode({"jsonrpc": "2.0", "id": 0, "method": "roots/list"})
        feed.say(asked)
        assert await client.chunk() == b"data: %b\n\n" % asked
        for _ in range(2):
            assert (await gateway.post(response(0), session)).status == 202
        (answer,) = gateway.gate.upstream.of("")
        assert (json.loads(answer.body)["id"], answer.session) == (0, "up-1")
        assert b"accept" not in dict(answer.headers) or dict(answer.headers)[b"accept"] != b"text/event-stream"
        assert [record.kind for record in gateway.gate.ledger.security] == [Refused.RESPONSE]


async def test_a_stream_of_another_grant_or_session_is_as_if_it_were_not_there() -> None:
    async with listening() as gateway:
        other = mint()
        gateway.gate.publish(ALLOW_ALL, grants=[token_grant(gateway.token), token_grant(other, "g2")])
        session = await opened(gateway)
        fed(gateway.gate)
        stolen = await refused(gateway, session, token=other)
        unknown = await refused(gateway, (b"mcp-session-id", b"made-up"), token=other)
        assert (stolen.status, stolen.body) == (unknown.status, unknown.body) == (404, stolen.body)
        assert [record.kind for record in gateway.gate.ledger.security] == [Refused.SESSION] * 2
        assert (await refused(gateway, session, token=mint())).status == 401
        assert not gateway.gate.upstream.listened


async def test_another_grants_answer_to_a_request_goes_no_further() -> None:
    async with listening() as gateway:
        other = mint()
        gateway.gate.publish(ALLOW_ALL, grants=[token_grant(gateway.token), token_grant(other, "g2")])
        session, feed = await opened(gateway, "roots"), fed(gateway.gate)
        client, _ = await listens(gateway, session)
        feed.say(encode({"jsonrpc": "2.0", "id": 7, "method": "roots/list"}))
        await client.chunk()
        assert (await gateway.post(response(7), session, token=other)).status == 404
        assert (await gateway.post(response(7), token=other)).status == 202
        assert not gateway.gate.upstream.of("")


async def test_a_stream_is_resumed_after_an_event_of_its_own_session_only() -> None:
    async with listening() as gateway:
        session, feed = await opened(gateway), fed(gateway.gate)
        client, _ = await listens(gateway, session)
        feed.say(NOTICE, b"a-1")
        await client.chunk()
        await client.aclose()
        await until(lambda: feed.closed)
        other = await opened(gateway)
        for field in (other, (b"x-no-session", b"1")):
            assert (await refused(gateway, field, (b"last-event-id", b"a-1"))).status == 400
        assert (await refused(gateway, session, (b"last-event-id", b"a-2"))).status == 400
        assert [record.kind for record in gateway.gate.ledger.security] == [Refused.SESSION] * 3
        fed(gateway.gate)
        _, head = await listens(gateway, session, (b"last-event-id", b"a-1"))
        assert head.status == 200
        assert dict(gateway.gate.upstream.listened[-1].headers)[b"last-event-id"] == b"a-1"


async def test_a_call_whose_stream_the_server_closes_goes_on_where_it_is_resumed() -> None:
    async with listening() as gateway:
        session = await opened(gateway)
        priming = Event(b"", b"id: p-1\nretry: 10\ndata:\n\n", b"p-1")
        gateway.gate.upstream.replies["tools/call"] = Answer(events=Stream([priming]))
        reply = await gateway.post(call("echo", id=5), session)
        assert (reply.complete, reply.chunks) == (True, [priming.raw])
        assert not gateway.gate.ledger.outcomes
        feed = fed(gateway.gate)
        client, _ = await listens(gateway, session, (b"last-event-id", b"p-1"))
        feed.say(result(b"6", content("of somebody else")), b"p-2")
        feed.say(result(b"5", content("done")), b"p-3")
        assert await client.chunk() == b"id: p-3\ndata: %b\n\n" % result(b"5", content("done"))
        assert gateway.gate.ledger.results == [Result.OK]


async def test_a_list_that_comes_on_a_resumed_stream_is_filtered_as_any_other() -> None:
    async with listening(document=policy(hide=["drop_table"], default="allow")) as gateway:
        session = await opened(gateway)
        priming = Event(b"", b"id: 1\ndata:\n\n", b"1")
        gateway.gate.upstream.replies["tools/list"] = Answer(events=Stream([priming]))
        await gateway.post(request("tools/list", id=3), session)
        feed = fed(gateway.gate)
        client, _ = await listens(gateway, session, (b"last-event-id", b"1"))
        tools = [{"name": name, "inputSchema": {"type": "object"}} for name in ("echo", "drop_table")]
        feed.say(result(b"3", {"tools": tools}), b"2")
        shown = await client.chunk()
        assert b"id: 2\n" in shown
        assert b"echo" in shown
        assert b"drop_table" not in shown


async def test_a_list_on_a_resumed_stream_is_no_answer_to_a_call_of_the_same_id() -> None:
    async with listening(document=policy(hide=["drop_table"], default="allow")) as gateway:
        session = await opened(gateway)
        gateway.gate.upstream.replies["tools/list"] = Answer(events=Stream([Event(b"", b"id: a-1\ndata:\n\n", b"a-1")]))
        await gateway.post(request("tools/list", id=3), session)
        del gateway.gate.upstream.replies["tools/list"]
        gateway.gate.upstream.replies["tools/call"] = Answer(events=Stream([Event(b"", b"id: b-1\ndata:\n\n", b"b-1")]))
        await gateway.post(call("echo", id=3), session)
        tools = [{"name": name, "inputSchema": {"type": "object"}} for name in ("echo", "drop_table")]
        for after in (b"a-1", b"b-1"):
            feed = fed(gateway.gate)
            client, _ = await listens(gateway, session, (b"last-event-id", after))
            feed.say(result(b"3", {"tools": tools} if after == b"a-1" else content("done")), after + b"-2")
            shown = await client.chunk()
            assert b"drop_table" not in shown
            assert (b"echo" in shown, b"done" in shown) == (after == b"a-1", after == b"b-1")
            await client.aclose()


async def test_the_servers_own_stream_brings_no_answers() -> None:
    async with listening() as gateway:
        session, feed = await opened(gateway), fed(gateway.gate)
        gateway.gate.upstream.replies["tools/call"] = Answer(events=Stream([Event(b"", b"id: b-1\ndata:\n\n", b"b-1")]))
        await gateway.post(call("echo", id=3), session)
        client, _ = await listens(gateway, session)
        feed.say(result(b"3", content("done")), b"c-1")
        feed.say(NOTICE, b"c-2")
        assert await client.chunk() == b"id: c-2\ndata: %b\n\n" % NOTICE
        assert not gateway.gate.ledger.outcomes


async def test_a_call_that_is_never_resumed_counts_as_lost_when_its_session_ends() -> None:
    async with listening() as gateway:
        session = await opened(gateway)
        gateway.gate.upstream.replies["tools/call"] = Answer(events=Stream([Event(b"", b"id: 1\ndata:\n\n", b"1")]))
        await gateway.post(call("echo"), session)
        await (await gateway.client()).ask("DELETE", "/mcp/files", gateway.fields(None, session))
        assert gateway.gate.ledger.results == [Result.LOST]


# --- where there is none, and how many --------------------------------------------------------------------------------------


async def test_a_server_without_a_stream_says_so() -> None:
    async with listening() as gateway:
        session = await opened(gateway)
        reply = await refused(gateway, session)
        assert (reply.status, reply.fields[b"allow"]) == (405, b"POST, DELETE")


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (Answer(status=401), 502),
        (Answer(status=404), 404),
        (Answer(status=500), 500),
        (UpstreamNotReached("no"), 502),
        (OperatorFault("no credential"), 502),
    ],
)
async def test_a_stream_that_cannot_be_opened_leaves_nothing_behind(reply: Any, status: int) -> None:
    async with listening() as gateway:
        session = await opened(gateway)
        if isinstance(reply, OperatorFault):
            gateway.gate.credential = reply
        else:
            gateway.gate.upstream.replies["GET"] = reply
        assert (await refused(gateway, session)).status == status
        assert not len(gateway.gate.dispatcher.live)


async def test_in_the_stateless_era_there_is_no_such_stream() -> None:
    async with listening() as gateway:
        fed(gateway.gate)
        fields = [*gateway.fields(), (b"accept", b"text/event-stream"), (b"mcp-protocol-version", b"2026-07-28")]
        assert (await (await gateway.client()).ask("GET", "/mcp/files", fields)).status == 405
        assert not gateway.gate.upstream.listened


async def test_a_client_must_accept_events() -> None:
    async with listening() as gateway:
        session = await opened(gateway)
        fields = [*gateway.fields(), session, (b"accept", b"application/json")]
        assert (await (await gateway.client()).ask("GET", "/mcp/files", fields)).status == 406


async def test_a_program_needs_a_session() -> None:
    async with listening(Gate(server=STDIO_SERVER)) as gateway:
        assert (await refused(gateway, path="/mcp/time")).status == 400
        await gateway.post(initialize(), path="/mcp/time")


async def test_a_grant_cannot_open_more_streams_than_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    assert GRANT_STREAMS_MAX == 64
    monkeypatch.setattr("yett.gateway.live_streams.GRANT_STREAMS_MAX", 2)
    async with listening() as gateway:
        session = await opened(gateway)
        for _ in range(2):
            fed(gateway.gate)
            _, head = await listens(gateway, session)
            assert head.status == 200
        reply = await refused(gateway, session)
        assert (reply.status, reply.fields[b"retry-after"]) == (429, b"1")
        other = mint()
        gateway.gate.publish(ALLOW_ALL, grants=[token_grant(gateway.token), token_grant(other, "g2")])
        fed(gateway.gate)
        assert (await listens(gateway, token=other))[1].status == 200


async def test_a_reader_that_does_not_read_holds_the_server_back_and_little_memory() -> None:
    async with listening() as gateway:
        session, feed = await opened(gateway), fed(gateway.gate)
        client, _ = await listens(gateway, session)
        large = encode({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "x" * 65_536}})
        for _ in range(1_000):
            feed.say(large)
        await until(lambda: feed.taken > 10)
        for _ in range(200):
            await asyncio.sleep(0)
        held = feed.taken
        await asyncio.sleep(0.05)
        assert feed.taken == held < 500
        for _ in range(20):
            await client.chunk()


async def test_an_idle_stream_outlives_the_time_limits_of_requests() -> None:
    async with listening() as gateway:
        session, feed = await opened(gateway), fed(gateway.gate)
        client, _ = await listens(gateway, session)
        assert gateway.server is not None
        for _ in range(3):
            gateway.gate.clock.advance(600)
            gateway.server.sweep(gateway.gate.clock.monotonic())
        feed.say(NOTICE)
        assert NOTICE in await client.chunk()
        gateway.gate.clock.advance(3_600)
        assert gateway.gate.sessions.expired() == []
