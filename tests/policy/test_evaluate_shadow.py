"""Shadow mode: a rule decides and does not enforce."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.clock import START_NS
from tests.support.policies import ask, facts, policy
from yett.policy.decision import Decision, ToolFacts
from yett.quota.charge import CounterKey
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


@pytest.mark.parametrize(
    ("rule", "arguments", "expected"),
    [
        ({"require": [LEAF]}, {}, ("would_deny", "require_failed", "/tools/t/require/args.a-eq")),
        ({"deny_if": [ALWAYS]}, {}, ("would_deny", "deny_if_matched", "/tools/t/deny_if/always")),
        ({"deny_if": [LEAF]}, {"a": "x"}, ("would_deny", "argument_type", "/tools/t/deny_if/args.a-eq")),
        ({"require_approval": True}, {}, ("would_ask", "approval_required", "/tools/t/require_approval/always")),
        ({"validate_arguments": True}, {}, ("would_deny", "argument_schema", "/tools/t/validate_arguments")),
        ({"limits": [{**LIMIT, "max": 0}]}, {}, ("would_deny", "limit_exceeded", "/tools/t/limits/n")),
        ({"limits": [{**LIMIT, "increment_from": "args.x"}]}, {}, ("would_deny", "require_failed", "/tools/t/limits/n")),
        ({"require": [LEAF], "deny_if": [ALWAYS]}, {}, ("would_deny", "require_failed", "/tools/t/require/args.a-eq")),
        ({}, {}, ("allow", None, None)),
    ],
)
def test_a_rule_in_shadow_decides_and_does_not_enforce(rule: Any, arguments: Any, expected: Any) -> None:
    assert told(ask(tool({**rule, "mode": "shadow"}), arguments)) == expected
    assert told(ask(tool(rule, mode="shadow"), arguments)) == expected


def test_a_rules_own_mode_beats_the_documents() -> None:
    assert told(ask(tool({"deny_if": [ALWAYS], "mode": "enforce"}, mode="shadow")))[0] == "deny"
    document = tool({"deny_if": [ALWAYS]}, all_tools={"require": [LEAF], "mode": "shadow"})
    assert told(ask(document)) == ("deny", "deny_if_matched", "/tools/t/deny_if/always")


def test_the_documents_shadow_covers_what_no_key_names_and_lifts_nothing_that_hides() -> None:
    assert told(ask(policy(mode="shadow"))) == ("would_deny", "not_listed", "(default deny)")
    assert told(ask(policy(mode="shadow", hide=["t"])))[0] == "deny"
    for known in (ToolFacts(known=False), ToolFacts(changed=True)):
        assert told(ask(policy(mode="shadow"), about=facts(tool=known)))[0] == "deny"


def test_an_enforced_denial_wins_over_a_suppressed_one() -> None:
    document = tool({"deny_if": [ALWAYS], "mode": "shadow"}, all_tools={"deny_if": [ALWAYS]})
    assert told(ask(document)) == ("deny", "deny_if_matched", "/all_tools/deny_if/always")


def test_limits_in_shadow_count_on_counters_of_their_own() -> None:
    document = tool({"limits": [LIMIT], "mode": "shadow"}, all_tools={"limits": [{**LIMIT, "counter": "all"}]})
    decision = ask(document)
    assert [charge.key for charge in decision.charges] == [key("all")]
    assert [charge.key for charge in decision.shadow_charges] == [key(shadow=True)]


def test_a_call_that_shadow_would_deny_counts_only_where_it_is_enforced() -> None:
    document = tool(
        {"limits": [LIMIT], "deny_if": [ALWAYS], "mode": "shadow"}, all_tools={"limits": [{**LIMIT, "counter": "all"}]}
    )
    decision = ask(document)
    assert (len(decision.charges), len(decision.shadow_charges)) == (1, 0)
    asked = ask(tool({"require_approval": True, "mode": "shadow"}, all_tools={"limits": [LIMIT]}))
    assert (told(asked)[0], len(asked.charges)) == ("would_ask", 1)


def test_of_approvals_in_both_modes_the_enforced_one_asks() -> None:
    document = tool({"require_approval": True, "mode": "shadow"}, all_tools={"require_approval": True})
    assert told(ask(document)) == ("approval", "approval_required", "/all_tools/require_approval/always")
