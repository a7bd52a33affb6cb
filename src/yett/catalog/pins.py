"""Pins: definitions of tools as people accepted them, by which they are known again. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from yett.catalog.definition import NAME_MAX
from yett.catalog.marks import marks_of, whole_fingerprint
from yett.policy.json_value import JsonObject, JsonValue


@dataclass(frozen=True, slots=True)
class Pin:
    """One definition, as it is known again."""

    fingerprint: str
    """Of the whole definition: what a person accepts."""
    marks: tuple[str, ...]
    """What other definitions are compared with it by."""
    definition: JsonObject


def pin_of(value: JsonValue) -> Pin | None:
    """The pin of a definition; None for what has no name that can be called, or cannot be written out."""
    name = value.get("name") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(name, str) or not 0 < len(name) <= NAME_MAX:
        return None
    marks = marks_of(value)
    return None if marks is None else Pin(whole_fingerprint(value), marks, value)


def pins_of(values: Iterable[JsonValue]) -> dict[str, Pin | None]:
    """The pin of each tool of a list, by name; None where the list has two definitions of one name.

    Nobody can say which of them a call reaches.
    """
    found: dict[str, Pin | None] = {}
    for value in values:
        pin = pin_of(value)
        if pin is not None:
            name = str(pin.definition["name"])
            before = found.setdefault(name, pin)
            if before is None or before.fingerprint != pin.fingerprint:
                found[name] = None
    return found
