"""`subscriptions/listen` of the stateless era: cut, acknowledged, tagged, judged while it is open, ended in good order."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.gateway.feeds import Feed, until
from tests.gateway.gate import Gate, events_of
from tests.gateway.listener import Listener, listening, token_grant
from tests.gateway.task_rig import TaskServer, capable, started, starting, task
from tests.support.fake_upstream import content, encode, result, rpc_error, streamed
from tests.support.policies import ALLOW_ALL, policy
from tests.support.wire import HttpClient, Reply, request
from yett.gateway.subscriptions import TOO_MANY
from yett.gateway.tokens import mint
from yett.ports import Answer
from yett.protocol.eras import META_SUBSCRIPTION_ID
from yett.protocol.subscription_filter import NAMED_MAX

pytestmark = pytest.mark.anyio

NOTES = {"version": "1", "default": "deny", "resources": {"note://*": {}}}
ALL = {"toolsListChanged": True, "promptsListChanged": True, "resourcesListChanged": True}


def said(method: str, subscription: Any = 1, **params: Any) -> bytes:
    tag = {} if subscription is None else {"_meta": {META_SUBSCRIPTION_ID: subscription}}
    return encode({"jsonrpc": "2.0", "method": f"notifications/{method}", "params": {**params, **tag}})


def acknowledged(**honoured: Any) -> bytes:
    return said("subscriptions/acknowledged", notifications=honoured)


def fed(gate: Gate) -> Feed:
    feed = Feed()
    gate.upstream.replies["subscriptions/listen"] = Answer(content_type=b"text/event-stream", events=feed)
    return feed


def subscribing(**wanted: Any) -> Any:
    return request("subscriptions/listen", {"notifications": wanted}, stateless=True)


async def subscribed(gateway: Listener, **wanted: Any) -> tuple[HttpClient, Reply]:
    sent, client = subscribing(**wanted), await gateway.client()
    await client.send("POST", "/mcp/files", gateway.fields(sent), sent.body)
    return client, await client.head()


async def test_a_subscription_is_relayed_as_a_stream() -> None:
    async with listening() as gateway:
        feed = fed(gateway.gate)
        client, head = await subscribed(gateway, **ALL)
        assert (head.status, head.fields[b"content-type"]) == (200, b"text/event-stream")
        for event in (acknowledged(**ALL), said("tools/list_changed"), said("prompts/list_changed")):
            feed.say(event)
            assert await client.chunk() == b"data: %b\n\n" % event
        (asked,) = gateway.gate.upstream.of("subscriptions/listen")
        assert (asked.body, asked.modern) == (subscribing(**ALL).body, True)
        ended = result(b"1", {"resultType": "complete", "_meta": {META_SUBSCRIPTION_ID: 1}})
        feed.say(ended)
        assert await client.chunk() == b"data: %b\n\n" % ended
        assert await client.chunk() == b""
        await until(lambda: feed.closed)
        assert not len(gateway.gate.dispatcher.live)


async def test_a_filter_is_cut_to_what_is_mediated_and_what_the_policy_shows() -> None:
    async with listening(document=NOTES) as gateway:
        fed(gateway.gate)
        uris = ["note://a", "file:///etc/passwd", "note://b"]
        await subscribed(gateway, toolsListChanged=True, resourceSubscriptions=uris, taskIds=["t"], ToolsListChanged=True)
        (asked,) = gateway.gate.upstream.of("subscriptions/listen")
        wanted = json.loads(asked.body)["params"]["notifications"]
        assert wanted == {"toolsListChanged": True, "resourceSubscriptions": ["note://a", "note://b"]}


async def test_only_what_is_tagged_acknowledged_and_shown_reaches_the_client() -> None:
    async with listening(document=NOTES) as gateway:
        feed = fed(gateway.gate)
        client, _ = await subscribed(gateway, resourceSubscriptions=["note://a"])
        feed.say(said("tools/list_changed"))  # before it is acknowledged
        feed.say(acknowledged(resourceSubscriptions=["note://a"]))
        assert acknowledged(resourceSubscriptions=["note://a"]) in await client.chunk()
        feed.say(acknowledged(resourceSubscriptions=["file:///"]))
        feed.say(said("tools/list_changed", None))
        feed.say(said("tools/list_changed", "1"))
        feed.say(said("resources/updated", uri="file:///etc/passwd"))
        feed.say(encode({"jsonrpc": "2.0", "id": 1, "method": "roots/list"}))
        feed.say(encode({"jsonrpc": "2.0", "id": 2, "result": {}}))
        feed.say(b"nonsense")
        feed.say(said("resources/updated", uri="note://a"))
        assert said("resources/updated", uri="note://a") in await client.chunk()
        feed.say(said("cancelled", None, requestId=1))
        assert b"notifications/cancelled" in await client.chunk()


async def test_a_policy_that_changes_under_way_judges_what_comes_next_and_is_told() -> None:
    async with listening() as gateway:
        feed = fed(gateway.gate)
        client, _ = await subscribed(gateway, toolsListChanged=True, resourceSubscriptions=["note://a", "x://b"])
        feed.say(acknowledged(toolsListChanged=True, resourceSubscriptions=["note://a", "x://b"]))
        await client.chunk()
        gateway.gate.publish({**NOTES, "hide": ["pay"]}, grants=[token_grant(gateway.token)])
        assert said("tools/list_changed").replace(b" ", b"") in await client.chunk()
        feed.say(said("resources/updated", uri="x://b"))
        feed.say(said("resources/updated", uri="note://a"))
        assert b"note://a" in await client.chunk()


async def test_a_revoked_grant_ends_its_subscription_at_once_with_its_response() -> None:
    async with listening() as gateway:
        feed = fed(gateway.gate)
        client, _ = await subscribed(gateway, **ALL)
        feed.say(acknowledged(**ALL))
        await client.chunk()
        gateway.gate.publish(ALLOW_ALL, grants=[])
        feed.say(said("tools/list_changed"))
        last = json.loads((await client.chunk()).split(b"data: ")[1])
        assert (last["id"], last["result"]["_meta"]) == (1, {META_SUBSCRIPTION_ID: 1})
        assert await client.chunk() == b""
        await until(lambda: feed.closed)


async def test_a_client_that_leaves_ends_its_subscription_at_the_server() -> None:
    async with listening() as gateway:
        feed = fed(gateway.gate)
        client, _ = await subscribed(gateway, **ALL)
        await client.aclose()
        await until(lambda: feed.closed)
        assert not gateway.in_flight._open


async def test_a_subscription_counts_as_a_stream_and_not_as_a_request_in_flight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yett.gateway.live_streams.GRANT_STREAMS_MAX", 1)
    async with listening() as gateway:
        fed(gateway.gate)
        await subscribed(gateway, **ALL)
        await until(lambda: not gateway.in_flight._open)
        reply = await gateway.post(subscribing(**ALL))
        assert (reply.status, reply.json["error"]["message"]) == (429, TOO_MANY)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"notifications": None},
        {"notifications": []},
        {"notifications": {"resourceSubscriptions": "note://a"}},
        {"notifications": {"resourceSubscriptions": [1]}},
        {"notifications": {"resourceSubscriptions": ["a:b"] * (NAMED_MAX + 1)}},
    ],
)
async def test_a_filter_that_is_none_is_refused(params: Any) -> None:
    async with listening() as gateway:
        reply = await gateway.post(request("subscriptions/listen", params, stateless=True))
        assert (reply.status, reply.json["error"]["code"]) == (400, -32602)
        assert not gateway.gate.upstream.sent


async def test_a_server_that_refuses_is_heard() -> None:
    gate = Gate()
    gate.publish(policy(default="allow"))
    refusal = rpc_error(b"1", -32601, "Method not found")
    gate.upstream.replies["subscriptions/listen"] = Answer(status=404, body=refusal)
    answer = await gate.send(subscribing(**ALL))
    assert (answer.status, answer.body) == (404, refusal)
    assert not len(gate.dispatcher.live)


async def test_in_the_handshake_era_there_is_no_such_method() -> None:
    async with listening() as gateway:
        reply = await gateway.post(request("subscriptions/listen", {"notifications": ALL}))
        assert reply.json["error"]["code"] == -32601
        await asyncio.sleep(0)


# --- tasks ----------------------------------------------------------------------------------------------------------------


def told(id: str, status: str = "working", subscription: Any = 1, **members: Any) -> bytes:
    return said("tasks", subscription, **task(id, status, stateless=True, **members))


async def test_a_subscription_tells_of_the_grants_own_tasks_and_of_what_the_policy_shows() -> None:
    """subscriptions/listen with `taskIds`, notifications/tasks of revision 2026-07-28."""
    async with listening() as gateway:
        other = mint()
        gateway.gate.publish(ALLOW_ALL, grants=[token_grant(gateway.token), token_grant(other, "g2")])
        TaskServer(gateway.gate, stateless=True, ids=["a", "b", "theirs"])
        await gateway.post(starting("echo", stateless=True))
        await gateway.post(starting("pay", stateless=True))
        await gateway.post(starting("echo", stateless=True), token=other)
        feed = fed(gateway.gate)
        ids = ["a", "b", "theirs", "never"]
        client = await gateway.client()
        sent = request("subscriptions/listen", {"notifications": {"taskIds": ids}, "_meta": capable()}, stateless=True)
        await client.send("POST", "/mcp/files", gateway.fields(sent), sent.body)
        await client.head()
        (asked,) = gateway.gate.upstream.of("subscriptions/listen")
        assert json.loads(asked.body)["params"]["notifications"] == {"taskIds": ["a", "b"]}
        feed.say(acknowledged(taskIds=["a", "b"]))
        await client.chunk()
        questions = {"q": {"method": "elicitation/create", "params": {}}}
        for dropped in (
            told("theirs"),
            told("never"),
            told("a", subscription=2),
            told("a", "done"),
            told("a", "input_required", inputRequests=questions),
            told("a", "completed", result={"content": [], "IsError": True}),
            said("tasks/status", 1, **task("a")),
        ):
            feed.say(dropped)
        feed.say(told("a", "completed", result=content("done")))
        assert told("a", "completed", result=content("done")) in await client.chunk()
        gateway.gate.publish({**ALLOW_ALL, "hide": ["pay"]}, grants=[token_grant(gateway.token), token_grant(other, "g2")])
        feed.say(told("b"))
        feed.say(told("a"))
        assert told("a") in await client.chunk()


async def test_a_word_on_a_task_is_nothing_for_the_stream_of_a_call() -> None:
    gate = Gate()
    TaskServer(gate, stateless=True)
    await started(gate, starting(stateless=True))
    done = result(b"1", {"resultType": "complete", "content": []})
    gate.upstream.replies["tools/call"] = streamed(told("task-1"), said("tasks/status", None, **task("task-1")), done)
    assert await events_of(await gate.send(starting(stateless=True))) == [done]
