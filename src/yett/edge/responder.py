"""How a handler answers one request."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from yett.edge import responses
from yett.errors import ClientFault

_JOIN_BYTES_MAX: Final = 64 * 1024
"""Up to this size a body is copied behind its head, for one write; a larger one is handed over beside it."""

_NO_ROOM: Final = frozenset({429, 503})
_OPEN: Final = 0
_STREAMING: Final = 1
_DONE: Final = 2


class ClientGone(ClientFault):
    """The client left before its answer was complete."""


class Peer(Protocol):
    """What a responder needs of its connection."""

    @property
    def left(self) -> bool:
        """Whether the client has gone, or has at least closed its side."""
        ...

    @property
    def goes_on(self) -> bool:
        """Whether another request can follow on this connection."""
        ...

    @property
    def paused(self) -> bool:
        """Whether the client reads more slowly than we write."""
        ...

    def write(self, data: bytes) -> None: ...

    def write_parts(self, parts: Iterable[bytes]) -> None: ...

    async def drained(self) -> None:
        """Return once the client caught up, or is lost."""
        ...

    def client_gone(self) -> asyncio.Future[None]: ...

    def close(self) -> None:
        """Close after what was written."""
        ...

    def cut(self) -> None:
        """Close at once, visibly in error."""
        ...


class Responder:
    """Answers exactly one request: either `send`, or `start`, `write`… and `end`.

    A call out of this order is a bug and raises `RuntimeError`. Where the client has gone, `send` and `end` do nothing.
    """

    __slots__ = ("_bodiless", "_chunked", "_peer", "_state", "keep_alive", "turned_away")

    def __init__(self, peer: Peer, *, keep_alive: bool, chunked: bool, bodiless: bool) -> None:
        self._peer = peer
        self._chunked = chunked
        self._bodiless = bodiless
        self._state = _OPEN
        self.keep_alive = keep_alive
        """Whether another request may follow this answer; known for good once a head is sent."""
        self.turned_away = False
        """Whether the answer was that there is no room now."""

    @property
    def started(self) -> bool:
        """Whether a status has been sent."""
        return self._state != _OPEN

    @property
    def finished(self) -> bool:
        """Whether the answer is complete or given up."""
        return self._state == _DONE

    @property
    def client_gone(self) -> asyncio.Future[None]:
        """Done once the client has left. To be waited for beside the work, never to be cancelled."""
        return self._peer.client_gone()

    def send(
        self,
        status: int,
        body: bytes = b"",
        content_type: bytes = b"application/json",
        headers: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        """Send a whole answer."""
        self._leave(_OPEN)
        keep_alive = self.keep_alive and self._peer.goes_on
        head = responses.whole(status, body, content_type, headers, keep_alive=keep_alive)
        self.keep_alive = keep_alive
        self.turned_away = status in _NO_ROOM
        self._state = _DONE
        if self._bodiless:
            self._peer.write(head)
        elif len(body) <= _JOIN_BYTES_MAX:
            self._peer.write(head + body)
        else:
            self._peer.write_parts((head, body))

    def start(self, status: int, content_type: bytes, headers: Sequence[tuple[bytes, bytes]] = (), *, first: bytes = b"") -> None:
        """Send the head of an answer whose body follows in pieces, of which the `first` may go along."""
        self._leave(_OPEN)
        keep_alive = self.keep_alive and self._chunked and self._peer.goes_on
        head = responses.streamed(status, content_type, headers, keep_alive=keep_alive, chunked=self._chunked)
        self.keep_alive = keep_alive
        self._state = _STREAMING
        if first and not self._bodiless:
            head += b"%x\r\n%b\r\n" % (len(first), first) if self._chunked else first
        self._peer.write(head)

    async def write(self, chunk: bytes) -> None:
        """Send a piece, and wait while the client does not read. `ClientGone` if it left."""
        self._leave(_STREAMING)
        peer = self._peer
        if peer.left:
            raise ClientGone("the client left before its answer was complete")
        if not chunk or self._bodiless:
            return
        if not self._chunked:
            peer.write(chunk)
        elif len(chunk) <= _JOIN_BYTES_MAX:
            peer.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        else:
            peer.write_parts((b"%x\r\n" % len(chunk), chunk, b"\r\n"))
        if peer.paused:
            await peer.drained()
            if peer.left:
                raise ClientGone("the client left before its answer was complete")

    def end(self) -> None:
        """Complete a streamed answer."""
        self._leave(_STREAMING)
        self._state = _DONE
        if self._chunked and not self._bodiless:
            self._peer.write(responses.END_OF_CHUNKS)

    def end_connection(self) -> None:
        """Complete a streamed answer and close its connection, whatever its handler goes on with."""
        self.end()
        self.keep_alive = False
        self._peer.close()

    def cut(self) -> None:
        """Give up at once, whatever is still to be sent: the client has gone on elsewhere."""
        self.keep_alive = False
        self._state = _DONE
        self._peer.cut()

    def abort(self) -> None:
        """Give up: close the connection so that what was sent cannot be taken for a complete answer."""
        if self._state == _DONE:
            return
        self.keep_alive = False
        truncation_shows = self._state == _OPEN or self._chunked
        self._state = _DONE
        if truncation_shows:
            self._peer.close()
        else:
            self._peer.cut()

    def fail(self) -> None:
        """Answer that the gateway failed, or `abort` if an answer has begun."""
        if self._state != _OPEN:
            self.abort()
            return
        self.keep_alive = False
        self._state = _DONE
        self._peer.write(responses.failed())

    def _leave(self, state: int) -> None:
        if self._state != state:
            raise RuntimeError("an answer is sent once: `send`, or `start`, `write` and `end`, in this order")
