"""The data plane's listener."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final

from yett.edge.at_once import Begin
from yett.edge.connection import Connection
from yett.edge.forwarded import NOBODY, TrustedProxies
from yett.edge.limits import EdgeLimits
from yett.edge.shared import Handler, Reports, Shared
from yett.errors import OperatorFault

_SWEEP_S: Final = 1.0
"""How often deadlines are looked at: one walk over all connections instead of a timer for each request."""
_BACKLOG: Final = 1024
"""Connections that the system may complete ahead of us: a burst of clients after a restart fits."""
_LOOK_S: Final = 0.1
"""How often a listener that is closing looks for connections that have become idle."""
_PORT_MAX: Final = 65_535
_FAREWELL_S: Final = 2.0
"""How long cancelled handlers may take to clean up."""


class EdgeServer:
    """A running listener. Made by `listen`."""

    def __init__(
        self, server: asyncio.Server, shared: Shared, tls: ssl.SSLContext | None, monotonic: Callable[[], float]
    ) -> None:
        self._server = server
        self._shared = shared
        self._tls = tls
        self._monotonic = monotonic
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(_SWEEP_S, self._tick)
        self.port: int = server.sockets[0].getsockname()[1]

    @property
    def limits(self) -> EdgeLimits:
        """What bounds each client."""
        return self._shared.limits

    @property
    def listening(self) -> bool:
        """Whether new connections are accepted."""
        return self._server.is_serving()

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

    async def aclose(self, grace_s: float, idle_s: float = 0.0) -> None:
        """Stop listening, let requests in hand be answered for at most `grace_s`, then cut and cancel what is left.

        Every answer from now on says that it is its connection's last one. A connection on which nothing is asked may still
        bring a request for `idle_s`, so that one which is on its way when we stop is not lost.
        """
        shared = self._shared
        deadline = self._loop.time() + grace_s
        await self.stop_listening()
        await self._until_empty(min(idle_s, grace_s))
        while shared.connections and (left_s := deadline - self._loop.time()) > 0:
            # One that ends its stream only now said before that it stays open: it is idle, too.
            for connection in tuple(shared.connections):
                connection.leave_off()
            await self._until_empty(min(left_s, _LOOK_S))
        if shared.tasks and (left_s := deadline - self._loop.time()) > 0:
            # A request whose client has left is in hand, too: what came of it is to be known.
            await asyncio.wait(tuple(shared.tasks), timeout=left_s)
        for task in tuple(shared.tasks):
            task.cancel()
        if shared.tasks:
            await asyncio.wait(tuple(shared.tasks), timeout=_FAREWELL_S)
        self._timer.cancel()
        for connection in tuple(shared.connections):
            connection.abandon()
        await asyncio.sleep(0)

    async def stop_listening(self) -> None:
        """Close the listener; every answer from now on is the last one of its connection.

        What the system has accepted for us is ours: closing would reset it, so it is taken over first.
        """
        if self._shared.draining:
            return
        self._shared.draining = True
        adopted: list[asyncio.Task[Any]] = []
        with ExitStack() as stack:
            # Copies keep the sockets open until the last one that waits was taken.
            copies = [stack.enter_context(socket.socket(fileno=os.dup(one.fileno()))) for one in self._server.sockets]
            self._server.close()
            for copy in copies:
                copy.setblocking(False)
                adopted.extend(self._loop.create_task(self._adopt(waiting)) for waiting in _accepted(copy))
        if adopted:
            await asyncio.wait(adopted)

    async def _adopt(self, waiting: socket.socket) -> None:
        shared, loop = self._shared, self._loop
        try:
            await loop.connect_accepted_socket(
                lambda: Connection(shared, loop), waiting, **_tls_members(self._tls, shared.limits)
            )
        except OSError:  # it left, or spoke no TLS
            waiting.close()

    async def _until_empty(self, seconds: float) -> None:
        """Wait until nobody is connected, but not longer."""
        if self._shared.connections and seconds > 0:
            self._shared.emptied.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self._shared.emptied.wait()
            except TimeoutError:
                return

    def _tick(self) -> None:
        self._timer = self._loop.call_later(_SWEEP_S, self._tick)
        self.sweep(self._monotonic())


@dataclass(frozen=True, slots=True)
class Place:
    """Where a listener is reached, and how."""

    host: str
    port: int
    """0 picks a free one."""
    tls: ssl.SSLContext | None = None
    """Speaks TLS if given; without it, plain HTTP."""
    reuse_port: bool = False
    """Whether other processes may listen there too, each getting a share of the connections."""
    proxies: TrustedProxies = NOBODY
    """Whose word about the client is taken."""


async def serve(
    handler: Handler,
    *,
    host: str,
    port: int,
    limits: EdgeLimits,
    monotonic: Callable[[], float],
    reports: Reports = Reports(),  # noqa: B008 - frozen
) -> EdgeServer:
    """As `listen`, in plain HTTP."""
    return await listen(handler, Place(host, port), limits, monotonic, reports)


async def listen(
    handler: Handler,
    place: Place,
    limits: EdgeLimits,
    monotonic: Callable[[], float],
    reports: Reports,
    at_once: Begin | None = None,
) -> EdgeServer:
    """Listen at `place`, with a short way for plain requests if there is one. `OperatorFault` where that is not possible."""
    host, port = place.host, place.port
    if not 0 <= port <= _PORT_MAX:
        # uvloop would take the remainder.
        raise OperatorFault(f"cannot listen on `{host}` port {port}: a port is a number up to {_PORT_MAX}; choose another one")
    loop = asyncio.get_running_loop()
    shared = Shared(handler, limits, reports, now=monotonic(), at_once=at_once, proxies=place.proxies)
    try:
        server = await loop.create_server(
            lambda: Connection(shared, loop),
            host,
            port,
            backlog=_BACKLOG,
            reuse_port=place.reuse_port or None,
            **_tls_members(place.tls, limits),
        )
    except (OSError, UnicodeError) as error:
        raise OperatorFault(_cannot_listen(host, port, error)) from error
    return EdgeServer(server, shared, place.tls, monotonic)


def _tls_members(tls: ssl.SSLContext | None, limits: EdgeLimits) -> dict[str, Any]:
    if tls is None:
        return {}
    return {"ssl": tls, "ssl_handshake_timeout": limits.header_s, "ssl_shutdown_timeout": limits.linger_s}


def _accepted(listener: socket.socket) -> Iterator[socket.socket]:
    """The connections that wait to be accepted."""
    while True:
        try:
            connection, _ = listener.accept()
        except ConnectionAbortedError:
            continue  # it left while it waited
        except OSError:
            return  # there is none, or no descriptor for it
        connection.setblocking(False)
        yield connection


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
