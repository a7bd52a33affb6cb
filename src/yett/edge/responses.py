"""Heads of answers as bytes. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import Final

import msgspec

from yett.edge.request import Refusal

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
END_OF_CHUNKS: Final = b"0\r\n\r\n"
_BODILESS: Final = frozenset({204, 304})
_STATUS_LINES: Final = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
_UNSENDABLE: Final = re.compile(rb"[\x00\r\n]")
_OVERLOADED: Final = 503
_SOON: Final = ((b"retry-after", b"1"),)
_FAILED: Final = Refusal(500, "the gateway failed to answer this request")


def whole(status: int, body: bytes, content_type: bytes, headers: Sequence[tuple[bytes, bytes]], *, keep_alive: bool) -> bytes:
    """The head of an answer whose body is at hand. A status that has no body gets no framing fields."""
    if status in _BODILESS:
        return b"".join((_status_line(status), _extra(headers), b"\r\n" if keep_alive else b"connection: close\r\n\r\n"))
    prefix = _prefix(status, content_type if body else b"")
    end = b"\r\n\r\n" if keep_alive else b"\r\nconnection: close\r\n\r\n"
    if headers:
        end = b"\r\n" + _extra(headers) + end[2:]
    return b"%b%d%b" % (prefix, len(body), end)


def json_answer(body: bytes, *, keep_alive: bool) -> bytes:
    """Head and body of the commonest answer."""
    return (_JSON if keep_alive else _JSON_LAST) % (len(body), body)


_JSON: Final = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
_JSON_LAST: Final = _JSON.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")


def streamed(
    status: int, content_type: bytes, headers: Sequence[tuple[bytes, bytes]], *, keep_alive: bool, chunked: bool
) -> bytes:
    """The head of an answer whose body comes in pieces; without chunks it ends with the connection."""
    framing = b"transfer-encoding: chunked\r\n" if chunked else b""
    close = b"" if keep_alive else b"connection: close\r\n"
    kind = b"content-type: %b\r\n" % _sendable(content_type)
    return b"".join((_status_line(status), kind, framing, close, _extra(headers), b"\r\n"))


def refused(refusal: Refusal) -> bytes:
    """The whole answer to a request that is not read; the connection closes behind it."""
    body = msgspec.json.encode({"error": refusal.reason})
    headers = _SOON if refusal.status == _OVERLOADED else ()
    return whole(refusal.status, body, b"application/json", headers, keep_alive=False) + body


def failed() -> bytes:
    """The whole answer where a handler raised: it says nothing of what went wrong."""
    return refused(_FAILED)


@lru_cache(maxsize=256)
def _prefix(status: int, content_type: bytes) -> bytes:
    """Everything before the number of a `content-length`."""
    kind = b"content-type: %b\r\n" % _sendable(content_type) if content_type else b""
    return _status_line(status) + kind + b"content-length: "


def _status_line(status: int) -> bytes:
    return _STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status


def _extra(headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    return b"".join([b"%b: %b\r\n" % (_sendable(name), _sendable(value)) for name, value in headers])


def _sendable(text: bytes) -> bytes:
    """`text` as it is. `ValueError` where it would end the field: that would be a second answer, written by somebody else."""
    if _UNSENDABLE.search(text):
        raise ValueError("a header field of an answer holds a line break")
    return text
