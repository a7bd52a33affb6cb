"""How a call reads on its page: each argument by itself, and no text of it moves what stands beside."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

from yett.approvals.shown import inert_members

LONG: Final = 600
"""Characters from which on it is said how long a value is, since it does not fit on a screen."""
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True, slots=True)
class Argument:
    """One top-level argument."""

    name: str
    value: Markup
    length: int
    """Characters of the value."""
    long: bool


def arguments_of(text: str) -> list[Argument]:
    """The arguments of a call, from inert JSON."""
    return [Argument(name, isolated(value), len(value), len(value) > LONG) for name, value in inert_members(text)]


def isolated(text: str) -> Markup:
    """JSON as markup in which the reading direction of one string reaches nothing outside of it."""
    parts, end = [], 0
    for found in _STRING.finditer(text):
        parts += [escape(text[end : found.start()]), Markup("<bdi>"), escape(found[0]), Markup("</bdi>")]
        end = found.end()
    return Markup("").join([*parts, escape(text[end:])])


def moment_of(text: str | None) -> str:
    """`2026-01-02T03:04:05Z` as people read it."""
    return "" if text is None else text.replace("T", " ").replace("Z", " UTC")


def span_of(seconds: int | None) -> str:
    """How long, in the largest unit that fits."""
    if seconds is None:
        return ""
    for unit, name in ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")):
        if seconds % unit == 0 and seconds >= unit:
            count = seconds // unit
            return f"{count} {name}{'' if count == 1 else 's'}"
    return f"{seconds} seconds"
