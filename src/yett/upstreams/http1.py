"""The data plane's HTTP/1.1 client: a pool of connections to one origin."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeAlias

from yett.errors import UpstreamNotReached
from yett.ports import Waiter
from yett.upstreams.http1_connection import Http1Connection
from yett.upstreams.http1_response import Response
from yett.upstreams.http_endpoint import Endpoint

_SWEEP_S: Final = 0.5
"""How often deadlines and idle connections are looked at, while there are connections."""
_STARTS_MAX: Final = 64
"""Heads that are remembered: clients send the same fields with every call."""

Where: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host that may be connected to, in turn; asked for each new connection. Errors: `UpstreamNotReached`."""


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """Bounds of one origin's pool."""

    connections: int = 1024
    """Open at once. An event stream keeps one for as long as it lasts."""
    connect_s: float = 5.0
    """To open a connection, TLS included, or to wait for a free one."""
    idle_s: float = 4.0
    """How long a connection may lie idle: a second less than the shortest usual time-out of servers (Node: 5 s), so that a
    request does not meet a closing connection."""
    where: Where | None = None
    """Which addresses may be connected to; None: wherever the system says that the host is."""


@cache
def system_trust() -> ssl.SSLContext:
    """TLS as the system trusts it. Made once: reading the certificates takes 20 ms."""
    return ssl.create_default_context()


