"""What waits in the session of a handshake client before a stateless server: rounds, cancellations, the session's own stream."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

import pytest

from tests.support.fake_upstream import FakeUpstream, Stream, content, encode, result, rpc_error
from tests.upstreams.bridge_rig import META, QUESTION, events_of, opened, said, stateless_only
from yett.errors import UpstreamFault
from yett.ports import Answer, Event, Outbound
from yett.upstreams.bridge_hearing import PAUSES_MAX
from yett.upstreams.bridge_rounds import REFUSED, ROUNDS_MAX
from yett.upstreams.bridge_work import PATIENCE_S

pytestmark = pytest.mark.anyio


# --- rounds ---------------------------------------------------------------------------------------------------------------


def asking_until_told(upstream: FakeUpstream) -> None:
    """Calls are answered with a question until its answer comes along."""

    async def reply(message: Outbound) -> Answer:
        params = json.loads(message.body)["params"]
        done = content("done", resultType="complete")
        return Answer(body=result(message.id, done if "inputResponses" in params else QUESTION))

    upstream.replies["tools/call"] = reply


async def test_what_the_server_needs_is_asked_and_the_request_sent_again_with_the_answer() -> None:
    upstream = stateless_only()
    asking_until_told(upstream)
    bridge, session = await opened(upstream)
    answer = await bridge.exchange(said("tools/call", {"name": "echo", "arguments": {"a": 1}}, 5, session))
    assert answer.events is not None
    question = json.loads((await anext(answer.events)).data)
    assert (question["method"], question["params"]) == ("elicitation/create", {"message": "who?"})
    reply = encode({"jsonrpc": "2.0", "id": question["id"], "result": {"action": "accept"}})
    assert (await bridge.exchange(said("", id=None, session=session, body=reply))).status == 202
    final = json.loads((await anext(answer.events)).data)
    assert final == {"jsonrpc": "2.0", "id": 5, "result": content("done")}
    with pytest.raises(StopAsyncIteration):
        await anext(answer.events)
    first, second = (json.loads(call.body) for call in upstream.calls)
    assert first["id"] != second["id"]
    assert second["params"]["arguments"] == {"a": 1}
    assert second["params"]["inputResponses"] == {"who": {"action": "accept"}}
    assert second["params"]["requestState"] == "sealed"


async def test_a_refusal_ends_the_request() -> None:
    upstream = stateless_only()
    asking_until_told(upstream)
    bridge, session = await opened(upstream)
    answer = await bridge.exchange(said("tools/call", {"name": "echo"}, 5, session))
    assert answer.events is not None
    question = json.loads((await anext(answer.events)).data)
    refusal = encode({"jsonrpc": "2.0", "id": question["id"], "error": {"code": -1, "message": "no"}})
    await bridge.exchange(said("", id=None, session=session, body=refusal))
    final = json.loads((await anext(answer.events)).data)
    assert final["error"]["message"] == REFUSED
    assert len(upstream.calls) == 1


async def test_an_answer_to_nothing_that_was_asked_changes_nothing() -> None:
    bridge, session = await opened(stateless_only())
    reply = encode({"jsonrpc": "2.0", "id": "forged", "result": {}})
    assert (await bridge.exchange(said("", id=None, session=session, body=reply))).status == 202


async def test_a_server_that_never_has_enough_gets_no_further_round() -> None:
    upstream = stateless_only()
    upstream.answering({"resultType": "input_required", "requestState": "more"})
    bridge, session = await opened(upstream)
    events = await events_of(await bridge.exchange(said("tools/call", {"name": "echo"}, 5, session)))
    assert "more than" in events[-1]["error"]["message"]
    assert len(upstream.calls) == ROUNDS_MAX + 1


async def test_the_end_of_the_session_ends_what_waits_for_the_client() -> None:
    upstream = stateless_only()
    asking_until_told(upstream)
    bridge, session = await opened(upstream)
    answer = await bridge.exchange(said("tools/call", {"name": "echo"}, 5, session))
    assert answer.events is not None
    await anext(answer.events)
    assert await bridge.end_session(said("", id=None, session=session)) == 200
    with pytest.raises(UpstreamFault):
        await anext(answer.events)
    assert PATIENCE_S > 0


async def test_a_channel_of_its_own_ends_with_the_session() -> None:
    upstream = stateless_only()
    bridge, session = await opened(upstream, own_channels=True)
    await bridge.end_session(said("", id=None, session=session))
    assert len(upstream.ended) == 1


# --- cancellation ---------------------------------------------------------------------------------------------------------


async def test_a_cancellation_closes_the_servers_stream() -> None:
    never = asyncio.Event()
    stream = Stream([Event(b"")], before_each=lambda: _wait(never))
    bridge, session = await opened(stateless_only(**{"tools/call": Answer(events=stream)}))
    answer = await bridge.exchange(said("tools/call", {"name": "echo"}, 5, session))
    assert answer.events is not None
    reading = asyncio.ensure_future(_first(answer))
    await asyncio.sleep(0)
    await bridge.exchange(said("notifications/cancelled", {"requestId": 5}, None, session))
    with pytest.raises(UpstreamFault, match="cancelled"):
        await reading
    assert stream.closed


async def _wait(event: asyncio.Event) -> None:
    await event.wait()


async def _first(answer: Answer) -> Event:
    assert answer.events is not None
    return await anext(answer.events)


# --- the session's own stream ---------------------------------------------------------------------------------------------


def subscribable(*messages: Any) -> tuple[FakeUpstream, list[Stream]]:
    """A server whose subscriptions say these messages, then stay silent."""
    streams: list[Stream] = []
    silent = asyncio.Event()

    async def subscribe(message: Outbound) -> Answer:
        stream = Stream([*(Event(encode(said)) for said in messages), Event(b"")])

        async def before() -> None:
            if stream.taken == len(messages):
                await silent.wait()

        stream.before_each = before
        streams.append(stream)
        return Answer(content_type=b"text/event-stream", events=stream)

    return stateless_only(**{"subscriptions/listen": subscribe}), streams


CHANGED: Final = {
    "jsonrpc": "2.0",
    "method": "notifications/tools/list_changed",
    "params": {"_meta": {f"{META}subscriptionId": "yett-listen-1"}},
}
ACKNOWLEDGED: Final = {"jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged", "params": {"notifications": {}}}


async def test_the_sessions_stream_says_what_a_subscription_says_without_its_tag() -> None:
    upstream, _ = subscribable(ACKNOWLEDGED, CHANGED)
    bridge, session = await opened(upstream)
    answer = await bridge.listen(said("", id=None, session=session))
    heard = json.loads((await _first(answer)).data)
    assert heard == {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}
    second = await bridge.listen(said("", id=None, session=session))
    assert second.status == 409, "nothing is said twice"


async def test_subscribing_to_a_resource_renews_the_subscription() -> None:
    upstream, streams = subscribable(ACKNOWLEDGED)
    bridge, session = await opened(upstream)
    answer = await bridge.listen(said("", id=None, session=session))
    reading = asyncio.ensure_future(_first(answer))
    await asyncio.sleep(0)
    await bridge.exchange(said("resources/subscribe", {"uri": "a://b"}, session=session))
    for _ in range(20):
        await asyncio.sleep(0)
    filters = [json.loads(sent.body)["params"]["notifications"] for sent in upstream.of("subscriptions/listen")]
    assert [wanted.get("resourceSubscriptions") for wanted in filters] == [None, ["a://b"]]
    assert streams[0].closed
    await bridge.end_session(said("", id=None, session=session))
    with pytest.raises(StopAsyncIteration):
        await reading
    assert PAUSES_MAX > 0


async def test_a_server_without_subscriptions_has_no_stream() -> None:
    upstream = stateless_only(**{"subscriptions/listen": Answer(status=404, body=rpc_error(None, -32601))})
    bridge, session = await opened(upstream)
    assert (await bridge.listen(said("", id=None, session=session))).status == 405
