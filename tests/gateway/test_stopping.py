"""The kill switch, and what becomes of work in hand when a grant is taken away: through the real edge."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from msgspec.structs import replace

from tests.gateway import old_client
from tests.gateway.feeds import NOTICE, fed, listens, opened, until
from tests.gateway.gate import HTTP_SERVER, Gate, decision_of
from tests.gateway.listener import Listener, listening, token_grant
from tests.gateway.test_subscriptions import fed as fed_subscription
from tests.gateway.test_subscriptions import subscribed
from tests.support.fake_upstream import Stream, content, listing, result, streamed
from tests.support.policies import ALLOW_ALL
from tests.support.wire import HttpClient, Reply, call, initialize, notification, parsed, request
from yett.audit.record import Refused, Result
from yett.gateway.snapshot import EVERYTHING
from yett.policy.decision import Code
from yett.ports import Answer, Event, Outbound

pytestmark = pytest.mark.anyio

STOPS = ["this grant", "this server", "this organisation", "every call"]
TAKEN = ["revoked", "rotated", "server removed"]
SOON_S = 5.0


def change(gateway: Listener, what: str, document: Any = ALLOW_ALL) -> None:
    """Stop something of the listener's grant, or take it away; `nothing` lets it go on."""
    server, entry = HTTP_SERVER, token_grant(gateway.token)
    members: dict[str, Any] = {}
    if what == "this grant":
        entry = replace(entry, stopped=True)
    elif what == "rotated":
        entry = replace(entry, digest="another", previous_digest=entry.digest)
    elif what == "this server":
        server = replace(server, stopped=True)
    elif what == "this organisation":
        members["stopped"] = ["org"]
    elif what == "every call":
        members["stopped"] = [EVERYTHING]
    elif what == "moved":
        server = replace(server, url="http://elsewhere/mcp")
    servers = [] if what == "server removed" else [server]
    gateway.gate.publish(document, grants=[] if what == "revoked" else [entry], servers=servers, **members)


async def in_time(reading: Any) -> Any:
    """What a client reads, if it comes as soon as open streams must end."""
    async with asyncio.timeout(SOON_S):
        return await reading


# --- what comes afterwards --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", STOPS)
async def test_a_call_is_denied_with_a_code_of_its_own_and_recorded_and_goes_nowhere(what: str) -> None:
    async with listening() as gateway:
        await gateway.post(call("echo"))
        before = len(gateway.gate.upstream.sent)
        change(gateway, what)
        reply = await gateway.post(call("echo"))
        said = decision_of(Answer(body=reply.body))
        assert (reply.status, said["code"], said["rule"]) == (200, "stopped", "(stopped)")
        assert f"an administrator has stopped {what}" in reply.json["result"]["content"][0]["text"]
        record = gateway.gate.ledger.records[-1]
        assert (record.request_id, record.decision.code, record.target) == (said["request_id"], Code.STOPPED, "echo")
        assert len(gateway.gate.upstream.sent) == before
        change(gateway, "nothing")
        assert "done" in (await gateway.post(call("echo"))).body.decode()


async def test_a_policy_in_shadow_mode_does_not_lift_a_stop() -> None:
    async with listening() as gateway:
        change(gateway, "this grant", {**ALLOW_ALL, "mode": "shadow"})
        reply = await gateway.post(call("echo"))
        assert decision_of(Answer(body=reply.body))["code"] == "stopped"


@pytest.mark.parametrize(("method", "params"), [("resources/read", {"uri": "a://b"}), ("prompts/get", {"name": "p"})])
async def test_resources_and_prompts_are_denied_with_the_same_code(method: str, params: dict[str, str]) -> None:
    async with listening() as gateway:
        change(gateway, "this server")
        reply = await gateway.post(request(method, params))
        assert reply.json["error"]["data"]["dev.yett/decision"]["code"] == "stopped"
        assert gateway.gate.ledger.records[-1].decision.code is Code.STOPPED


@pytest.mark.parametrize("stateless", [False, True])
async def test_what_is_no_call_is_refused_and_recorded_too(stateless: bool) -> None:
    async with listening() as gateway:
        change(gateway, "every call")
        sent = request("tools/list", stateless=stateless) if stateless else initialize()
        reply = await gateway.post(sent)
        assert reply.status == (400 if stateless else 200)
        decision = reply.json["error"]["data"]["dev.yett/decision"]
        record = gateway.gate.ledger.security[-1]
        assert (decision["code"], record.kind, record.reason) == ("stopped", Refused.STOPPED, "people stopped every call")
        assert (record.request_id, record.grant_id, record.server) == (decision["request_id"], "g1", "files")
        assert (await gateway.post(notification("notifications/initialized"))).status == 403
        assert gateway.gate.upstream.sent == []


