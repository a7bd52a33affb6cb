"""A server's own event stream that a test feeds, and clients that listen to it through the real edge."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from tests.gateway.gate import Gate
from tests.gateway.listener import Listener
from tests.support.fake_upstream import encode
from tests.support.wire import HANDSHAKE_VERSION, HttpClient, Reply, Sent, fields_of, request
from yett.ports import Answer, Event

NOTICE = b'{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}'
TOOLS_CHANGED = b'{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}'
GET = [(b"accept", b"text/event-stream"), (b"mcp-protocol-version", HANDSHAKE_VERSION.encode())]


@dataclass
class Feed:
    """A stream of the server to which a test adds events."""

    queue: asyncio.Queue[Event | None] = field(default_factory=asyncio.Queue)
    closed: bool = False
    taken: int = 0

    def __aiter__(self) -> Feed:
        return self

    async def __anext__(self) -> Event:
        event = await self.queue.get()
        if event is None:
            raise StopAsyncIteration
        self.taken += 1
        return event

    async def aclose(self) -> None:
        self.closed = True

    def say(self, data: bytes, id: bytes | None = None) -> None:
        """Add an event."""
        raw = b"data: %b\n\n" % data if id is None else b"id: %b\ndata: %b\n\n" % (id, data)
        self.queue.put_nowait(Event(data, raw, id))


def fed(gate: Gate) -> Feed:
    """What the next GET opens."""
    feed = Feed()
    gate.upstream.replies["GET"] = Answer(content_type=b"text/event-stream", events=feed)
    return feed


async def opened(gateway: Listener, *declared: str) -> tuple[bytes, bytes]:
    """The field that names a new session whose client can be asked these things."""
    gateway.gate.upstream.session = "up-1"
    params = {"protocolVersion": "2025-11-25", "capabilities": {key: {} for key in declared}, "clientInfo": {"name": "t"}}
    reply = await gateway.post(request("initialize", params))
    return b"mcp-session-id", reply.fields[b"mcp-session-id"]


async def listens(gateway: Listener, *fields: tuple[bytes, bytes], token: str | None = None) -> tuple[HttpClient, Reply]:
    """A client that listens, and the head of its stream."""
    client = await gateway.client()
    await client.send("GET", "/mcp/files", [*gateway.fields(token=token), *GET, *fields])
    return client, await client.head()


async def refused(gateway: Listener, *fields: tuple[bytes, bytes], path: str = "/mcp/files", token: str | None = None) -> Reply:
    """The whole answer to a GET."""
    return await (await gateway.client()).ask("GET", path, [*gateway.fields(token=token), *GET, *fields])


def response(id: Any) -> Sent:
    """A client's answer to `roots/list`."""
    return Sent(encode({"jsonrpc": "2.0", "id": id, "result": {"roots": []}}), fields_of("", None, stateless=False))


async def until(condition: Any) -> None:
    """Wait for something that happens in many places."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what it waits for happens in many places
            await asyncio.sleep(0.005)
