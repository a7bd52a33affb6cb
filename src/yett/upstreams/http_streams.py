"""Answers that come in pieces. Iterators by hand: a generator that was never started would not close its connection."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, Self

from yett.errors import UpstreamFault
from yett.ports import Event
from yett.protocol.sse import SseDecoder, SseEvent
from yett.upstreams.http1_response import Response

_COMMENT: Final = b":\n\n"
_TURN_BYTES: Final = 16 * 1024
"""What is decoded before others have their turn: as tiny events, this much takes some ten milliseconds."""


class EventStream:
    """The messages of an event stream as they come. An incomplete last event is dropped, as the standard says."""

    __slots__ = ("_decoder", "_pending", "_response", "_rest")

    def __init__(self, response: Response, decoder: SseDecoder) -> None:
        self._response = response
        self._decoder = decoder
        self._pending: list[Event] = []
        """Events that are decoded, the next one last."""
        self._rest = b""
        """What has been read and not been decoded."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        while not self._pending:
            data = await self._next_piece()
            if not data:
                raise StopAsyncIteration
            self._pending = _as_they_pass(self._decoder.feed(data))
        return self._pending.pop()

    async def _next_piece(self) -> bytes:
        """The next bytes to decode; empty at the end of the stream."""
        data = self._rest
        if data:
            await asyncio.sleep(0)
        else:
            data = await self._response.read_some()
        self._rest = data[_TURN_BYTES:]
        return data[:_TURN_BYTES]

    async def aclose(self) -> None:
        """Close the connection unless the stream has ended."""
        await self._response.aclose()


def _as_they_pass(events: Sequence[SseEvent]) -> list[Event]:
    """The events for the client, the last one first. Signs of life in a row are one: a flood of them is no flood of writes."""
    passing: list[Event] = []
    idle: list[bytes] = []
    for event in events:
        if event.kind not in {b"", b"message"}:
            idle.append(_COMMENT)
        elif not event.data and event.id is None:
            idle.append(event.raw)
        else:
            if idle:
                passing.append(Event(b"", b"".join(idle)))
                idle.clear()
            passing.append(Event(event.data, event.raw, event.id))
    if idle:
        passing.append(Event(b"", b"".join(idle)))
    passing.reverse()
    return passing


class BodyChunks:
    """A long body as it comes. `UpstreamFault` where it is longer than `bytes_max`."""

    __slots__ = ("_left", "_response", "_start")

    def __init__(self, response: Response, start: bytes, bytes_max: int) -> None:
        self._response = response
        self._start = start
        """What has been read already."""
        self._left = bytes_max

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        chunk, self._start = self._start, b""
        chunk = chunk or await self._response.read_some()
        if not chunk:
            raise StopAsyncIteration
        self._left -= len(chunk)
        if self._left < 0:
            await self._response.aclose()
            raise UpstreamFault("the server's answer is too long; it was broken off")
        return chunk

    async def aclose(self) -> None:
        """Close the connection unless the body has ended."""
        await self._response.aclose()
