"""Requests whose head repeats the one before it on the same connection, but for the length of the body. Pure.

An agent sends the same fields with every call. Bytes that were parsed and judged once mean the same the second time, so only
the length is looked at again. Whatever is not such a repetition, whole and alone in one read, goes through the parser.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from yett.edge.limits import EdgeLimits
from yett.edge.request import Request

_LENGTH: Final = b"content-length"
_DIGITS_MAX: Final = 9


@dataclass(frozen=True, slots=True)
class RepeatedHead:
    """The head of an accepted request, cut open where its `content-length` stands."""

    before: bytes
    length: bytes
    after: bytes
    """Up to and with the blank line."""
    request: Request

    @classmethod
    def of(cls, data: bytes, request: Request) -> RepeatedHead | None:
        """What to compare the next read with; None where `data` is more than one plain request with a length and a body."""
        length, body = request.fields.get(_LENGTH), request.body
        if length is None or not body or length != b"%d" % len(body) or b"expect" in request.fields:
            return None
        head = data[: -len(body)]
        if head.find(b"\r\n\r\n") != len(head) - 4:  # the first blank line ends the head: none may stand in it, or follow it
            return None
        name = head.lower().find(b"\r\n" + _LENGTH + b":")
        start = head.find(length, name + len(_LENGTH) + 3)
        end = start + len(length)
        if name < 0 or start < 0 or head[name + len(_LENGTH) + 3 : start].strip(b" \t") or head[end : end + 2] != b"\r\n":
            return None
        return cls(head[:start], length, head[end:], replace(request, body=b""))

    def repeated_in(self, data: bytes, limits: EdgeLimits) -> Request | None:
        """The request that `data` is, if it is exactly one with this head; None leaves it to the parser."""
        start = len(self.before)
        end = data.find(b"\r", start, start + _DIGITS_MAX)
        if end < 0 or not data.startswith(self.before) or not data.startswith(self.after, end):
            return None
        length, body_at = data[start:end], end + len(self.after)
        if not length.isdigit() or length[0] == 0x30 or len(data) - body_at != int(length):
            return None
        if body_at > limits.header_bytes or int(length) > limits.body_bytes:
            return None
        last = self.request
        if length == self.length:
            headers, fields = last.headers, last.fields
            return Request(last.method, last.target, last.path, headers, data[body_at:], last.client_ip, fields, last.memory)
        headers = [(name, length if name == _LENGTH else value) for name, value in last.headers]
        return Request(last.method, last.target, last.path, headers, data[body_at:], last.client_ip, None, last.memory)
