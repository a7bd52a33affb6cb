"""MCP messages as clients write them, the fields that go with them, and a client that sends bytes over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from yett.protocol.messages import Message, classify_http

PATIENCE_S: Final = 5.0
HANDSHAKE_VERSION: Final = "2025-11-25"
STATELESS_VERSION: Final = "2026-07-28"
META: Final = "io.modelcontextprotocol/"
ENVELOPE: Final[dict[str, Any]] = {
    f"{META}protocolVersion": STATELESS_VERSION,
    f"{META}clientInfo": {"name": "t", "version": "1"},
    f"{META}clientCapabilities": {},
}

_NAMED: Final = {
    "tools/call": "name",
    "prompts/get": "name",
    "resources/read": "uri",
    **dict.fromkeys(("tasks/get", "tasks/result", "tasks/cancel", "tasks/update"), "taskId"),
}
"""What `Mcp-Name` repeats."""

Fields = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Sent:
    """A message as it leaves a client."""

    body: bytes
    fields: Fields

    @property
    def message(self) -> Message:
        """As the gate reads it."""
        message = classify_http(self.body, dict(self.fields))
        assert isinstance(message, Message), message
        return message


def request(method: str, params: dict[str, Any] | None = None, *, id: Any = 1, stateless: bool = False) -> Sent:
    """A request of the handshake era, or of the stateless one."""
    params = dict(params or {})
    if stateless:
        params["_meta"] = {**ENVELOPE, **params.get("_meta", {})}
    body: dict[str, Any] = {"jsonrpc": "2.0", "id": id, "method": method}
    if params:
        body["params"] = params
    key = _NAMED.get(method)
    name = None if key is None else params.get(key)
    return Sent(json.dumps(body).encode(), fields_of(method, name, stateless=stateless))


def call(name: str, arguments: dict[str, Any] | None = None, *, id: Any = 1, stateless: bool = False) -> Sent:
    """A tool call."""
    return request("tools/call", {"name": name, "arguments": arguments or {}}, id=id, stateless=stateless)


def notification(method: str, params: dict[str, Any] | None = None) -> Sent:
    """A notification of the handshake era."""
    body = {"jsonrpc": "2.0", "method": method} | ({} if params is None else {"params": params})
    return Sent(json.dumps(body).encode(), fields_of(method, None, stateless=False))


def initialize() -> Sent:
    """The first request of a handshake session."""
    params = {"protocolVersion": HANDSHAKE_VERSION, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    return request("initialize", params)


def fields_of(method: str, name: str | None, *, stateless: bool) -> Fields:
    """The HTTP fields that go with a message."""
    fields = [(b"content-type", b"application/json"), (b"accept", b"application/json, text/event-stream")]
    if stateless:
        fields += [(b"mcp-protocol-version", STATELESS_VERSION.encode()), (b"mcp-method", method.encode())]
        fields += [] if name is None else [(b"mcp-name", name.encode())]
    elif method != "initialize":
        fields.append((b"mcp-protocol-version", HANDSHAKE_VERSION.encode()))
    return fields


def parsed(body: bytes | None) -> Any:
    """An answer as a value."""
    assert body, "there is no body"
    return json.loads(body)


@dataclass
class Reply:
    """One HTTP answer."""

    status: int
    fields: dict[bytes, bytes]
    body: bytes = b""
    complete: bool = True
    """Whether it ended as its framing says."""
    chunks: list[bytes] = field(default_factory=list)

    @property
    def json(self) -> Any:
        """The body as a value."""
        return json.loads(self.body)


@dataclass
class HttpClient:
    """One connection to a listener on loopback."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def connect(cls, port: int) -> HttpClient:
        """Open it."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, method: str, path: str, fields: Sequence[tuple[bytes, bytes]] = (), body: bytes | None = None) -> Reply:
        """Send one request and read its answer to the end."""
        await self.send(method, path, fields, body)
        return await self.reply()

    async def send(self, method: str, path: str, fields: Sequence[tuple[bytes, bytes]] = (), body: bytes | None = None) -> None:
        """Send one request."""
        lines = [f"{method} {path} HTTP/1.1".encode("latin-1")]
        if b"host" not in dict(fields):
            lines.append(b"host: localhost")
        lines += [b"%b: %b" % pair for pair in fields]
        if body is not None:
            lines.append(b"content-length: %d" % len(body))
        self.writer.write(b"\r\n".join(lines) + b"\r\n\r\n" + (body or b""))
        await self.writer.drain()

    async def head(self) -> Reply:
        """The head of an answer."""
        async with asyncio.timeout(PATIENCE_S):
            lines = (await self.reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        pairs = (line.split(b": ", 1) for line in lines[1:-2])
        return Reply(int(lines[0].split()[1]), {name.lower(): value for name, value in pairs})

    async def chunk(self) -> bytes:
        """The next chunk of an answer; empty at its end."""
        async with asyncio.timeout(PATIENCE_S):
            size = int(await self.reader.readuntil(b"\r\n"), 16)
            data = await self.reader.readexactly(size + 2)
        return data[:-2]

    async def reply(self) -> Reply:
        """A whole answer."""
        reply = await self.head()
        if reply.fields.get(b"transfer-encoding") != b"chunked":
            async with asyncio.timeout(PATIENCE_S):
                reply.body = await self.reader.readexactly(int(reply.fields.get(b"content-length", b"0")))
            return reply
        try:
            while chunk := await self.chunk():
                reply.chunks.append(chunk)
        except asyncio.IncompleteReadError:
            reply.complete = False
        reply.body = b"".join(reply.chunks)
        return reply

    async def aclose(self) -> None:
        """Leave."""
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except ConnectionError:
            return
