"""Adds one header field to every request and changes nothing else: the suite cannot send a grant, and the gateway asks for one.

Run as a program: `python -m tests.conformance.shim HOST PORT` serves on a free port of loopback, prints that port and
takes the field's line from stdin. Each connection gets one of its own behind it; answers are relayed byte for byte as
they come. Standard library only.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import Final

HEAD_BYTES_MAX: Final = 64 * 1024
CHUNK_BYTES: Final = 64 * 1024
END_OF_HEAD: Final = b"\r\n\r\n"


def body_bytes(head: bytes) -> int:
    """How many bytes of body follow `head`.

    Raises:
        ValueError: a request that this shim cannot frame; the suite sends none.
    """
    fields = [line.partition(b":") for line in head.split(b"\r\n")[1:] if line]
    if any(name.lower() == b"transfer-encoding" for name, _, _ in fields):
        raise ValueError("the shim frames requests by Content-Length only")
    lengths = {value.strip() for name, _, value in fields if name.lower() == b"content-length"}
    if len(lengths) > 1:
        raise ValueError("two different lengths")
    return int(lengths.pop()) if lengths else 0


def with_field(head: bytes, line: bytes) -> bytes:
    """`head` with `line` as its first field; every other byte as it was."""
    start, separator, rest = head.partition(b"\r\n")
    return start + separator + line + b"\r\n" + rest


class Shim:
    """Relays connections to one address, with one more field in each request."""

    def __init__(self, host: str, port: int, line: bytes) -> None:
        self._host = host
        self._port = port
        self._line = line

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its first byte until either side ends it."""
        try:
            onward, upstream = await asyncio.open_connection(self._host, self._port, limit=HEAD_BYTES_MAX)
        except OSError:
            writer.close()
            return
        back = asyncio.create_task(_relay(onward, writer))
        try:
            while True:
                head = await reader.readuntil(END_OF_HEAD)
                upstream.write(with_field(head, self._line))
                remaining = body_bytes(head)
                while remaining and (part := await reader.read(min(CHUNK_BYTES, remaining))):
                    upstream.write(part)
                    remaining -= len(part)
                await upstream.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client is gone; what it said last is with the gateway
        finally:
            upstream.close()
            back.cancel()
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await back


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while part := await reader.read(CHUNK_BYTES):
            writer.write(part)
            await writer.drain()
    writer.close()


async def main(host: str, port: int, line: bytes) -> None:
    """Serve until killed."""
    server = await asyncio.start_server(Shim(host, port, line).serve, "127.0.0.1", 0, limit=HEAD_BYTES_MAX)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.stdin.buffer.readline().rstrip(b"\r\n")))
