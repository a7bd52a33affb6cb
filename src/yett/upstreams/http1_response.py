"""An HTTP response whose body is read as it comes, with back-pressure."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

from yett.errors import UpstreamFault

PAUSE_ABOVE_BYTES: Final = 256 * 1024
"""How much of a body waits for its reader before the server is made to wait, too."""


class Source(Protocol):
    """What a response needs of its connection."""

    def pause(self) -> None:
        """Stop reading from the server."""
        ...

    def resume(self) -> None: ...

    def expect_within(self, seconds: float | None) -> None:
        """Fail the response unless it makes progress within this time; None waits for ever."""
        ...

    def abort(self) -> None: ...


class Response:
    """The head of a response, and its body: `read_all` or `read_some`, then `aclose`.

    A body that breaks off or is malformed raises `UpstreamFault`; a late one `UpstreamTimedOut`.
    """

    __slots__ = (
        "_complete",
        "_fault",
        "_held",
        "_idle_s",
        "_paused",
        "_pieces",
        "_source",
        "_waiter",
        "ends_with_connection",
        "first",
        "headers",
        "length",
        "plain",
        "status",
    )

    def __init__(self, status: int, headers: Sequence[tuple[bytes, bytes]], source: Source) -> None:
        self.status = status
        self.headers = headers
        """Names in lower case."""
        self.length: int | None = None
        """What `content-length` says."""
        self.plain = False
        """Whether somebody who judged the head found nothing special in it."""
        self.first: Response | None = None
        """The response whose head this one repeats; what was found out about that holds for this one, too."""
        self.ends_with_connection = False
        """Whether nothing but the end of the connection ends the body: a truncated one cannot be told from a complete one."""
        self._source = source
        self._pieces: list[bytes] = []
        self._held = 0
        self._complete = False
        self._fault: UpstreamFault | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._paused = False
        self._idle_s: float | None = None

    def pick(self, names: frozenset[bytes]) -> dict[bytes, bytes]:
        """Those of these fields that are there. `UpstreamFault` if one stands twice with different values."""
        found: dict[bytes, bytes] = {}
        for name, value in self.headers:
            if name in names and found.setdefault(name, value) != value:
                raise UpstreamFault(f"the server sent `{name.decode()}` twice with different values")
        return found

    @property
    def complete(self) -> bool:
        """Whether the whole body has arrived."""
        return self._complete

    def wait_at_most(self, idle_s: float | None) -> None:
        """From now on, time out only when the server sends nothing for `idle_s` while somebody reads; never if None."""
        self._idle_s = idle_s
        if not self._complete:
            self._source.expect_within(None)

    def whole(self, bytes_max: int) -> bytes | None:
        """The body, if all of it is here already and it is no longer than `bytes_max`; it is then read."""
        body = self.glance(bytes_max)
        if body is not None:
            self._pieces, self._held = [], 0
        return body

    def glance(self, bytes_max: int) -> bytes | None:
        """The same, left unread."""
        if not self._complete or self._fault is not None or self._held > bytes_max or self.ends_with_connection:
            return None
        pieces = self._pieces
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def read_some(self) -> bytes:
        """What has arrived of the body, at least one byte; empty at its end."""
        while not self._pieces:
            if self._fault is not None:
                raise self._fault
            if self._complete:
                return b""
            await self._wait()
        pieces = self._pieces
        self._pieces = []
        self._held = 0
        if self._paused and not self._complete:
            self._paused = False
            self._source.resume()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def read_all(self, bytes_max: int) -> bytes:
        """The whole body. `UpstreamFault` where it is longer than `bytes_max`."""
        if self.length is not None and self.length > bytes_max:
            raise _too_long(bytes_max)
        parts: list[bytes] = []
        size = 0
        while part := await self.read_some():
            parts.append(part)
            size += len(part)
            if size > bytes_max:
                raise _too_long(bytes_max)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def aclose(self) -> None:
        """Done with it: the connection of an incomplete response is closed."""
        if not self._complete and self._fault is None:
            self._source.abort()

    def disown(self) -> None:
        """It is no answer to what was asked: the connection it came on is used no more, for the next one may be shifted, too."""
        self._source.abort()

    async def _wait(self) -> None:
        if self._idle_s is not None:
            self._source.expect_within(self._idle_s)
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None
            if self._idle_s is not None and not self._complete and self._fault is None:
                self._source.expect_within(None)

    # What the connection calls.

    def add(self, piece: bytes) -> None:
        """Take a piece of the body."""
        self._pieces.append(piece)
        self._held += len(piece)
        if self._held > PAUSE_ABOVE_BYTES and not self._paused:
            self._paused = True
            self._source.pause()

    def finish(self) -> None:
        """The body is complete."""
        self._complete = True

    def fail(self, fault: UpstreamFault) -> None:
        """Nothing of this response may be taken for complete."""
        self._fault = fault
        self.wake()

    def wake(self) -> None:
        """Tell the reader that something arrived."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _too_long(bytes_max: int) -> UpstreamFault:
    return UpstreamFault(f"the server's answer is longer than {bytes_max} bytes")
