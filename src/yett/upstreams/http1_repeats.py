"""Responses whose head repeats, byte for byte, one that was parsed before on the same connection. Pure.

A server answers call after call with the same fields; only a date changes, once a second. Bytes that were parsed and judged
once mean the same the second time. Whatever is not such a repetition, whole and alone in one read, goes through the parser.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from yett.upstreams.http1_response import Response, Source

_BLANK_LINE: Final = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class RepeatedHead:
    """The head of a complete response that said how long its body is, up to and with the blank line."""

    head: bytes
    size: int
    """Of head and body together."""
    response: Response

    @classmethod
    def of(cls, data: bytes, response: Response) -> RepeatedHead | None:
        """What to compare the next read with; None where `data` is more, or less, than one plain response with a body."""
        length, end = response.length, data.find(_BLANK_LINE) + len(_BLANK_LINE)
        if not response.complete or not length or len(data) != end + length:
            return None
        return cls(data[:end], len(data), response)

    def repeated_in(self, data: bytes, source: Source) -> Response | None:
        """The response that `data` is, if it is exactly one with this head; None leaves it to the parser."""
        if len(data) != self.size or not data.startswith(self.head):
            return None
        known = self.response
        response = Response(known.status, known.headers, source)
        response.length, response.first = known.length, known
        response.add(data[len(self.head) :])
        response.finish()
        return response
