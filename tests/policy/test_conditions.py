"""Conditions: paths followed, `[*]` combined, context read, `any` and `not`."""

from __future__ import annotations

import random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.support.clock import START_NS
from tests.support.policies import ask, facts, outcome_of, policy
from yett.policy.conditions import compile_condition
from yett.policy.decision import Effect, Grant, Surface, ToolFacts
from yett.policy.model import Leaf
from yett.policy.paths import parse_path

HOUR_NS = 3_600 * 10**9


def leaf(path: str, op: str = "eq", value: Any = 1, **members: Any) -> dict[str, Any]:
    return {"path": path, "op": op, "value": value, **members}


YES, NO, GONE, ODD = leaf("args.yes"), leaf("args.no"), leaf("args.gone"), leaf("args.odd")
ARGUMENTS = {"yes": 1, "no": 2, "odd": "x"}
"""One condition of each outcome: TRUE, FALSE, ABSENT, ILL."""


# --- paths ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "outcome"),
    [
        ("args.a", "TRUE"),
        ("args.o.b", "TRUE"),
        ("args.l[0]", "TRUE"),
        ("args.l[1].c", "TRUE"),
        ('args["odd.key"]', "TRUE"),
        ('args[""]', "TRUE"),
        ("args.missing", "ABSENT"),
        ("args.o.missing", "ABSENT"),
        ("args.l[7]", "ABSENT"),
        ("args.n", "ABSENT"),
        ("args.n.x", "ABSENT"),
        ("args.n[0]", "ABSENT"),
        ("args.n.x.y[3]", "ABSENT"),
        ("args.missing.x", "ABSENT"),
        ("args.a.x", "ILL"),
        ("args.a[0]", "ILL"),
        ("args.l.x", "ILL"),
        ("args.o[0]", "ILL"),
        ("args[0]", "ILL"),
        ("args.s[0]", "ILL"),
    ],
)
def test_where_a_path_leads(path: str, outcome: str) -> None:
    arguments = {"a": 1, "o": {"b": 1}, "l": [1, {"c": 1}], "odd.key": 1, "": 1, "n": None, "s": "1"}
    assert outcome_of(leaf(path), arguments) == outcome


def test_a_key_is_compared_code_point_by_code_point() -> None:
    assert outcome_of(leaf('args["é"]'), {"e\u0301": 1}) == "ABSENT"
    assert outcome_of(leaf("args.a"), {"A": 1, "a ": 1}) == "ABSENT"


# --- [*] ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("elements", "every", "some"),
    [
        ([1, 1], "TRUE", "TRUE"),
        ([1, 2], "FALSE", "TRUE"),
        ([2, 2], "FALSE", "FALSE"),
        ([1, "x"], "ILL", "TRUE"),
        ([2, "x"], "FALSE", "ILL"),
        ([1, None], "ABSENT", "TRUE"),
        ([2, None], "FALSE", "ABSENT"),
        (["x", None], "ILL", "ILL"),
        ([None], "ABSENT", "ABSENT"),
        ([], "ABSENT", "ABSENT"),
        ("text", "ILL", "ILL"),
        ({"0": 1}, "ILL", "ILL"),
        (None, "ABSENT", "ABSENT"),
        (5, "ILL", "ILL"),
    ],
)
def test_every_is_and_and_some_is_any(elements: Any, every: str, some: str) -> None:
    assert outcome_of(leaf("args.v[*]", match="every"), {"v": elements}) == every
    assert outcome_of(leaf("args.v[*]", match="some"), {"v": elements}) == some


def test_a_list_in_lists_is_combined_at_each_level() -> None:
    arguments = {"v": [{"p": [1, 1]}, {"p": [1, 2]}]}
    assert outcome_of(leaf("args.v[*].p[*]", match="some"), arguments) == "TRUE"
    assert outcome_of(leaf("args.v[*].p[*]", match="every"), arguments) == "FALSE"
    assert outcome_of(leaf("args.v[*].p[1]", match="some"), arguments) == "TRUE"
    assert outcome_of(leaf("args.v[*].q", match="some"), arguments) == "ABSENT"
    assert outcome_of(leaf("args.v[*].p[*]", match="every"), {"v": [{"p": [1]}, {"p": []}]}) == "ABSENT"
    assert outcome_of(leaf("args[*]", match="some"), {"v": 1}) == "ILL"


