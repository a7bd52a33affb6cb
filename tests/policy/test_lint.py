"""The linter: each finding where it belongs, and silence where it does not."""

from __future__ import annotations

import itertools
import random
import time
from pathlib import Path
from typing import Any

import pytest

from yett.policy import lint
from yett.policy.errors import PolicyErrors
from yett.policy.lint import CODES, lint_document, lint_policy, overlap
from yett.policy.lint_conditions import is_anchored
from yett.policy.lint_findings import Finding, Severity
from yett.policy.lint_places import placed_rules
from yett.policy.parse import parse_policy
from yett.policy.patterns import matches

Json = Any


def policy(**members: Json) -> Json:
    return {"version": "1", "default": "deny", **members}


def rule(**members: Json) -> Json:
    return policy(tools={"t": members})


def leaf(path: str, operator: str, value: Json, **more: Json) -> Json:
    return {"path": path, "op": operator, "value": value, **more}


def found(document: Json, **more: Json) -> list[tuple[str, str]]:
    return [(finding.code, finding.pointer) for finding in lint_document(document, **more)]


EXISTS = leaf("args.a", "exists", True)


def test_a_policy_that_means_what_it_says_has_no_findings() -> None:
    document = rule(
        require=[leaf("args.to", "regex", "^a$"), leaf("args.n", "lte", 5), leaf("args.n", "gte", 5)],
        deny_if=[leaf("args.n", "gt", 100)],
        limits=[{"counter": "c", "window": "day", "max": 5}],
    )
    assert found(document) == []


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (policy(default="allow"), [("default-allow", "/default")]),
        (policy(mode="shadow"), [("shadow-mode", "/mode")]),
        (rule(mode="shadow"), [("shadow-mode", "/tools/t/mode")]),
        (policy(risk={"Read": {}}), [("uncovered-class", "/risk")]),
        (policy(risk={"Read": {}, "Unknown": {}}), []),
        # names
        (policy(tools={"*": {}}), []),
        (policy(tools={"*": {}}, risk={"Unknown": {}}), [("star-beside-risk", "/tools/*")]),
        (policy(tools={"**": {}}, risk={"Unknown": {}}), [("star-beside-risk", "/tools/**")]),
        (policy(tools={"get_*": {}, "get_secret*": {}}), []),
        (policy(tools={"a*": {}, "a**": {}}), [("shadowed-pattern", "/tools/a**")]),
        (policy(tools={"ab*": {}, "a*c": {}}), [("tied-patterns", "/tools/ab*")]),
        (policy(tools={"a*c": {}, "ab*": {}}), [("tied-patterns", "/tools/ab*")]),
        (policy(tools={"ab*": {}, "cd*": {}}), []),
        (policy(resources={"x://*": {}, "x://**": {}}), [("shadowed-pattern", "/resources/x:~1~1**")]),
        (policy(hide=["drop_*"], tools={"drop_table": {}, "drop": {}}), [("hidden-rule", "/tools/drop_table")]),
        (policy(tools={"drop_*": {"action": "hide"}, "drop_table": {}}), [("hidden-rule", "/tools/drop_table")]),
        (policy(tools={"drop_*": {"action": "hide"}, "drop_x*": {}}), [("hidden-rule", "/tools/drop_x*")]),
        (policy(tools={"drop_table": {"action": "hide"}}), []),
        (policy(hide=["drop_table"], tools={"drop_table": {"action": "hide"}}), []),
        # absence
        (rule(deny_if=[leaf("args.a", "gt", 5)]), [("absent-path", "/tools/t/deny_if/0")]),
        (rule(deny_if=[{"conditions": [leaf("args.a", "gt", 5)]}]), [("absent-path", "/tools/t/deny_if/0/conditions/0")]),
        (rule(require_approval=[leaf("args.a", "gt", 5)]), [("absent-path", "/tools/t/require_approval/0")]),
        (
            rule(require_approval=[{"conditions": [{"not": leaf("args.a", "gt", 5)}]}]),
            [("absent-path", "/tools/t/require_approval/0/conditions/0/not")],
        ),
        (rule(deny_if=[leaf("args.a", "gt", 5), leaf("args.a", "lt", 1)]), [("absent-path", "/tools/t/deny_if/0")]),
        (rule(deny_if=[leaf("grant.owner", "eq", "x")]), [("absent-path", "/tools/t/deny_if/0")]),
        (rule(deny_if=[leaf("grant.tags.team", "eq", "x")]), [("absent-path", "/tools/t/deny_if/0")]),
        (rule(deny_if=[leaf("client.ip", "cidr_in", ["10.0.0.0/8"]), leaf("now.hour", "lt", 8)]), []),
        (rule(deny_if=[leaf("args.a", "gt", 5)], require=[EXISTS]), []),
        (rule(deny_if=[leaf("args.a", "gt", 5)], require=[leaf("args.a", "lt", 900)]), []),
        (rule(deny_if=[leaf("args.a", "gt", 5)], require=[leaf("args.a.b", "lt", 900)]), []),
        (rule(deny_if=[leaf("args.a", "gt", 5)], require=[leaf("args.ab", "lt", 9)]), [("absent-path", "/tools/t/deny_if/0")]),
        (rule(deny_if=[leaf("args.a", "gt", 5)], require=[{"any": [EXISTS]}]), [("absent-path", "/tools/t/deny_if/0")]),
        (
            rule(deny_if=[leaf("args.a", "gt", 5)], require=[leaf("args.a", "exists", False)]),
            [("absent-path", "/tools/t/deny_if/0")],
        ),
        (rule(deny_if=[leaf("args.a", "gt", 5), leaf("args.a", "exists", False)]), []),
        (rule(deny_if=[{"any": [leaf("args.a", "gt", 5), leaf("args.a", "exists", False)]}]), []),
        (policy(all_tools={"require": [EXISTS]}, tools={"t": {"deny_if": [leaf("args.a", "gt", 5)]}}), []),
        (
            policy(all_tools={"deny_if": [leaf("args.a", "gt", 5)]}, tools={"t": {"require": [EXISTS]}}),
            [("absent-path", "/all_tools/deny_if/0")],
        ),
        (policy(resources={"x://*": {"deny_if": [leaf("args.uri", "contains", "x")]}}), []),
        (policy(prompts={"p": {"deny_if": [leaf("args.x", "eq", "x")]}}), [("absent-path", "/prompts/p/deny_if/0")]),
        # patterns that match anywhere
        (rule(require=[leaf("args.a", "regex", "safe")]), [("unanchored-regex", "/tools/t/require/0")]),
        (rule(require=[{"not": leaf("args.a", "regex", "evil")}]), []),
        (rule(require=[{"any": [leaf("args.a", "regex", "^a")]}]), [("unanchored-regex", "/tools/t/require/0/any/0")]),
        (rule(require=[EXISTS], deny_if=[leaf("args.a", "regex", "evil")]), []),
        # limits
        (rule(rate_limit={"max": 1, "window": 60}), [("session-limit", "/tools/t/rate_limit")]),
        (
            rule(limits=[{"counter": "c", "window": "day", "max": 1, "scope": "session"}]),
            [("session-limit", "/tools/t/limits/0")],
        ),
        (rule(limits=[{"counter": "c", "window": "day", "max": 0}]), [("never-allows", "/tools/t/limits/0")]),
        (
            rule(limits=[{"counter": "c", "window": "day", "max": 5, "increment_from": "args.n", "increment_default": 6}]),
            [("never-allows", "/tools/t/limits/0")],
        ),
        # entries that nothing reaches
        (
            rule(deny_if=[{"conditions": []}, leaf("now.hour", "lt", 5)], limits=[{"counter": "c", "window": "day", "max": 5}]),
            [("dead-entry", "/tools/t/deny_if/1"), ("dead-entry", "/tools/t/limits/0")],
        ),
        (rule(deny_if=[{"conditions": []}]), []),
        (rule(action="deny"), []),
        (rule(action="require_approval", reason="x"), []),
        (
            rule(action="deny", rate_limit={"max": 1, "window": 60}),
            [("dead-entry", "/tools/t/rate_limit"), ("session-limit", "/tools/t/rate_limit")],
        ),
    ],
    ids=str,
)
def test_a_finding_stands_where_it_was_written(document: Json, expected: list[tuple[str, str]]) -> None:
    assert found(document) == expected


