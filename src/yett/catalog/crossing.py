"""What definitions try on tools of other servers that the same people use. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from yett.catalog.poison import Around, Flag, poison
from yett.catalog.poison_readings import folded, latin
from yett.policy.json_value import JsonObject, JsonValue

Others: TypeAlias = Mapping[str, tuple[str, str]]
"""Tools of other servers by their names in lower case: name and description of each."""
CODES: Final = frozenset({"cross_tool", "same_elsewhere"})
"""Codes of `yett.catalog.poison.FLAGS` that are found only beside other servers."""
NOBODY: Final[Others] = {}
_NAME: Final = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)+")
_DESCRIPTION_MAX: Final = 2_000
"""Characters of a description that are compared."""


def others_of(listed: Iterable[JsonValue]) -> dict[str, tuple[str, str]]:
    """What is to be known of the tools of a server where another one is judged."""
    found: dict[str, tuple[str, str]] = {}
    for value in listed:
        name, text = (value.get("name"), value.get("description")) if isinstance(value, dict) else (None, None)
        if isinstance(name, str) and name:
            found[name.lower()] = name, text[:_DESCRIPTION_MAX] if isinstance(text, str) else ""
    return found


def crossings(listed: Sequence[JsonValue], others: Others) -> dict[str, tuple[Flag, ...]]:
    """What each tool of a list tries on `others`, by name, of those that try something."""
    if not others:
        return {}
    siblings = frozenset(one["name"] for one in listed if isinstance(one, dict) and isinstance(one.get("name"), str))
    found: dict[str, tuple[Flag, ...]] = {}
    for value in listed:
        if isinstance(value, dict) and isinstance(value.get("name"), str):
            flags = _crossing(value, siblings, others)
            if flags:
                found[str(value["name"])] = found.get(str(value["name"]), ()) + flags
    return found


def _crossing(value: JsonObject, siblings: frozenset[JsonValue], others: Others) -> tuple[Flag, ...]:
    """Only the others that it names are looked for in its texts: there may be tens of thousands."""
    name = str(value["name"])
    named = {one for text in _texts(value) for one in _NAME.findall(latin(folded(text)))} | {name.lower()}
    meant = dict(others[one] for one in named if one in others)
    if not meant:
        return ()
    around = Around(siblings=frozenset(map(str, siblings)), others=meant)
    return tuple(flag for flag in poison(value, around) if flag.code in CODES)


def _texts(value: JsonValue) -> Iterable[str]:
    pending: list[JsonValue] = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            yield from one
            pending.extend(one.values())
        elif isinstance(one, list):
            pending.extend(one)
