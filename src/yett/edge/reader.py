"""Bytes of one connection in, complete requests out. Knows no transport."""

from __future__ import annotations

from typing import Final, TypeAlias

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from yett.edge import framing
from yett.edge.repeats import RepeatedHead
from yett.edge.request import Refusal, Request
from yett.edge.shared import Shared

BETWEEN: Final = 0
HEAD: Final = 1
BODY: Final = 2
"""Phases of reading. Plain integers: they are compared for each read."""

_CHUNK_FRAMING_BYTES: Final = 16
"""A chunk's size line and line ends, generously."""


Turn: TypeAlias = tuple[Request, bool, bool]
"""A request to be answered; whether the client wants the connection to stay open; whether it understands a chunked answer."""


class _Refused(Exception):
    pass


class RequestReader:
    """Reads requests by callbacks of `httptools` (names `on_*` are its interface).

    `feed` appends to `ready`. After a refusal, after a request that closes the connection, and once `ready` is full, the
    reader is `finished`: whatever still comes is not read, so that nothing after a doubtful byte is ever taken for a request.
    """

    __slots__ = (
        "_chunks",
        "_client_ip",
        "_fields",
        "_headers",
        "_method",
        "_overhead",
        "_parser",
        "_path",
        "_pieces",
        "_read_bytes",
        "_refusal",
        "_repeated",
        "_rereading",
        "_shared",
        "_target",
        "_version",
        "began_at",
        "body_at",
        "body_bytes",
        "finished",
        "phase",
        "ready",
        "wants_continue",
    )

    def __init__(self, shared: Shared, client_ip: str | None) -> None:
        self._shared = shared
        self._client_ip = client_ip
        self._parser: HttpRequestParser | None = HttpRequestParser(self)
        self._method = self._target = b""
        self._version = self._path = ""
        self._headers: list[tuple[bytes, bytes]] = []
        self._fields = self._headers
        self._pieces: list[bytes] = []
        self._chunks = 0
        self._overhead = 0
        """Bytes fed since the request began, unless it began behind another one in the same read."""
        self._read_bytes = 0
        """Bytes of this read."""
        self._refusal: Refusal | None = None
        self._rereading = False
        self._repeated: RepeatedHead | None = None
        self.ready: list[Turn | Refusal] = []
        self.finished = False
        self.phase = BETWEEN
        self.began_at = shared.now
        self.body_at = shared.now
        self.body_bytes = 0
        """Of the body being received."""
        self.wants_continue = False
        """Whether the client waits for `100 Continue` before it sends the body being received."""

    def feed(self, data: bytes) -> Refusal | None:
        """Read on; the refusal, if these bytes led to one, is also the last entry of `ready`."""
        if self.finished or self._parser is None:
            return None
        if self._repeated is not None and self._read_repetition(data):
            return None
        size = len(data)
        self._overhead += size
        self._read_bytes = size
        before, between = len(self.ready), self.phase == BETWEEN and not self._overhead - size
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            return self._read_without_upgrade(data[upgrade.args[0] :])
        except HttpParserError:
            return self._refuse_unless_finished()
        if self.phase == BETWEEN and not self._overhead:
            self._remember(data, alone=between and len(self.ready) == before + 1)
            return None
        refusal = self._overdrawn()
        return None if refusal is None else self.refuse(refusal)

    def _remember(self, data: bytes, *, alone: bool) -> None:
        """Take note of the head just read, if `data` was one request and nothing else."""
        turn = self.ready[-1] if alone and not self.finished else None
        self._repeated = RepeatedHead.of(data, turn[0]) if isinstance(turn, tuple) and turn[2] else None

    def _read_repetition(self, data: bytes) -> bool:
        """Read one request by the head of the one before; False leaves it to the parser."""
        shared = self._shared
        assert self._repeated is not None, "the caller looked"
        if self.phase != BETWEEN or self._overhead or len(self.ready) >= shared.limits.pipelined:
            return False
        request = self._repeated.repeated_in(data, shared.limits)
        if request is None or shared.held_bytes + len(request.body) > shared.limits.held_bytes:
            return False
        shared.held_bytes += len(request.body)
        self.ready.append((request, True, True))
        return True

    def _refuse_unless_finished(self) -> Refusal | None:
        """Bytes after the last request of a connection are an error to llhttp and nothing to us."""
        return None if self.finished else self.refuse(self._refusal or framing.MALFORMED)

    def is_late(self, now: float) -> bool:
        """Whether the request that is being received takes too long."""
        limits = self._shared.limits
        elapsed = now - self.began_at
        if self.phase == HEAD:
            late = elapsed >= limits.header_s
        else:
            body_s = now - self.body_at
            late = body_s > limits.body_rate_grace_s and self.body_bytes < body_s * limits.body_bytes_per_s_min
        return late or elapsed >= limits.request_s

    def refuse(self, refusal: Refusal) -> Refusal:
        """Give up reading for this reason."""
        self.ready.append(refusal)
        self.close()
        return refusal

    def close(self) -> None:
        """Stop reading, forget what is incomplete, and break the reference cycle with the parser."""
        self.finished = True
        self.wants_continue = False
        self._parser = None
        self._shared.held_bytes -= self.body_bytes
        self.body_bytes = 0
        self._pieces = []

    def _overdrawn(self) -> Refusal | None:
        """Whether the incomplete request is too large already; what llhttp keeps to itself is seen only as overhead."""
        limits = self._shared.limits
        if self.phase != BODY:
            if len(self._target) > limits.target_bytes or (not self._target and self._overhead > limits.target_bytes + 64):
                return framing.TARGET_TOO_LONG
            too_large = self._overhead > limits.header_bytes or len(self._headers) > limits.header_count
            return framing.HEAD_TOO_LARGE if too_large else None
        allowed = limits.header_bytes + limits.chunk_extension_bytes + self._chunks * _CHUNK_FRAMING_BYTES
        return framing.CHUNKS_TOO_MANY if self._overhead - self.body_bytes > allowed else None

    def _read_without_upgrade(self, rest: bytes) -> Refusal | None:
        """Read the head once more without its `upgrade` fields, then on.

        A server may ignore an upgrade (RFC 9110, 7.8), and clients that offer `h2c` with each first request rely on it. The
        parser cannot: it takes all that follows the head for another protocol.
        """
        lines = [b"%b %b HTTP/%b\r\n" % (self._method, self._target, self._version.encode())]
        lines.extend(b"%b: %b\r\n" % field for field in self._headers if field[0] != b"upgrade")
        self._parser = HttpRequestParser(self)
        self._rereading = False
        self._overhead = 0
        return self.feed(b"".join((*lines, b"\r\n", rest)))

    def _stop(self, refusal: Refusal) -> _Refused:
        self._refusal = refusal
        return _Refused()

    # What httptools calls.

    def on_message_begin(self) -> None:
        if len(self.ready) >= self._shared.limits.pipelined:
            self.finished = True
            raise _Refused
        self.phase = HEAD
        self.began_at = self._shared.now
        self._target = b""
        self._headers = []

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        parser = self._parser
        assert parser is not None
        limits = self._shared.limits
        self._method = method = parser.get_method()
        self._version = version = parser.get_http_version()
        path = framing.judge_line(method, self._target, version, limits)
        if isinstance(path, Refusal):
            raise self._stop(path)
        # Where all that was read is less, adding up the fields can be spared.
        if (self._overhead or self._read_bytes) > limits.header_bytes or len(self._headers) > limits.header_count:
            too_large = framing.judge_size(self._headers, limits)
            if too_large is not None:
                raise self._stop(too_large)
        seen = framing.judge_fields(method, version, self._headers, limits)
        if isinstance(seen, Refusal):
            raise self._stop(seen)
        if parser.should_upgrade():
            self._rereading = True
            return
        self._path = path
        self._fields = self._headers
        self._headers = []
        self._chunks = 0
        self.phase = BODY
        self.body_at = self._shared.now
        self.wants_continue = seen & framing.EXPECT_BIT != 0 and version == "1.1"

    def on_chunk_header(self) -> None:
        self._chunks += 1
        if self._chunks > self._shared.limits.chunk_count:
            raise self._stop(framing.CHUNKS_TOO_MANY)

    def on_body(self, body: bytes) -> None:
        shared = self._shared
        self._pieces.append(body)
        self.body_bytes += len(body)
        shared.held_bytes += len(body)
        if self.body_bytes > shared.limits.body_bytes:
            raise self._stop(framing.BODY_TOO_LARGE)
        if shared.held_bytes > shared.limits.held_bytes and not shared.make_room(self.body_bytes):
            raise self._stop(framing.OVERLOADED)

    def on_message_complete(self) -> None:
        if self._rereading:
            return
        if self._headers:
            raise self._stop(framing.TRAILERS)
        pieces = self._pieces
        body = b"" if not pieces else pieces[0] if len(pieces) == 1 else b"".join(pieces)
        if pieces:
            self._pieces = []
            self.body_bytes = 0
        request = Request(self._method, self._target, self._path, self._fields, body, self._client_ip)
        chunked = self._version == "1.1"
        parser = self._parser
        assert parser is not None
        # Version 1.0 is always closed: its keep-alive is an extension that nobody here needs.
        keep_alive = chunked and parser.should_keep_alive()
        self.ready.append((request, keep_alive, chunked))
        self.finished = not keep_alive
        self.phase = BETWEEN
        self.wants_continue = False
        self._overhead = 0
