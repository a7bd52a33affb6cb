"""What a child says of its own accord while no request is in work, kept until somebody listens. Bounded."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from yett.ports import Event

OUTBOX_MAX: Final = 256
"""Messages that wait for a listener; later ones are not taken."""
OUTBOX_BYTES_MAX: Final = 1024 * 1024
"""Bytes of them; a single longer message is taken where nothing else waits."""


class Outbox:
    """Each message goes to one listener, as the protocol says, however many there are."""

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._closed = False
        self._news = asyncio.Event()
        self.listeners = 0
        """Streams that are open."""

    def put(self, line: bytes) -> bool:
        """Keep a message for the next listener; False where too much waits."""
        if self._closed or (self._waiting and (len(self._waiting) >= OUTBOX_MAX or self._size + len(line) > OUTBOX_BYTES_MAX)):
            return False
        self._waiting.append(line)
        self._size += len(line)
        self._news.set()
        return True

    def listen(self) -> Heard:
        """A stream of what is said from now on, and of what waits."""
        self.listeners += 1
        return Heard(self)

    def close(self) -> None:
        """The session is over, and with it all its streams."""
        self._closed = True
        self._news.set()

    def take(self) -> bytes | None:
        """The next message, if one waits."""
        if not self._waiting:
            return None
        line = self._waiting.popleft()
        self._size -= len(line)
        return line

    async def wait(self) -> bool:
        """Return when there may be something to take; False if never again."""
        if self._closed:
            return False
        if not self._waiting:
            self._news.clear()
            await self._news.wait()
        return True


class Heard:
    """One listener. By hand: a generator that was never started would never be counted off."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox: Outbox | None = outbox

    def __aiter__(self) -> Heard:
        return self

    async def __anext__(self) -> Event:
        while self._outbox is not None:
            line = self._outbox.take()
            if line is not None:
                return Event(line)
            if not await self._outbox.wait():
                break
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Listen no more."""
        if self._outbox is not None:
            self._outbox.listeners -= 1
            self._outbox = None
