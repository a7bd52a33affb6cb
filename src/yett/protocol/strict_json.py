"""JSON read so strictly that every reader of the same bytes sees the same value, and its canonical form for digests.

A decoded document is built of `None`, `bool`, `int`, `Decimal`, `str`, `list` and `dict`: the values that `yett.policy` judges.
"""

from __future__ import annotations

import math
import re
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal, Inexact, InvalidOperation
from itertools import islice
from typing import Final, TypeAlias, cast

import jiter
import msgspec

from yett.errors import ClientFault

JsonValue: TypeAlias = "bool | int | Decimal | str | list[JsonValue] | dict[str, JsonValue] | None"

DEPTH_MAX: Final = 64
"""Levels of arrays and objects in a message of a client. No tool needs more, and some peers stop at about 100."""
SIGNS_MAX: Final = 200_000
"""Strings, commas and opening brackets in a message: a hundred embeddings fit. As values they are a hundred times as long as the
shortest text of them, and while they are made nobody else is served."""

_PLAIN_DIGITS: Final = 18
_INTEGER_PLAIN_LIMIT: Final = 10**_PLAIN_DIGITS
"""Integers below this magnitude are written out in canonical form; all other numbers as digits and exponent."""
_SHAPES: Final = bytes(
    0x30 if byte in b"0123456789" else 0x65 if byte in b"eE" else 0x5B if byte in b"[{" else 0x20 for byte in range(256)
)
"""Digits as `0`, exponents as `e`, opening brackets as `[`, all else as blanks."""
_EXPONENT: Final = b"0e00"
_LONG_RUN: Final = b"0" * 300
_SIGN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[,\[{]', re.DOTALL)
_LONG_START: Final = b"0" * 40
"""Looked for first: a search for three hundred bytes takes longer to begin than one for forty to end."""
_TOO_LARGE: Final = "the JSON has a number that is too large to be read"
_EXACT: Final = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[Inexact, InvalidOperation])


class Unreadable(ClientFault):
    """The bytes are not strict JSON. `str(error)` holds none of them."""


def read(data: bytes, *, depth_max: int = DEPTH_MAX, signs_max: int = SIGNS_MAX) -> JsonValue:
    """Decode UTF-8 JSON text.

    Numbers with a fraction or an exponent become `Decimal`, so no value is rounded. Numbers past the range of binary64 are
    refused: most readers would see an infinity.

    Errors: `Unreadable` for anything that two readers may take differently (duplicate keys, NaN, infinities, byte order mark,
    other encodings, lone surrogates), that goes deeper than `depth_max`, or that has more than `signs_max` parts.
    """
    if len(data) > signs_max and _has_more_signs(data, signs_max):
        raise Unreadable(f"the JSON has more than {signs_max} values, names and commas; send less at once")
    try:
        value = jiter.from_json(data, allow_inf_nan=False, cache_mode="keys", catch_duplicate_keys=True, float_mode="decimal")
    except ValueError as error:
        raise Unreadable(_reason(error)) from None
    shape = data.translate(_SHAPES, b"+")
    # Most messages have fewer brackets than the bound has levels: then there is nothing to measure.
    if shape.count(b"[") > depth_max and _is_deeper(value, depth_max):
        raise Unreadable(f"the JSON is nested deeper than {depth_max} levels")
    # The same for digits: without two in an exponent, or a run of three hundred, no number is as large as that.
    if (_EXPONENT in shape or (_LONG_START in shape and _LONG_RUN in shape)) and _overflows(value):
        raise Unreadable(_TOO_LARGE)
    return cast(JsonValue, value)


def _reason(error: ValueError) -> str:
    """A sentence without any of the client's text (the parser's own message quotes duplicate keys)."""
    text = str(error)
    if "duplicate key" in text:
        return "the JSON has a duplicate key"
    if "recursion" in text:
        return "the JSON is nested too deeply"
    if "range" in text or "InvalidOperation" in text:
        return _TOO_LARGE
    if "surrogate" in text or "hex escape" in text or "unicode" in text:
        return "the JSON has text that is not valid Unicode"
    return "the body is not valid JSON in UTF-8"


def _has_more_signs(data: bytes, most: int) -> bool:
    """Whether there are more strings, commas and opening brackets than `most`; those within strings do not count."""
    if sum(map(data.count, (b",", b"[", b"{"))) + data.count(b'"') // 2 <= most:
        return False
    return next(islice(_SIGN.finditer(data), most, None), None) is not None


def _is_deeper(value: object, levels: int) -> bool:
    """Whether arrays and objects are nested more than `levels` deep; a breadth-first walk, so no recursion."""
    level = [value] if isinstance(value, list | dict) else []
    for _ in range(levels):
        if not level:
            return False
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else cast("list[object]", node))
            if isinstance(child, list | dict)
        ]
    return bool(level)


def _overflows(value: object) -> bool:
    """Whether a number would be an infinity to those who read it as binary64."""
    pending = [[value]]
    for items in pending:
        for item in items:
            if isinstance(item, dict):
                pending.append(list(item.values()))
            elif isinstance(item, list):
                pending.append(item)
            elif isinstance(item, Decimal | int) and _is_infinite(item):
                return True
    return False


def _is_infinite(number: Decimal | int) -> bool:
    try:
        return math.isinf(float(number))
    except OverflowError:
        return True


def canonical(value: JsonValue) -> bytes:
    """The one JSON text of this value: sorted keys, no blanks, numbers by exact decimal value (`1`, `1.0` and `1e0` are one)."""
    return _encoder.encode(_canonical_numbers(value))


_encoder: Final = msgspec.json.Encoder(order="deterministic")


_AS_THEY_ARE: Final = frozenset({str, bool, type(None)})


def _canonical_numbers(value: JsonValue) -> object:
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if isinstance(value, dict):
        return {key: member if type(member) in _AS_THEY_ARE else _canonical_numbers(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_canonical_numbers(item) for item in value]
    if isinstance(value, int):
        return value if -_INTEGER_PLAIN_LIMIT < value < _INTEGER_PLAIN_LIMIT else _number(Decimal(value))
    assert isinstance(value, Decimal), "JSON has no other kind"
    return _number(value)


def _number(number: Decimal) -> int | msgspec.Raw:
    """Shifting digits, never rounding: an exponent of 10^18 must not become that many digits."""
    shortest = number.normalize(_EXACT)
    if not shortest:
        return 0
    text = str(shortest)
    if "." in text and "E" not in text:
        return msgspec.Raw(text.encode())  # what nearly every such number is, at half of the time
    if shortest.as_tuple().exponent >= 0 and shortest.adjusted() < _PLAIN_DIGITS:  # type: ignore[operator]  # finite
        return int(shortest)
    return msgspec.Raw(text.encode())