@pytest.mark.parametrize(
    ("literal", "elements", "every", "some"),
    [
        (True, [1, None], "FALSE", "TRUE"),
        (True, [], "FALSE", "FALSE"),
        (False, [], "TRUE", "TRUE"),
        (False, [None, 1], "FALSE", "TRUE"),
    ],
)
def test_an_empty_list_is_one_missing_element_to_exists(literal: bool, elements: Any, every: str, some: str) -> None:
    assert outcome_of(leaf("args.v[*]", "exists", literal, match="every"), {"v": elements}) == every
    assert outcome_of(leaf("args.v[*]", "exists", literal, match="some"), {"v": elements}) == some


# --- any and not ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "outcome"),
    [
        ((YES,), "TRUE"),
        ((NO, YES, ODD, GONE), "TRUE"),
        ((NO, ODD, GONE), "ILL"),
        ((NO, GONE), "ABSENT"),
        ((NO, NO), "FALSE"),
        ((ODD,), "ILL"),
        ((GONE,), "ABSENT"),
    ],
)
def test_any_is_true_else_ill_else_absent_else_false(parts: tuple[Any, ...], outcome: str) -> None:
    assert outcome_of({"any": list(parts)}, ARGUMENTS) == outcome
    assert outcome_of({"any": list(reversed(parts))}, ARGUMENTS) == outcome


@pytest.mark.parametrize(("inner", "outcome"), [(YES, "FALSE"), (NO, "TRUE"), (GONE, "ABSENT"), (ODD, "ILL")])
def test_not_turns_what_is_known_and_keeps_what_is_not(inner: Any, outcome: str) -> None:
    assert outcome_of({"not": inner}, ARGUMENTS) == outcome
    assert outcome_of({"not": {"not": inner}}, ARGUMENTS) == outcome_of(inner, ARGUMENTS)


@pytest.mark.parametrize("op", ["eq", "in", "lt", "gt"])
def test_a_negated_operator_and_not_are_the_same(op: str) -> None:
    pairs = {"eq": "neq", "in": "not_in", "lt": "gte", "gt": "lte"}
    literal: Any = [1] if op == "in" else 1
    for arguments in ({"v": 1}, {"v": 2}, {"v": 0}, {"v": "x"}, {"v": None}, {}, {"v": 2**53 + 1}):
        negated = outcome_of({"not": leaf("args.v", op, literal)}, arguments)
        assert outcome_of(leaf("args.v", pairs[op], literal), arguments) == negated


def test_the_order_of_conditions_does_not_matter() -> None:
    rng = random.Random(7)
    parts = [YES, NO, GONE, ODD, {"any": [NO, ODD]}, {"not": GONE}]
    for _ in range(60):
        chosen = rng.choices(parts, k=4)
        decisions = set()
        for _ in range(4):
            rng.shuffle(chosen)
            rule = {"deny_if": [{"conditions": list(chosen)}]}
            decision = ask(policy(tools={"t": rule}), ARGUMENTS)
            decisions.add((decision.effect, decision.code))
        assert len(decisions) == 1


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ((YES, YES), "deny_if_matched"),
        ((YES, NO, ODD), None),
        ((YES, ODD, GONE), "argument_type"),
        ((YES, GONE), None),
        ((), "deny_if_matched"),
    ],
)
def test_conditions_of_an_entry_are_false_else_ill_else_absent_else_true(parts: tuple[Any, ...], code: str | None) -> None:
    decision = ask(policy(tools={"t": {"deny_if": [{"conditions": list(parts)}]}}), ARGUMENTS)
    assert (decision.code.value if decision.code else None) == code


# --- context --------------------------------------------------------------------------------------------------------------

GRANT = Grant("g1", "billing", "ann@example.com", {"team": "red", "odd tag": "x"})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("grant.id", "g1"),
        ("grant.label", "billing"),
        ("grant.owner", "ann@example.com"),
        ("grant.tags.team", "red"),
        ('grant.tags["odd tag"]', "x"),
        ("session.id", "s1"),
        ("server.name", "srv"),
        ("tool.name", "t"),
        ("tool.risk", "Write"),
        ("client.ip", "10.0.0.1"),
    ],
)
def test_the_context_of_a_call(path: str, value: str) -> None:
    about = facts(grant=GRANT, session="s1", client_ip="10.0.0.1", tool=ToolFacts(risk="Write"))
    assert outcome_of(leaf(path, value=value), {}, about=about) == "TRUE"
    assert outcome_of(leaf(path, value="other"), {}, about=about) == "FALSE"


