"""The order of evaluation, limits, approvals and shadow mode: what becomes of a call."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.support.clock import START_NS
from tests.support.policies import ALLOW_ALL, ask, compiled, facts, policy
from yett.policy.decision import Call, Decision, Effect, Grant, Surface, ToolFacts
from yett.policy.evaluate import decide, decide_in_view, visible
from yett.policy.json_value import JsonObject
from yett.quota.charge import CounterKey, Usage
from yett.quota.windows import Window

LEAF: dict[str, Any] = {"path": "args.a", "op": "eq", "value": 1}
ALWAYS: dict[str, Any] = {"conditions": []}
LIMIT: dict[str, Any] = {"counter": "n", "window": "day", "max": 1}
DAY = START_NS // (86_400 * 10**9)


def told(decision: Decision) -> tuple[str, str | None, str | None]:
    return decision.effect.value, None if decision.code is None else decision.code.value, decision.rule


def key(name: str = "n", *, scope: str = "grant", owner: tuple[str, ...] = ("o", "srv", "g1"), **members: Any) -> CounterKey:
    return CounterKey(owner, name, scope, Window(members.pop("window", "day"), members.pop("sliding", False)), **members)


def tool(rule: Any = None, **members: Any) -> dict[str, Any]:
    """A policy with one tool `t`."""
    return policy(tools={"t": rule or {}}, **members)


# --- order ----------------------------------------------------------------------------------------------------------------

EVERYTHING = {
    **policy(
        hide=["t"],
        tools={
            "t": {
                "validate_arguments": True,
                "require": [LEAF],
                "deny_if": [ALWAYS],
                "limits": [{**LIMIT, "max": 0}],
                "require_approval": True,
            }
        },
    )
}


def without(*keys: str) -> dict[str, Any]:
    """The policy that denies at every step, without these steps."""
    rule = {name: value for name, value in EVERYTHING["tools"]["t"].items() if name not in keys}
    return {**EVERYTHING, "hide": [] if "hide" in keys else ["t"], "tools": {} if "tools" in keys else {"t": rule}}


STEPS: list[tuple[dict[str, Any] | None, ToolFacts, tuple[str, str | None, str | None]]] = [
    (None, ToolFacts(known=False), ("deny", "no_policy", "(no policy)")),
    (EVERYTHING, ToolFacts(known=False), ("deny", "hidden", "(hidden)")),
    (without("hide", "tools"), ToolFacts(known=False, changed=True), ("deny", "unknown_tool", "(unknown tool)")),
    (without("hide", "tools"), ToolFacts(changed=True), ("deny", "tool_changed", "(tool changed)")),
    (without("hide", "tools"), ToolFacts(), ("deny", "not_listed", "(default deny)")),
    (without("hide"), ToolFacts(), ("deny", "argument_schema", "/tools/t/validate_arguments")),
    (without("hide", "validate_arguments"), ToolFacts(), ("deny", "require_failed", "/tools/t/require/args.a-eq")),
    (without("hide", "validate_arguments", "require"), ToolFacts(), ("deny", "deny_if_matched", "/tools/t/deny_if/always")),
    (
        without("hide", "validate_arguments", "require", "deny_if"),
        ToolFacts(),
        ("deny", "limit_exceeded", "/tools/t/limits/n"),
    ),
    (
        without("hide", "validate_arguments", "require", "deny_if", "limits"),
        ToolFacts(),
        ("approval", "approval_required", "/tools/t/require_approval/always"),
    ),
    (
        without("hide", "validate_arguments", "require", "deny_if", "limits", "require_approval"),
        ToolFacts(),
        ("allow", None, None),
    ),
]


@pytest.mark.parametrize(("document", "known", "expected"), STEPS, ids=[step[2][1] or "allow" for step in STEPS])
def test_the_first_denial_in_a_fixed_order_wins(document: Any, known: ToolFacts, expected: Any) -> None:
    usage = {key(): {DAY: 1}}
    assert told(ask(document, about=facts(tool=known), usage=usage)) == expected


def test_the_tools_own_entries_come_before_those_of_all_tools_at_each_step() -> None:
    document = tool({"deny_if": [ALWAYS]}, all_tools={"require": [LEAF], "deny_if": [ALWAYS]})
    assert ask(document).rule == "/all_tools/require/args.a-eq"
    assert ask(document, {"a": 1}).rule == "/tools/t/deny_if/always"


def test_nothing_of_a_tool_is_asked_about_a_resource_or_prompt() -> None:
    document = {**policy(), "resources": {"x:y": {}}, "prompts": {"x:y": {}}, "hide": ["*"]}
    about = facts(tool=ToolFacts(known=False, changed=True))
    for surface in (Surface.RESOURCE, Surface.PROMPT):
        assert ask(document, {"uri": "x:y"}, name="x:y", surface=surface, about=about).effect is Effect.ALLOW


def test_deciding_never_raises_and_never_changes_its_answer() -> None:
    found = compiled(EVERYTHING | {"hide": []})
    call = Call(Surface.TOOL, "t", {"a": {"b": [None, "\ud800", 2**80, Decimal("1e400")]}})
    answers = {told(decide(found, call, facts(), {}, now_ns=now)) for now in (0, START_NS, START_NS) for _ in range(3)}
    assert len(answers) == 1


# --- entries --------------------------------------------------------------------------------------------------------------

OUTCOMES = {"TRUE": {"a": 1}, "FALSE": {"a": 2}, "ABSENT": {}, "ILL": {"a": "x"}}


@pytest.mark.parametrize(
    ("kind", "outcome", "expected"),
    [
        ("require", "TRUE", ("allow", None)),
        ("require", "FALSE", ("deny", "require_failed")),
        ("require", "ABSENT", ("deny", "require_failed")),
        ("require", "ILL", ("deny", "argument_type")),
        ("deny_if", "TRUE", ("deny", "deny_if_matched")),
        ("deny_if", "FALSE", ("allow", None)),
        ("deny_if", "ABSENT", ("allow", None)),
        ("deny_if", "ILL", ("deny", "argument_type")),
        ("require_approval", "TRUE", ("approval", "approval_required")),
        ("require_approval", "FALSE", ("allow", None)),
        ("require_approval", "ABSENT", ("allow", None)),
        ("require_approval", "ILL", ("deny", "argument_type")),
    ],
)
def test_what_an_entry_does_with_each_outcome(kind: str, outcome: str, expected: Any) -> None:
    assert told(ask(tool({kind: [LEAF]}), OUTCOMES[outcome]))[:2] == expected


def test_entries_are_judged_in_the_order_of_the_list() -> None:
    entries = [{**LEAF, "op": "gt", "value": 5}, {**LEAF, "op": "gt", "value": 1}]
    assert ask(tool({"deny_if": entries}), {"a": 9}).rule == "/tools/t/deny_if/args.a-gt"
    assert ask(tool({"deny_if": entries}), {"a": 3}).rule == "/tools/t/deny_if/args.a-gt#2"


# --- limits ---------------------------------------------------------------------------------------------------------------


def limited(**members: Any) -> dict[str, Any]:
    return tool({"limits": [{**LIMIT, **members}]})


def test_an_allowed_call_says_what_to_reserve() -> None:
    (charge,) = ask(limited(max=5, on_deny="enough")).charges
    assert (charge.key, charge.amount, charge.maximum, charge.rule, charge.message) == (
        key(),
        1,
        5,
        "/tools/t/limits/n",
        "enough",
    )


@pytest.mark.parametrize(
    ("scope", "session", "owner"),
    [
        ("grant", "s1", ("o", "srv", "g1")),
        ("session", "s1", ("o", "srv", "g1", "s1")),
        ("session", None, ("o", "srv", "g1", "g1")),
        ("server", "s1", ("o", "srv")),
        ("organisation", "s1", ("o",)),
    ],
)
def test_whose_count_it_is(scope: str, session: str | None, owner: tuple[str, ...]) -> None:
    (charge,) = ask(limited(scope=scope), about=facts(session=session)).charges
    assert charge.key == key(scope=scope, owner=owner)


@pytest.mark.parametrize(
    ("members", "arguments", "amount"),
    [
        ({}, {}, 1),
        ({"increment_from": "args.n"}, {"n": 2.5}, Decimal("2.5")),
        ({"increment_from": "args.n"}, {"n": 0}, 0),
        ({"increment_from": "args.n", "increment_default": 3}, {}, 3),
        ({"increment_from": "args.n", "increment_default": 3}, {"n": None}, 3),
        ({"increment_from": "args.n", "increment_default": 3}, {"n": 2}, 2),
        ({"increment_size_of": "args.l"}, {"l": [1, 2, 3]}, 3),
        ({"increment_size_of": "args.l"}, {"l": []}, 0),
        ({"increment_size_of": "args.l", "increment_default": 0}, {}, 0),
        ({"increment_size_of": "args.o.l"}, {"o": {"l": [None]}}, 1),
    ],
)
def test_what_a_call_adds(members: Any, arguments: Any, amount: Any) -> None:
    (charge,) = ask(limited(max=9, **members), arguments).charges
    assert charge.amount == amount


@pytest.mark.parametrize(
    ("members", "arguments", "code"),
    [
        ({"increment_from": "args.n"}, {}, "require_failed"),
        ({"increment_from": "args.n"}, {"n": None}, "require_failed"),
        ({"increment_from": "args.n"}, {"n": -1}, "argument_type"),
        ({"increment_from": "args.n"}, {"n": "5"}, "argument_type"),
        ({"increment_from": "args.n"}, {"n": True}, "argument_type"),
        ({"increment_from": "args.n"}, {"n": 2**53 + 1}, "argument_type"),
        ({"increment_from": "args.n.x"}, {"n": 1}, "argument_type"),
        ({"increment_from": "args.n.x", "increment_default": 1}, {"n": 1}, "argument_type"),
        ({"increment_from": "args.n", "increment_default": 1}, {"n": "5"}, "argument_type"),
        ({"increment_size_of": "args.l"}, {}, "require_failed"),
        ({"increment_size_of": "args.l"}, {"l": "text"}, "argument_type"),
        ({"increment_size_of": "args.l"}, {"l": {"a": 1}}, "argument_type"),
        ({"increment_size_of": "args.l"}, {"l": 3}, "argument_type"),
    ],
)
def test_what_a_call_adds_must_be_told_by_its_arguments(members: Any, arguments: Any, code: str) -> None:
    decision = ask(limited(max=9, **members), arguments)
    assert told(decision) == ("deny", code, "/tools/t/limits/n")
    assert decision.charges == ()


def test_a_counter_that_is_full_denies_and_says_when_it_opens() -> None:
    decision = ask(limited(), usage={key(): {DAY: 1}})
    assert told(decision) == ("deny", "limit_exceeded", "/tools/t/limits/n")
    assert decision.retry_after_s == 86_400
    assert ask(limited(max=2), usage={key(): {DAY: 1}}).effect is Effect.ALLOW


def test_an_increment_that_alone_exceeds_the_maximum_never_passes() -> None:
    decision = ask(limited(max=5, increment_from="args.n"), {"n": 6})
    assert (told(decision)[1], decision.retry_after_s) == ("limit_exceeded", None)


def test_two_limits_on_one_counter_both_add_and_the_first_that_does_not_fit_is_named() -> None:
    limits = [{**LIMIT, "max": 9}, {**LIMIT, "max": 2, "increment_from": "args.n"}]
    assert ask(tool({"limits": limits}), {"n": 1}).effect is Effect.ALLOW
    assert ask(tool({"limits": limits}), {"n": 2}).rule == "/tools/t/limits/n#2"


def test_two_limits_on_one_counter_that_cannot_hold_one_call_never_pass() -> None:
    decision = ask(tool({"limits": [LIMIT, {**LIMIT, "max": 5}]}))
    assert (told(decision), decision.retry_after_s) == (("deny", "limit_exceeded", "/tools/t/limits/n"), None)


def test_limits_of_tool_and_all_tools_are_charged_together() -> None:
    document = tool({"limits": [LIMIT]}, all_tools={"limits": [{**LIMIT, "counter": "all", "max": 5}]})
    assert [charge.key.name for charge in ask(document).charges] == ["n", "all"]


def looked_at(document: dict[str, Any] | None, arguments: JsonObject) -> list[tuple[CounterKey, ...]]:
    """Which counters a decision asked to see, each time that it asked."""
    asked: list[tuple[CounterKey, ...]] = []

    def look(keys: tuple[CounterKey, ...]) -> Usage:
        asked.append(keys)
        return {}

    policy = None if document is None else compiled(document)
    decide_in_view(policy, Call(Surface.TOOL, "t", arguments), facts(), look, now_ns=START_NS)
    return asked


def test_counters_are_looked_at_only_where_the_decision_depends_on_them() -> None:
    assert looked_at(limited(), {}) == []
    assert looked_at(None, {}) == []
    assert looked_at(tool({"limits": [LIMIT], "require_approval": True}), {}) == [(key(),)]
    by_amount = {**LIMIT, "counter": "sum", "increment_from": "args.n"}
    assert looked_at(tool({"limits": [LIMIT, by_amount]}), {"n": 1}) == []
    assert looked_at(tool({"limits": [LIMIT, by_amount]}), {"n": "x"}) == [(key(), key("sum"))]
    assert looked_at(tool({"limits": [by_amount]}), {"n": "x"}) == []


def test_nobody_is_asked_for_a_call_that_cannot_run() -> None:
    document = tool({"limits": [LIMIT], "require_approval": True})
    assert told(ask(document, usage={key(): {DAY: 1}}))[1] == "limit_exceeded"
    assert told(ask(document))[1] == "approval_required"


# --- approvals ------------------------------------------------------------------------------------------------------------


def test_each_entry_that_holds_needs_its_own_approvers() -> None:
    entries = [
        {**LEAF, "timeout": "1h", "approvers": ["ann"], "quorum": 2, "on_deny": "ask ann"},
        {**LEAF, "value": 2},
        ALWAYS,
    ]
    decision = ask(tool({"require_approval": entries}), {"a": 1})
    assert told(decision) == ("approval", "approval_required", "/tools/t/require_approval/args.a-eq")
    assert decision.message == "ask ann"
    assert [(asked.rule, asked.timeout_s, asked.approvers, asked.quorum) for asked in decision.asks] == [
        ("/tools/t/require_approval/args.a-eq", 3_600, ("ann",), 2),
        ("/tools/t/require_approval/always", 1_800, (), 1),
    ]
    assert decision.charges == ()


def test_an_entry_that_cannot_be_judged_denies_before_anybody_is_asked() -> None:
    decision = ask(tool({"require_approval": [ALWAYS, LEAF]}), {"a": "x"})
    assert told(decision) == ("deny", "argument_type", "/tools/t/require_approval/args.a-eq")
    approved = ask(tool({"require_approval": [ALWAYS, LEAF]}), {"a": "x"}, about=facts(approved=True))
    assert approved.effect is Effect.DENY


def test_an_approval_at_hand_lets_the_call_pass_and_is_named() -> None:
    decision = ask(tool({"require_approval": True, "limits": [LIMIT]}), about=facts(approved=True))
    assert decision.effect is Effect.ALLOW
    assert [asked.rule for asked in decision.asks] == ["/tools/t/require_approval/always"]
    assert len(decision.charges) == 1


# --- remembered charges ---------------------------------------------------------------------------------------------------


def test_charges_are_those_of_the_caller_however_often_and_by_whom_the_plan_was_used() -> None:
    found = compiled(limited(scope="session", max=9))
    call = Call(Surface.TOOL, "t", {})
    owners = []
    for grant, session in (("g1", "s1"), ("g2", "s1"), ("g1", None), ("g1", "s1"), ("g1", "g1")):
        decision = decide(found, call, facts(grant=Grant(grant), session=session), {}, now_ns=START_NS)
        owners.append(decision.charges[0].key.owner[2:])
    assert owners == [("g1", "s1"), ("g2", "s1"), ("g1", "g1"), ("g1", "s1"), ("g1", "g1")]


def test_without_a_policy_nothing_is_visible() -> None:
    assert not visible(None, Surface.TOOL, "t")
    assert visible(compiled(ALLOW_ALL), Surface.TOOL, "t")
