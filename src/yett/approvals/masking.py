"""What people see of a call's arguments: everything, but for secrets. Masked before it is kept anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final, TypeAlias

from yett.policy.json_value import JsonValue

MASK: Final = "***"
SECRET: Final = re.compile(
    r"(pass(word|wd|phrase|code)|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|authori[sz]ation|credential|cookie"
    r"|session[-_]?id|bearer|otp|pin[-_]?code|cvv|cvc)s?$",
    re.IGNORECASE,
)
"""Names whose values are secrets wherever they stand."""
COUNTED: Final = re.compile(r"tokens$", re.IGNORECASE)
Masks: TypeAlias = Sequence[tuple[str | None, ...]]
"""Places to mask beside them, as the steps to them; None is any step."""
_STEP: Final = re.compile(r"(?:[^.\\]|\\.|\\$)*", re.DOTALL)
_ESCAPED: Final = re.compile(r"\\([.*\\])")


def masks(places: Sequence[str]) -> Masks:
    """Places as they are configured (`headers.*`, `cards.*.number`), read. `\\.` is a dot of a name, `\\*` one that is a star."""
    return [tuple(None if step == "*" else _ESCAPED.sub(r"\1", step) for step in _steps(place)) for place in places]


def _steps(place: str) -> Iterator[str]:
    at = 0
    while True:
        step = _STEP.match(place, at)
        assert step is not None, "it may be empty"
        yield step[0]
        if step.end() >= len(place):
            return
        at = step.end() + 1  # a dot


def masked(value: JsonValue, places: Masks = ()) -> JsonValue:
    """The value with each secret as `***`; empty ones stay, for they tell nothing."""
    if isinstance(value, dict):
        named = any(isinstance(told := value.get(word), str) and SECRET.search(told) for word in ("name", "key"))
        inner = [*places, ("value",)] if named else places  # as headers are often written: {"name": "Cookie", "value": "…"}
        return {name: _member(name, member, inner) for name, member in value.items()}
    if isinstance(value, list):
        return [_member(str(index), item, places) for index, item in enumerate(value)]
    return value


def _member(name: str, value: JsonValue, places: Masks) -> JsonValue:
    inner = [place[1:] for place in places if place and place[0] in (None, name)]
    if any(not place for place in inner) or (SECRET.search(name) and not _tells_nothing(name, value)):
        return value if value in ("", None) else MASK
    return masked(value, inner)


def _tells_nothing(name: str, value: JsonValue) -> bool:
    """Whether a value is no secret whatever it is called: yes, no, nothing, and how many (`max_tokens`)."""
    return isinstance(value, bool | None) or (isinstance(value, int | Decimal) and COUNTED.search(name) is not None)
