"""Stateless clients before a server that needs a handshake."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.support.clock import ManualClock
from tests.support.fake_upstream import ECHO, FakeUpstream, Stream, encode, result, rpc_error, streamed
from tests.upstreams.handshake_rig import META, WELCOME, asking, asks, bridge_to, first, handshake_only
from yett.errors import UpstreamFault
from yett.ports import Answer, Event, Outbound
from yett.upstreams.bridge import FALL_BACK_S
from yett.upstreams.bridge_held import HELD_S
from yett.upstreams.bridge_kept import QUEUE_MAX
from yett.upstreams.bridge_to_handshake import KEPT_MAX

pytestmark = pytest.mark.anyio


def value(answer: Answer) -> Any:
    return json.loads(answer.body or b"")


async def test_a_stateless_server_is_asked_once_and_then_not_touched() -> None:
    upstream = FakeUpstream()

    async def discover(message: Outbound) -> Answer:
        return Answer(body=result(message.id, {"supportedVersions": ["2026-07-28"], "capabilities": {}}))

    upstream.replies["server/discover"] = discover
    bridge, call = bridge_to(upstream), asks("tools/call", {"name": "echo"})
    await bridge.exchange(call)
    await bridge.exchange(call)
    assert [message.method for message in upstream.sent] == ["server/discover", "tools/call", "tools/call"]
    assert upstream.sent[1] is call


async def test_the_gateway_shakes_hands_and_requests_lose_their_envelope() -> None:
    upstream = handshake_only()
    answer = await bridge_to(upstream).exchange(asks("tools/call", {"name": "echo", "arguments": {"a": 1}}, traceparent="00"))
    methods = [message.method for message in upstream.sent]
    assert methods == ["server/discover", "initialize", "notifications/initialized", "tools/call"]
    hello, call = json.loads(upstream.sent[1].body)["params"], upstream.calls[0]
    assert hello["capabilities"] == {"elicitation": {}}
    assert json.loads(call.body)["params"] == {"name": "echo", "arguments": {"a": 1}, "_meta": {"traceparent": "00"}}
    assert (call.session, call.modern, call.credential) == ("theirs", False, {"x": "y"})
    assert list(call.headers) == [(b"mcp-protocol-version", b"2025-06-18")]
    assert value(answer)["id"] == 5
    assert value(answer)["result"]["resultType"] == "complete"


async def test_a_list_is_for_one_caller_and_holds_for_no_time() -> None:
    answer = await bridge_to(handshake_only()).exchange(asks("tools/list"))
    assert value(answer)["result"] == {"resultType": "complete", "tools": value(answer)["result"]["tools"]} | {
        "ttlMs": 0,
        "cacheScope": "private",
    }
    assert ECHO in value(answer)["result"]["tools"]


async def test_two_clients_of_one_grant_share_a_session_and_not_their_ids() -> None:
    upstream = handshake_only()
    bridge = bridge_to(upstream)
    for _ in range(2):
        assert value(await bridge.exchange(asks("tools/call", {"name": "echo"})))["id"] == 5
    assert len(upstream.of("initialize")) == 1
    assert len({message.id for message in upstream.calls}) == 2
    assert KEPT_MAX > 1


async def test_errors_have_the_codes_and_statuses_of_the_stateless_era() -> None:
    async def missing(message: Outbound) -> Answer:
        return Answer(body=rpc_error(message.id, -32002 if message.method == "resources/read" else -32601))

    bridge = bridge_to(handshake_only(**{"resources/read": missing, "prompts/get": missing}))
    read = await bridge.exchange(asks("resources/read", {"uri": "a://b"}))
    assert (read.status, value(read)["error"]["code"]) == (400, -32602)
    got = await bridge.exchange(asks("prompts/get", {"name": "p"}))
    assert (got.status, value(got)["error"]["code"]) == (404, -32601)


async def test_a_lost_session_is_opened_again_and_the_request_sent_once_more() -> None:
    upstream = handshake_only()
    bridge, call = bridge_to(upstream), asks("tools/call", {"name": "echo"})
    await bridge.exchange(call)
    lost = [Answer(status=404, body=b"")]

    async def reply(message: Outbound) -> Answer:
        return lost.pop() if lost else Answer(body=result(message.id, {"content": []}))

    upstream.replies["tools/call"] = reply
    assert "result" in value(await bridge.exchange(call))
    assert len(upstream.of("initialize")) == 2


async def test_a_server_that_refuses_both_says_so_itself() -> None:
    upstream = handshake_only(initialize=Answer(status=400, body=rpc_error(b"1", -32601)))
    answer = await bridge_to(upstream).exchange(asks("tools/call", {"name": "echo"}))
    assert upstream.sent[-1].modern
    assert answer.status == 200


async def test_a_client_that_asks_first_may_fall_back_and_one_that_insists_is_answered() -> None:
    upstream, clock = handshake_only(), ManualClock()
    bridge = bridge_to(upstream, clock)
    assert (await bridge.exchange(asks("server/discover"))).status == 400
    assert (await bridge.exchange(asks("server/discover"))).status == 400, "two that fall back may come at once"
    clock.advance(FALL_BACK_S)
    said = value(await bridge.exchange(asks("server/discover")))["result"]
    assert said["supportedVersions"] == ["2026-07-28"]
    assert said["instructions"] == "be kind"
    assert said["_meta"] == {f"{META}serverInfo": {"name": "s", "version": "1"}}


async def test_a_client_that_fell_back_is_not_answered_in_the_servers_place() -> None:
    upstream, clock = handshake_only(), ManualClock()
    bridge = bridge_to(upstream, clock)
    await bridge.exchange(asks("server/discover"))
    await bridge.exchange(Outbound(b'{"jsonrpc":"2.0","id":1,"method":"initialize"}', "initialize", b"1", False))
    clock.advance(FALL_BACK_S * 10)
    assert (await bridge.exchange(asks("server/discover"))).status == 400


async def test_progress_comes_back_under_the_clients_token_and_logs_only_if_asked_for() -> None:
    async def reply(message: Outbound) -> Answer:
        own = json.loads(message.body)["params"]["_meta"]["progressToken"]
        progress = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": own, "progress": 1}}
        foreign = {**progress, "params": {"progressToken": 999, "progress": 1}}
        logs = [
            {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": level, "data": "x"}}
            for level in ("debug", "error")
        ]
        last = result(message.id, {"content": []})
        return streamed(encode(progress), encode(foreign), *map(encode, logs), last)

    upstream = handshake_only(**{"tools/call": reply})
    level: dict[str, Any] = {f"{META}logLevel": "warning"}
    answer = await bridge_to(upstream).exchange(asks("tools/call", {"name": "echo"}, progressToken="mine", **level))
    assert answer.events is not None
    seen = [json.loads(event.data) async for event in answer.events]
    assert seen[0]["params"]["progressToken"] == "mine"
    assert [message.get("params", {}).get("level") for message in seen[1:-1]] == ["error"]
    assert json.loads(upstream.of("logging/setLevel")[0].body)["params"] == {"level": "warning"}


# --- what the server asks -------------------------------------------------------------------------------------------------


async def test_what_a_session_asks_ends_the_round_and_the_next_one_goes_on_with_the_same_request() -> None:
    upstream, streams = asking()
    bridge = bridge_to(upstream)
    answer = await bridge.exchange(asks("tools/call", {"name": "echo"}))
    wanted = (await first(answer))["result"]
    await answer.aclose()
    assert wanted["resultType"] == "input_required"
    assert wanted["inputRequests"] == {"input": {"method": "elicitation/create", "params": {"message": "who?"}}}
    assert not streams[0].closed, "the server works on"
    brings = {"inputResponses": {"input": {"action": "accept"}}, "requestState": wanted["requestState"]}
    final = await first(await bridge.exchange(asks("tools/call", {"name": "echo", **brings}, 6)))
    assert (final["id"], final["result"]["resultType"]) == (6, "complete")
    assert json.loads(upstream.of("")[0].body) == {"jsonrpc": "2.0", "id": "q", "result": {"action": "accept"}}
    assert len(upstream.calls) == 1, "nothing is done twice"
    again = await bridge.exchange(asks("tools/call", {"name": "echo", **brings}, 7))
    assert value(again)["error"]["code"] == -32602, "a state serves once"
    assert len(upstream.calls) == 1


async def test_a_round_that_comes_too_late_is_refused() -> None:
    upstream, _ = asking()
    clock = ManualClock()
    bridge = bridge_to(upstream, clock)
    wanted = (await first(await bridge.exchange(asks("tools/call", {"name": "echo"}))))["result"]
    clock.advance(HELD_S)
    brings = {"inputResponses": {"input": {}}, "requestState": wanted["requestState"]}
    late = await bridge.exchange(asks("tools/call", {"name": "echo", **brings}))
    assert value(late)["error"]["code"] == -32602


async def test_what_the_client_cannot_be_asked_is_refused_in_its_place() -> None:
    async def reply(message: Outbound) -> Answer:
        roots = encode({"jsonrpc": "2.0", "id": "r", "method": "roots/list"})
        return streamed(roots, result(message.id, {"content": []}))

    upstream = handshake_only(**{"tools/call": reply})
    final = await first(await bridge_to(upstream).exchange(asks("tools/call", {"name": "echo"})))
    assert "result" in final
    assert json.loads(upstream.of("")[0].body)["error"]["code"] == -32601


async def test_a_client_that_leaves_cancels_the_request_in_the_session() -> None:
    async def reply(message: Outbound) -> Answer:
        return Answer(events=Stream([Event(b"")]))

    upstream = handshake_only(**{"tools/call": reply})
    answer = await bridge_to(upstream).exchange(asks("tools/call", {"name": "echo"}))
    await answer.aclose()
    named = json.loads(upstream.of("notifications/cancelled")[0].body)["params"]["requestId"]
    assert named == int(upstream.calls[0].id or b"")


async def test_a_stream_that_breaks_off_is_a_fault() -> None:
    upstream = handshake_only(**{"tools/call": Answer(events=Stream([]))})
    answer = await bridge_to(upstream).exchange(asks("tools/call", {"name": "echo"}))
    assert answer.events is not None
    with pytest.raises(UpstreamFault):
        await anext(answer.events)


# --- subscriptions --------------------------------------------------------------------------------------------------------


async def test_a_subscription_is_fed_by_the_servers_own_stream() -> None:
    changed = encode({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"})
    updated = encode({"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": {"uri": "a://b"}})
    foreign = encode({"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": {"uri": "a://c"}})
    upstream = handshake_only(GET=streamed(changed, foreign, updated))
    bridge = bridge_to(upstream)
    wanted = {"toolsListChanged": True, "promptsListChanged": True, "resourceSubscriptions": ["a://b"]}
    answer = await bridge.exchange(asks("subscriptions/listen", {"notifications": wanted}))
    heard = [await first(answer) for _ in range(3)]
    assert heard[0]["params"]["notifications"] == {"toolsListChanged": True, "resourceSubscriptions": ["a://b"]}
    assert [message["method"].split("/", 1)[1] for message in heard[1:]] == ["tools/list_changed", "resources/updated"]
    assert {message["params"]["_meta"][f"{META}subscriptionId"] for message in heard} == {5}
    assert len(upstream.of("resources/subscribe")) == 1
    await answer.aclose()
    assert len(upstream.of("resources/unsubscribe")) == 1
    await bridge.aclose()
    assert upstream.closed


async def test_who_does_not_read_misses_what_is_too_much() -> None:
    changed = encode({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"})
    upstream = handshake_only(GET=streamed(*[changed] * (QUEUE_MAX + 10)))
    bridge = bridge_to(upstream)
    answer = await bridge.exchange(asks("subscriptions/listen", {"notifications": {"toolsListChanged": True}}))
    for _ in range(3):
        await asyncio.sleep(0)
    assert [await first(answer) for _ in range(QUEUE_MAX)]
    await bridge.aclose()


async def test_a_tool_that_runs_as_a_task_only_is_refused_with_a_sentence() -> None:
    """Tasks are not carried between the eras: the capability is not told, and the refusal says why."""

    async def welcome(message: Outbound) -> Answer:
        tasks: Any = {"requests": {"tools": {"call": {}}}}
        return Answer(body=result(message.id, {**WELCOME, "capabilities": {"tools": {}, "tasks": tasks}}), session="theirs")

    async def required(message: Outbound) -> Answer:
        return Answer(body=rpc_error(message.id, -32601, "Tool requires task augmentation"))

    upstream = handshake_only(**{"initialize": welcome, "tools/call": required})
    bridge = bridge_to(upstream)
    capable: dict[str, Any] = {f"{META}clientCapabilities": {"elicitation": {}, "extensions": {f"{META}tasks": {}}}}
    answer = await bridge.exchange(asks("tools/call", {"name": "echo", "arguments": {}}, **capable))
    assert (answer.status, value(answer)["error"]["code"]) == (400, -32600)
    assert "tasks are not carried between the eras" in value(answer)["error"]["message"]
    (hello,) = upstream.of("initialize")
    assert json.loads(hello.body)["params"]["capabilities"] == {"elicitation": {}}