class Http1Client:
    """Sends requests to one origin, over as many connections as needed, each of them used again while it is young.

    A request is never sent twice: a connection found closed before the first byte was written is replaced; after that, every
    loss is reported.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        limits: ClientLimits,
        monotonic: Callable[[], float],
        tls: Callable[[], ssl.SSLContext] = system_trust,
    ) -> None:
        self._endpoint = endpoint
        self._limits = limits
        self._monotonic = monotonic
        self._tls = tls
        self._open: set[Http1Connection] = set()
        self._idle: dict[str, list[Http1Connection]] = {}
        """By holder. The last one used is taken first: the others may grow old and go."""
        self.taken = 0
        """Connections in use or being opened."""
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._starts: dict[tuple[object, ...], bytes] = {}
        """Heads without `content-length`, by what they are made of."""
        self._constant = b" HTTP/1.1\r\nhost: %b\r\naccept-encoding: identity\r\n" % endpoint.host_field
        self.name = endpoint.name

    @property
    def open_connections(self) -> int:
        """Connections that are open now, idle ones included."""
        return len(self._open)

    async def request(
        self,
        method: bytes,
        target: bytes,
        headers: Sequence[tuple[bytes, bytes]],
        body: bytes | None,
        *,
        within_s: float | None,
        holder: str = "",
    ) -> Response:
        """Send a request and return the head of its response; the body is read from the response.

        `within_s` bounds the response to its last byte, unless `Response.wait_at_most` says otherwise later; None does not.
        A body of None sends no `content-length`. A connection is used again for the same `holder` only: what a server says once
        too often must not be taken for the answer to somebody else.
        Errors: `UpstreamNotReached` where nothing was sent; `UpstreamTimedOut`; `UpstreamFault` where the connection was lost or
        the response is malformed.
        """
        start = self.start(method, target, headers)
        head = start + b"\r\n" if body is None else with_length(start, body)
        if self._waiters or self.taken >= self._limits.connections:
            await self._queue()
        else:
            self.taken += 1
        now = self._monotonic()
        connection = self._young_idle(now, holder) or await self._open_another(holder)
        answer = connection.exchange((head, body or b""), head_only=method == b"HEAD", now=now, within_s=within_s)
        try:
            return await answer
        except asyncio.CancelledError:
            connection.abort()
            raise

    def send_at_once(
        self, start: bytes, body: bytes, waiter: Waiter[Response], *, within_s: float, holder: str
    ) -> Http1Connection | None:
        """Send a request over a connection that lies idle; None where there is none, and then nothing was sent.

        `start` is from `start`. As `request` in all else, but told to `waiter`, who must `abort` what he no longer wants.
        """
        if self._waiters or self.taken >= self._limits.connections:
            return None
        now = self._monotonic()
        connection = self._young_idle(now, holder)
        if connection is not None:
            self.taken += 1
            connection.send((with_length(start, body), body), waiter, head_only=False, now=now, within_s=within_s)
        return connection

    def start(self, method: bytes, target: bytes, headers: Sequence[tuple[bytes, bytes]]) -> bytes:
        """The head of a request up to its `content-length`. Errors: `UpstreamNotReached` for what no head can hold."""
        key = (method, target, *headers)
        start = self._starts.get(key)
        if start is None:
            start = b"".join((method, b" ", target, self._constant, self._fields(headers)))
            if len(self._starts) >= _STARTS_MAX:
                self._starts.clear()
            self._starts[key] = start
        return start

    async def aclose(self) -> None:
        """Close all connections; whoever waits for a response is told."""
        self._closed = True
        for connection in tuple(self._open):
            connection.abort()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_exception(self._closing())
        await asyncio.sleep(0)

    def sweep(self, now: float) -> None:
        """Fail what is late by `now` (monotonic seconds), close what has been idle for too long."""
        for connection in tuple(self._open):
            if connection.busy:
                if connection.deadline is not None and now >= connection.deadline:
                    connection.expire()
            elif now - connection.idle_since >= connection.idle_s:
                connection.abort()

    # What connections call.

    def opened(self, connection: Http1Connection) -> None:
        """A connection is there."""
        self._open.add(connection)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_SWEEP_S, self._tick)

    def idle(self, connection: Http1Connection) -> None:
        """An exchange is complete."""
        self._idle.setdefault(connection.holder, []).append(connection)
        if self._waiters:
            self._give_slot()
        else:
            self.taken -= 1

    def lost(self, connection: Http1Connection) -> None:
        """A connection is gone."""
        if connection not in self._open:
            return
        self._open.remove(connection)
        if connection.busy:
            self._give_slot()
        elif connection in self._idle.get(connection.holder, ()):
            self._take_out(connection)

    # The rest.

    def _fields(self, headers: Sequence[tuple[bytes, bytes]]) -> bytes:
        fields = b"".join([b"%b: %b\r\n" % field for field in headers])
        if fields.count(b"\n") != len(headers) or fields.count(b"\r") != len(headers) or b"\0" in fields:
            raise UpstreamNotReached(f"a field meant for {self.name} holds a line break; nothing was sent")
        return fields

    def _young_idle(self, now: float, holder: str) -> Http1Connection | None:
        """A connection of this holder that is still good, if there is one."""
        held = self._idle.get(holder)
        while held:
            connection = held.pop()
            if not held:
                del self._idle[holder]
            if connection.usable and now - connection.idle_since < connection.idle_s:
                return connection
            connection.abort()
        return None

    def _take_out(self, connection: Http1Connection) -> None:
        held = self._idle[connection.holder]
        held.remove(connection)
        if not held:
            del self._idle[connection.holder]

    async def _open_another(self, holder: str) -> Http1Connection:
        """A new connection, for a slot that is taken already; the slot is given back if that fails."""
        connection = Http1Connection(self, self._monotonic, self._limits.idle_s)
        connection.holder = holder
        if self._idle and len(self._open) >= self._limits.connections:
            oldest = next(iter(self._idle.values()))[0]
            self._take_out(oldest)
            oldest.abort()
        try:
            if self._closed:
                raise self._closing()  # noqa: TRY301 - gives the slot back like every other failure
            async with asyncio.timeout(self._limits.connect_s):
                await self._connect(connection)
            if not connection.usable:
                raise UpstreamNotReached(f"{self.name} closed a new connection at once; nothing was sent")  # noqa: TRY301 - as above
        except BaseException as error:
            if connection.was_open:
                connection.abort()
            else:
                self._give_slot()
            if isinstance(error, TimeoutError):
                took = f"{self.name} did not accept a connection within {self._limits.connect_s:g} s; check that it runs"
                raise UpstreamNotReached(took) from error
            if isinstance(error, OSError | UnicodeError):
                raise UpstreamNotReached(
                    f"cannot connect to {self.name}: {_why(error)}; check its url and that it runs"
                ) from error
            raise
        return connection

    async def _connect(self, connection: Http1Connection) -> None:
        where = self._limits.where
        if where is None:
            await self._connect_to(self._endpoint.host, connection)
            return
        *others, last = await where(self._endpoint.host, self._endpoint.port)
        for address in others:
            try:
                await self._connect_to(address, connection)
            except ssl.SSLError:
                raise
            except OSError:  # nobody there: the host has another address
                continue
            return
        await self._connect_to(last, connection)

    async def _connect_to(self, host: str, connection: Http1Connection) -> None:
        endpoint = self._endpoint
        secure = endpoint.secure
        await asyncio.get_running_loop().create_connection(
            lambda: connection,
            host,
            endpoint.port,
            ssl=self._tls() if secure else None,
            server_hostname=endpoint.host if secure else None,
        )

    async def _queue(self) -> None:
        """Wait for a slot: every connection that may be open is in use."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout(self._limits.connect_s):
                await waiter
        except BaseException as error:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
            elif not waiter.cancelled() and waiter.exception() is None:
                self._give_slot()
            if isinstance(error, TimeoutError):
                busy = f"all {self._limits.connections} connections to {self.name} are in use; nothing was sent"
                raise UpstreamNotReached(busy) from error
            raise

    def _give_slot(self) -> None:
        """Hand a slot to whoever waits longest, or count it free."""
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self.taken -= 1

    def _closing(self) -> UpstreamNotReached:
        return UpstreamNotReached(f"the connections to {self.name} are being closed; nothing was sent")

    def _tick(self) -> None:
        self.sweep(self._monotonic())
        running = bool(self._open) and not self._closed
        self._timer = asyncio.get_running_loop().call_later(_SWEEP_S, self._tick) if running else None


def with_length(start: bytes, body: bytes) -> bytes:
    """A whole head."""
    return b"%bcontent-length: %d\r\n\r\n" % (start, len(body))


def _why(error: Exception) -> str:
    """What the system says, in one line and without our own addresses."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return f"no TLS connection ({error.reason})"
    if isinstance(error, socket.gaierror):
        return "its host name is not known"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
