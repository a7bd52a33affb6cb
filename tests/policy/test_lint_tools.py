"""The linter beside a server's tools: names, paths and types that their schemas do not have."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.policy.test_lint import found, leaf, policy
from yett.policy.lint import lint_document
from yett.policy.lint_tools import ToolShape
from yett.policy.paths import parse_path
from yett.policy.schema_view import Look, SchemaView

Json = Any

SCHEMA: Json = {
    "type": "object",
    "properties": {
        "amount": {"type": "integer", "maximum": 5},
        "ratio": {"type": ["number", "null"]},
        "to": {"type": "string"},
        "kind": {"enum": ["a", "b"]},
        "any": {},
        "either": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        "items": {"type": "array", "items": {"$ref": "#/$defs/item"}},
        "pair": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}]},
        "map": {"type": "object", "additionalProperties": {"type": "string"}},
        "nested": {"allOf": [{"properties": {"deep": {"type": "string"}}}], "properties": {"own": {}}},
        "open": {"type": "object"},
        "by_pattern": {"type": "object", "properties": {"x": {}}, "patternProperties": {"^y": {"type": "string"}}},
    },
    "required": ["amount", "items"],
    "$defs": {"item": {"type": "object", "properties": {"sku": {"type": "string"}}, "required": ["sku"]}},
}
TOOLS = [ToolShape("pay", SCHEMA), ToolShape("get_one", {"properties": {"id": {"type": "string"}}}), ToolShape("get_two", {})]


def misfit(condition: Json, key: str = "pay", **more: Json) -> list[str]:
    document = policy(tools={key: {"require": [condition], **more}})
    return [code for code, _ in found(document, tools=TOOLS)]


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        (leaf("args.amont", "gt", 5), "unknown-argument"),
        (leaf("args.items[*].skew", "eq", "x", match="every"), "unknown-argument"),
        (leaf("args.nested.missing", "eq", "x"), "unknown-argument"),
        (leaf("args.amount", "eq", "5"), "type-mismatch"),
        (leaf("args.amount", "regex", "^5$"), "type-mismatch"),
        (leaf("args.amount", "size_lte", 5), "type-mismatch"),
        (leaf("args.amount", "type_is", "string"), "type-mismatch"),
        (leaf("args.to", "gt", 5), "type-mismatch"),
        (leaf("args.to", "in", [1, 2]), "type-mismatch"),
        (leaf("args.kind", "eq", "c"), "type-mismatch"),
        (leaf("args.kind", "neq", "c"), "type-mismatch"),
        (leaf("args.kind", "in", ["c", "d"]), "type-mismatch"),
        (leaf("args.items", "starts_with", "a"), "type-mismatch"),
        (leaf("args.items[0].sku", "lt", 5), "type-mismatch"),
        (leaf("args.pair[0]", "gt", 5), "type-mismatch"),
        (leaf("args.map.x", "gt", 5), "type-mismatch"),
        (leaf("args.nested.deep", "gt", 5), "type-mismatch"),
        (leaf("args.either", "size_gte", 5), None),
        (leaf("args.either", "type_is", "array"), "type-mismatch"),
        (leaf("args.amount", "lte", 5), None),
        (leaf("args.ratio", "lte", 5), None),
        (leaf("args.to", "host_in", ["example.com"]), None),
        (leaf("args.kind", "in", ["a", "c"]), None),
        (leaf("args.any", "gt", 5), None),
        (leaf("args.any.thing", "gt", 5), None),
        (leaf("args.open.anything", "gt", 5), None),
        (leaf("args.by_pattern.y1", "gt", 5), None),
        (leaf("args.pair[1]", "gt", 5), None),
        (leaf("args.items", "contains", 5), None),
        (leaf("args.items", "size_lte", 5), None),
        (leaf("args.map", "exists", True), None),
    ],
    ids=str,
)
def test_a_condition_is_held_to_the_input_schema(condition: Json, code: str | None) -> None:
    assert misfit(condition) == ([] if code is None else [code])


def test_a_literal_with_a_fraction_does_not_fit_an_integer() -> None:
    assert misfit(leaf("args.amount", "eq", Decimal("1.5"))) == ["type-mismatch"]
    assert misfit(leaf("args.amount", "eq", Decimal("1.0"))) == []


def test_an_unknown_argument_is_reported_with_the_nearest_known_one() -> None:
    document = policy(tools={"pay": {"require": [leaf("args.amont", "gt", 5)]}})
    (finding,) = lint_document(document, tools=TOOLS)
    assert finding.hint == "did you mean `amount`?"


def test_a_pattern_is_held_to_the_schemas_of_all_its_tools() -> None:
    assert misfit(leaf("args.id", "eq", "x"), key="get_*") == []
    assert misfit(leaf("args.id", "gt", 5), key="get_*") == [], "of `get_two` nothing is known"
    assert misfit(leaf("args.id", "gt", 5), key="get_one") == ["type-mismatch"]


def test_increments_are_held_to_the_input_schema() -> None:
    def limit(**more: Json) -> Json:
        return rule_of_pay(limits=[{"counter": "c", "window": "day", "max": 5, **more}])

    def rule_of_pay(**members: Json) -> Json:
        return policy(tools={"pay": members})

    assert found(limit(increment_from="args.amount"), tools=TOOLS) == []
    assert found(limit(increment_from="args.to"), tools=TOOLS) == [("type-mismatch", "/tools/pay/limits/0/increment_from")]
    assert found(limit(increment_from="args.x"), tools=TOOLS) == [("unknown-argument", "/tools/pay/limits/0/increment_from")]
    assert found(limit(increment_size_of="args.items"), tools=TOOLS) == []
    assert found(limit(increment_size_of="args.to"), tools=TOOLS) == [("type-mismatch", "/tools/pay/limits/0/increment_size_of")]


def test_what_the_schema_requires_is_not_absent_where_arguments_are_checked() -> None:
    entry = {"deny_if": [leaf("args.amount", "gt", 5)]}
    assert found(policy(tools={"pay": entry}), tools=TOOLS) == [("absent-path", "/tools/pay/deny_if/0")]
    assert found(policy(tools={"pay": {**entry, "validate_arguments": True}}), tools=TOOLS) == []
    assert found(policy(tools={"pay": entry}, validate_arguments=True), tools=TOOLS) == []
    assert found(policy(tools={"pay": entry}, all_tools={"validate_arguments": True}), tools=TOOLS) == []
    optional = {"deny_if": [leaf("args.to", "eq", "x")], "validate_arguments": True}
    assert found(policy(tools={"pay": optional}), tools=TOOLS) == [("absent-path", "/tools/pay/deny_if/0")]


def test_names_that_no_tool_has_are_found() -> None:
    document = policy(tools={"pya": {}, "get_*": {}, "drop_*": {}, "pay": {}}, hide=["secret"])
    assert found(document, tools=TOOLS) == [
        ("unknown-tool", "/tools/pya"),
        ("unknown-tool", "/tools/drop_*"),
        ("unknown-tool", "/hide/0"),
    ]
    assert lint_document(document, tools=TOOLS)[0].hint == "did you mean `pay`?"
    assert found(document) == []


def test_a_pattern_whose_tools_all_have_their_own_rule_is_shadowed() -> None:
    document = policy(tools={"get_*": {}, "get_one": {}, "get_two": {}})
    assert found(document, tools=TOOLS) == [("shadowed-pattern", "/tools/get_*")]


def test_a_schema_that_cannot_be_used_is_found_where_arguments_are_checked() -> None:
    tools = [ToolShape("a", {"pattern": "(?=a)"}), ToolShape("b", None), ToolShape("c", {})]
    document = policy(tools={"a": {}, "b": {}, "c": {}}, validate_arguments=True)
    assert found(document, tools=tools) == [("unusable-schema", "/tools/a"), ("unusable-schema", "/tools/b")]


def test_arguments_of_resources_and_prompts_are_known_without_a_list() -> None:
    resources = policy(resources={"x://*": {"require": [leaf("args.name", "eq", "x")]}})
    assert found(resources) == [("unknown-argument", "/resources/x:~1~1*/require/0")]
    prompts = policy(prompts={"p": {"require": [leaf("args.n", "gt", 5)]}})
    assert found(prompts) == [("type-mismatch", "/prompts/p/require/0")]


# --- what a schema says of a path -----------------------------------------------------------------------------------------------


def look(path: str, schema: Json = SCHEMA) -> Look:
    return SchemaView(schema).at(parse_path(path).steps)


def test_types_and_values_are_those_that_the_schema_allows() -> None:
    assert look("args.amount") == Look(True, True, frozenset({"number"}), True)
    assert look("args.ratio").types == frozenset({"number", "null"})
    assert look("args.kind").values == ("a", "b")
    assert look("args.either").types == frozenset({"string", "number"})
    assert look("args.items[*].sku").types == frozenset({"string"})
    assert look("args.pair[*]").types == frozenset({"string", "number"})
    assert look("args.any") == Look(True)


def test_what_is_not_declared_is_told_with_its_neighbours() -> None:
    assert look("args.items[0].x") == Look(False, siblings=("sku",))
    assert look("args.open.x") == Look(True)
    assert look("args.x", True) == Look(True)


def test_a_path_is_certain_where_every_step_is_required_and_no_list_is_crossed() -> None:
    nested = {"properties": {"a": {"$ref": "#/$defs/a"}}, "required": ["a"], "$defs": {"a": SCHEMA}}
    assert look("args.a.amount", nested).certain
    assert not look("args.a.to", nested).certain
    assert not look("args.items[0].sku").certain
    assert not look("args.a", {"properties": {"a": {"type": ["string", "null"]}}, "required": ["a"]}).certain
    assert not look("args.a", {"properties": {"a": {}}, "required": ["a"]}).certain, "it may be null"
    assert look("args.a", {"allOf": [{"required": ["a"]}], "properties": {"a": {"const": 5}}}).certain
    assert not look("args.a", {"anyOf": [{"required": ["a"]}], "properties": {"a": {"const": 5}}}).certain


def test_a_schema_that_refers_to_itself_is_looked_into_as_far_as_the_path_goes() -> None:
    tree = {"properties": {"left": {"$ref": "#"}, "value": {"type": "string"}}}
    assert look("args.left.left.left.value", tree).types == frozenset({"string"})
    assert look("args.a", {"allOf": [{"$ref": "#"}]}) == Look(True)
    assert look("args.a", {"properties": {"a": {"$ref": "http://x/y"}}}) == Look(True)
