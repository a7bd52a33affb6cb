"""YAML as an encoding of JSON: the JSON schema of YAML 1.2, and nothing that two readers could read differently."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Final

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from yett.policy.json_value import JsonValue

DEPTH_MAX: Final = 200
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORDS: Final[dict[str, JsonValue]] = {"null": None, "~": None, "": None, "true": True, "false": False}


class YamlError(ValueError):
    """The text is no YAML that can be read in one way only; the message has line and column."""


def load(data: bytes) -> JsonValue:
    """The one document in `data`, by the JSON schema: a plain scalar is null, true, false, a JSON number, or text."""
    try:
        events = list(YAML(typ="safe", pure=True).parse(data.decode("utf-8")))
    except UnicodeDecodeError as error:
        raise YamlError("the text is not UTF-8") from error
    except (YAMLError, RecursionError) as error:
        raise YamlError(_reason(error)) from error
    starts = [event for event in events if isinstance(event, DocumentStartEvent)]
    if len(starts) != 1:
        raise YamlError("expected one document")
    if starts[0].version is not None or starts[0].tags:
        raise YamlError("directives (`%YAML`, `%TAG`) are not allowed: the text is YAML 1.2 in any case")
    content = iter(event for event in events if isinstance(event, _CONTENT))
    return _value(next(content), content, 0)


def _reason(error: Exception) -> str:
    """What is wrong, in one line: where, and the parser's word for it without the excerpt of the text."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    if mark is None or problem is None:
        return " ".join(str(error).split())
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}"


_CONTENT: Final = (AliasEvent, ScalarEvent, SequenceStartEvent, SequenceEndEvent, MappingStartEvent, MappingEndEvent)


def _value(event: Event, events: Iterator[Event], depth: int) -> JsonValue:
    _refuse_what_json_lacks(event, depth)
    if isinstance(event, ScalarEvent):
        return _scalar(event)
    if isinstance(event, SequenceStartEvent):
        elements: list[JsonValue] = []
        while not isinstance(child := next(events), SequenceEndEvent):
            elements.append(_value(child, events, depth + 1))
        return elements
    return _mapping(events, depth)


def _refuse_what_json_lacks(event: Event, depth: int) -> None:
    if isinstance(event, AliasEvent) or getattr(event, "anchor", None) is not None:
        raise YamlError(f"{_place(event)}: anchors and aliases are not allowed; write the value again")
    if getattr(event, "ctag", None) is not None:
        raise YamlError(f"{_place(event)}: tags are not allowed")
    if depth > DEPTH_MAX:
        raise YamlError(f"{_place(event)}: nested too deep")


def _mapping(events: Iterator[Event], depth: int) -> JsonValue:
    members: dict[str, JsonValue] = {}
    while not isinstance(key_event := next(events), MappingEndEvent):
        _refuse_what_json_lacks(key_event, depth)
        if not isinstance(key_event, ScalarEvent):
            raise YamlError(f"{_place(key_event)}: a key must be text")
        key = _text(key_event)
        if key in members:
            raise YamlError(f"{_place(key_event)}: duplicate key `{key}`")
        if key == "<<" and key_event.implicit[0]:
            raise YamlError(f"{_place(key_event)}: merge keys (`<<`) are not allowed")
        members[key] = _value(next(events), events, depth + 1)
    return members


def _scalar(event: ScalarEvent) -> JsonValue:
    text = _text(event)
    if not event.implicit[0]:  # quoted or a block: always text
        return text
    if text in _WORDS:
        return _WORDS[text]
    match = _NUMBER.fullmatch(text)
    if match is None:
        return text
    try:
        return Decimal(text) if match.group(1) or match.group(2) else int(text)
    except (InvalidOperation, ValueError) as error:
        raise YamlError(f"{_place(event)}: `{text[:40]}` is out of range") from error


def _text(event: ScalarEvent) -> str:
    """The scalar's text, with escaped surrogate pairs joined, as in JSON."""
    text = str(event.value)
    if not any("\ud800" <= character <= "\udfff" for character in text):
        return text
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError as error:
        raise YamlError(f"{_place(event)}: a lone surrogate is no text") from error


def _place(event: Event) -> str:
    mark = event.start_mark
    return f"line {mark.line + 1}, column {mark.column + 1}"
