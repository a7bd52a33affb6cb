"""What definitions of tools are compared by where they are held to pins. Pure, and of little weight: data planes use it.

A server may leave members out for a client of an older revision, and says the same all the same: so there is one mark for what
every revision has, and one for each other member. A definition fits a pin if it says nothing that the pin does not hold.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from hashlib import blake2b
from typing import Final

from yett.catalog.fingerprint import DIGEST_BYTES
from yett.policy.json_value import JsonObject, JsonValue

CORE: Final = ("name", "description", "inputSchema")
"""The members that every revision of the protocol has."""
MARKED_MAX: Final = 32
"""Other members of a definition that have a mark each; what is more has one together."""


def marks_of(value: JsonValue) -> tuple[str, ...] | None:
    """What a definition is compared by, the core's mark first; None for one that cannot be written out."""
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


def whole_fingerprint(value: JsonObject) -> str:
    """That of a definition with all that is in it, whatever the order of its members: what a person accepts."""
    return _digest(_text(value), b"yett whole tool")


def _text(value: JsonValue) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _digest(text: str, person: bytes) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES, person=person).hexdigest()
