"""Arguments against input schemas: exact numbers, nothing fetched, bounded work, no values in reasons."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from yett.policy.arguments import PATHS_MAX, SCHEMA_BYTES_MAX, SCHEMA_DEPTH_MAX, compile_check
from yett.policy.decision import ArgumentCheck
from yett.policy.json_value import JsonObject

Schema = dict[str, Any]


def check_of(schema: Schema) -> ArgumentCheck:
    check = compile_check(schema)
    assert check is not None
    return check


def one(schema: Schema) -> Schema:
    """The schema of arguments whose `x` satisfies `schema`."""
    return {"type": "object", "properties": {"x": schema}, "required": ["x"], "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "integer"}, 1, "1"),
        ({"type": "integer"}, Decimal("1.0"), Decimal("1.5")),
        ({"type": "integer"}, Decimal("1E+2"), True),
        ({"type": "integer"}, 10**30, None),
        ({"type": "number", "maximum": Decimal("0.1")}, Decimal("0.1"), Decimal("0.1000000000000000055511151231257827")),
        ({"type": "number", "maximum": 0.1}, Decimal("0.1"), Decimal("0.10000000000000001")),
        ({"exclusiveMinimum": 9007199254740992}, 9007199254740993, 9007199254740992),
        ({"multipleOf": Decimal("0.01")}, Decimal("0.07"), Decimal("0.075")),
        ({"maximum": 5}, Decimal("-1E+400"), Decimal("1E+400")),
        ({"const": 1}, Decimal("1.0"), True),
        ({"enum": [Decimal("1.5"), "a"]}, Decimal("1.50"), "1.5"),
        ({"uniqueItems": True}, [1, True, "1"], [1, Decimal("1.0")]),
        ({"pattern": "^a"}, "ab", "ba"),
        ({"minLength": 1, "maxLength": 1}, "😀", "ab"),
        ({"type": ["string", "null"]}, None, 5),
        ({"prefixItems": [{"type": "string"}], "items": False}, ["a"], ["a", 1]),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1, "b": 2}, {"a": 1}),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "a", 5),
        (False, None, 5),
    ],
)
def test_arguments_pass_or_are_refused_by_exact_value(schema: Any, good: object, bad: object) -> None:
    check = check_of(one(schema))
    if schema is not False:
        assert check({"x": good}) is None  # type: ignore[dict-item]  # any JSON value
    assert check({"x": bad}) is not None  # type: ignore[dict-item]  # any JSON value


def test_the_draft_that_the_schema_declares_holds() -> None:
    items: Schema = {"properties": {"x": {"items": [{"type": "string"}], "additionalItems": False}}}
    assert check_of({"$schema": "http://json-schema.org/draft-07/schema#", **items})({"x": ["a", 1]}) is not None
    assert compile_check(dict(items)) is None, "in 2020-12 `items` takes one schema"
    assert check_of({"$schema": "http://json-schema.org/draft-04/schema#", "id": "http://x/y", **items})({"x": ["a"]}) is None


def test_the_schema_may_come_as_bytes() -> None:
    check = compile_check(json.dumps(one({"maximum": 0.1})).encode())
    assert check is not None
    assert check({"x": Decimal("0.1")}) is None
    assert check({"x": Decimal("0.11")}) is not None


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({}, "`n` is required"),
        ({"n": 1, "zz": 1}, "unknown argument `zz`"),
        ({"n": 0}, "`n`: the value is less than the minimum of 1"),
        ({"n": 1, "deep": {"q": {}}}, "`deep.q.z` is required"),
        ({"n": 1, "list": ["a", "b"]}, '`list[*]`: the value is not one of "a"'),
        ({"n": 1, "map": {"k": 5}}, '`map.*`: the value is not of type "string"'),
        ({"n": 1, "either": 5}, "`either`: `anyOf` does not hold"),
    ],
)
def test_the_reason_says_which_argument_and_what_the_schema_wants(arguments: JsonObject, reason: str) -> None:
    check = check_of(
        {
            "properties": {
                "n": {"type": "integer", "minimum": 1},
                "deep": {"properties": {"q": {"required": ["z"]}}},
                "list": {"items": {"$ref": "#/$defs/a"}},
                "map": {"additionalProperties": {"type": "string"}},
                "either": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            },
            "required": ["n"],
            "additionalProperties": False,
            "$defs": {"a": {"enum": ["a"]}},
        }
    )
    assert check(arguments) == f"the arguments do not satisfy the tool's input schema: {reason}"


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer"},
        {"const": 1},
        {"enum": [1]},
        {"pattern": "^a"},
        {"maxLength": 1},
        {"minLength": 99},
        {"not": {"type": "string"}},
        {"oneOf": [{"type": "string"}, {"minLength": 1}]},
        {"anyOf": [{"type": "integer"}, {"pattern": "^a"}]},
        {"items": {"type": "integer"}},
        {"uniqueItems": True},
        {"contains": {"const": 5}},
        {"type": "object", "additionalProperties": False},
        {"type": "object", "additionalProperties": {"type": "integer"}},
        {"type": "object", "propertyNames": {"pattern": "^a"}},
        {"type": "object", "unevaluatedProperties": False},
        {"type": "object", "patternProperties": {"^k": {"type": "integer"}}},
        {"type": "object", "dependentRequired": {"k-SECRET": ["b"]}},
        {"type": "array", "prefixItems": [{"const": 1}]},
        {"type": "array", "unevaluatedItems": False},
        {"maxProperties": 0, "maxItems": 0, "type": ["object", "array"]},
        False,
    ],
)
@pytest.mark.parametrize("value", ["SECRET", ["SECRET", "SECRET"], {"k-SECRET": "SECRET", "other-SECRET": "SECRET"}], ids=type)
def test_no_value_and_no_inner_key_of_the_arguments_is_in_a_reason(schema: Any, value: Any) -> None:
    reason = check_of({"properties": {"x": schema}})({"x": value})
    named_by_schema = "k-SECRET" if "dependentRequired" in str(schema) else ""
    assert reason is None or "SECRET" not in (reason.replace(named_by_schema, "") if named_by_schema else reason)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nope"},
        {"minimum": "x"},
        {"properties": 5},
        {"pattern": "(?=a)"},
        {"pattern": "(a)\\1"},
        {"pattern": "(((a{1000}){1000}){1000})"},
        {"$schema": "http://example.com/own"},
        {"$schema": 5},
        {"$ref": "#/nope"},
        {"$ref": "#nope"},
        {"$ref": "http://127.0.0.1:9/x"},
        {"$ref": "file:///etc/passwd"},
        {"$ref": "other.json"},
        {"$ref": "http://[/"},
        {"$id": "http://x/y", "properties": {"a": {"$ref": "z"}}},
        {"properties": {"a": {"$dynamicRef": "http://x/z#b"}}},
    ],
    ids=str,
)
def test_a_schema_that_is_none_or_leads_out_of_itself_is_not_usable(schema: Schema) -> None:
    assert compile_check(schema) is None


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"5", b"true", b"{", b'{"a":NaN}', b'{"type":"object","type":"array"}', b"\xff", b"[" * 9_999]
)
def test_bytes_that_are_no_schema_object_are_not_usable(text: bytes) -> None:
    assert compile_check(text) is None


def test_references_inside_the_document_are_followed() -> None:
    schema: Schema = {
        "$id": "https://tools.example/in",
        "properties": {
            "a": {"$ref": "#/$defs/word"},
            "b": {"$ref": "other#short"},
            "c": {"$ref": "https://json-schema.org/draft/2020-12/schema"},
            "d": {"$dynamicRef": "#any"},
            "tree": {"$ref": "#/$defs/node"},
        },
        "$defs": {
            "word": {"type": "string"},
            "other": {"$id": "other", "$defs": {"s": {"$anchor": "short", "maxLength": 1}}},
            "any": {"$dynamicAnchor": "any", "type": "integer"},
            "node": {
                "properties": {"left": {"$ref": "#/$defs/node"}, "right": {"$ref": "#/$defs/node"}, "v": {"type": "integer"}}
            },
        },
    }
    check = check_of(schema)
    assert check({"a": "x", "b": "y", "c": {"type": "string"}, "d": 1, "tree": {"left": {"right": {"v": 1}}}}) is None
    for bad in ({"a": 1}, {"b": "xy"}, {"c": {"type": 1}}, {"d": "x"}, {"tree": {"left": {"right": {"v": "1"}}}}):
        assert check(bad) is not None  # type: ignore[arg-type]  # JSON values


@pytest.fixture
def web() -> Iterator[tuple[str, list[str]]]:
    """A server that offers a schema, and the list of what was asked of it."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:
            """Silence."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_nothing_is_fetched(web: tuple[str, list[str]]) -> None:
    base, asked = web
    schemas: list[Schema] = [
        {"$ref": f"{base}/a"},
        {"$schema": f"{base}/meta"},
        {"$id": f"{base}/dir/", "properties": {"x": {"$ref": "b"}}},
        {"properties": {"x": {"$dynamicRef": f"{base}/c#d"}}},
        {"$vocabulary": {f"{base}/v": True}, "properties": {"x": {"$ref": f"{base}/e#/f"}}},
    ]
    for schema in schemas:
        assert compile_check(schema) is None or schema.get("$schema") is None
    assert asked == []


def doubling(levels: int) -> Schema:
    definitions: Schema = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(levels)}
    return {"$ref": "#/$defs/d0", "$defs": {**definitions, f"d{levels}": {"type": "object"}}}


def test_work_is_bounded_to_the_stated_number_of_looks() -> None:
    within = PATHS_MAX.bit_length() - 1
    assert compile_check(doubling(within)) is not None
    assert compile_check(doubling(within + 1)) is None


def test_a_heavy_schema_refuses_arguments_of_many_parts() -> None:
    schema = doubling(13)
    check = check_of({"properties": {"list": {"items": {"$ref": "#/$defs/d0"}}}, "$defs": schema["$defs"]})
    assert check({"list": [{}] * 10}) is None
    assert "too many parts" in str(check({"list": [{}] * 1_000}))


def test_a_schema_of_many_shared_definitions_is_usable() -> None:
    shared: Schema = {"type": "object", "properties": {f"p{n}": {"$ref": "#/$defs/money"} for n in range(60)}}
    shared["$defs"] = {"money": {"type": "object", "properties": {"amount": {"type": "number"}, "cur": {"type": "string"}}}}
    check = check_of(shared)
    assert check({"p1": {"amount": Decimal("1.5"), "cur": "usd"}, "p2": {"amount": 1}}) is None


@pytest.mark.parametrize(
    "schema",
    [{"$ref": "#"}, {"allOf": [{"$ref": "#"}]}, {"$ref": "#/$defs/a", "$defs": {"a": {"not": {"$ref": "#/$defs/a"}}}}],
    ids=str,
)
def test_a_schema_that_refers_to_itself_ends(schema: Schema) -> None:
    check = check_of(schema)
    check({"a": 1})


def test_checks_are_quick_for_hostile_schemas_and_arguments() -> None:
    deep: Any = {}
    for _ in range(60):
        deep = {"a": deep}
    half = {"properties": {"a": {"$ref": "#"}}, "required": ["a"]}
    cases: list[tuple[Schema, Any]] = [
        (one({"pattern": "^(a+)+$"}), {"x": "a" * 100_000 + "b"}),
        (one({"items": {"enum": [{"a": n} for n in range(2_000)]}}), {"x": [{"a": 5_000}] * 2_000}),
        ({"anyOf": [half, {**half, "maxProperties": 5}]}, deep),
        ({"oneOf": [half, {**half, "maxProperties": 5}]}, deep),
        (doubling(13), {}),
        (one({"anyOf": [{"items": {"type": "string"}}] * 20}), {"x": list(range(5_000))}),
        (one({"anyOf": [{"items": {"enum": list(range(2_000))}}] * 20}), {"x": ["x"] * 5_000}),
        (one({"uniqueItems": True}), {"x": [{"a": Decimal(n) / 3} for n in range(5_000)]}),
    ]
    for schema, arguments in cases:
        check = check_of(schema)
        start = time.perf_counter()
        check(arguments)
        assert time.perf_counter() - start < 0.5, str(schema)[:80]


def test_a_schema_of_a_byte_or_a_level_too_much_is_not_usable() -> None:
    frame = len(json.dumps({"description": ""}))
    assert compile_check(json.dumps({"description": "x" * (SCHEMA_BYTES_MAX - frame - 16)}).encode()) is not None
    assert compile_check(json.dumps({"description": "x" * (SCHEMA_BYTES_MAX - frame + 1)}).encode()) is None
    assert compile_check({"description": "x" * SCHEMA_BYTES_MAX}) is None
    nested: Schema = {}
    for _ in range(SCHEMA_DEPTH_MAX - 1):
        nested = {"not": nested}
    assert compile_check(nested) is not None
    assert compile_check({"not": nested}) is None


ODD = [Decimal("NaN"), Decimal("Infinity"), "\ud800", object(), {1: 2}, float("nan"), b"x"]


@pytest.mark.parametrize("value", ODD, ids=lambda value: type(value).__name__ + ascii(value)[:9])
def test_a_check_never_raises(value: Any) -> None:
    check_of(one({"type": "string", "maxLength": 1}))({"x": value})
    assert check_of(one({"type": "boolean"}))({"x": value}) is not None
