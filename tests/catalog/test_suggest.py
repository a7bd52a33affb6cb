"""The recommended policy: of a tool, of a server, with the conditions proposed for arguments."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from tests.catalog.figures import HINTED, MAIN, definition
from tests.catalog.split import CORPORA, corpus
from yett.catalog.classify import classify, classify_tools
from yett.catalog.model import RiskClass, ToolDefinition
from yett.catalog.proposals import proposals
from yett.catalog.suggest import Classified, TooManyToolsError, recommended_policy, suggest, suggest_server
from yett.policy.compile import compile_policy
from yett.policy.decision import Surface
from yett.policy.json_value import JsonObject, JsonValue
from yett.policy.lint import lint_document
from yett.policy.lint_tools import ToolShape
from yett.policy.parse import parse_policy

R, W, E, D, F = RiskClass
CONTRACT = Path(__file__).parents[3] / "shared" / "contract" / "policy" / "01-documented.json"


def limited(name: str, most: int) -> JsonObject:
    return {"limits": [{"counter": f"{name}_rate", "window": "minute", "max": most, "scope": "grant"}]}


@pytest.mark.parametrize(
    ("risk", "policy"),
    [
        (R, {"tools": {"x": {}}}),
        (W, {"tools": {"x": limited("x", 30)}}),
        (E, {"tools": {"x": limited("x", 10)}}),
        (D, {"hide": ["x"]}),
        (F, {"tools": {"x": {"require_approval": [{"conditions": []}]}}}),
    ],
)
def test_the_class_decides_the_rule(risk: RiskClass, policy: JsonObject) -> None:
    assert suggest(Classified(ToolDefinition("x"), risk)).policy == {"version": "1", "default": "deny", **policy}


@pytest.mark.skipif(not CONTRACT.exists(), reason=f"the contract is not at {CONTRACT}")
def test_the_image_tool_of_redbook_gets_the_first_policy_of_the_contract() -> None:
    tool = ToolDefinition(
        name="generate_images",
        title="Paint pages",
        description="Paint a project's pages: the cover first, the others in its style.",
        input_schema={"type": "object", "properties": {"projectId": {"type": "string"}}, "required": ["projectId"]},
        annotations={"readOnlyHint": False, "destructiveHint": False},
        server="redbook",
    )
    suggestion = suggest(Classified.of(tool, classify(tool)))
    assert suggestion.policy == json.loads(CONTRACT.read_text(encoding="utf-8"))[0]["policy"]


def test_a_server_gets_one_policy_with_the_worse_of_two_tools_of_one_name() -> None:
    tools = [("read_it", R), ("wipe_it", D), ("pay_it", F), ("read_it", W), ("odd*name", R)]
    found = suggest_server([Classified(ToolDefinition(name), risk) for name, risk in tools])
    assert found.policy == {
        "version": "1",
        "default": "deny",
        "hide": ["wipe_it"],
        "tools": {"read_it": limited("read_it", 30), "pay_it": {"require_approval": [{"conditions": []}]}},
    }
    assert [each.name for each in found.tools] == ["read_it", "wipe_it", "pay_it", "odd*name"]


def test_more_tools_than_a_policy_has_rules_are_refused() -> None:
    listed = [Classified(ToolDefinition(f"t{index}"), R) for index in range(2_001)]
    assert len(suggest_server(listed[:-1]).tools) == 2_000
    with pytest.raises(TooManyToolsError, match="2001 tools"):
        suggest_server(listed)


def test_for_more_tools_than_a_policy_has_rules_a_page_recommends_the_same_by_class() -> None:
    listed = [Classified(ToolDefinition(f"t{index}"), R) for index in range(2_001)]
    assert recommended_policy(listed[:-1]) == suggest_server(listed[:-1]).policy
    policy = recommended_policy(listed)
    compiled = compile_policy(parse_policy(policy))
    for risk in RiskClass:
        by_name = suggest(Classified(ToolDefinition("t"), risk)).policy
        one, other = (
            policy_.plan(Surface.TOOL, "t", risk.value) for policy_ in (compiled, compile_policy(parse_policy(by_name)))
        )
        assert (one.hidden, one.listed and not one.hidden) == (other.hidden, other.listed and not other.hidden)
        assert [limit.limit.maximum for limit in one.limits] == [limit.limit.maximum for limit in other.limits]
        assert len(one.approvals) == len(other.approvals)


# --- conditions ---------------------------------------------------------------------------------------------------------------


def proposed(
    name: str = "do_it", server: str | None = None, required: tuple[str, ...] = (), **shapes: JsonValue
) -> dict[str, Any]:
    schema: JsonValue = {"type": "object", "properties": dict(shapes), "required": list(required)}
    return {
        each.path: (each.kind, each.condition) for each in proposals(ToolDefinition(name, input_schema=schema, server=server))
    }


TEXT: JsonValue = {"type": "string"}


def test_conditions_are_proposed_for_arguments_that_reach_far() -> None:
    arguments = ("path", "url", "sql", "amount", "branch", "to")
    found = proposed(
        required=arguments, path=TEXT, url=TEXT, sql=TEXT, amount={"type": "number"}, branch=TEXT, to=TEXT, note=TEXT
    )
    assert {path: kind for path, (kind, _) in found.items()} == {
        "args.path": "path",
        "args.url": "url",
        "args.sql": "sql",
        "args.amount": "amount",
        "args.branch": "branch",
        "args.to": "recipient",
    }
    assert found["args.path"][1] == {"path": "args.path", "op": "path_within", "value": ["/srv/data"]}
    assert found["args.branch"][1] == {"path": "args.branch", "op": "not_in", "value": ["main", "master"]}


def test_an_argument_that_may_be_left_out_may_be_left_out() -> None:
    leaf = {"path": "args.path", "op": "path_within", "value": ["/srv/data"]}
    assert proposed(path=TEXT)["args.path"][1] == {"any": [{"path": "args.path", "op": "exists", "value": False}, leaf]}


def test_each_element_of_a_list_is_judged_and_odd_names_are_quoted() -> None:
    many: JsonValue = {"type": "array", "items": {"type": "string"}}
    assert proposed(required=("paths",), paths=many)["args.paths[*]"][1]["match"] == "every"
    assert 'args["file path"]' in [
        each.path for each in proposals(ToolDefinition("x", input_schema={"properties": {"file path": TEXT}}))
    ]


def test_the_harmless_choices_of_an_operation_are_proposed() -> None:
    found = proposed(required=("action",), action={"enum": ["list", "create", "delete", "pay"]})
    assert found["args.action"] == ("operation", {"path": "args.action", "op": "in", "value": ["list", "create"]})


def test_the_sql_dialect_is_the_servers() -> None:
    assert proposed(server="mysql-server", sql=TEXT)["args.sql"][1]["any"][1]["value"]["dialect"] == "mysql"


def test_types_that_a_condition_cannot_judge_get_none() -> None:
    assert proposed(path={"type": "integer"}, amount=TEXT, branch={"type": "array", "items": {"type": "object"}}) == {}


# --- every tool there is --------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not CORPORA.exists(), reason=f"the public corpora are not at {CORPORA}")
@pytest.mark.parametrize("file", [MAIN, *HINTED])
def test_the_policy_of_every_tool_and_server_of_the_corpora_has_no_finding(file: str) -> None:
    tools = [definition(row) for row in corpus(file)]
    classified = [Classified.of(tool, verdict) for tool, verdict in zip(tools, classify_tools(tools), strict=True)]
    for _, group in groupby(classified, key=lambda each: each.tool.server):
        members = list(group)
        for chosen in (members, *([each] for each in members)):
            for conditions in (False, True):
                shapes = [ToolShape(each.tool.name, each.tool.input_schema) for each in chosen]
                assert lint_document(suggest_server(chosen, conditions=conditions).policy, shapes) == ()


@pytest.mark.parametrize(
    "shape",
    [
        {"const": {"a": 1}},
        {"enum": {"a": 1}},
        {"const": 5},
        {"type": "string", "const": None},
        {"anyOf": "string"},
        {"type": {"string": 1}},
    ],
)
@pytest.mark.parametrize("name", ["path", "sql", "url", "to", "odd\nto", 'quo"ted.path', "back\\path", "\u202epath"])
def test_what_is_proposed_for_strange_schemas_and_names_has_no_finding_either(name: str, shape: JsonValue) -> None:
    schema: JsonValue = {"type": "object", "properties": {name: shape, "path": {"type": "string"}}}
    tool = ToolDefinition("do_it", input_schema=schema)
    policy = suggest(Classified(tool, W), conditions=True).policy
    assert lint_document(policy, [ToolShape("do_it", schema)]) == ()
