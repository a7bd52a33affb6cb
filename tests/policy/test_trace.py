"""A trace is what the evaluation itself saw, step by step."""

from __future__ import annotations

from typing import Any

from tests.support.policies import ask, facts, policy
from yett.policy.decision import Decision, ToolFacts
from yett.policy.operators import OUTCOME_NAMES
from yett.policy.trace import Trace

LEAF: dict[str, Any] = {"path": "args.a", "op": "gt", "value": 1}


def traced(document: Any, arguments: Any = None, **members: Any) -> tuple[Decision, Trace]:
    trace = Trace()
    return ask(document, arguments, trace=trace, **members), trace


def test_an_allowed_call_shows_every_step() -> None:
    rule = {
        "require": [LEAF],
        "deny_if": [{"not": LEAF}],
        "limits": [{"counter": "n", "window": "day", "max": 5}],
        "require_approval": [{**LEAF, "value": 9}],
        "validate_arguments": True,
    }
    decision, trace = traced(policy(tools={"t": rule}), {"a": 2}, about=facts(tool=ToolFacts(check=lambda _: None)))
    assert decision.effect.forwards
    assert [(step.number, step.name, step.denies) for step in trace.steps] == [
        (2, "hide", False),
        (3, "known", False),
        (4, "listed", False),
        (5, "validate_arguments", False),
        (6, "require", False),
        (7, "deny_if", False),
        (8, "limits", False),
        (9, "require_approval", False),
    ]


def test_the_last_step_of_a_denied_call_is_the_one_that_denied() -> None:
    for document, number in ((None, 1), (policy(hide=["t"]), 2), (policy(), 4), (policy(tools={"t": {"deny_if": [LEAF]}}), 7)):
        decision, trace = traced(document, {"a": 2})
        assert not decision.effect.forwards
        assert (trace.steps[-1].number, trace.steps[-1].denies) == (number, True)
        assert [step.denies for step in trace.steps[:-1]] == [False] * (len(trace.steps) - 1)


def test_conditions_show_what_they_saw_and_what_came_of_it() -> None:
    condition = {"any": [LEAF, {"path": "args.gone", "op": "exists", "value": True}]}
    _, trace = traced(policy(tools={"t": {"deny_if": [condition]}}), {"a": 1})
    (seen,) = trace.steps[-1].seen
    assert (seen.condition, OUTCOME_NAMES[seen.outcome]) == ("any", "FALSE")
    assert [(part.condition, part.values, OUTCOME_NAMES[part.outcome]) for part in seen.parts] == [
        ("args.a gt 1", (1,), "FALSE"),
        ("args.gone exists true", (), "FALSE"),
    ]


def test_a_suppressed_denial_is_shown_as_one() -> None:
    decision, trace = traced(policy(tools={"t": {"deny_if": [LEAF], "mode": "shadow"}}), {"a": 2})
    assert decision.effect.value == "would_deny"
    assert [(step.denies, step.shadow) for step in trace.steps if step.number == 7] == [(True, True)]


def test_looking_does_not_change_the_answer() -> None:
    rule = {"require": [LEAF], "limits": [{"counter": "n", "window": "day", "max": 1}], "require_approval": True}
    for arguments in ({}, {"a": 1}, {"a": 2}, {"a": "x"}):
        document = policy(tools={"t": rule})
        decision, _ = traced(document, arguments)
        assert decision == ask(document, arguments)
