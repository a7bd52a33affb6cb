"""Server-sent events: an incremental decoder and an encoder. Sans-IO."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from yett.errors import UpstreamFault

EVENT_BYTES_MAX: Final = 4 * 1024 * 1024
"""One event: as long as the longest message that clients may send."""
EVENT_LINES_MAX: Final = 65_536
"""Lines of one event: each costs some forty bytes beside its own."""
COMMENTS_AT_ONCE: Final = 1024
"""Comments that pass as one event. They belong to none, so that a flood of them is not too long, however it is cut."""
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_BLANK: Final = frozenset({b"\n", b"\r\n", b"\r"})
_LF: Final = 0x0A
_CR: Final = 0x0D


@dataclass(frozen=True, slots=True)
class SseEvent:
    """One event of a stream."""

    data: bytes
    """The `data` lines joined by line feeds; empty where there are none (comments, priming events)."""
    raw: bytes
    """The event as it stood on the wire, blank line included. Comments may come without one, so that they pass at once."""
    kind: bytes = b""
    """The `event` field; a message has none, or `message`."""
    id: bytes | None = None
    """The `id` field; one with a NUL is none, as the standard says."""


class SseDecoder:
    """Bytes in, events out; lines end with LF, CRLF or CR, and the input may be cut anywhere.

    The `raw` of all events together is the input, but for one case: where a lone CR ends an event and the input is cut before a
    LF that belongs to it, this LF is dropped. The event is not held back for it, and the lines stay the same.
    """

    __slots__ = ("_data", "_event_max", "_first", "_id", "_kind", "_lines", "_only_comments", "_partial", "_size", "_skip_lf")

    def __init__(self, event_bytes_max: int = EVENT_BYTES_MAX) -> None:
        self._event_max = event_bytes_max
        self._lines: list[bytes] = []
        """The complete lines of the event under way."""
        self._data: list[bytes] = []
        self._kind = b""
        self._id: bytes | None = None
        self._only_comments = True
        self._partial: list[bytes] = []
        """The line under way; a list, so that a long one is not copied for each of its pieces."""
        self._size = 0
        """Of the event under way, in bytes."""
        self._skip_lf = False
        self._first = True

    def feed(self, chunk: bytes) -> list[SseEvent]:
        """The events that `chunk` completes. `UpstreamFault` once an event is too long; the decoder is of no use then."""
        if self._skip_lf and chunk:
            self._skip_lf = False
            if chunk[0] == _LF:
                chunk = chunk[1:]
        if not chunk:
            return []
        self._size += len(chunk)
        events: list[SseEvent] = []
        for line in self._lines_of(chunk):
            if line in _BLANK:
                events.append(self._dispatch(line))
            else:
                self._take_field(line)
                if self._only_comments and len(self._lines) == COMMENTS_AT_ONCE:
                    events.append(self._dispatch(b""))
        if self._lines and self._only_comments:
            events.append(self._dispatch(b""))
        if events:
            self._size = sum(map(len, self._lines)) + sum(map(len, self._partial))
        self._bound(self._size)
        return events

    def _bound(self, size: int) -> None:
        if size > self._event_max or len(self._lines) > EVENT_LINES_MAX:
            raise UpstreamFault(f"the server sent an event of more than {self._event_max} bytes or {EVENT_LINES_MAX} lines")

    def _lines_of(self, chunk: bytes) -> list[bytes]:
        """The lines that `chunk` completes, ends included; what is incomplete waits."""
        partial = self._partial
        partial.append(chunk)
        if b"\n" not in chunk and b"\r" not in chunk and (len(partial) == 1 or partial[-2][-1] != _CR):
            return []
        lines = b"".join(partial).splitlines(keepends=True)
        partial.clear()
        last = lines[-1]
        if last[-1] == _LF:
            return lines
        if last == b"\r" and self._ends_after(lines):
            self._skip_lf = True
            return lines
        partial.append(lines.pop())
        return lines

    def _ends_after(self, lines: list[bytes]) -> bool:
        """Whether the CR that ends `lines` is a blank line of its own, rather than the first half of CRLF.

        It is taken for one where the line before ended otherwise than with CRLF. Waiting for more would hold the event back.
        """
        before = lines[-2] if len(lines) > 1 else self._lines[-1] if self._lines else b"\r\n"
        return not before.endswith(b"\r\n")

    def _take_field(self, line: bytes) -> None:
        self._lines.append(line)
        text = line.rstrip(b"\r\n")
        if self._first:
            self._first = False
            text = text.removeprefix(_BYTE_ORDER_MARK)
        if text.startswith(_BYTE_ORDER_MARK):
            # Once what stands before it is dropped, it may start the client's stream, which then reads what we did not.
            raise UpstreamFault("the server sent a byte order mark within its stream")
        name, _, value = text.partition(b":")
        if not name:
            return
        self._only_comments = False
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
        elif name == b"event":
            self._kind = value.removeprefix(b" ")
        elif name == b"id" and b"\0" not in value:
            self._id = value.removeprefix(b" ")

    def _dispatch(self, blank: bytes) -> SseEvent:
        self._first = False
        data = self._data
        self._lines.append(blank)
        event = SseEvent(data[0] if len(data) == 1 else b"\n".join(data), b"".join(self._lines), self._kind, self._id)
        self._bound(len(event.raw))
        self._lines.clear()
        data.clear()
        self._kind = b""
        self._id = None
        self._only_comments = True
        return event


def encode_event(message: bytes, event_id: bytes | None = None) -> bytes:
    """A JSON message as an event. Line breaks between its tokens become lines of data, which the reader joins again."""
    head = b"event: message\n" if event_id is None else b"event: message\nid: %b\n" % event_id
    if b"\n" in message or b"\r" in message:
        message = b"\ndata: ".join(message.splitlines())
    return b"%bdata: %b\n\n" % (head, message)


def encode_priming(event_id: bytes, retry_ms: int) -> bytes:
    """An event without data: what a client names to take the stream up from here, and how long it should wait before."""
    return b"id: %b\nretry: %d\ndata: \n\n" % (event_id, retry_ms)
