"""The shim adds one line to each request, and relays everything else byte for byte, as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.conformance.shim import Shim, body_bytes, with_field

pytestmark = pytest.mark.anyio

LINE = b"Authorization: Bearer yett_secret"
FIRST = b'POST /mcp/a HTTP/1.1\r\nHost: localhost:1\r\nX-Odd:   two  spaces \r\nContent-Length: 7\r\n\r\n{"a":1}'
SECOND = b"GET /mcp/a HTTP/1.1\r\nhost: localhost:1\r\n\r\n"
SECONDS_MAX = 10.0


class Behind:
    """What stands behind the shim: remembers what came, and says what a test wants it to say."""

    def __init__(self) -> None:
        self.received: asyncio.Queue[bytes] = asyncio.Queue()
        self.connected: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
        self.left = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connected.put_nowait(writer)
        while part := await reader.read(65536):
            self.received.put_nowait(part)
        writer.close()
        self.left.set()

    async def until(self, wanted: bytes) -> None:
        """Return when all of `wanted` has come, and nothing else."""
        came = b""
        async with asyncio.timeout(SECONDS_MAX):
            while len(came) < len(wanted):
                came += await self.received.get()
        assert came == wanted


@asynccontextmanager
async def shimmed() -> AsyncIterator[tuple[Behind, asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection through the shim, and what is behind it."""
    behind, done = Behind(), asyncio.Event()
    async with await asyncio.start_server(behind.serve, "127.0.0.1", 0) as last:
        shim = Shim("127.0.0.1", last.sockets[0].getsockname()[1], LINE)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await shim.serve(reader, writer)
            done.set()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as first:
            reader, writer = await asyncio.open_connection("127.0.0.1", first.sockets[0].getsockname()[1])
            yield behind, reader, writer
            writer.close()
            await writer.wait_closed()
            async with asyncio.timeout(SECONDS_MAX):
                await done.wait()
                await behind.left.wait()


async def test_each_request_of_a_connection_gets_the_field_and_is_otherwise_untouched() -> None:
    async with shimmed() as (behind, _, writer):
        writer.write(FIRST + SECOND)
        await behind.until(
            FIRST.replace(b"HTTP/1.1\r\n", b"HTTP/1.1\r\n" + LINE + b"\r\n", 1)
            + SECOND.replace(b"HTTP/1.1\r\n", b"HTTP/1.1\r\n" + LINE + b"\r\n", 1)
        )


async def test_an_event_is_relayed_while_the_stream_is_still_open() -> None:
    async with shimmed() as (behind, reader, writer):
        writer.write(SECOND)
        answer = await asyncio.wait_for(behind.connected.get(), SECONDS_MAX)
        for event in (b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", b"id: 1\ndata: \n\n", b"data: {}\n\n"):
            answer.write(event)
            assert await asyncio.wait_for(reader.readexactly(len(event)), SECONDS_MAX) == event


async def test_the_end_of_the_answer_reaches_the_client() -> None:
    async with shimmed() as (behind, reader, writer):
        writer.write(SECOND)
        answer = await asyncio.wait_for(behind.connected.get(), SECONDS_MAX)
        answer.write(b"HTTP/1.0 200 OK\r\n\r\nall")
        answer.close()
        assert await asyncio.wait_for(reader.read(), SECONDS_MAX) == b"HTTP/1.0 200 OK\r\n\r\nall"


async def test_a_client_that_leaves_takes_its_connection_with_it() -> None:
    async with shimmed() as (behind, _, writer):
        writer.write(SECOND)
        await asyncio.wait_for(behind.connected.get(), SECONDS_MAX)
        writer.close()
        await asyncio.wait_for(behind.left.wait(), SECONDS_MAX)


async def test_a_request_that_cannot_be_framed_is_not_guessed_at() -> None:
    with pytest.raises(ValueError, match="Content-Length only"):
        body_bytes(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
    with pytest.raises(ValueError, match="two different"):
        body_bytes(b"POST / HTTP/1.1\r\nContent-Length: 1\r\ncontent-length: 2\r\n\r\n")


async def test_the_field_comes_first() -> None:
    assert with_field(b"GET / HTTP/1.1\r\nA: b\r\n\r\n", LINE) == b"GET / HTTP/1.1\r\n" + LINE + b"\r\nA: b\r\n\r\n"
