"""The gate on stdin and stdout: what the server says and asks of its own accord in a session."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.gateway.gate import STDIO_SERVER, grant
from tests.gateway.test_stdio import Client
from tests.support.fake_upstream import Stream, encode
from tests.support.wire import Sent, call, request
from yett.audit.record import Refused
from yett.ports import Answer, Event

pytestmark = pytest.mark.anyio


def opening(*declared: str) -> Sent:
    """The handshake of a client that can be asked these things."""
    params = {"protocolVersion": "2025-11-25", "capabilities": {key: {} for key in declared}, "clientInfo": {"name": "t"}}
    return request("initialize", params)


def saying(client: Client, *said: Any) -> Stream:
    """Let the child say these things of its own accord as soon as there is a session; the stream then stays open."""
    stream = Stream([Event(encode(message)) for message in said])
    client.gate.upstream.replies["GET"] = Answer(events=stream)
    return stream


async def test_what_the_child_says_in_a_session_reaches_the_client_and_a_changed_list_is_read_again() -> None:
    client = Client()
    changed = {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}
    await client.say(call("echo"))
    client.gate.clock.advance(1)
    stream = saying(client, changed)
    assert (await client.say(opening(), call("echo", id=2)))[1:2] == [changed]
    assert stream.closed
    assert len(client.gate.upstream.of("tools/list")) == 2


@pytest.mark.parametrize(
    "said",
    [
        {"jsonrpc": "2.0", "id": 1, "method": "sampling/createMessage"},
        {"jsonrpc": "2.0", "id": 1, "result": {}},
        {"jsonrpc": "2.0", "method": "notifications/resources/updated"},
        {"jsonrpc": "2.0", "method": "notifications/made_up"},
        ["nonsense"],
    ],
)
async def test_nothing_else_that_the_child_says_reaches_the_client(said: Any) -> None:
    client = Client()
    saying(client, said)
    assert [answer["id"] for answer in await client.say(opening(), request("ping", id=2))] == [1, 2]


async def test_what_the_child_asks_is_answered_by_the_client_once() -> None:
    client = Client()
    asked = {"jsonrpc": "2.0", "id": 1, "method": "roots/list"}
    saying(client, asked)
    answer = encode({"jsonrpc": "2.0", "id": 1, "result": {"roots": []}})
    said = await client.say(opening("roots"), answer, answer)
    assert said[1:] == [asked]
    assert [outbound.body for outbound in client.gate.upstream.of("")] == [answer]
    assert [record.kind for record in client.gate.ledger.security] == [Refused.RESPONSE]


async def test_what_the_policy_denies_is_answered_in_the_clients_place() -> None:
    client = Client()
    client.gate.publish(
        {"version": "1", "default": "allow", "server_requests": {"roots": "deny"}}, grants=[grant(server=STDIO_SERVER)]
    )
    saying(client, {"jsonrpc": "2.0", "id": 1, "method": "roots/list"})
    assert len(await client.say(opening("roots"))) == 1
    assert [json.loads(outbound.body)["error"]["code"] for outbound in client.gate.upstream.of("")] == [-32600]
    assert [record.kind for record in client.gate.ledger.security] == [Refused.SERVER_REQUEST]


async def test_a_policy_that_hides_a_tool_under_way_is_told_to_the_client() -> None:
    client = Client()
    silence = asyncio.Event()
    stream = saying(client)

    async def wait() -> None:
        await silence.wait()

    stream.before_each = wait
    hidden = {"version": "1", "default": "allow", "hide": ["pay"]}
    grants = [grant(server=STDIO_SERVER)]
    ping = request("ping", id=2)
    said = await client.say(opening(), ping, between=lambda: client.gate.publish(hidden, grants=grants))
    silence.set()
    assert [message for message in said if "id" not in message] == [
        {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}
    ]
