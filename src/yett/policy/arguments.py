"""Do the arguments satisfy the tool's input schema? Pure; the validator is jsonschema-rs, loaded at first use.

A schema comes from the server, the arguments come from the client, and neither is trusted: nothing is fetched, patterns run in
linear time, and both are weighed before they meet. A schema that cannot be used safely is not usable, and the call is denied.

Numbers stay as they are: the validator takes `Decimal` and `int` of any length and compares them exactly, so that `0.1` meets a
`maximum` of `0.1` and not its binary neighbour. `1.0` and `1E+2` are integers, as JSON Schema wants it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from yett.policy.decision import ArgumentCheck
from yett.policy.json_value import JsonObject, JsonValue
from yett.policy.schema_work import UnresolvedReferenceError, Work, weigh

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError, Validator

SCHEMA_BYTES_MAX: Final = 256 * 1024
"""Largest input schema that is compiled; the largest seen in public catalogues has a tenth of it."""
SCHEMA_DEPTH_MAX: Final = 64
PATHS_MAX: Final = 10_000
"""Most looks at one value that a schema may cause; a schema with shared definitions causes some dozens."""
WORK_MAX: Final = 4_000_000
"""Looks in all, about 50 ms; counted only for schemas that look at a value more than `_LIGHT` times."""
_LIGHT: Final = 64
_EXPLANATION_MAX: Final = 400_000
"""Parts of the arguments times size of the schema up to which a refusal says why: every branch of `anyOf` adds errors, and each
error copies a piece of both."""
_REASON_CHARS_MAX: Final = 300
_PATTERN_BYTES_MAX: Final = 1_000_000
"""Largest compiled pattern: `a{100000}` is refused."""

_REFUSED: Final = "the arguments do not satisfy the tool's input schema"
_UNSAID: Final = (
    "additional",
    "anyOf",
    "contains",
    "custom",
    "dependent",
    "falseSchema",
    "not",
    "oneOf",
    "propertyNames",
    "uneval",
)
"""Beginnings of the kinds of errors whose own words would quote the whole schema, or the arguments."""


def compile_check(schema: bytes | dict[str, JsonValue]) -> ArgumentCheck | None:
    """The check of one tool's input schema; None if it is not usable: no schema, too large, too heavy, or not self-contained.

    JSON Schema 2020-12, or the draft that `$schema` names. `format` is an annotation, as those drafts have it.
    """
    document = _decode(schema) if isinstance(schema, bytes) else schema
    size = _measure(document) if isinstance(document, dict) else None
    if size is None or not isinstance(document, dict):
        return None
    try:
        work = weigh(document)
    except (UnresolvedReferenceError, ValueError):  # urllib raises ValueError for a reference that is no URI
        return None
    if work.paths_max > PATHS_MAX:
        return None
    validator = _build(document)
    return None if validator is None else _check(validator, work, size)


def _decode(schema: bytes) -> JsonValue:
    if len(schema) > SCHEMA_BYTES_MAX:
        return None
    try:
        decoded: JsonValue = json.loads(
            schema, parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=_without_duplicates
        )
    except (ValueError, RecursionError):
        return None
    return decoded


def _refuse(constant: str) -> JsonValue:
    raise ValueError(f"not JSON: {constant}")


def _without_duplicates(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a key stands twice")
    return members


def _measure(schema: dict[str, JsonValue]) -> int | None:
    """About the size of the schema as JSON text; None if it is too large or too deep. Walked without recursion."""
    size, level = 0, list[JsonValue]([schema])
    for _ in range(SCHEMA_DEPTH_MAX):
        below: list[JsonValue] = []
        for part in level:
            size += len(part) + 2 if isinstance(part, str) else 2
            if isinstance(part, dict):
                size += sum(len(key) + 4 for key in part)
                below.extend(part.values())
            elif isinstance(part, list):
                below.extend(part)
        if size > SCHEMA_BYTES_MAX:
            return None
        if not below:
            return size
        level = below
    return None


def _build(document: dict[str, JsonValue]) -> Validator | None:
    import jsonschema_rs  # noqa: PLC0415 - loaded only where arguments are validated

    try:
        return jsonschema_rs.validator_for(
            document,
            offline=True,
            mask="the value",
            validate_formats=False,
            pattern_options=jsonschema_rs.RegexOptions(size_limit=_PATTERN_BYTES_MAX),
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError, TypeError, OverflowError):
        return None


def _check(validator: Validator, work: Work, size: int) -> ArgumentCheck:
    # An explanation follows every branch of `anyOf`, at each level: only where that is bounded.
    explained_parts_max = 0 if work.recursive or work.paths_max > _LIGHT else _EXPLANATION_MAX // max(1, size)
    parts_max = WORK_MAX // work.paths_max if work.paths_max > _LIGHT else None

    def check(arguments: JsonObject) -> str | None:
        try:
            instance = dict(arguments)
            if parts_max is not None and not _has_at_most(parts_max, instance):
                return "the arguments have too many parts to be checked against the tool's input schema"
            if validator.is_valid(instance):
                return None
            return _why(validator, instance) if _has_at_most(explained_parts_max, instance) else _REFUSED
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # noqa: BLE001 - boundary of a foreign library; a panic there is no Exception. It refuses.
            return _REFUSED

    return check


def _has_at_most(limit: int, value: JsonValue) -> bool:
    """Whether there are at most `limit` values in `value`, itself included."""
    count, pending = 0, [value]
    while pending and count <= limit:
        part = pending.pop()
        count += 1
        if isinstance(part, dict):
            pending.extend(part.values())
        elif isinstance(part, list):
            pending.extend(part)
    return count <= limit


def _why(validator: Validator, instance: dict[str, JsonValue]) -> str:
    import jsonschema_rs  # noqa: PLC0415 - loaded already, by the validator

    try:
        validator.validate(instance)
    except jsonschema_rs.ValidationError as error:
        return f"{_REFUSED}: {_reason(error)}"[:_REASON_CHARS_MAX]
    return _REFUSED


def _reason(error: ValidationError) -> str:
    """What is wrong, in the schema's words only: values and inner keys of arguments belong neither in replies nor in the log."""
    details: Mapping[str, object] = error.kind.as_dict()
    place = _place(error)
    keyword = error.kind.name
    if keyword == "required":
        return f"`{place}{'.' if place else ''}{details.get('property')}` is required"
    if keyword in {"additionalProperties", "unevaluatedProperties"} and not error.instance_path:
        unknown = details.get("unexpected")
        return f"unknown argument {_quoted(unknown) if isinstance(unknown, list) else ''}".rstrip()
    where = f"`{place}`: " if place else ""
    if keyword.startswith(_UNSAID) and keyword != "uniqueItems":
        return f"{where}`{keyword}` does not hold"
    return f"{where}{error.message}"


def _quoted(names: list[object]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _place(error: ValidationError) -> str:
    """The argument as a path, made of names in the schema alone; where a name is the client's own, `*`."""
    steps = [str(step) for step in error.evaluation_path]
    place, index = "", 0
    while index < len(steps):
        keyword = steps[index]
        if keyword == "properties" and index + 1 < len(steps):
            place += f".{steps[index + 1]}"
            index += 1
        elif keyword in {"items", "prefixItems", "additionalItems", "unevaluatedItems"}:
            place += "[*]"
        elif keyword in {"patternProperties", "additionalProperties", "unevaluatedProperties"} and index + 1 < len(steps):
            place += ".*"
        index += 1
    return place.removeprefix(".")
