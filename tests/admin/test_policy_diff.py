"""How two texts of a policy differ."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from yett.admin.policy_diff import differences, unified
from yett.policy.canonical import canonical_json
from yett.policy.compile import compile_policy
from yett.policy.decision import Surface
from yett.policy.document import read_policy
from yett.policy.layout import laid_out

OVER = {"conditions": [{"path": "args.amount", "op": "gt", "value": 100}]}
EUROS = {"conditions": [{"path": "args.currency", "op": "eq", "value": "EUR"}], "on_deny": "euros only"}
DAY = {"counter": "day", "window": "day", "max": 10, "scope": "grant"}


def policy(**members: Any) -> dict[str, Any]:
    document = {"version": "1", "default": "deny", **members}
    loaded: dict[str, Any] = json.loads(canonical_json(read_policy(json.dumps(document).encode(), yaml=False)))
    return loaded


def told(before: dict[str, Any] | None, after: dict[str, Any]) -> list[tuple[str, str]]:
    return [(found.kind, found.path) for found in differences(before, after)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (policy(), policy(), []),
        (policy(), policy(default="allow"), [("changed", "/default")]),
        (policy(), policy(hide=["a"]), [("added", "/hide")]),
        (policy(tools={"a": {}}), policy(tools={"b/c": {}}), [("removed", "/tools/a"), ("added", "/tools/b~1c")]),
        (policy(), policy(risk={}), [("added", "/risk")]),
        (policy(risk={"Read": {}}), policy(risk={}), [("removed", "/risk/Read")]),
        (policy(), policy(tools={"a": {"deny_if": [OVER]}}), [("added", "/tools/a")]),
        (policy(server_requests={"roots": "allow"}), policy(), [("removed", "/server_requests/roots")]),
        (
            policy(tools={"a": {"deny_if": [OVER]}}),
            policy(tools={"a": {"deny_if": [{"conditions": [{**OVER["conditions"][0], "value": 50}]}], "limits": [DAY]}}),
            [("changed", "/tools/a/deny_if/args.amount-gt"), ("added", "/tools/a/limits/day")],
        ),
        (
            policy(all_tools={"limits": [DAY]}),
            policy(all_tools={"limits": [{**DAY, "max": 11}], "mode": "shadow"}),
            [("changed", "/all_tools/limits/day"), ("added", "/all_tools/mode")],
        ),
        (
            policy(tools={"a": {"require": [EUROS], "deny_if": [OVER, OVER]}}),
            policy(tools={"a": {"deny_if": [OVER]}}),
            [("removed", "/tools/a/require/args.currency-eq"), ("removed", "/tools/a/deny_if/args.amount-gt#2")],
        ),
        (
            policy(tools={"a": {"deny_if": [OVER, EUROS]}}),
            policy(tools={"a": {"deny_if": [EUROS, OVER]}}),
            [("changed", "/tools/a/deny_if")],
        ),
    ],
)
def test_each_thing_that_differs_is_named(before: dict[str, Any], after: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert told(before, after) == expected


def test_the_first_revision_is_all_new() -> None:
    assert told(None, policy(tools={"a": {}})) == [("added", "/version"), ("added", "/default"), ("added", "/tools/a")]


def test_a_difference_holds_what_was_and_what_is() -> None:
    (found,) = differences(policy(tools={"a": {"limits": [DAY]}}), policy(tools={"a": {"limits": [{**DAY, "max": 11}]}}))
    assert (found.before, found.after) == (DAY, {**DAY, "max": 11})


def test_paths_are_the_rule_ids_of_the_decision_log() -> None:
    nested = {"conditions": [{"any": [{"not": OVER["conditions"][0]}, EUROS["conditions"][0]]}, OVER["conditions"][0]]}
    rule = {"require": [nested], "deny_if": [{"conditions": []}, OVER, OVER], "limits": [DAY, DAY]}
    after = policy(tools={"pay~/x": rule})
    compiled = compile_policy(read_policy(json.dumps(after).encode(), yaml=False))
    (ids,) = (
        [*(entry.rule for entry in (*found.require, *found.deny_if)), *(limit.rule for limit in found.limits)]
        for found in [compiled.rules[Surface.TOOL]["pay~/x"]]
    )
    assert [path for _, path in told(policy(tools={"pay~/x": {}}), after)] == ids


def test_texts_are_compared_line_by_line() -> None:
    text = unified(json.dumps(policy()), json.dumps(policy(default="allow")), ("1-aa", "2-bb"))
    assert text.split("\n")[:2] == ["--- 1-aa", "+++ 2-bb"]
    assert '-  "default": "deny"' in text
    assert '+  "default": "allow"' in text
    assert unified(json.dumps(policy()), json.dumps(policy()), ("a", "b")) == ""
    assert unified(None, json.dumps(policy()), ("nothing", "b")).count("\n+") == 5


def test_texts_that_would_take_minutes_to_compare_are_told_as_one_change() -> None:
    before = policy(hide=["start", *(f"t{number % 150}" for number in range(20_000)), "end"])
    after = policy(hide=["start", *(f"t{number % 149}" for number in range(20_000, 0, -1)), "end"])
    lines = unified(json.dumps(before), json.dumps(after), ("1-aa", "2-bb")).split("\n")
    assert lines[:2] == ["--- 1-aa", "+++ 2-bb"]
    head = re.fullmatch(r"@@ -(\d+),(\d+) \+(\d+),(\d+) @@", lines[2])
    assert head is not None
    old = [line[1:] for line in lines[3:] if line[0] in " -"]
    new = [line[1:] for line in lines[3:] if line[0] in " +"]
    assert (len(old), len(new)) == (int(head[2]), int(head[4]))
    for document, found, start in ((before, old, int(head[1])), (after, new, int(head[3]))):
        whole = laid_out(document).split("\n")
        assert whole[start - 1 : start - 1 + len(found)] == found


def test_two_small_changes_far_apart_in_a_long_policy_are_two_hunks() -> None:
    def long(first: int, last: int) -> dict[str, Any]:
        limits = {0: first, 999: last}
        return policy(
            tools={f"tool_{n}": {"limits": [{**DAY, "max": limits.get(n, 5)}], "deny_if": [OVER]} for n in range(1_000)}
        )

    text = unified(json.dumps(long(1, 2)), json.dumps(long(3, 4)), ("a", "b"))
    assert text.count("\n@@ ") == 2
    assert len(text.split("\n")) < 30
