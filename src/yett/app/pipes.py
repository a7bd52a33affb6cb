"""This process's stdin and stdout as streams of lines, whatever they are: pipes, sockets, terminals or files."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from collections.abc import AsyncIterator, Callable
from typing import Final, Protocol

from yett.errors import OperatorFault
from yett.protocol.lines import LineReader, Noise

CHUNK_BYTES: Final = 64 * 1024


def require_streams() -> None:
    """Whoever starts this process gave it a stdin and a stdout.

    Errors: `OperatorFault`.
    """
    # As they were at the start: what stands in for a missing one is no way to a client.
    for name, stream in (("stdin", sys.__stdin__), ("stdout", sys.__stdout__)):
        if stream is None:
            raise OperatorFault(f"{name} is closed, and the client speaks through it; start this with {name} open")


async def stdin_lines(on_noise: Callable[[Noise], None]) -> AsyncIterator[bytes]:
    """The lines of stdin until it ends; what cannot be a message is reported and skipped."""
    reader = LineReader()
    async for chunk in _chunks(sys.stdin.fileno()):
        for line in reader.feed(chunk):
            if isinstance(line, Noise):
                on_noise(line)
            else:
                yield line
    for rest in reader.close():
        if isinstance(rest, Noise):
            on_noise(rest)
        else:
            yield rest


async def _chunks(descriptor: int) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    if not _can_wait(descriptor):  # a file, or a device such as /dev/null: reading never takes long
        while chunk := await loop.run_in_executor(None, os.read, descriptor, CHUNK_BYTES):
            yield chunk
        return
    stream = asyncio.StreamReader(limit=CHUNK_BYTES)
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(os.dup(descriptor), "rb"))
    try:
        while chunk := await stream.read(CHUNK_BYTES):
            yield chunk
    finally:
        transport.close()


def _can_wait(descriptor: int) -> bool:
    """Whether the event loop can wait for it; it ends the process where it cannot."""
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(descriptor)


class LineWriter(Protocol):
    """Where lines go."""

    async def __call__(self, line: bytes) -> None:
        """Write one JSON text as one line; wait while the reader does not read.

        Errors: `ConnectionError` once nobody reads any more.
        """
        ...


_BREAKS: Final = bytes.maketrans(b"\r\n", b"  ")


def _framed(text: bytes) -> bytes:
    """One line. Line breaks stand only between tokens of JSON; left there, a part of a message could pose as a message."""
    return text.translate(_BREAKS) + b"\n"


async def stdout_writer() -> LineWriter:
    """A writer of whole lines to stdout. Nothing but protocol may go there."""
    loop = asyncio.get_running_loop()
    descriptor = sys.stdout.fileno()
    if not _can_wait(descriptor):

        async def to_file(line: bytes) -> None:
            left = _framed(line)
            while left:
                left = left[os.write(descriptor, left) :]

        return to_file
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, os.fdopen(os.dup(descriptor), "wb"))
    writer = asyncio.StreamWriter(transport, protocol, None, loop)

    async def to_pipe(line: bytes) -> None:
        if transport.is_closing():  # uvloop closes by itself once nobody reads, and takes a write then for a bug
            raise BrokenPipeError("nobody reads stdout any more")
        writer.write(_framed(line))
        await writer.drain()

    return to_pipe
