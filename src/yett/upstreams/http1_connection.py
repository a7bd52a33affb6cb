"""One connection to a server: one request and one response at a time, strictly framed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Final, Protocol, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from yett.errors import UpstreamFault, UpstreamTimedOut
from yett.ports import Waiter
from yett.upstreams.http1_repeats import RepeatedHead
from yett.upstreams.http1_response import Response

_QUIET_BYTES_MAX: Final = 64 * 1024
"""What may arrive without a byte of body: a head, trailers, chunk extensions. The parser holds some of it."""
_FIELDS_MAX: Final = 200
"""Fields in a head or a trailer section; servers behind several proxies send some dozens."""
_INTERIM_MAX: Final = 8
"""1xx responses before the final one; 100 and some 103 are usual."""
_FRAMING_FIELDS: Final = frozenset({b"content-length", b"transfer-encoding", b"connection", b"keep-alive"})
_JOIN_BYTES_MAX: Final = 64 * 1024
"""Up to this size a body is copied behind its head, for one write."""
_KEEP_ALIVE_TIMEOUT: Final = re.compile(rb"(?:^|[,;\s])timeout=([0-9]{1,6})(?:$|[,;\s])", re.IGNORECASE)


class Owner(Protocol):
    """The pool that a connection belongs to."""

    @property
    def name(self) -> str:
        """The origin, for messages."""
        ...

    def opened(self, connection: Http1Connection) -> None: ...

    def idle(self, connection: Http1Connection) -> None:
        """The response is complete, and the connection can take another request."""
        ...

    def lost(self, connection: Http1Connection) -> None: ...


class Http1Connection(asyncio.Protocol):
    """Names `on_*` are called by `httptools`.

    `exchange` sends a request; the future is done when the head of the final response is here. A connection that has seen
    anything doubtful is closed and never used again.
    """

    __slots__ = (
        "_eof",
        "_fields",
        "_fields_bytes",
        "_head",
        "_head_only",
        "_interims",
        "_loop",
        "_monotonic",
        "_owner",
        "_parser",
        "_paused",
        "_quiet",
        "_repeated",
        "_response",
        "_reusable",
        "_skipping",
        "_transport",
        "_waited_s",
        "busy",
        "deadline",
        "holder",
        "idle_s",
        "idle_since",
        "usable",
        "was_open",
    )

    def __init__(self, owner: Owner, monotonic: Callable[[], float], idle_s: float) -> None:
        self._owner = owner
        self._monotonic = monotonic
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._parser: HttpResponseParser | None = HttpResponseParser(self)
        self._fields: list[tuple[bytes, bytes]] = []
        self._fields_bytes = 0
        self._head: Waiter[Response] | None = None
        self._response: Response | None = None
        self._head_only = False
        self._reusable = False
        self._skipping = False
        self._interims = 0
        self._quiet = 0
        self._repeated: RepeatedHead | None = None
        self._paused = False
        self._waited_s = 0.0
        self.holder = ""
        """For whom it may be used; set by the pool."""
        self.busy = True
        """Whether it is somebody's: being opened, or in the middle of an exchange."""
        self.usable = False
        """Whether a request may be written."""
        self.was_open = False
        """Whether it ever came about; if so, its loss is told to the owner, once."""
        self.deadline: float | None = None
        """Monotonic second at which the exchange has failed."""
        self.idle_s = idle_s
        """How long it may lie idle before it is safer to open a new one."""
        self.idle_since = 0.0

    def exchange(
        self, data: tuple[bytes, bytes], *, head_only: bool, now: float, within_s: float | None
    ) -> asyncio.Future[Response]:
        """Send a request, head and body. The future fails with `UpstreamFault`; whoever cancels it must `abort`, too."""
        waiter: asyncio.Future[Response] = self._loop.create_future()
        self.send(data, waiter, head_only=head_only, now=now, within_s=within_s)
        return waiter

    def send(
        self, data: tuple[bytes, bytes], waiter: Waiter[Response], *, head_only: bool, now: float, within_s: float | None
    ) -> None:
        """The same for a waiter of any kind."""
        transport = self._transport
        assert transport is not None
        assert self.usable
        self.busy = True
        self._head_only = head_only
        self._interims = self._quiet = 0
        if within_s is None:
            self.deadline = None
        else:
            self._waited_s = within_s
            self.deadline = now + within_s
        self._head = waiter
        head, body = data
        if len(body) <= _JOIN_BYTES_MAX:
            transport.write(head + body)
        else:
            transport.writelines(data)

    def expect_within(self, seconds: float | None) -> None:
        """Set the deadline of what is waited for now."""
        if seconds is None:
            self.deadline = None
        else:
            self._waited_s = seconds
            self.deadline = self._monotonic() + seconds

    def expire(self) -> None:
        """The deadline has passed."""
        took = f"{self._owner.name} did not answer within {self._waited_s:g} s; it may have acted"
        self._fail(UpstreamTimedOut(took))

    def abort(self) -> None:
        """Close now, whatever is under way."""
        self._fail(UpstreamFault(f"the connection to {self._owner.name} was given up"))

    def pause(self) -> None:
        """Make the server wait."""
        if self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not inherit from asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self.was_open = self.usable = True
        self._owner.opened(self)

    def data_received(self, data: bytes) -> None:
        parser = self._parser
        if parser is None:
            return
        if not self.busy:
            self._fail(UpstreamFault(f"{self._owner.name} sent what nobody asked for"))
            return
        first = self._quiet == 0 and self._response is None and not self._head_only
        if first and self._repeated is not None and (repeated := self._repeated.repeated_in(data, self)) is not None:
            self._reusable = True
            self._response = repeated
            self._deliver(repeated)
            return
        self._quiet += len(data)
        try:
            parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._fail(self._malformed(error))
            return
        if self._quiet > _QUIET_BYTES_MAX or len(self._fields) > _FIELDS_MAX:
            self._fail(self._too_large())
        elif self._response is not None:
            if first:
                self._repeated = RepeatedHead.of(data, self._response) if self._reusable else None
            self._deliver(self._response)

    def eof_received(self) -> bool:
        self.usable = False
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self.usable = False
        self._transport = None
        response = self._response
        if response is not None and response.ends_with_connection and error is None and self._head is None:
            response.finish()
            response.wake()
            self._response = None
        self._fail(UpstreamFault(f"{self._owner.name} closed the connection before its answer was complete; it may have acted"))
        self._owner.lost(self)

    # What httptools calls.

    def on_message_begin(self) -> None:
        if self._response is not None:
            raise UpstreamFault(f"{self._owner.name} sent more than one answer")
        self._fields, self._fields_bytes = [], 0

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields_bytes += len(name) + len(value)
        if self._fields_bytes > _QUIET_BYTES_MAX:  # it may have come in one read, with body behind it
            raise self._too_large()
        self._fields.append((name.lower(), value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        parser = self._parser
        assert parser is not None
        status = parser.get_status_code()
        fields = self._fields
        self._fields, self._fields_bytes = [], 0
        if status < 200:
            self._skip_interim(status)
            return
        version = parser.get_http_version()
        if status > 599 or version not in {"1.1", "1.0"} or len(fields) > _FIELDS_MAX:
            raise UpstreamFault(f"{self._owner.name} answered with a head that cannot be read")
        self._response = response = Response(status, fields, self)
        self._reusable = parser.should_keep_alive() and not self._head_only
        self._judge_framing(response, asked_to_close=version == "1.0")
        if self._head_only:
            response.finish()

    def on_body(self, body: bytes) -> None:
        self._quiet = 0
        if self._response is not None and not self._head_only:
            self._response.add(body)

    def on_message_complete(self) -> None:
        if self._skipping:
            self._skipping = False
        elif self._response is not None:
            self._response.finish()

    # The rest.

    def _skip_interim(self, status: int) -> None:
        self._interims += 1
        if status < 100 or status == 101 or self._interims > _INTERIM_MAX:
            raise UpstreamFault(f"{self._owner.name} answered with status {status} where none was asked for")
        self._skipping = True

    def _judge_framing(self, response: Response, *, asked_to_close: bool) -> None:
        """Make sure that there is one way to tell where the body ends. llhttp refuses two lengths, and a length beside chunks."""
        coded = False
        for name, value in response.headers:
            if name not in _FRAMING_FIELDS:
                continue
            if name == b"content-length":
                response.length = int(value)
            elif name == b"transfer-encoding":
                coded = self._must_be_chunked(value, again=coded)
            elif name == b"connection":
                asked_to_close = asked_to_close or b"close" in value.lower()
            elif name == b"keep-alive":
                self._heed_keep_alive(value)
        bodiless = self._head_only or response.status in {204, 304}
        if not coded and response.length is None and not bodiless:
            if not asked_to_close:
                raise UpstreamFault(f"{self._owner.name} did not say where its answer ends")
            response.ends_with_connection = True

    def _must_be_chunked(self, value: bytes, *, again: bool) -> bool:
        if again or value.lower() != b"chunked":
            raise UpstreamFault(f"{self._owner.name} answered in a transfer coding other than `chunked`")
        return True

    def _heed_keep_alive(self, value: bytes) -> None:
        """The server closes after its own time-out: be a second earlier, or the next request races with that."""
        if (found := _KEEP_ALIVE_TIMEOUT.search(value)) is not None:
            self.idle_s = max(0.0, int(found[1]) - 1.0)

    def _too_large(self) -> UpstreamFault:
        return UpstreamFault(f"{self._owner.name} sent a head or trailer that is too large")

    def _malformed(self, error: Exception) -> UpstreamFault:
        cause = error.__context__
        if isinstance(cause, UpstreamFault):
            return cause
        return UpstreamFault(f"{self._owner.name} answered what is not well-formed HTTP/1.1")

    def _deliver(self, response: Response) -> None:
        """Hand on what the last bytes brought."""
        head = self._head
        if head is None:
            response.wake()
        else:
            self._head = None
            if not head.done():
                head.set_result(response)
        if response.complete:
            self._response = None
            self._settle()

    def _settle(self) -> None:
        """After a complete exchange: back to the pool, or close."""
        transport = self._transport
        if transport is None:
            return
        if self._reusable and self.usable and not transport.is_closing():
            self.resume()
            self.idle_since = self._monotonic()
            self.busy = False
            self._owner.idle(self)
        else:
            self.usable = False
            transport.abort()

    def _fail(self, fault: UpstreamFault) -> None:
        """End the exchange, if there is one, with this fault, and close."""
        self.usable = False
        self.deadline = None
        self._parser = None
        head, self._head = self._head, None
        if head is not None and not head.done():
            head.set_exception(fault)
        response, self._response = self._response, None
        if response is not None:
            response.fail(fault)
        if self._transport is not None:
            self._transport.abort()