@pytest.mark.parametrize(
    "conditions",
    [
        [leaf("args.a", "eq", "x"), leaf("args.a", "eq", "y")],
        [leaf("args.a", "in", [1, 2]), leaf("args.a", "gt", 2)],
        [leaf("args.a", "in", ["a", "b"]), leaf("args.a", "not_in", ["b", "a"])],
        [leaf("args.a", "eq", "x"), {"not": leaf("args.a", "eq", "x")}],
        [leaf("args.a", "gt", 5), leaf("args.a", "lt", 5)],
        [leaf("args.a", "gte", 5), leaf("args.a", "lt", 5)],
        [leaf("args.a", "gt", 10), leaf("args.a", "lte", 3)],
        [leaf("args.a", "gt", 1), leaf("args.a", "regex", "^a$")],
        [leaf("args.a", "type_is", "string"), leaf("args.a", "gt", 1)],
        [leaf("args.a", "size_gte", 3), leaf("args.a", "size_lte", 2)],
        [leaf("args.a", "exists", True), leaf("args.a", "exists", False)],
        [leaf("args.a", "exists", False), leaf("args.a", "eq", 5)],
        [leaf("args.a[*]", "gt", 5, match="every"), leaf("args.a[*]", "lt", 5, match="every")],
        [leaf("now.hour", "gt", 23)],
        [leaf("now.hour", "gte", 18), leaf("now.hour", "lt", 8)],
        [leaf("now.weekday", "eq", 0)],
        [leaf("now.hour", "eq", "9")],
        [leaf("now.date", "gt", 20260101)],
        [leaf("tool.risk", "eq", "destructive")],
        [leaf("tool.name", "eq", "u")],
        [leaf("grant.id", "eq", 5)],
        [leaf("grant.tags.team", "in", [1, 2])],
    ],
    ids=str,
)
def test_conditions_that_no_call_can_meet_are_found(conditions: Json) -> None:
    assert "never-holds" in [code for code, _ in found(rule(require=[{"conditions": conditions}]))]


