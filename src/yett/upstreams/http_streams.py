"""Answers that come in pieces. Iterators by hand: a generator that was never started would not close its connection."""

from __future__ import annotations

from typing import Self

from yett.errors import UpstreamFault
from yett.ports import Event
from yett.protocol.sse import SseDecoder
from yett.upstreams.http1_response import Response

_COMMENT = b":\n\n"


class EventStream:
    """The messages of an event stream as they come. An incomplete last event is dropped, as the standard says."""

    __slots__ = ("_decoder", "_pending", "_response")

    def __init__(self, response: Response, decoder: SseDecoder) -> None:
        self._response = response
        self._decoder = decoder
        self._pending: list[Event] = []
        """Events that are decoded, the next one last."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        while not self._pending:
            data = await self._response.read_some()
            if not data:
                raise StopAsyncIteration
            self._pending = [
                Event(event.data, event.raw, event.id) if event.kind in {b"", b"message"} else Event(b"", _COMMENT)
                for event in reversed(self._decoder.feed(data))
            ]
        return self._pending.pop()

    async def aclose(self) -> None:
        """Close the connection unless the stream has ended."""
        await self._response.aclose()


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
