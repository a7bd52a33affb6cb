"""A real edge on loopback, and clients that send bytes."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, cast

from tests.support.clock import ManualClock
from yett.edge.limits import EdgeLimits
from yett.edge.request import Request
from yett.edge.responder import Responder
from yett.edge.server import EdgeServer, Place, listen
from yett.edge.shared import Handler, Reports

PATIENCE_S = 5.0
GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
GET_AND_CLOSE = b"GET /a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"


def post(body: bytes, *fields: bytes, target: bytes = b"/a") -> bytes:
    lines = (b"POST %b HTTP/1.1" % target, b"host: x", b"content-length: %d" % len(body), *fields)
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@dataclass
class Reply:
    status: int
    headers: dict[bytes, bytes]
    body: bytes = b""


@dataclass
class Wire:
    """One client connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        async with asyncio.timeout(PATIENCE_S):
            await self.writer.drain()

    async def head(self) -> Reply:
        async with asyncio.timeout(PATIENCE_S):
            lines = (await self.reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        fields = dict(line.split(b": ", 1) for line in lines[1:-2])
        return Reply(int(lines[0].split()[1]), fields)

    async def reply(self) -> Reply:
        """A whole answer with a `content-length`."""
        reply = await self.head()
        async with asyncio.timeout(PATIENCE_S):
            reply.body = await self.reader.readexactly(int(reply.headers.get(b"content-length", b"0")))
        return reply

    async def ask(self, data: bytes) -> Reply:
        await self.send(data)
        return await self.reply()

    async def rest(self) -> bytes:
        """Everything up to the end of the connection."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.read()

    async def until(self, text: bytes) -> bytes:
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.readuntil(text)

    @property
    def transport(self) -> asyncio.Transport:
        return cast("asyncio.Transport", self.writer.transport)

    def reset(self) -> None:
        """Leave with a reset instead of a proper end."""
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    async def close(self) -> None:
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()


@dataclass
class Edge:
    """A running edge and what it did."""

    server: EdgeServer
    clock: ManualClock
    requests: list[Request]
    refused: list[tuple[str, str | None]]
    errors: list[BaseException]
    wires: list[Wire] = field(default_factory=list)

    async def wire(self) -> Wire:
        wire = Wire(*await asyncio.open_connection("127.0.0.1", self.server.port, limit=2**22))
        self.wires.append(wire)
        return wire

    async def ask(self, data: bytes) -> Reply:
        """One request on a connection of its own."""
        return await (await self.wire()).ask(data)

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.server.sweep(self.clock.monotonic())


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop run until `condition` holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in sockets
            await asyncio.sleep(0.001)


@asynccontextmanager
async def edge(handler: Handler | None = None, limits: EdgeLimits | None = None, **members: Any) -> AsyncIterator[Edge]:
    """An edge whose time stands still. Without a handler, every request is answered with its body."""
    clock = ManualClock()
    requests: list[Request] = []
    refused: list[tuple[str, str | None]] = []
    errors: list[BaseException] = []

    async def recorded(request: Request, responder: Responder) -> None:
        requests.append(request)
        if handler is None:
            responder.send(200, request.body)
        else:
            await handler(request, responder)

    def note_refused(reason: str, client_ip: str | None) -> None:
        refused.append((reason, client_ip))

    place, reports = Place("127.0.0.1", 0, **members), Reports(note_refused, errors.append)
    server = await listen(recorded, place, limits or EdgeLimits(), clock.monotonic, reports)
    running = Edge(server, clock, requests, refused, errors)
    try:
        yield running
    finally:
        for wire in running.wires:
            await wire.close()
        await server.aclose(0.2)
        assert server.held_bytes == 0, "every body is given back"