@pytest.mark.parametrize(
    "conditions",
    [
        [leaf("args.a", "in", ["x", "y"]), leaf("args.a", "neq", "x")],
        [leaf("args.a", "gte", 5), leaf("args.a", "lte", 5)],
        [leaf("args.a", "gt", 5), leaf("args.b", "lt", 5)],
        [leaf("args.a[*]", "eq", 1, match="some"), leaf("args.a[*]", "eq", 2, match="some")],
        [leaf("args.a", "size_gte", 3), leaf("args.a", "regex", "^a*$")],
        [leaf("args.a", "type_is", ["string", "number"]), leaf("args.a", "gt", 1)],
        [leaf("args.a", "exists", False), leaf("args.a", "eq", None)],
        [leaf("args.a", "eq", None)],
        [leaf("now.hour", "gte", 8), leaf("now.hour", "lt", 18)],
        [leaf("now.weekday", "lte", 5)],
        [leaf("tool.risk", "neq", "Read")],
        [leaf("tool.name", "eq", "t")],
        [leaf("client.ip", "cidr_in", ["10.0.0.0/8"])],
        [leaf("args.a", "sql_only", {"dialect": "mysql", "kinds": ["select"]}), leaf("args.a", "size_lte", 900)],
    ],
    ids=str,
)
def test_conditions_that_some_call_can_meet_are_not_called_impossible(conditions: Json) -> None:
    assert "never-holds" not in [code for code, _ in found(rule(require=[{"conditions": conditions}]))]


def test_an_impossible_alternative_and_a_tool_path_of_a_prompt_are_found_at_their_place() -> None:
    alternatives = {"any": [leaf("now.hour", "gt", 23), leaf("args.a", "eq", 1)]}
    assert found(rule(require=[alternatives])) == [("never-holds", "/tools/t/require/0/any/0")]
    document = policy(prompts={"p": {"require": [leaf("tool.name", "eq", "x")]}})
    assert found(document) == [("never-holds", "/prompts/p/require/0")]


