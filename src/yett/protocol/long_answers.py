"""A response that is too long to be held, looked at while it passes. Sans-IO.

What `peek_response` finds in a short one is found here piece by piece: the members of the message and of its result, each once
and none that only looks like one of the protocol's own; the id; the kind of the result. What is deeper is passed over.
"""

from __future__ import annotations

import codecs
import re
from enum import Enum
from typing import Final

import msgspec

from yett.protocol.answers import MalformedAnswer
from yett.protocol.keys import fold
from yett.protocol.peek import MEMBERS_MAX, same_id

DEPTH_MAX: Final = 512
"""Levels of arrays and objects; beyond, usual readers give up."""
_TEXT_MAX: Final = 4096
"""Bytes of a name, or of a value that is looked at."""
_NEXT: Final = re.compile(rb'[{}\[\],:"]')
_STRING: Final = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_DEEP: Final = re.compile(rb'(?:[^"{}\[\]]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
_LOOKED_AT: Final = {fold(name): name for name in ("jsonrpc", "id", "method", "params", "result", "error")}
_OF_RESULT: Final = {
    fold(name): name
    for name in ("content", "structuredContent", "isError", "resultType", "_meta", "inputRequests", "requestState", "task")
}
_READ: Final = frozenset({(1, "id"), (2, "resultType"), (2, "isError")})
_strings: Final = msgspec.json.Decoder(str)
_CLOSES: Final = {0x7D: 0x7B, 0x5D: 0x5B}


class _Awaits(Enum):
    """What comes next on a level that is looked at."""

    NAME = "name"
    COLON = "colon"
    VALUE = "value"


class LongAnswer:
    """The response to one request. Raises `MalformedAnswer` before a piece is relayed that makes it anything else."""

    def __init__(self, id: bytes, *, stateless: bool) -> None:
        self._id = id
        self._stateless = stateless
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._open = bytearray()
        """The brackets that are open, outermost first."""
        self._names: list[dict[str, bytes]] = [{}, {}, {}]
        """Of the levels that are looked at, by level: names, and the values that are read."""
        self._name = ["", "", ""]
        self._awaits = _Awaits.VALUE
        self._in_string = False
        self._text = bytearray()
        """Of the string or other scalar under way, as far as it is looked at."""
        self._carry = b""
        self._has_result = False
        self._done = False

    @property
    def is_error(self) -> bool:
        """Whether it is an error rather than a result."""
        return "error" in self._names[1]

    @property
    def is_tool_error(self) -> bool:
        """Whether the result says `isError: true`."""
        return self._names[2].get("isError") == b"true"

    def feed(self, piece: bytes) -> None:
        """Look at the next piece."""
        try:
            self._utf8.decode(piece)
        except UnicodeDecodeError:
            raise _malformed("holds bytes that are no UTF-8") from None
        data, self._carry = self._carry + piece, b""
        place = 0
        while place < len(data):
            place = self._string(data, place) if self._in_string else self._between(data, place)

    def close(self) -> None:
        """The end. `MalformedAnswer` where it came too early."""
        if not self._done or self._carry:
            raise _malformed("breaks off")
        if not self._names[1].keys() >= {"jsonrpc", "id"} or len(self._names[1].keys() & {"result", "error"}) != 1:
            raise _malformed("is no response")
        if not self.is_error and not self._has_result:
            raise _malformed("has a result that is no object")

    def _between(self, data: bytes, place: int) -> int:
        """Go on to the next bracket, comma, colon or string."""
        if len(self._open) > 2 or (len(self._open) == 2 and not self._in_result):
            end = _DEEP.match(data, place).end()  # type: ignore[union-attr]  # matches the empty string, too
            if end == len(data):
                return end
            place = end
        found = _NEXT.search(data, place)
        end = len(data) if found is None else found.start()
        self._take(data[place:end])
        if found is None:
            return end
        self._sign(data[end])
        return end + 1

    def _string(self, data: bytes, place: int) -> int:
        end = _STRING.match(data, place).end()  # type: ignore[union-attr]  # matches the empty string, too
        self._take(data[place:end])
        if end == len(data):
            return end
        if data[end] != 0x22:  # an escape that is cut
            self._carry = data[end:]
            return len(data)
        self._take(b'"')
        self._in_string = False
        if self._looks and self._awaits is _Awaits.NAME:
            self._named()
        return end + 1

    @property
    def _in_result(self) -> bool:
        return self._name[1] == "result" and self._open[1:2] == b"{"

    @property
    def _looks(self) -> bool:
        level = len(self._open)
        return level == 1 or (level == 2 and self._in_result)

    def _take(self, text: bytes) -> None:
        """Keep what is looked at."""
        level = len(self._open)
        if level == 0 and text.strip(b" \t\r\n"):
            raise _malformed("is no JSON object")
        if self._looks and (self._awaits is not _Awaits.VALUE or (level, self._name[level]) in _READ):
            self._text += text
            if len(self._text) > _TEXT_MAX:
                raise _malformed("has a name or an id that is too long")

    def _sign(self, sign: int) -> None:
        """One bracket, comma, colon or quote."""
        if self._done:
            raise _malformed("goes on behind its end")
        if sign == 0x22:
            self._in_string = True
            self._take(b'"')
        elif sign in b"{[":
            self._opened(sign)
        elif sign in b"}]":
            self._closed(sign)
        elif self._looks:
            self._expect(_Awaits.VALUE if sign == 0x2C else _Awaits.COLON)
            if sign == 0x2C:
                self._valued()
                self._awaits = _Awaits.NAME
            else:
                self._awaits = _Awaits.VALUE
            self._text.clear()

    def _expect(self, awaits: _Awaits) -> None:
        if self._awaits is not awaits:
            raise _malformed("is no JSON")

    def _opened(self, bracket: int) -> None:
        if self._looks or not self._open:
            self._expect(_Awaits.VALUE)
        self._open.append(bracket)
        level = len(self._open)
        if level == 1 and bracket != 0x7B:
            raise _malformed("is no JSON object")
        if level > DEPTH_MAX:
            raise _malformed("is nested too deeply")
        if self._looks:
            self._has_result = self._has_result or level == 2
            self._awaits = _Awaits.NAME
            self._text.clear()

    def _closed(self, bracket: int) -> None:
        if not self._open or self._open[-1] != _CLOSES[bracket]:
            raise _malformed("is no JSON")
        if self._looks and not (self._awaits is _Awaits.NAME and not self._names[len(self._open)]):
            self._expect(_Awaits.VALUE)
            self._valued()
        self._open.pop()
        self._text.clear()
        self._awaits = _Awaits.VALUE
        self._done = not self._open

    def _named(self) -> None:
        """A name is complete."""
        level = len(self._open)
        try:
            name = _strings.decode(self._text.strip())
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise _malformed("has a name that cannot be read") from None
        reserved = _LOOKED_AT if level == 1 else _OF_RESULT
        if (level, name) == (2, "task"):
            raise _malformed("promises a task, which this gateway does not mediate at that length")
        if name in self._names[level] or reserved.get(fold(name), name) != name or (level == 1 and name == "method"):
            raise _malformed("has a member twice, or one that is none of a response")
        if len(self._names[level]) >= MEMBERS_MAX:
            raise _malformed(f"has more than {MEMBERS_MAX} members")
        self._names[level][name] = b""
        self._name[level] = name
        self._awaits = _Awaits.COLON
        self._text.clear()

    def _valued(self) -> None:
        """The value of the last name is complete."""
        level = len(self._open)
        name, value = self._name[level], bytes(self._text.strip())
        self._names[level][name] = value
        if (level, name) == (1, "id") and not same_id(value, self._id):
            raise _malformed("answers another request")
        if (level, name) == (2, "resultType") and self._stateless and value not in (b'"complete"', b"null"):
            raise _malformed("is no final result, which this gateway does not mediate at that length")


def _malformed(what: str) -> MalformedAnswer:
    return MalformedAnswer(f"the server's long answer {what}; its author must mend it")
