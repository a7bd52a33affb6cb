"""JSON, with comments and trailing commas where a client leaves them in, as places in its text."""

from __future__ import annotations

import json
import re
from typing import Final

from yett.scan.document import BadFile
from yett.wrap.spans import Member, Node, line_of

DEPTH_MAX: Final = 200
_BLANK: Final = re.compile(r"(?:[\s\ufeff]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_SCALAR: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|[-+0-9.eE]+|true|false|null', re.DOTALL)


def read_json(text: str) -> Node:
    """The document as a place. Errors: `BadFile`, with the line."""
    reader = _Reader(text)
    node = reader.value(reader.blank(0), 0)
    if reader.blank(node.end) != len(text):
        raise reader.bad(reader.blank(node.end))
    return node


class _Reader:
    """Reads from places on; each method gives what it found, or raises."""

    def __init__(self, text: str) -> None:
        self._text = text

    def blank(self, at: int) -> int:
        """Where something stands, from `at` on."""
        found = _BLANK.match(self._text, at)
        return at if found is None else found.end()

    def bad(self, at: int) -> BadFile:
        return BadFile(f"it is no JSON (line {line_of(self._text, at)})")

    def value(self, at: int, depth: int) -> Node:
        if depth > DEPTH_MAX:
            raise BadFile("it is nested too deep")
        if self._is("{", at):
            return self._object(at, depth)
        if self._is("[", at):
            return self._list(at, depth)
        found = _SCALAR.match(self._text, at)
        if found is None:
            raise self.bad(at)
        return Node(at, found.end())

    def _is(self, sign: str, at: int) -> bool:
        return self._text.startswith(sign, at)

    def _object(self, start: int, depth: int) -> Node:
        members: list[Member] = []
        at = self.blank(start + 1)
        while not self._is("}", at):
            member = self._member(at, depth)
            members.append(member)
            at = self.blank(member.end if member.comma is None else member.comma + 1)
            if member.comma is None and not self._is("}", at):
                raise self.bad(at)
        return Node(start, at + 1, members=tuple(members))

    def _member(self, start: int, depth: int) -> Member:
        key = _SCALAR.match(self._text, start)
        if key is None or not key[0].startswith('"'):
            raise self.bad(start)
        colon = self.blank(key.end())
        if not self._is(":", colon):
            raise self.bad(colon)
        value = self.value(self.blank(colon + 1), depth + 1)
        after = self.blank(value.end)
        return Member(self._name(key[0], start), start, value, after if self._is(",", after) else None)

    def _name(self, text: str, start: int) -> str:
        try:
            name = json.loads(text)
        except ValueError:
            raise self.bad(start) from None
        assert isinstance(name, str), "it stands in quotes"
        return name

    def _list(self, start: int, depth: int) -> Node:
        items: list[Node] = []
        at = self.blank(start + 1)
        while not self._is("]", at):
            item = self.value(at, depth + 1)
            items.append(item)
            at = self.blank(item.end)
            if self._is(",", at):
                at = self.blank(at + 1)
            elif not self._is("]", at):
                raise self.bad(at)
        return Node(start, at + 1, items=tuple(items))
