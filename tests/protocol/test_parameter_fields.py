"""Fields that repeat arguments must say what the body says."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from yett.protocol.parameter_fields import contradicted, missing, parameter_fields, repeated

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "region": {"type": "string", "x-mcp-header": "Region"},
        "count": {"type": "integer", "x-mcp-header": "count"},
        "dry": {"type": "boolean", "x-mcp-header": "Dry-Run"},
        "to": {"type": "object", "properties": {"city": {"type": "string", "x-mcp-header": "City"}}},
        "plain": {"type": "string"},
    },
}


def encoded(schema: Any) -> bytes:
    return json.dumps(schema).encode()


def said(field: bytes, value: bytes, arguments: dict[str, Any]) -> str | None:
    return contradicted(parameter_fields(encoded(SCHEMA)), arguments, [(b"accept", b"x"), (field, value)])


def test_a_schema_names_its_fields() -> None:
    assert parameter_fields(encoded(SCHEMA)) == {
        b"mcp-param-region": ("region",),
        b"mcp-param-count": ("count",),
        b"mcp-param-dry-run": ("dry",),
        b"mcp-param-city": ("to", "city"),
    }


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"x-mcp-header": "Root"},
        {"items": {"properties": {"a": {"x-mcp-header": "A"}}}},
        {"anyOf": [{"properties": {"a": {"x-mcp-header": "A"}}}]},
        {"properties": {"a": {"x-mcp-header": 1}}},
        {"properties": {"a": {"x-mcp-header": "Two Words"}}},
        {"properties": {"a": {"x-mcp-header": ""}}},
        {"properties": {"a": {"x-mcp-header": "A:"}}},
        {"properties": []},
    ],
)
def test_what_is_not_named_in_the_one_allowed_way_is_not_named(schema: Any) -> None:
    assert parameter_fields(encoded(schema)) == {}


@pytest.mark.parametrize("value", [b"x", b"y", b"", b"{}", b"=?base64?!!?="])
def test_a_field_that_is_named_for_two_arguments_may_not_be_sent(value: bytes) -> None:
    fields = parameter_fields(
        encoded({"properties": {"a": {"x-mcp-header": "Same"}, "b": {"x-mcp-header": "same"}, "c": {"x-mcp-header": "C"}}})
    )
    arguments: dict[str, Any] = {"a": "x", "b": "y", "c": "z"}
    assert contradicted(fields, arguments, [(b"mcp-param-same", value)]) == "mcp-param-same"
    assert repeated(fields, arguments) == [(b"mcp-param-c", b"z")]
    assert missing(fields, arguments, [(b"mcp-param-c", b"z")]) is None


def test_a_schema_that_cannot_be_read_names_nothing() -> None:
    assert parameter_fields(b'{"properties":{"a":{},"a":{}}}') == {}


@pytest.mark.parametrize(
    ("field", "value", "arguments"),
    [
        (b"mcp-param-region", b"eu", {"region": "eu"}),
        (b"mcp-param-region", b"=?base64?w6R1?=", {"region": "äu"}),
        (b"mcp-param-count", b"3", {"count": 3}),
        (b"mcp-param-count", b"3", {"count": Decimal("3.0")}),
        (b"mcp-param-dry-run", b"true", {"dry": True}),
        (b"mcp-param-city", b"Rome", {"to": {"city": "Rome"}}),
        (b"mcp-param-unknown", b"anything", {}),
        (b"mcp-param-plain", b"anything", {"plain": "x"}),
    ],
)
def test_fields_that_agree_and_fields_that_nobody_named_pass(field: bytes, value: bytes, arguments: dict[str, Any]) -> None:
    assert said(field, value, arguments) is None


@pytest.mark.parametrize(
    ("field", "value", "arguments"),
    [
        (b"mcp-param-region", b"us", {"region": "eu"}),
        (b"mcp-param-region", b"EU", {"region": "eu"}),
        (b"mcp-param-region", b"eu", {}),
        (b"mcp-param-region", b"null", {"region": None}),
        (b"mcp-param-region", b"", {"region": "eu"}),
        (b"mcp-param-region", b"\xc3\xa4", {"region": "ä"}),
        (b"mcp-param-region", b"=?base64?!!?=", {"region": "eu"}),
        (b"mcp-param-region", b"=?base64?!!?=", {}),
        (b"mcp-param-region", b"\xc3\xa4", {"region": ["x"]}),
        (b"mcp-param-count", b"4", {"count": 3}),
        (b"mcp-param-count", b"03", {"count": 3}),
        (b"mcp-param-count", b"3.0", {"count": 3}),
        (b"mcp-param-count", b"3", {"count": Decimal("3.5")}),
        (b"mcp-param-count", b"1", {"count": True}),
        (b"mcp-param-dry-run", b"True", {"dry": True}),
        (b"mcp-param-dry-run", b"false", {"dry": True}),
        (b"mcp-param-city", b"Rome", {"to": "Rome"}),
        (b"mcp-param-city", b"Rome", {"to": {"city": ["Rome"]}}),
    ],
)
def test_a_field_that_contradicts_the_body_is_named(field: bytes, value: bytes, arguments: dict[str, Any]) -> None:
    assert said(field, value, arguments) == field.decode()


@pytest.mark.parametrize(
    "arguments",
    [
        {"region": "eu", "count": 3, "dry": True, "to": {"city": "Köln"}},
        {"region": " edge ", "count": Decimal("3.0"), "to": {}},
        {"region": "=?base64?eA==?=", "dry": None, "to": {"city": ""}},
        {},
    ],
)
def test_what_repeats_arguments_misses_nothing_and_contradicts_nothing(arguments: dict[str, Any]) -> None:
    fields = parameter_fields(encoded(SCHEMA))
    sent = repeated(fields, arguments)
    assert contradicted(fields, arguments, sent) is None
    assert missing(fields, arguments, sent) is None
    for left_out in sent:
        rest = [field for field in sent if field is not left_out]
        assert missing(fields, arguments, rest) == left_out[0].decode()


def test_what_no_field_can_repeat_is_not_missed() -> None:
    assert missing(parameter_fields(encoded(SCHEMA)), {"region": ["eu"], "count": Decimal("0.5"), "plain": "x"}, []) is None
