"""Texts of tool definitions beside each other: where they differ. For `drift`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from yett.catalog.quoting import quoted
from yett.policy.json_value import JsonObject

LINES_MAX: Final = 16
"""Lines of a diff."""
QUOTE_MAX: Final = 120
PLACE_MAX: Final = 100
_CONTEXT: Final = 30
"""Characters that are shown before the first that differs."""
_ABSENT: Final = object()


def diff_of(was: JsonObject | None, now: JsonObject | None) -> str:
    """Where two definitions differ, a line or two for each place. For one that came or went, what it says of itself."""
    if was is None or now is None:
        sign, value = ("+", now) if was is None else ("-", was)
        return f"{sign} /description: {_shown((value or {}).get('description', ''))}"
    lines: list[str] = []
    for place, before, after in _places(was, now):
        start = _start(before, after)
        lines += [f"- {place}: {_shown(before, start)}"] if before is not _ABSENT else []
        lines += [f"+ {place}: {_shown(after, start)}"] if after is not _ABSENT else []
        if len(lines) >= LINES_MAX:
            return "\n".join([*lines[:LINES_MAX], "…"])
    return "\n".join(lines)


def _places(was: JsonObject, now: JsonObject) -> Iterator[tuple[str, object, object]]:
    """Each place where two objects differ, with what stands there; objects within are looked into."""
    pending: list[tuple[str, object, object]] = [("", was, now)]
    while pending:
        place, before, after = pending.pop()
        if isinstance(before, dict) and isinstance(after, dict):
            names = sorted(before.keys() | after.keys(), reverse=True)
            pending.extend((f"{place}/{name[:PLACE_MAX]}", before.get(name, _ABSENT), after.get(name, _ABSENT)) for name in names)
        elif before is _ABSENT or after is _ABSENT or before != after:
            yield quoted(place, PLACE_MAX), before, after


def _start(before: object, after: object) -> int:
    """Where to begin quoting: a little before two texts part."""
    if not isinstance(before, str) or not isinstance(after, str):
        return 0
    parting = next((at for at, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), None)
    return max(0, (min(len(before), len(after)) if parting is None else parting) - _CONTEXT)


def _shown(value: object, start: int = 0) -> str:
    if isinstance(value, str):
        return ("…" if start else "") + (quoted(value[start:], QUOTE_MAX) or '""')
    return quoted(json.dumps(value, ensure_ascii=False), QUOTE_MAX)
