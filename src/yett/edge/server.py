"""The data plane's listener."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Final

from yett.edge.connection import Connection
from yett.edge.limits import EdgeLimits
from yett.edge.shared import Handler, Reports, Shared
from yett.errors import OperatorFault

_SWEEP_S: Final = 1.0
"""How often deadlines are looked at: one walk over all connections instead of a timer for each request."""
_BACKLOG: Final = 1024
"""Connections that the system may complete ahead of us: a burst of clients after a restart fits."""
_PORT_MAX: Final = 65_535
_FAREWELL_S: Final = 2.0
"""How long cancelled handlers may take to clean up."""


class EdgeServer:
    """A running listener. Made by `serve`."""

    def __init__(self, server: asyncio.Server, shared: Shared, monotonic: Callable[[], float]) -> None:
        self._server = server
        self._shared = shared
        self._monotonic = monotonic
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(_SWEEP_S, self._tick)
        self.port: int = server.sockets[0].getsockname()[1]

    @property
    def open_connections(self) -> int:
        """Connections that are open now."""
        return len(self._shared.connections)

    @property
    def held_bytes(self) -> int:
        """Bytes of request bodies in memory now."""
        return self._shared.held_bytes

    def sweep(self, now: float) -> None:
        """Close, refuse or cut whatever has taken too long by `now` (monotonic seconds)."""
        self._shared.now = now
        for connection in tuple(self._shared.connections):
            connection.sweep(now)

    async def aclose(self, grace_s: float) -> None:
        """Stop listening, let requests in hand be answered for at most `grace_s`, then cut and cancel what is left."""
        shared = self._shared
        shared.draining = True
        self._server.close()
        for connection in tuple(shared.connections):
            connection.leave_off()
        if shared.tasks:
            await asyncio.wait(tuple(shared.tasks), timeout=grace_s)
        for task in tuple(shared.tasks):
            task.cancel()
        if shared.tasks:
            await asyncio.wait(tuple(shared.tasks), timeout=_FAREWELL_S)
        self._timer.cancel()
        for connection in tuple(shared.connections):
            connection.abandon()
        await asyncio.sleep(0)

    def _tick(self) -> None:
        self._timer = self._loop.call_later(_SWEEP_S, self._tick)
        self.sweep(self._monotonic())


async def serve(
    handler: Handler,
    *,
    host: str,
    port: int,
    limits: EdgeLimits,
    monotonic: Callable[[], float],
    reports: Reports = Reports(),  # noqa: B008 - frozen
) -> EdgeServer:
    """Listen on `host` and `port` (0 picks a free one). `OperatorFault` where that is not possible."""
    if not 0 <= port <= _PORT_MAX:
        # uvloop would take the remainder.
        raise OperatorFault(f"cannot listen on `{host}` port {port}: a port is a number up to {_PORT_MAX}; choose another one")
    loop = asyncio.get_running_loop()
    shared = Shared(handler, limits, reports, now=monotonic())
    try:
        server = await loop.create_server(lambda: Connection(shared, loop), host, port, backlog=_BACKLOG)
    except (OSError, UnicodeError) as error:
        raise OperatorFault(_cannot_listen(host, port, error)) from error
    return EdgeServer(server, shared, monotonic)


def _cannot_listen(host: str, port: int, error: Exception) -> str:
    where = f"cannot listen on `{host}` port {port}"
    if isinstance(error, socket.gaierror):
        return f"{where}: the host name is not known; use an address of this machine"
    match getattr(error, "errno", None):
        case errno.EADDRINUSE:
            return f"{where}: the port is taken; stop the program that has it or choose another port"
        case errno.EACCES:
            return f"{where}: not permitted; choose a port above 1023 or grant the right to bind low ports"
        case errno.EADDRNOTAVAIL:
            return f"{where}: this machine has no such address; use one of its own, such as 127.0.0.1"
    return f"{where}: {error}; check host and port"
