"""Entries and conditions: every defect at its place."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.policies import policy, problems_of, read
from yett.policy.model import AnyOf, ApprovalEntry, Entry, Leaf, Not
from yett.policy.paths import parse_path

LEAF = {"path": "args.a", "op": "eq", "value": 1}
PARSED = Leaf(parse_path("args.a"), "eq", 1)
SQL = {"dialect": "postgres", "kinds": ["select"]}


def entry_problems(entry: Any, kind: str = "deny_if") -> list[str]:
    """Pointers below the entry."""
    place = f"/tools/t/{kind}/0"
    return [pointer.removeprefix(place) for pointer in problems_of(policy(tools={"t": {kind: [entry]}}))]


def entries(kind: str, *written: Any) -> Any:
    return getattr(read(policy(tools={"t": {kind: list(written)}})).tools["t"], kind)


@pytest.mark.parametrize("kind", ["require", "deny_if"])
def test_a_bare_condition_is_an_entry(kind: str) -> None:
    bare = entries(kind, LEAF, {**LEAF, "on_deny": "no"}, {"any": [LEAF], "on_deny": "no"}, {"not": LEAF})
    assert bare == (Entry((PARSED,)), Entry((PARSED,), "no"), Entry((AnyOf((PARSED,)),), "no"), Entry((Not(PARSED),)))
    assert entries(kind, {"conditions": [LEAF]}) == (Entry((PARSED,)),)


def test_an_approval_takes_its_own_words_beside_a_bare_condition() -> None:
    words = {"timeout": "2h", "approvers": ["ann@example.com", "admin"], "quorum": 2, "on_deny": "ask"}
    expected = ApprovalEntry((PARSED,), "ask", 7_200, ("ann@example.com", "admin"), 2)
    assert entries("require_approval", {**LEAF, **words}) == (expected,)
    assert entries("require_approval", {"conditions": [LEAF], **words}) == (expected,)
    assert entries("require_approval", {"conditions": []}) == (ApprovalEntry((), None, 1_800, (), 1),)


@pytest.mark.parametrize(("text", "seconds"), [("1s", 1), ("90s", 90), ("30m", 1_800), ("2h", 7_200), ("7d", 604_800)])
def test_durations(text: str, seconds: int) -> None:
    (entry,) = entries("require_approval", {**LEAF, "timeout": text})
    assert entry.timeout_s == seconds


@pytest.mark.parametrize(
    "text", ["", "s", "0s", "01s", "-1s", "1", "1 s", "1S", "1w", "1.5h", "1h30m", "١s", 90, None, "9" * 20 + "s"]
)
def test_what_is_no_duration(text: Any) -> None:
    assert entry_problems({**LEAF, "timeout": text}, "require_approval") == ["/timeout"]


@pytest.mark.parametrize("quorum", [0, -1, 1.5, "2", True, None])
def test_a_quorum_is_a_positive_integer(quorum: Any) -> None:
    assert entry_problems({**LEAF, "quorum": quorum}, "require_approval") == ["/quorum"]


@pytest.mark.parametrize(
    ("approvers", "pointers"), [([], ["/approvers"]), ("ann", ["/approvers"]), (["", 1], ["/approvers/0", "/approvers/1"])]
)
def test_approvers_are_a_list_of_names(approvers: Any, pointers: list[str]) -> None:
    assert entry_problems({**LEAF, "approvers": approvers}, "require_approval") == pointers


@pytest.mark.parametrize(
    ("entry", "pointers"),
    [
        (None, [""]),
        ([], [""]),
        ("x", [""]),
        ({}, ["/conditions"]),
        ({"on_deny": "x"}, ["/conditions"]),
        ({"conditions": None}, ["/conditions"]),
        ({"conditions": {}}, ["/conditions"]),
        ({"conditions": [1, LEAF, []]}, ["/conditions/0", "/conditions/2"]),
        ({"conditions": [LEAF], "path": "args.a"}, ["/path"]),
        ({"conditions": [LEAF], "on_deny": 1}, ["/on_deny"]),
        ({**LEAF, "on_deny": None}, ["/on_deny"]),
        ({**LEAF, "timeout": "1h"}, ["/timeout"]),
        ({**LEAF, "values": 1}, ["/values"]),
        ({"path": "args.a"}, ["/op", "/value"]),
        ({"op": "eq", "value": 1}, ["/path"]),
        ({"path": "args.a", "op": "eq"}, ["/value"]),
        ({"path": 1, "op": 1, "value": 1}, ["/path", "/op"]),
        ({"path": "args.a", "op": "equals", "value": 1}, ["/op"]),
        ({"path": "args.a", "op": "eq ", "value": 1}, ["/op"]),
        ({"path": "args.a", "op": "EQ", "value": 1}, ["/op"]),
        ({**LEAF, "path": "amount"}, ["/path"]),
        ({**LEAF, "path": "args.a[*]"}, ["/match"]),
        ({**LEAF, "path": "args.a[*]", "match": "all"}, ["/match"]),
        ({**LEAF, "match": "some"}, ["/match"]),
        ({**LEAF, "match": None}, ["/match", "/match"]),
        ({"any": []}, ["/any"]),
        ({"any": LEAF}, ["/any"]),
        ({"any": [LEAF, {"any": []}]}, ["/any/1/any"]),
        ({"any": [LEAF], "not": LEAF}, ["/not"]),
        ({"any": [LEAF], "path": "args.a"}, ["/path"]),
        ({"not": [LEAF]}, ["/not"]),
        ({"not": None}, ["/not"]),
        ({"not": {"not": {"path": "x", "op": "eq", "value": 1}}}, ["/not/not/path"]),
        ({"conditions": [{"any": [LEAF], "on_deny": "x"}]}, ["/conditions/0/on_deny"]),
        ({"conditions": [{**LEAF, "on_deny": "x"}]}, ["/conditions/0/on_deny"]),
    ],
)
def test_each_defect_of_an_entry_is_reported_at_its_place(entry: Any, pointers: list[str]) -> None:
    assert entry_problems(entry) == list(dict.fromkeys(pointers))


def test_requirements_name_at_least_one_condition_and_reasons_to_deny_need_none() -> None:
    assert entry_problems({"conditions": []}, "require") == ["/conditions"]
    assert entry_problems({"conditions": []}, "deny_if") == []
    assert entry_problems({"conditions": []}, "require_approval") == []


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("require", True),
        ("deny_if", True),
        ("require", {}),
        ("require_approval", False),
        ("require_approval", "yes"),
        ("deny_if", None),
    ],
)
def test_entries_are_lists(kind: str, value: Any) -> None:
    assert list(problems_of(policy(tools={"t": {kind: value}}))) == [f"/tools/t/{kind}"]


def whole(ops: tuple[str, ...], values: list[Any]) -> list[tuple[str, Any, list[str]]]:
    """Literals that are wrong as a whole."""
    return [(op, value, [""]) for op in ops for value in values]


BAD_LITERALS: list[tuple[str, Any, list[str]]] = [
    *whole(("eq", "neq", "contains", "lt", "gte"), [2**53 + 1]),
    ("eq", {"a": [1e300]}, ["/a/0"]),
    *whole(("in", "not_in"), [[], "x", None, {}, 1]),
    ("in", [1, 2**60], ["/1"]),
    *whole(("lt", "lte", "gt", "gte"), ["1", True, None, [1]]),
    *whole(("starts_with", "ends_with"), [1, None, ["x"]]),
    *whole(("regex",), [1, None, "(", "(?=a)", "a{100000}"]),
    *whole(("size_lte", "size_gte"), [-1, 1.5, "1", True, None, 2**60]),
    *whole(("type_is",), ["null", "integer", "Number", 1, None, []]),
    ("type_is", ["number", "null", 1], ["/1", "/2"]),
    *whole(("exists",), [1, "true", None]),
    *whole(("host_in", "path_within", "cidr_in"), [[], "x", None, {}]),
    ("host_in", ["example.com", "", 1], ["/1", "/2"]),
    ("host_in", ["https://example.com", "ok.example"], ["/0"]),
    ("path_within", ["/ok", "relative", "/a\0b"], ["/1", "/2"]),
    ("cidr_in", ["10.0.0.0/8", "10.0.0.1/8", "10.0.0.0/33", "x"], ["/1", "/2", "/3"]),
    *whole(("sql_only", "sql_any"), [None, [], "select"]),
    ("sql_only", {}, ["/dialect", "/kinds"]),
    ("sql_only", {**SQL, "extra": 1}, ["/extra"]),
    ("sql_only", {**SQL, "kinds": []}, ["/kinds"]),
    ("sql_only", {**SQL, "kinds": ["select", "grant", "SELECT"]}, ["/kinds/1", "/kinds/2"]),
    ("sql_only", {**SQL, "dialect": "oraclette"}, ["/dialect"]),
    ("sql_any", {"dialect": "", "kinds": "select"}, ["/kinds", "/dialect"]),
]


@pytest.mark.parametrize(("op", "literal", "pointers"), BAD_LITERALS, ids=lambda part: str(part)[:24])
def test_a_literal_that_its_operator_cannot_use_is_an_error_at_its_place(op: str, literal: Any, pointers: list[str]) -> None:
    found = entry_problems({"path": "args.a", "op": op, "value": literal})
    assert found == [f"/value{pointer}" for pointer in pointers]


EQUALS: list[Any] = [None, True, 0, -0.5, "", [], {}, {"a": [None]}]


@pytest.mark.parametrize(
    ("op", "literal"),
    [
        *[("eq", value) for value in EQUALS],
        ("in", [None]),
        ("in", [1, "a", None, [1]]),
        ("contains", None),
        ("regex", ""),
        ("starts_with", ""),
        ("size_lte", 0),
        ("size_lte", 2.0),
        ("gt", 0.1),
        ("lte", 2**53),
        ("type_is", ["string", "array"]),
        ("exists", False),
        ("host_in", ["*.example.com", "xn--mller-kva.example", "127.0.0.1"]),
        ("path_within", ["/"]),
        ("cidr_in", ["::/0", "10.0.0.0/8"]),
        ("sql_only", SQL),
    ],
)
def test_literals_that_can_be_used(op: str, literal: Any) -> None:
    assert entry_problems({"path": "args.a", "op": op, "value": literal}) == []


def test_the_hint_for_an_inexact_number_says_what_can_be_written() -> None:
    problems = problems_of(policy(tools={"t": {"deny_if": [{"path": "args.a", "op": "gt", "value": 1e300}]}}))
    assert "at most 15 digits, or 2^53" in problems["/tools/t/deny_if/0/value"]
