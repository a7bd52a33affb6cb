"""What a tool's definition is known again by: a pin, taken when a person first sees a tool or accepts a change. Pure.

A server may leave members out for a client of an older revision, and says the same all the same: so a pin holds one mark for what
every revision has, and one for each other member. A definition fits a pin if it says nothing that the pin does not hold.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from yett.catalog.definition import NAME_MAX
from yett.catalog.fingerprint import DIGEST_BYTES
from yett.policy.json_value import JsonObject, JsonValue

CORE: Final = ("name", "description", "inputSchema")
"""The members that every revision of the protocol has."""
MARKED_MAX: Final = 32
"""Other members of a definition that have a mark each; what is more has one together."""


@dataclass(frozen=True, slots=True)
class Pin:
    """One definition, as it is known again."""

    fingerprint: str
    """Of the whole definition, whatever the order of its members: what a person accepts."""
    marks: tuple[str, ...]
    """The core's first, then one for each other member."""
    definition: JsonObject


def pin_of(value: JsonValue) -> Pin | None:
    """The pin of a definition; None for what has no name that can be called, or cannot be written out."""
    name = value.get("name") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(name, str) or not 0 < len(name) <= NAME_MAX:
        return None
    marks = marks_of(value)
    return None if marks is None else Pin(fingerprint_of(value), marks, value)


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


def fingerprint_of(value: JsonObject) -> str:
    """That of a whole definition."""
    return _digest(_text(value), b"yett whole tool")


def marks_of(value: JsonValue) -> tuple[str, ...] | None:
    """What a definition is compared by; None for one that cannot be written out."""
    if not isinstance(value, dict):
        return None
    others = sorted(value.keys() - set(CORE))
    try:
        core = _digest(_text({key: value[key] for key in CORE if key in value}), b"yett pin")
        marks = [_digest(_text([key, value[key]]), b"yett pin member") for key in others[:MARKED_MAX]]
        if len(others) > MARKED_MAX:
            marks.append(_digest(_text({key: value[key] for key in others[MARKED_MAX:]}), b"yett pin rest"))
    except (ValueError, TypeError, RecursionError):
        return None
    return (core, *marks)


def fits(marks: Sequence[str], pinned: Collection[str]) -> bool:
    """Whether a definition with these marks says nothing that the pin with those does not hold."""
    return all(mark in pinned for mark in marks)


def _text(value: JsonValue) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _digest(text: str, person: bytes) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES, person=person).hexdigest()
