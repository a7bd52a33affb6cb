"""Schemas beside each other: whether a tool takes more freely what it takes. For `drift`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from yett.catalog import schema_reading as schema
from yett.catalog.definition import DefinitionError, tool_definition
from yett.catalog.model import Place, Severity
from yett.catalog.schema_reading import Field
from yett.catalog.signals import find_signals
from yett.policy.json_value import JsonObject, JsonValue

_RUN: Final = frozenset({"shell", "code", "sql"})
"""Signals of arguments that are run as they are."""
_BOUNDS: Final = ("pattern", "format", "const")
_WORDS: Final = frozenset({"description", "title", "examples", "example", "$comment", "markdownDescription"})
_NAMED: Final = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
"""Members whose members are names, not words of JSON Schema."""


def freed(was: JsonObject, now: JsonObject) -> Severity | None:
    """How grave it is that an argument takes anything which did not before: one that is new, or that lost its bounds.

    None where there is none. High where what it takes is run, or is an object that nothing describes.
    """
    run = _run(now) - _run(was)
    before = {field.path: field for field in schema.fields(was.get("inputSchema"))}
    fresh = [one for one in schema.fields(now.get("inputSchema")) if is_free(one) and not _was_free(before.get(one.path))]
    opened = _is_open(now.get("inputSchema")) and not _is_open(was.get("inputSchema"))
    if run or any("object" in one.types for one in fresh):
        return Severity.HIGH
    return Severity.MEDIUM if fresh or opened else None


def changes(was: JsonValue, now: JsonValue) -> tuple[str, ...]:
    """Codes of `drift.MEANINGS` for what a schema takes otherwise; none where only its words are others."""
    if bare(was) == bare(now):
        return ()
    before, after = ({field.path: field for field in schema.fields(value)} for value in (was, now))
    demanded = any(field.required and not _demanded(before, path) for path, field in after.items())
    grown = any(path not in before or _grew(before[path], field) for path, field in after.items())
    relaxed = any(field.required and path in after and not after[path].required for path, field in before.items())
    opened = _is_open(now) and not _is_open(was)
    found = [("required_argument", demanded), ("schema_widened", grown or relaxed or opened)]
    return tuple(code for code, holds in found if holds) or ("schema",)


def _demanded(fields: Mapping[tuple[str, ...], Field], path: tuple[str, ...]) -> bool:
    return path in fields and fields[path].required


def _grew(was: Field, now: Field) -> bool:
    """Whether an argument takes what it did not take before."""
    if was.types and (not now.types or now.types - was.types):
        return True
    if was.choices and (not now.choices or set(now.choices) - set(was.choices)):
        return True
    return any(bound in was.schema and now.schema.get(bound) != was.schema[bound] for bound in (*_BOUNDS, *_LIMITS))


_LIMITS: Final = ("maximum", "minimum", "maxLength", "maxItems", "exclusiveMaximum", "exclusiveMinimum", "multipleOf")


def is_free(field: Field) -> bool:
    """Whether a text, or an object, that nothing bounds may stand there."""
    if field.choices or any(bound in field.schema for bound in _BOUNDS):
        return False
    if "object" in field.types:
        return not field.schema.get("properties") and field.schema.get("additionalProperties") is not False
    return not field.types or "string" in field.types


def bare(value: JsonValue) -> JsonValue:
    """A schema without what only people and models read."""
    return _bare(value, named=False)


def _bare(value: JsonValue, *, named: bool) -> JsonValue:
    if isinstance(value, list):
        return [_bare(one, named=False) for one in value]
    if not isinstance(value, dict):
        return value
    return {key: _bare(one, named=not named and key in _NAMED) for key, one in value.items() if named or key not in _WORDS}


def _was_free(field: Field | None) -> bool:
    return field is not None and is_free(field)


def _is_open(value: JsonValue) -> bool:
    """Whether arguments that the schema does not name may be given."""
    return not isinstance(value, dict) or value.get("additionalProperties") is not False


def _run(value: JsonObject) -> set[tuple[str, str]]:
    return set(_signalled(value))


def _signalled(value: Mapping[str, JsonValue]) -> Iterator[tuple[str, str]]:
    try:
        tool = tool_definition(dict(value))
    except DefinitionError:
        return
    for signal in find_signals(tool, schema.fields(tool.input_schema)):
        if signal.code in _RUN and signal.evidence.place is Place.SCHEMA:
            yield signal.code, signal.evidence.quote