@pytest.mark.parametrize(("method", "path"), [("GET", "/mcp/files"), ("DELETE", "/mcp/files"), ("GET", "/sse/files")])
async def test_a_stream_is_not_opened(method: str, path: str) -> None:
    async with listening() as gateway:
        change(gateway, "this organisation")
        reply = await gateway.get(path, *gateway.fields(), (b"accept", b"text/event-stream"), method=method)
        assert (reply.status, reply.json["code"]) == (403, "stopped")
        assert gateway.gate.ledger.security[-1].kind is Refused.STOPPED
        assert gateway.gate.upstream.listened == []


async def test_others_go_on() -> None:
    async with listening() as gateway:
        other = token_grant("a" * 54, "g2", organisation="other", stopped=True)
        gateway.gate.publish(ALLOW_ALL, grants=[token_grant(gateway.token), other], stopped=["other"])
        assert "done" in (await gateway.post(call("echo"))).body.decode()


# --- what is open -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", STOPS + TAKEN)
async def test_streams_and_sessions_end(what: str) -> None:
    async with listening() as gateway:
        session, feed = await opened(gateway), fed(gateway.gate)
        client, _ = await listens(gateway, session)
        feed.say(NOTICE)
        assert NOTICE in await client.chunk()
        change(gateway, what)
        assert await in_time(client.chunk()) == b""
        await until(lambda: feed.closed)
        if what == "rotated":  # only the stolen token is out; who has the new one keeps the session
            assert len(gateway.gate.sessions) == 1
            return
        assert len(gateway.gate.sessions) == 0
        if what != "server removed":
            await until(lambda: [message.session for message in gateway.gate.upstream.ended] == ["up-1"])
        if what in STOPS:
            reply = await gateway.post(call("echo"), session)
            assert decision_of(Answer(body=reply.body))["code"] == "stopped"


@pytest.mark.parametrize("what", STOPS + TAKEN)
async def test_subscriptions_end_in_good_order(what: str) -> None:
    async with listening() as gateway:
        feed = fed_subscription(gateway.gate)
        client, _ = await subscribed(gateway, toolsListChanged=True)
        change(gateway, what)
        assert b'"resultType":"complete"' in await in_time(client.chunk())
        assert await in_time(client.chunk()) == b""
        await until(lambda: feed.closed)


@pytest.mark.parametrize("what", STOPS + TAKEN)
async def test_streams_of_the_2024_transport_end_and_what_was_asked_on_them_is_not_answered(what: str) -> None:
    async with listening() as gateway:
        held = hold_calls(gateway.gate)
        client = await old_client.connect(gateway)
        await client.shake_hands()
        await client.post({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "echo", "arguments": {}}})
        await until(lambda: len(gateway.gate.upstream.calls) == 1)
        change(gateway, what)
        assert await in_time(client.stream.chunk()) == b""
        await until(lambda: len(gateway.gate.ledger.outcomes) == 1)
        held.set()
        ((_, outcome),) = gateway.gate.ledger.outcomes
        assert outcome.result is Result.CLIENT_GONE


async def test_what_was_asked_on_a_stream_that_nobody_reads_is_not_forwarded_either() -> None:
    async with listening() as gateway:
        client, told = await old_client.connect(gateway), asyncio.Event()
        await client.shake_hands()

        async def tools(message: Outbound) -> Answer:
            await told.wait()
            return Answer(body=result(message.id, listing([{"name": "echo", "inputSchema": {"type": "object"}}])))

        gateway.gate.upstream.replies["tools/list"] = tools
        await client.post({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "echo", "arguments": {}}})
        await until(lambda: len(gateway.gate.upstream.of("tools/list")) == 1)
        gateway.gate.active._followers.remove(gateway.gate.dispatcher.live.follow)  # as if its end were stuck
        change(gateway, "every call")
        told.set()
        await until(lambda: gateway.in_flight.total == 0)
        assert gateway.gate.upstream.calls == []


def hold_calls(gate: Gate) -> asyncio.Event:
    """Have the server keep calls waiting until this is set."""
    released = asyncio.Event()

    async def reply(message: Outbound) -> Answer:
        await released.wait()
        return Answer(body=result(message.id, content("done")))

    gate.upstream.replies["tools/call"] = reply
    return released


async def asking(gateway: Listener, *fields: tuple[bytes, bytes]) -> HttpClient:
    client, sent = await gateway.client(), call("echo")
    await client.send("POST", "/mcp/files", gateway.fields(sent, *fields), sent.body)
    return client


@pytest.mark.parametrize("what", STOPS + TAKEN)
async def test_a_call_that_waits_for_its_server_is_cut_off_and_its_reservations_are_kept(what: str) -> None:
    async with listening() as gateway:
        hold_calls(gateway.gate)
        client = await asking(gateway)
        await until(lambda: len(gateway.gate.upstream.calls) == 1)
        change(gateway, what)
        reply: Reply = await in_time(client.reply())
        assert (reply.status, json.loads(reply.body)["code"]) == (403, "stopped")
        ((_, outcome),) = gateway.gate.ledger.outcomes
        assert outcome.result is Result.CLIENT_GONE
        assert not outcome.surely_did_not_run
        assert gateway.gate.ledger.security[-1].kind is Refused.STOPPED
        assert gateway.in_flight.total == 0


