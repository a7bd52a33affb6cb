"""What a client is told: the policy's own words, else one sentence that says what would make the call pass."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.policies import ask, facts, policy
from yett.policy.decision import Grant, Surface, ToolFacts

LEAF: dict[str, Any] = {"path": "args.amount", "op": "lte", "value": 100}


def message(document: Any, arguments: Any = None, **members: Any) -> str:
    said = ask(document, arguments, **members).message
    assert said is not None
    return said


def rule(**members: Any) -> dict[str, Any]:
    return policy(tools={"t": members})


@pytest.mark.parametrize(
    ("document", "arguments", "said"),
    [
        (None, {}, "this grant has no policy, so every call is denied; ask for one to be attached"),
        (policy(hide=["t"]), {}, "Unknown tool: t"),
        (policy(), {}, "tool `t` is not among those that this grant's policy allows"),
        (rule(require=[LEAF]), {"amount": 101}, "the call passes only with `args.amount lte 100`"),
        (
            rule(require=[{"conditions": [LEAF, {**LEAF, "op": "gt", "value": 0}]}]),
            {"amount": 0},
            "the call passes only with `args.amount lte 100` and `args.amount gt 0`",
        ),
        (rule(deny_if=[LEAF]), {"amount": 1}, "calls with `args.amount lte 100` are denied"),
        (rule(deny_if=[{"not": LEAF}]), {"amount": 101}, "calls with `not(args.amount-lte)` are denied"),
        (rule(action="deny"), {}, "the policy denies every call of this"),
        (rule(require_approval=True), {}, "a person must approve this call first"),
        (rule(require_approval=[LEAF]), {"amount": 1}, "a person must approve calls with `args.amount lte 100` first"),
    ],
)
def test_one_sentence_where_the_policy_has_no_words_of_its_own(document: Any, arguments: Any, said: str) -> None:
    assert message(document, arguments) == said


def test_a_changed_tool_and_a_missing_schema() -> None:
    assert "has changed since it was approved" in message(policy(tools={"t": {}}), about=facts(tool=ToolFacts(changed=True)))
    assert "schema is not known or cannot be used" in message(rule(validate_arguments=True))


def test_what_a_schema_says_is_passed_on() -> None:
    about = facts(tool=ToolFacts(check=lambda _: "`n` is required"))
    assert message(rule(validate_arguments=True), about=about) == "`n` is required"


def test_resources_and_prompts_are_called_by_their_names() -> None:
    assert message(policy(), {"uri": "a:b"}, name="a:b", surface=Surface.RESOURCE).startswith("resource `a:b` is not among")
    assert message(policy(), name="p", surface=Surface.PROMPT).startswith("prompt `p` is not among")


@pytest.mark.parametrize("kind", ["require", "deny_if", "require_approval"])
@pytest.mark.parametrize("amount", [1, 101, "x", None])
def test_the_policys_own_words_are_used_also_for_what_cannot_be_judged(kind: str, amount: Any) -> None:
    decision = ask(rule(**{kind: [{**LEAF, "on_deny": "ask Ann"}]}), {"amount": amount})
    assert decision.message in {None, "ask Ann"}
    assert (decision.message is None) is decision.effect.forwards


@pytest.mark.parametrize("kind", ["require", "deny_if", "require_approval"])
def test_what_cannot_be_judged_is_named_by_its_condition_and_not_by_its_value(kind: str) -> None:
    said = message(rule(**{kind: [LEAF]}), {"amount": "hunter2"})
    assert said.startswith("an argument is not of a kind that can be judged by `args.amount lte 100`")
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("limit", "arguments", "said"),
    [
        ({"increment_from": "args.n"}, {}, "`args.n` is missing, and limit `c` counts it"),
        ({"increment_from": "args.n"}, {"n": "x"}, "`args.n` must be a number of at least 0: limit `c` counts it"),
        ({"increment_size_of": "args.l"}, {"l": 1}, "`args.l` must be a list: limit `c` counts it"),
        ({"increment_size_of": "args.l", "on_deny": "no"}, {"l": 1}, "no"),
        ({"increment_from": "args.n", "on_deny": "no"}, {}, "no"),
    ],
)
def test_an_amount_that_cannot_be_told(limit: Any, arguments: Any, said: str) -> None:
    assert message(rule(limits=[{"counter": "c", "window": "day", "max": 5, **limit}]), arguments) == said


@pytest.mark.parametrize(
    "document", [rule(require=[LEAF]), rule(deny_if=[{**LEAF, "op": "gt"}]), rule(require_approval=[{**LEAF, "op": "gt"}])]
)
def test_values_of_the_call_are_in_no_message(document: Any) -> None:
    assert "31337" not in message(document, {"amount": 31337})


@pytest.mark.parametrize(
    ("path", "op", "literal"),
    [
        ("grant.owner", "in", ["ann@example.com"]),
        ("grant.tags.team", "eq", "ann@example.com"),
        ("session.id", "eq", "ann@example.com"),
        ("client.ip", "cidr_in", ["192.0.2.0/24"]),
    ],
)
def test_who_else_is_let_in_is_in_no_message(path: str, op: str, literal: Any) -> None:
    condition = {"path": path, "op": op, "value": literal}
    about = facts(grant=Grant("g1", owner="bob@example.com", tags={"team": "red"}), client_ip="10.0.0.1", session="s1")
    said = [
        message(rule(require=[condition]), about=about),
        message(rule(deny_if=[{"not": condition}]), about=about),
        message(rule(require_approval=[{"not": condition}]), about=about),
    ]
    assert said[0] == f"the call passes only with `{path}-{op}`"
    assert not any("ann@example.com" in text or "192.0.2.0" in text for text in said)
