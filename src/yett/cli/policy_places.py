"""Where a JSON Pointer stands in the text of a policy file: line and column, for people and editors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from yett.policy.errors import pointer_join


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a text; both from 1."""

    line: int
    column: int


START: Final = Place(1, 1)


def place_of(pointer: str, places: Mapping[str, Place]) -> Place:
    """The place of a pointer, or of the nearest thing around it that is there: a missing key has no place of its own."""
    while pointer and pointer not in places:
        pointer = pointer.rpartition("/")[0]
    return places.get(pointer, START)


def places_in(text: str, *, yaml: bool) -> dict[str, Place]:
    """The place of every key and element; of what cannot be read, nothing. A key stands at its name, an element at its start."""
    walk = _yaml_places(text) if yaml else _json_places(text)
    found: dict[str, Place] = {}
    try:
        for pointer, place in walk:
            found.setdefault(pointer, place)
    except (ValueError, IndexError, AttributeError, AssertionError):  # no text of the kind: what was found so far stands
        return found
    return found


_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')


@dataclass(slots=True)
class _Open:
    """An object or list that is being read."""

    pointer: str
    is_list: bool
    index: int = 0
    key: str = ""
    wants_key: bool = False

    def child(self) -> str:
        return pointer_join(self.pointer, self.index if self.is_list else self.key)


def _json_places(text: str) -> Iterator[tuple[str, Place]]:
    """The parser has said that it is JSON, or what is wrong with it: here, brackets and strings are all that matters."""
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    line, opened = 0, list[_Open]()
    for match in _TOKEN.finditer(text):
        while line + 1 < len(starts) and starts[line + 1] <= match.start():
            line += 1
        place, piece = Place(line + 1, match.start() - starts[line] + 1), match[0]
        around = opened[-1] if opened else None
        if around is not None and around.wants_key and piece.startswith('"'):
            around.key, around.wants_key = str(json.loads(piece)), False
            yield around.child(), place
        elif piece in "}]":
            opened.pop()
        elif piece == ",":
            assert around is not None
            around.index += 1
            around.wants_key = not around.is_list
        elif piece != ":":
            pointer = around.child() if around is not None else ""
            yield pointer, place
            if piece in "{[":
                opened.append(_Open(pointer, piece == "[", wants_key=piece == "{"))


def _yaml_places(text: str) -> Iterator[tuple[str, Place]]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        events = [event for event in YAML(typ="safe", pure=True).parse(text) if type(event).__name__ in _YAML_EVENTS]
    except YAMLError:
        return
    opened = list[_Open]()
    for event in events:
        kind = type(event).__name__
        if kind.endswith("EndEvent"):
            opened.pop()
            continue
        place = Place(event.start_mark.line + 1, event.start_mark.column + 1)
        around = opened[-1] if opened else None
        if around is not None and around.wants_key:
            around.key, around.wants_key = str(event.value), False
            yield around.child(), place
            continue
        pointer = around.child() if around is not None else ""
        yield pointer, place
        if around is not None:
            around.index += 1
            around.wants_key = not around.is_list
        if kind != "ScalarEvent":
            is_list = kind == "SequenceStartEvent"
            opened.append(_Open(pointer, is_list, wants_key=not is_list))


_YAML_EVENTS: Final = frozenset(
    {"ScalarEvent", "SequenceStartEvent", "SequenceEndEvent", "MappingStartEvent", "MappingEndEvent", "AliasEvent"}
)
