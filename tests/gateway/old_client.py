"""A client of revision 2024-11-05, byte by byte: one connection for its event stream, and one for each message."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.gateway.listener import Listener
from tests.support.wire import HttpClient, Reply

EVENT_PREFIX = b"event: message\ndata: "


@dataclass
class OldClient:
    """What one client has open."""

    gateway: Listener
    stream: HttpClient
    address: str
    """Where messages are posted."""

    async def post(self, message: object, *fields: tuple[bytes, bytes], token: str | None = None) -> Reply:
        """Send one message."""
        client = await self.gateway.client()
        headers = [*self.gateway.fields(token=token), (b"content-type", b"application/json"), *fields]
        return await client.ask("POST", self.address, headers, json.dumps(message).encode())

    async def hear(self) -> Any:
        """The next message on the stream."""
        chunk = await self.stream.chunk()
        assert chunk.startswith(EVENT_PREFIX), chunk
        return json.loads(chunk.removeprefix(EVENT_PREFIX))

    async def ask(self, method: str, params: dict[str, Any] | None = None, *, id: int = 1) -> Any:
        """Send a request; what comes next on the stream."""
        reply = await self.post({"jsonrpc": "2.0", "id": id, "method": method, "params": params or {}})
        assert (reply.status, reply.body) == (202, b"Accepted")
        return await self.hear()

    async def call(self, name: str, **arguments: object) -> Any:
        """Call a tool."""
        return await self.ask("tools/call", {"name": name, "arguments": arguments})

    async def shake_hands(self, *declared: str) -> Any:
        """Open the session."""
        capabilities: dict[str, Any] = {key: {} for key in declared}
        info = {"name": "old", "version": "1"}
        params = {"protocolVersion": "2024-11-05", "capabilities": capabilities, "clientInfo": info}
        return await self.ask("initialize", params)


async def connect(gateway: Listener, *, path: str = "/sse/files", token: str | None = None) -> OldClient:
    """Open a stream."""
    stream = await gateway.client()
    await stream.send("GET", path, [*gateway.fields(token=token), (b"accept", b"text/event-stream")])
    head = await stream.head()
    assert (head.status, head.fields[b"content-type"]) == (200, b"text/event-stream")
    first = await stream.chunk()
    assert first.startswith(b"event: endpoint\ndata: /sse/")
    return OldClient(gateway, stream, first.split(b"data: ")[1].strip().decode())


@asynccontextmanager
async def connected(gateway: Listener, *declared: str, **members: Any) -> AsyncIterator[OldClient]:
    """A client whose session is open."""
    client = await connect(gateway, **members)
    await client.shake_hands(*declared)
    yield client


async def refused(gateway: Listener, *fields: tuple[bytes, bytes], path: str = "/sse/files", method: str = "GET") -> Reply:
    """The answer to a request that opens no stream."""
    if all(name != b"accept" for name, _ in fields):
        fields = (*fields, (b"accept", b"text/event-stream"))
    return await (await gateway.client()).ask(method, path, fields, b"{}" if method == "POST" else None)


async def until(condition: Any) -> None:
    """Let the loop run until `condition` holds."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in sockets
            await asyncio.sleep(0.002)