# --- beside the revision before -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "word"),
    [({"window": "hour"}, "window"), ({"scope": "server"}, "scope"), ({"sliding": True}, "sliding"), ({"max": 9}, None)],
)
def test_a_counter_that_starts_anew_is_found(changed: Json, word: str | None) -> None:
    limit = {"counter": "c", "window": "day", "max": 5}
    before = parse_policy(rule(limits=[limit]))
    findings = lint_document(rule(limits=[limit | changed]), previous=before)
    assert [finding.code for finding in findings] == ([] if word is None else ["changed-counter"])
    assert word is None or f"the {word} of counter `c`" in findings[0].message


# --- the parts ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pattern", ["^a$", r"\Aa\z", "(?i)^a$", "^a$|^b$", r"^a\\$", "^[|]$", "^(a|b)$", r"^\|$", "^[]|]$", "^[^]|]$"]
)
def test_a_pattern_that_matches_whole_texts_is_anchored(pattern: str) -> None:
    assert is_anchored(pattern)


@pytest.mark.parametrize("pattern", ["", "a", "^a", "a$", "^a|b$", "^a$|b", r"^a\$", "(?m)^a$", "(?im)^a$", "(^a$)", "^a$b"])
def test_a_pattern_that_matches_inside_longer_texts_is_not(pattern: str) -> None:
    assert not is_anchored(pattern)


def test_two_patterns_overlap_just_where_some_name_fits_both() -> None:
    letters = random.Random(3)
    names = ["".join(name) for size in range(7) for name in itertools.product("ab", repeat=size)]
    for _ in range(400):
        left, right = ("".join(letters.choice("ab**") for _ in range(letters.randint(1, 4))) for _ in range(2))
        assert overlap(left, right) is any(matches(left, name) and matches(right, name) for name in names), (left, right)


def test_a_policy_of_the_largest_size_is_linted_in_seconds() -> None:
    keys = [*(f"tool_{number}_*" for number in range(1_000)), *(f"*_{number}_tool" for number in range(1_000))]
    document = policy(tools={key: {"require": [EXISTS]} for key in keys})
    start = time.perf_counter()
    lint_document(document)
    assert time.perf_counter() - start < 3


def test_every_code_is_documented_in_order() -> None:
    source = "".join(path.read_text() for path in Path(lint.__file__).parent.glob("lint*.py"))
    assert list(CODES) == sorted(CODES)
    assert [code for code in CODES if source.count(f'"{code}"') < 2] == []


def test_a_policy_value_is_linted_at_the_places_of_its_canonical_form() -> None:
    findings = lint_policy(parse_policy(rule(rate_limit={"max": 1, "window": 60})))
    assert [(finding.code, finding.pointer) for finding in findings] == [("session-limit", "/tools/t/limits/0")]


def test_an_invalid_policy_is_refused_not_linted() -> None:
    with pytest.raises(PolicyErrors):
        lint_document({"version": "1"})


def test_the_worst_finding_of_a_place_comes_first() -> None:
    document = policy(tools={"**": {}, "*": {}}, risk={"Unknown": {}})
    assert [finding.severity for finding in lint_document(document) if finding.pointer == "/tools/**"] == [
        Severity.ERROR,
        Severity.WARNING,
    ]


def test_findings_are_values() -> None:
    assert Finding("x", Severity.NOTE, "", "m") == Finding("x", Severity.NOTE, "", "m", None)
    assert [severity.rank for severity in (Severity.NOTE, Severity.WARNING, Severity.ERROR)] == [0, 1, 2]


def test_every_part_of_a_rule_is_placed_where_it_was_written() -> None:
    document = policy(
        all_tools={"deny_if": [leaf("now.hour", "lt", 5)]},
        tools={"a/b": {"require": [{"conditions": [{"any": [{"not": leaf("args.a", "eq", 1)}]}]}], "require_approval": True}},
    )
    everywhere, rule_of_tool = placed_rules(parse_policy(document), document)
    assert [entry.pointer for entry in everywhere.entries] == ["/all_tools/deny_if/0"]
    assert [entry.pointer for entry in rule_of_tool.entries] == ["/tools/a~1b/require/0", "/tools/a~1b/require_approval"]
    (placed,) = rule_of_tool.entries[0].leaves()
    assert (placed.pointer, placed.negated) == ("/tools/a~1b/require/0/conditions/0/any/0/not", True)
