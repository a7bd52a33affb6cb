"""What people see of a call's arguments: everything, but for secrets. Masked before it is kept anywhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, TypeAlias

from yett.policy.json_value import JsonValue

MASK: Final = "***"
SECRET: Final = re.compile(
    r"(pass(word|wd|phrase|code)|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|authori[sz]ation|credential|cookie"
    r"|session[-_]?id|bearer|otp|pin[-_]?code|cvv|cvc)s?$",
    re.IGNORECASE,
)
"""Names whose values are secrets wherever they stand."""
Masks: TypeAlias = Sequence[tuple[str, ...]]
"""Places to mask beside them, as the steps to them; `*` is any step."""


def masks(places: Sequence[str]) -> Masks:
    """Places as they are configured (`headers.*`, `cards.*.number`), read."""
    return [tuple(place.split(".")) for place in places]


def masked(value: JsonValue, places: Masks = ()) -> JsonValue:
    """The value with each secret as `***`; empty ones stay, for they tell nothing."""
    if isinstance(value, dict):
        return {name: _member(name, member, places) for name, member in value.items()}
    if isinstance(value, list):
        return [_member(str(index), item, places) for index, item in enumerate(value)]
    return value


def _member(name: str, value: JsonValue, places: Masks) -> JsonValue:
    inner = [place[1:] for place in places if place and place[0] in {"*", name}]
    if any(not place for place in inner) or (SECRET.search(name) and not isinstance(value, bool | None)):
        return value if value in ("", None) else MASK
    return masked(value, inner)
