"""TOML that was found to be valid, as statements with their places in its text."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from typing import Final

from yett.scan.document import BadFile
from yett.wrap.spans import Member, Node, Step, line_of

DEPTH_MAX: Final = 100
_GAP: Final = re.compile(r"[ \t]*")
_BLANK: Final = re.compile(r"(?:[\s\ufeff]+|#[^\n]*)*")
_PART: Final = re.compile(r'[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*+"|\'[^\'\n]*+\'')
_STRING: Final = re.compile(
    r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*+"{3,5}|\'\'\'(?:[^\']|\'{1,2}(?!\'))*+\'{3,5}|' + _PART.pattern, re.DOTALL
)
_BARE: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:[^\s,\]}#]*|[^\s,\]}#]+")


@dataclass(frozen=True, slots=True)
class Statement:
    """The head of a table, or a key with its value."""

    way: tuple[Step, ...]
    """From the root of the document."""
    table: tuple[Step, ...]
    """The table in which it stands; that of a head is its own."""
    start: int
    end: int
    value: Node | None = None
    """None for a head."""


def read_toml(text: str) -> list[Statement]:
    """The statements in their order. Errors: `BadFile`, with the line."""
    reader = _Reader(text)
    found: list[Statement] = []
    counts: dict[tuple[Step, ...], int] = {}
    table: tuple[Step, ...] = ()
    at = reader.blank(0)
    while at < len(text):
        if text.startswith("[", at):
            table, end = reader.head(at, counts)
            found.append(Statement(table, table, at, end))
        else:
            keys, value = reader.pair(at)
            found.append(Statement((*table, *keys), table, at, value.end, value))
            end = value.end
        at = reader.blank(end)
    return found


class _Reader:
    """Reads from places on."""

    def __init__(self, text: str) -> None:
        self._text = text

    def blank(self, at: int) -> int:
        """Where something stands, from `at` on."""
        found = _BLANK.match(self._text, at)
        return at if found is None else found.end()

    def head(self, at: int, counts: dict[tuple[Step, ...], int]) -> tuple[tuple[Step, ...], int]:
        """The table that a head names, and where the head ends. Tables in lists are numbered."""
        double = self._text.startswith("[[", at)
        keys, end = self._keys(at + (2 if double else 1))
        end = self._sign("]]" if double else "]", end)
        way: tuple[Step, ...] = ()
        for key in keys[:-1]:
            way = (*way, key)
            way = (*way, counts[way]) if way in counts else way
        way = (*way, keys[-1])
        if double:
            counts[way] = counts.get(way, -1) + 1
            way = (*way, counts[way])
        return way, end

    def pair(self, at: int) -> tuple[tuple[str, ...], Node]:
        """The keys of a statement, and its value."""
        keys, end = self._keys(at)
        return keys, self._value(self._gap(self._sign("=", end)), 0)

    def _bad(self, at: int) -> BadFile:
        return BadFile(f"it is TOML that cannot be followed here (line {line_of(self._text, at)})")

    def _gap(self, at: int) -> int:
        found = _GAP.match(self._text, at)
        return at if found is None else found.end()

    def _sign(self, sign: str, at: int) -> int:
        if not self._text.startswith(sign, at):
            raise self._bad(at)
        return at + len(sign)

    def _keys(self, at: int) -> tuple[tuple[str, ...], int]:
        keys: list[str] = []
        while True:
            found = _PART.match(self._text, self._gap(at))
            if found is None:
                raise self._bad(at)
            keys.append(_plain(found[0]))
            at = self._gap(found.end())
            if not self._text.startswith(".", at):
                return tuple(keys), at
            at += 1

    def _value(self, at: int, depth: int) -> Node:
        if depth > DEPTH_MAX:
            raise BadFile("it is nested too deep")
        if self._text.startswith("{", at):
            return self._inline(at, depth)
        if self._text.startswith("[", at):
            return self._list(at, depth)
        found = (_STRING if self._text[at : at + 1] in {'"', "'"} else _BARE).match(self._text, at)
        if found is None:
            raise self._bad(at)
        return Node(at, found.end())

    def _inline(self, start: int, depth: int) -> Node:
        members: list[Member] = []
        at = self.blank(start + 1)
        while not self._text.startswith("}", at):
            keys, end = self._keys(at)
            value = self._value(self.blank(self._sign("=", end)), depth + 1)
            after = self.blank(value.end)
            comma = after if self._text.startswith(",", after) else None
            members.append(Member(keys[0], at, value, comma))
            at = after if comma is None else self.blank(comma + 1)
            if comma is None and not self._text.startswith("}", at):
                raise self._bad(at)
        return Node(start, at + 1, members=tuple(members))

    def _list(self, start: int, depth: int) -> Node:
        items: list[Node] = []
        at = self.blank(start + 1)
        while not self._text.startswith("]", at):
            item = self._value(at, depth + 1)
            items.append(item)
            at = self.blank(item.end)
            if self._text.startswith(",", at):
                at = self.blank(at + 1)
            elif not self._text.startswith("]", at):
                raise self._bad(at)
        return Node(start, at + 1, items=tuple(items))


def _plain(part: str) -> str:
    """A part of a key without its quotes."""
    if part[0] not in {'"', "'"}:
        return part
    return next(iter(tomllib.loads(f"{part} = 0")))


def shown_key(part: str) -> str:
    """A part of a key as it is written."""
    return part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else json.dumps(part, ensure_ascii=False)