def test_what_the_context_lacks() -> None:
    about = facts(grant=Grant("g1"), client_ip=None)
    assert outcome_of(leaf("grant.owner", value="x"), {}, about=about) == "ABSENT"
    assert outcome_of(leaf("grant.tags.team", value="x"), {}, about=about) == "ABSENT"
    assert outcome_of(leaf("client.ip", value="x"), {}, about=about) == "ILL"
    assert outcome_of(leaf("client.ip", "exists", True), {}, about=about) == "FALSE"
    assert outcome_of(leaf("tool.risk", value="Unknown"), {}, about=about) == "TRUE"
    assert outcome_of(leaf("session.id", value="g1"), {}, about=about) == "TRUE"


@pytest.mark.parametrize("path", ["tool.name", "tool.risk"])
def test_a_resource_is_no_tool(path: str) -> None:
    rule = {"deny_if": [leaf(path, "exists", True)]}
    decision = ask({**policy(), "resources": {"*": rule}}, {"uri": "file:///a"}, name="file:///a", surface=Surface.RESOURCE)
    assert decision.effect is Effect.ALLOW


def test_arguments_cannot_pose_as_context() -> None:
    assert outcome_of(leaf("grant.id", value="root"), {"grant": {"id": "root"}, "grant.id": "root"}) == "FALSE"


@pytest.mark.parametrize(
    ("zone", "hour", "weekday", "date"),
    [
        ("UTC", 0, 4, "2026-01-01"),
        ("America/New_York", 19, 3, "2025-12-31"),
        ("Asia/Kathmandu", 5, 4, "2026-01-01"),
        ("Pacific/Kiritimati", 14, 4, "2026-01-01"),
    ],
)
def test_now_is_read_in_the_policys_time_zone(zone: str, hour: int, weekday: int, date: str) -> None:
    for path, value in (("now.hour", hour), ("now.weekday", weekday), ("now.date", date)):
        document = {**policy(tools={"t": {"require": [leaf(path, value=value)]}}), "timezone": zone}
        assert ask(document).effect is Effect.ALLOW


def test_the_hour_that_is_repeated_or_left_out_is_the_hour_on_the_wall() -> None:
    zone = {"timezone": "Europe/Berlin"}
    repeated_ns = 1_792_890_000 * 10**9  # 2026-10-25 01:00 UTC: for the second time 2 o'clock
    for at_ns, hour in ((repeated_ns - HOUR_NS, 2), (repeated_ns, 2), (repeated_ns + HOUR_NS, 3)):
        document = {**policy(tools={"t": {"require": [leaf("now.hour", value=hour)]}}), **zone}
        assert ask(document, now_ns=at_ns).effect is Effect.ALLOW


def test_weekdays_are_numbered_from_monday() -> None:
    for day in range(7):
        document = policy(tools={"t": {"require": [leaf("now.weekday", value=(3 + day) % 7 + 1)]}})
        assert ask(document, now_ns=START_NS + day * 24 * HOUR_NS).effect is Effect.ALLOW


# --- names ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "id"),
    [
        (leaf("args.amount", "gt", 100), "args.amount-gt"),
        (leaf('args["a b"]', "eq", "x"), 'args["a b"]-eq'),
        (leaf("args.v[*]", match="every"), "args.v[*]-eq"),
        ({"not": leaf("args.a")}, "not(args.a-eq)"),
        ({"any": [leaf("args.a"), {"not": leaf("args.b")}]}, "any(args.a-eq,not(args.b-eq))"),
    ],
)
def test_a_condition_has_a_stable_name(condition: Any, id: str) -> None:
    decision = ask(policy(tools={"t": {"require": [condition]}}))
    assert decision.rule == f"/tools/t/require/{id}"


def test_an_explanation_shows_what_was_seen() -> None:
    found = compile_condition(Leaf(parse_path("args.v"), "gt", 1), ZoneInfo("UTC"))
    assert (found.id, found.text) == ("args.v-gt", "args.v gt 1")
