"""Fields that repeat arguments, for clients that speak only stdio."""

from __future__ import annotations

import pytest

from tests.app.test_bridge import Client
from tests.support.wire import call, initialize
from yett.errors import UpstreamNotReached

pytestmark = pytest.mark.anyio

REGION = {"name": "echo", "inputSchema": {"type": "object", "properties": {"region": {"x-mcp-header": "Region"}}}}


async def test_arguments_are_repeated_in_fields_as_the_tools_schema_says() -> None:
    client = Client()
    client.gateway.pages = [[REGION]]
    first, second = call("echo", {"region": "Köln"}, stateless=True), call("echo", {"region": 5}, id=2, stateless=True)
    said = await client.say(first, second, call("echo", {}, id=3, stateless=True))
    assert sorted(answer["id"] for answer in said) == [1, 2, 3]
    repeated = [dict(message.headers).get(b"mcp-param-region") for message in client.gateway.calls]
    assert repeated == [b"=?base64?S8O2bG4=?=", b"5", None]
    (asked,) = client.gateway.of("tools/list")
    assert dict(asked.headers)[b"mcp-method"] == b"tools/list"
    assert b"mcp-name" not in dict(asked.headers)
    assert asked.credential == {"authorization": "Bearer yett_token"}


async def test_a_list_that_cannot_be_had_does_not_keep_a_call_from_the_gateway() -> None:
    client = Client()
    client.gateway.replies["tools/list"] = UpstreamNotReached("refused")
    await client.say(call("echo", {"region": "eu"}, stateless=True), call("other", id=2, stateless=True))
    assert len(client.gateway.calls) == 2
    assert len(client.gateway.of("tools/list")) == 1, "it is asked for at most once a second"


async def test_in_a_session_nothing_is_repeated() -> None:
    client = Client()
    await client.say(initialize(), call("echo", {"region": "eu"}, id=2))
    assert not client.gateway.of("tools/list")
