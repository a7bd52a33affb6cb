"""A server that needs a handshake behind a bridge, and what stateless clients say to it."""

from __future__ import annotations

import json
from typing import Any, Final

from tests.support.clock import ManualClock
from tests.support.fake_upstream import FakeUpstream, Stream, encode, result, rpc_error
from yett.ports import Answer, Event, Outbound
from yett.upstreams.bridge import Bridge

META: Final = "io.modelcontextprotocol/"
WELCOME: Final = {
    "protocolVersion": "2025-06-18",
    "capabilities": {"tools": {"listChanged": True}, "resources": {"subscribe": True}},
    "serverInfo": {"name": "s", "version": "1"},
    "instructions": "be kind",
}
ASKING: Final = encode({"jsonrpc": "2.0", "id": "q", "method": "elicitation/create", "params": {"message": "who?"}})


def asks(
    method: str, params: dict[str, Any] | None = None, id: int | None = 5, *, isolation: str = "grant", **meta: Any
) -> Outbound:
    envelope = {f"{META}protocolVersion": "2026-07-28", f"{META}clientCapabilities": {"elicitation": {}}}
    message: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": {**(params or {}), "_meta": {**envelope, **meta}}}
    message |= {} if id is None else {"id": id}
    fields = [(b"mcp-protocol-version", b"2026-07-28"), (b"mcp-method", method.encode()), (b"mcp-name", b"echo")]
    own = None if id is None else b"%d" % id
    return Outbound(encode(message), method, own, True, headers=fields, isolation=isolation, credential={"x": "y"})


def handshake_only(**replies: Any) -> FakeUpstream:
    async def refuse(message: Outbound) -> Answer:
        return Answer(status=400, body=rpc_error(None, -32000))

    async def welcome(message: Outbound) -> Answer:
        return Answer(body=result(message.id, WELCOME), session="theirs")

    return FakeUpstream(replies={"server/discover": refuse, "initialize": welcome, **replies})


def bridge_to(upstream: FakeUpstream, clock: ManualClock | None = None) -> Bridge:
    return Bridge(upstream, own_channels=False, monotonic=(clock or ManualClock()).monotonic)


def asking() -> tuple[FakeUpstream, list[Stream]]:
    """A server that asks, and goes on when it is answered."""
    streams: list[Stream] = []

    async def reply(message: Outbound) -> Answer:
        stream = Stream([Event(ASKING), Event(result(message.id, {"content": []}))])
        streams.append(stream)
        return Answer(content_type=b"text/event-stream", events=stream)

    return handshake_only(**{"tools/call": reply}), streams


async def first(answer: Answer) -> Any:
    assert answer.events is not None
    return json.loads((await anext(answer.events)).data)
