"""What the connections of one server share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from yett.edge import framing
from yett.edge.at_once import Begin
from yett.edge.forwarded import NOBODY, TrustedProxies
from yett.edge.limits import EdgeLimits
from yett.edge.request import Request

if TYPE_CHECKING:
    from yett.edge.connection import Connection
    from yett.edge.responder import Responder

Handler: TypeAlias = "Callable[[Request, Responder], Awaitable[None]]"


def _ignore(*_: object) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Reports:
    """Whom the edge tells what it dealt with by itself. The callbacks must not raise."""

    on_refused: Callable[[str, str | None], None] = _ignore
    """A request was not read: the reason, one sentence of ours, and the client's address."""
    on_handler_error: Callable[[BaseException], None] = _ignore
    """A handler let this exception go; the client was told nothing of it."""


@dataclass(slots=True)
class Shared:
    """State of one server that all its connections read and keep true. Used on the loop's thread only."""

    handler: Handler
    limits: EdgeLimits
    reports: Reports
    now: float
    """Monotonic seconds as of the last sweep: reading the clock for each request would buy nothing."""
    at_once: Begin | None = None
    """The short way for plain requests, if there is one."""
    proxies: TrustedProxies = NOBODY
    """Whose word about the client is taken."""
    held_bytes: int = 0
    """Bodies received, or being received, and not yet answered."""
    draining: bool = False
    """Set once the server shuts down: every answer is then the last one of its connection."""
    connections: set[Connection] = field(default_factory=set)
    emptied: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the last connection goes."""
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    """One for each connection that may still have a request in hand; outlives the connection if the client leaves."""

    def make_room(self, size: int) -> bool:
        """Have the longest body that is still being received give way to one of `size` bytes; False where none is longer.

        Whoever sends slowly, with or without a grant, must not keep out those who send little at once.
        """
        longest = max(self.connections, key=lambda connection: connection.receiving_bytes, default=None)
        if longest is None or longest.receiving_bytes <= size:
            return False
        longest.refuse(framing.OVERLOADED)
        return self.held_bytes <= self.limits.held_bytes