@pytest.mark.parametrize("what", STOPS + TAKEN)
async def test_the_stream_of_a_call_is_cut_off_and_does_not_look_complete(what: str) -> None:
    async with listening() as gateway:
        never = asyncio.Event()
        stream = Stream([Event(NOTICE, b"data: %b\n\n" % NOTICE)] * 2)

        async def before_each() -> None:
            if stream.taken:
                await never.wait()

        stream.before_each = before_each
        gateway.gate.upstream.replies["tools/call"] = Answer(content_type=b"text/event-stream", events=stream)
        client = await asking(gateway)
        await client.head()
        assert NOTICE in await client.chunk()
        change(gateway, what)
        with pytest.raises(asyncio.IncompleteReadError):
            await in_time(client.chunk())
        await until(lambda: stream.closed)


async def test_a_call_that_was_let_in_but_not_yet_judged_is_never_forwarded() -> None:
    async with listening() as gateway:
        told = asyncio.Event()

        async def tools(message: Outbound) -> Answer:
            await told.wait()
            return Answer(body=result(message.id, listing([{"name": "echo", "inputSchema": {"type": "object"}}])))

        gateway.gate.upstream.replies["tools/list"] = tools
        client = await asking(gateway)
        await until(lambda: len(gateway.gate.upstream.of("tools/list")) == 1)
        change(gateway, "every call")
        told.set()
        assert (await in_time(client.reply())).status == 403
        assert gateway.gate.upstream.calls == []


async def test_the_connection_of_a_call_that_was_cut_off_serves_the_next_request() -> None:
    async with listening() as gateway:
        hold_calls(gateway.gate)
        client = await asking(gateway)
        await until(lambda: len(gateway.gate.upstream.calls) == 1)
        change(gateway, "this grant")
        await in_time(client.reply())
        gateway.gate.upstream.replies.clear()
        change(gateway, "nothing")
        sent = call("echo")
        assert "done" in (await client.ask("POST", "/mcp/files", gateway.fields(sent), sent.body)).body.decode()


async def test_work_of_other_grants_and_of_a_server_that_is_configured_otherwise_goes_on() -> None:
    async with listening() as gateway:
        released = hold_calls(gateway.gate)
        client = await asking(gateway)
        await until(lambda: len(gateway.gate.upstream.calls) == 1)
        moved = replace(HTTP_SERVER, credential="env:OTHER")
        other = token_grant("a" * 54, "g2", stopped=True)
        gateway.gate.publish(ALLOW_ALL, grants=[token_grant(gateway.token), other], servers=[moved], stopped=["other"])
        released.set()
        assert parsed((await client.reply()).body)["result"]["content"][0]["text"] == "done"


async def test_a_client_that_does_not_read_keeps_its_stream_no_longer_than_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yett.gateway.http_door.STREAM_ENDS_S", 0.05)
    async with listening() as gateway:
        session, feed = await opened(gateway), fed(gateway.gate)
        client, _ = await listens(gateway, session)
        large = b'{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"%b"}}' % (b"x" * 1_000_000)
        for _ in range(64):
            feed.say(large)
        taken = -1
        while taken != feed.taken:  # until nothing more goes out
            taken = feed.taken
            await asyncio.sleep(0.02)
        assert taken < 64
        change(gateway, "revoked")
        await until(lambda: feed.closed)
        assert len(gateway.gate.dispatcher.live) == 0
        assert client is not None


async def test_a_session_that_cannot_be_ended_at_its_server_is_over_all_the_same() -> None:
    async with listening() as gateway:
        await opened(gateway)
        gateway.gate.upstream.end_status = 500
        change(gateway, "revoked")
        assert len(gateway.gate.sessions) == 0
        await until(lambda: len(gateway.gate.upstream.ended) == 1)


async def test_sessions_end_with_the_place_of_their_server_and_neither_place_hears_of_the_other() -> None:
    async with listening() as gateway:
        session = await opened(gateway)
        change(gateway, "nothing")
        assert len(gateway.gate.sessions) == 1, "the same place"
        change(gateway, "moved")
        assert len(gateway.gate.sessions) == 0
        assert (await gateway.post(call("echo"), session)).status == 404
        assert gateway.gate.upstream.ended == []


async def test_a_stream_of_a_call_is_not_cut_off_by_what_does_not_concern_it() -> None:
    async with listening() as gateway:
        gateway.gate.upstream.replies["tools/call"] = streamed(NOTICE, result(b"1", content("done")))
        client = await asking(gateway)
        await client.head()
        change(gateway, "nothing")
        assert NOTICE in await client.chunk()
        assert b"done" in await client.chunk()
