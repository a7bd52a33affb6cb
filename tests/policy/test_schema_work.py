"""The weight of a schema: every way to make a validator look twice is counted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.policy.test_arguments import doubling
from yett.policy.arguments import compile_check
from yett.policy.schema_work import UnresolvedReferenceError, Work, weigh

Schema = dict[str, Any]

HEAVY: dict[str, Schema] = {
    "doubling": doubling(24),
    "under a property named as a keyword": {**doubling(24), "$ref": "#/$defs/e", "$defs": {**doubling(24)["$defs"], "e": {}}},
    "in a default": {"$ref": "#/default", "default": {"allOf": [{"$ref": "#/$defs/d0"}]}, "$defs": doubling(24)["$defs"]},
    "through an unknown keyword": {
        "$ref": "#/shelf/d0",
        "shelf": json.loads(json.dumps(doubling(24)["$defs"]).replace("$defs", "shelf")),
    },
    "by anchors": {
        "$ref": "#a0",
        "$defs": {
            **{f"d{n}": {"$anchor": f"a{n}", "anyOf": [{"$ref": f"#a{n + 1}"}] * 2} for n in range(24)},
            "d24": {"$anchor": "a24", "type": "string"},
        },
    },
    "by resources": {
        "$ref": "r0",
        "$defs": {**{f"d{n}": {"$id": f"r{n}", "anyOf": [{"$ref": f"r{n + 1}"}] * 2} for n in range(24)}, "d24": {"$id": "r24"}},
    },
    "by levels of properties": {
        "$ref": "#/$defs/d0",
        "$defs": {
            **{f"d{n}": {"allOf": [{"properties": {"a": {"$ref": f"#/$defs/d{n + 1}"}}}] * 2} for n in range(24)},
            "d24": {},
        },
    },
}
HEAVY["under a property named as a keyword"]["$defs"]["e"] = {"properties": {"default": {"$ref": "#/$defs/d0"}}}


@pytest.mark.parametrize("schema", HEAVY.values(), ids=HEAVY.keys())
def test_a_schema_that_multiplies_work_is_not_usable(schema: Schema) -> None:
    assert weigh(schema).paths_max > 1_000_000
    assert compile_check(schema) is None


@pytest.mark.parametrize(
    ("schema", "work"),
    [
        ({}, Work(1, recursive=False)),
        (True, Work(1, recursive=False)),
        (doubling(5), Work(32, recursive=False)),
        ({"$defs": doubling(24)["$defs"]}, Work(1, recursive=False)),
        ({"const": {"$ref": "#/nowhere"}, "enum": [{"$ref": "#/nowhere"}]}, Work(1, recursive=False)),
        ({"$ref": "#"}, Work(1, recursive=True)),
        ({"properties": {"a": {"items": {"$ref": "#"}}}}, Work(1, recursive=True)),
        ({"properties": {"a": {"$ref": "#/$defs/x"}, "b": {"$ref": "#/$defs/x"}}, "$defs": {"x": {}}}, Work(2, recursive=False)),
        ({"items": {"$ref": "https://json-schema.org/draft/2020-12/schema"}}, Work(1, recursive=False)),
        ({"$recursiveAnchor": True, "items": {"$recursiveRef": "#"}}, Work(1, recursive=True)),
        ({"properties": {"a~/b": {"items": {"$ref": "#/properties/a~0~1b"}}}}, Work(1, recursive=True)),
        ({"allOf": [{}, {"$ref": "#/allOf/0"}]}, Work(2, recursive=False)),
    ],
    ids=str,
)
def test_ways_to_a_subschema_are_counted(schema: Any, work: Work) -> None:
    assert weigh(schema) == work


@pytest.mark.parametrize("reference", ["#/nope", "#nope", "x.json", "#/allOf/9", "http://x/y#z"])
def test_a_reference_that_leads_out_is_not_weighed(reference: str) -> None:
    with pytest.raises(UnresolvedReferenceError):
        weigh({"allOf": [{"$ref": reference}]})
