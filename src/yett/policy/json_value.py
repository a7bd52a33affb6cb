"""JSON values as the policy engine sees them, and the rules by which they are compared.

A decoded JSON document is built of `None`, `bool`, `int`, `Decimal`, `str`, `list` and `dict`. Numbers with a fraction or an
exponent are `Decimal`, never `float`: a policy compares exact values.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final, TypeAlias

JsonValue: TypeAlias = "bool | int | Decimal | str | list[JsonValue] | dict[str, JsonValue] | None"
JsonObject: TypeAlias = dict[str, JsonValue]
Number: TypeAlias = int | Decimal

INTEGER_EXACT_MAX: Final = 2**53
"""Largest magnitude up to which every JSON reader agrees on an integer (IEEE 754 binary64)."""


_SURE_DIGITS: Final = 15
"""Every decimal of so many significant digits comes back from a double as it went in (C's `DBL_DIG`)."""
_SURE_CHARS: Final = _SURE_DIGITS + 1
"""So many characters hold a decimal point or a sign beside the digits, or an exponent and fewer digits."""
_SURE_EXPONENT: Final = 300
"""Within the range in which doubles have their full precision."""


_seen_exact: Final[list[Decimal | None]] = [None]
"""The last number that was looked at and is surely exact: numbers do not change, and while it is held none else is it."""


def json_type(value: JsonValue) -> str:
    """The JSON type of `value`: `null`, `boolean`, `number`, `string`, `array` or `object`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | Decimal):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def is_exact(number: Number) -> bool:
    """Whether every reader of this JSON number sees the same value.

    True if the shortest decimal that reads back as the number's binary64 double equals it and, if it is integral, its
    magnitude is at most 2^53. The upstream may read another value than the one judged where this is false.
    """
    if isinstance(number, int):
        return -INTEGER_EXACT_MAX <= number <= INTEGER_EXACT_MAX
    if number is _seen_exact[0]:
        return True  # one argument is judged by several conditions, one after the other
    if len(str(number)) <= _SURE_CHARS and -_SURE_EXPONENT < number.adjusted() < _SURE_DIGITS:
        _seen_exact[0] = number
        return True  # what nearly every number is, at a fifth of the time
    double = float(number)
    if double in (float("inf"), float("-inf")) or Decimal(repr(double)) != number:
        return False
    return not double.is_integer() or abs(double) <= INTEGER_EXACT_MAX


def has_inexact_number(value: JsonValue) -> bool:
    """Whether `value` is or contains, at any depth, a number that `is_exact` refuses."""
    return any(isinstance(part, int | Decimal) and not isinstance(part, bool) and not is_exact(part) for part in _parts(value))


def _parts(value: JsonValue) -> Iterator[JsonValue]:
    """`value` and everything inside it, without recursion: depth must not matter."""
    pending = [value]
    while pending:
        part = pending.pop()
        yield part
        if isinstance(part, list):
            pending.extend(part)
        elif isinstance(part, dict):
            pending.extend(part.values())


def json_equal(left: JsonValue, right: JsonValue) -> bool:
    """Equality as JSON: by type and exact value, so `1` equals `1.0` and never `true` or `"1"`."""
    pending = [(left, right)]
    while pending:
        a, b = pending.pop()
        if json_type(a) != json_type(b):
            return False
        if isinstance(a, list) and isinstance(b, list):
            if len(a) != len(b):
                return False
            pending.extend(zip(a, b, strict=True))
        elif isinstance(a, dict) and isinstance(b, dict):
            if a.keys() != b.keys():
                return False
            pending.extend((a[key], b[key]) for key in a)
        elif a != b:
            return False
    return True
