"""Explanations: the steps of the evaluation that decides, and what each came to."""

from __future__ import annotations

from typing import Any

import pytest

from yett.policy.compile import compile_policy
from yett.policy.decision import Call, Effect, Facts, Grant, Surface, ToolFacts
from yett.policy.evaluate import counter_key, decide
from yett.policy.explain import VALUE_CHARS_MAX, Came, Explanation, explain
from yett.policy.parse import parse_policy

Json = Any
NOW = 1_767_225_600 * 10**9
FACTS = Facts("o", "s", "server", Grant("g1"))


def ask(rule: Json, arguments: Json | None = None, facts: Facts = FACTS, used: int = 0, **document: Json) -> Explanation:
    policy = compile_policy(parse_policy({"version": "1", "default": "deny", "tools": {"t": rule}, **document}))
    call = Call(Surface.TOOL, "t", arguments or {})
    keys = [counter_key(limit, facts) for limit in policy.plan(call.surface, call.name, None).limits]
    usage = {key: {key.window.bucket(NOW): used} for key in keys}
    explanation = explain(policy, call, facts, usage, NOW)
    assert explanation.decision == decide(policy, call, facts, usage, now_ns=NOW), "explaining must not change the answer"
    return explanation


def steps(explanation: Explanation) -> list[tuple[int, Came]]:
    return [(row.number, row.came) for row in explanation.rows()]


def leaf(operator: str, value: Json, path: str = "args.a") -> Json:
    return {"path": path, "op": operator, "value": value}


def test_an_allowed_call_shows_every_step_it_passed() -> None:
    rule = {
        "require": [leaf("lte", 5)],
        "deny_if": [leaf("eq", 3)],
        "limits": [{"counter": "c", "window": "day", "max": 5}],
        "require_approval": [leaf("gt", 4)],
    }
    explanation = ask(rule, {"a": 1}, used=2)
    assert [number for number, _ in steps(explanation)] == [2, 3, 4, 6, 7, 8, 9, 10]
    assert {came for _, came in steps(explanation)} == {Came.PASSES}
    assert explanation.rows()[-1].result == "adds 1 to 2; at most 5"


def test_the_first_denial_ends_the_steps() -> None:
    explanation = ask({"require": [leaf("lte", 5)], "deny_if": [leaf("exists", True)]}, {"a": 9})
    assert steps(explanation)[-1] == (6, Came.DENIES)
    assert explanation.rows()[-1].rule == explanation.decision.rule == "/tools/t/require/args.a-lte"


def test_no_policy_and_a_hidden_tool_are_the_only_step() -> None:
    call = Call(Surface.TOOL, "t", {})
    (row,) = explain(None, call, FACTS, {}, NOW).rows()
    assert (row.number, row.came, row.rule) == (1, Came.DENIES, "(no policy)")
    (row,) = ask({"action": "hide"}).rows()
    assert (row.number, row.came, row.rule) == (2, Came.DENIES, "(hidden)")


def test_each_condition_is_shown_with_its_value_and_outcome() -> None:
    entry = {"conditions": [{"any": [leaf("eq", "x"), {"not": leaf("gt", 5, "args.b")}]}, leaf("exists", False, "args.c")]}
    (_, _, _, row) = ask({"deny_if": [entry]}, {"a": "y", "b": "z"}).rows()
    lines = [(line.depth, line.text, line.outcome, line.values) for line in row.lines]
    assert lines == [
        (0, "any", "ILL", ""),
        (1, 'args.a eq "x"', "FALSE", '"y"'),
        (1, "not", "ILL", ""),
        (2, "args.b gt 5", "ILL", '"z"'),
        (0, "args.c exists false", "TRUE", ""),
    ]
    assert row.came is Came.DENIES


def test_values_are_masked_on_demand_and_cut_when_long() -> None:
    explanation = ask({"require": [leaf("starts_with", "s")]}, {"a": "s" * 500})
    row = explanation.rows()[-1]
    assert len(row.lines[0].values) == VALUE_CHARS_MAX
    masked = explanation.rows(mask=True)[-1]
    assert masked.lines[0].values == "<string>"


@pytest.mark.parametrize(
    ("rule", "facts", "came", "effect"),
    [
        ({"require_approval": True}, FACTS, [Came.ASKS], Effect.APPROVAL),
        ({"require_approval": True}, Facts("o", "s", "server", Grant("g1"), approved=True), [Came.APPROVED], Effect.ALLOW),
        ({"require_approval": True, "mode": "shadow"}, FACTS, [Came.WOULD_ASK], Effect.WOULD_ASK),
        ({"deny_if": [{"conditions": []}], "mode": "shadow"}, FACTS, [Came.WOULD_DENY], Effect.WOULD_DENY),
        ({"require_approval": [leaf("gt", 5), leaf("lt", 5, "args.b")]}, FACTS, [Came.ASKS, Came.DENIES], Effect.DENY),
    ],
)
def test_what_a_step_came_to_is_told_apart(rule: Json, facts: Facts, came: list[Came], effect: Effect) -> None:
    explanation = ask(rule, {"a": 6, "b": "x"}, facts)
    assert explanation.decision.effect is effect
    assert [row.came for row in explanation.rows() if row.number in {7, 9}] == came


def test_what_shadow_lets_through_and_what_then_stops_the_call_are_told_apart() -> None:
    explanation = ask(
        {"deny_if": [{"conditions": []}], "mode": "shadow"},
        all_tools={"deny_if": [leaf("exists", True)], "mode": "enforce"},
        arguments={"a": 1},
    )
    assert [came for number, came in steps(explanation) if number == 7] == [Came.WOULD_DENY, Came.DENIES]
    unlisted = compile_policy(parse_policy({"version": "1", "default": "deny", "mode": "shadow"}))
    rows = explain(unlisted, Call(Surface.TOOL, "x", {}), FACTS, {}, NOW).rows()
    assert [(row.number, row.came) for row in rows][-1] == (4, Came.WOULD_DENY)


def test_a_denial_by_default_by_schema_and_by_limit_is_shown_where_it_happened() -> None:
    denied = compile_policy(parse_policy({"version": "1", "default": "deny"}))
    assert explain(denied, Call(Surface.TOOL, "x", {}), FACTS, {}, NOW).rows()[-1].came is Came.DENIES
    checked = Facts("o", "s", "server", Grant("g1"), tool=ToolFacts(check=lambda _: "`a` is required"))
    row = ask({"validate_arguments": True}, facts=checked).rows()[-1]
    assert (row.number, row.came, row.result) == (5, Came.DENIES, "`a` is required")
    row = ask({"limits": [{"counter": "c", "window": "day", "max": 5}]}, used=5).rows()[-1]
    assert (row.number, row.came, row.rule) == (8, Came.DENIES, "/tools/t/limits/c")
