"""A server without a handshake behind a bridge, and what clients of sessions say to it."""

from __future__ import annotations

import json
from typing import Any, Final

from tests.support.clock import ManualClock
from tests.support.fake_upstream import FakeUpstream, encode, result, rpc_error
from yett.ports import Answer, Outbound
from yett.upstreams.bridge import Bridge

DISCOVERED: Final = {
    "resultType": "complete",
    "supportedVersions": ["2026-07-28"],
    "capabilities": {"tools": {"listChanged": True}},
    "instructions": "be kind",
    "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "s", "version": "2"}},
}
HELLO: Final = {
    "protocolVersion": "2025-06-18",
    "capabilities": {"elicitation": {}},
    "clientInfo": {"name": "c", "version": "1"},
}
META: Final = "io.modelcontextprotocol/"
TOOL: Final = {
    "name": "echo",
    "inputSchema": {"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}},
}
QUESTION: Final = {
    "resultType": "input_required",
    "inputRequests": {"who": {"method": "elicitation/create", "params": {"message": "who?"}}},
    "requestState": "sealed",
}


def said(method: str, params: Any = None, id: int | None = 1, session: str | None = None, body: bytes | None = None) -> Outbound:
    message = {"jsonrpc": "2.0", "method": method} | ({} if params is None else {"params": params})
    message |= {} if id is None else {"id": id}
    fields = [(b"mcp-protocol-version", b"2025-06-18"), (b"traceparent", b"00-1"), (b"accept", b"*/*")]
    own = None if id is None else b"%d" % id
    return Outbound(body or encode(message), method, own, False, headers=fields, session=session, isolation="grant")


def stateless_only(**replies: Any) -> FakeUpstream:
    """A server without a handshake."""

    async def refuse(message: Outbound) -> Answer:
        return Answer(status=400, body=rpc_error(message.id, -32022))

    async def discover(message: Outbound) -> Answer:
        return Answer(body=result(message.id, DISCOVERED))

    return FakeUpstream(replies={"initialize": refuse, "server/discover": discover, **replies})


def bridge_to(upstream: FakeUpstream) -> Bridge:
    return Bridge(upstream, own_channels=False, monotonic=ManualClock().monotonic)


async def opened(upstream: FakeUpstream, *, own_channels: bool = False) -> tuple[Bridge, str]:
    bridge = Bridge(upstream, own_channels=own_channels, monotonic=ManualClock().monotonic)
    answer = await bridge.exchange(said("initialize", HELLO))
    assert answer.session is not None
    return bridge, answer.session


async def events_of(answer: Answer) -> list[Any]:
    assert answer.events is not None
    return [json.loads(event.data) async for event in answer.events if event.data]
