"""Each operator, by the table of the language: which values it judges, and what it says of them. Anything else is ILL."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Final

import pytest

from tests.support.policies import outcome_of
from yett.policy.document import read_json
from yett.policy.errors import LiteralError
from yett.policy.operators import (
    ABSENT,
    FALSE,
    ILL,
    TRUE,
    both,
    check_literal_set,
    check_pattern,
    compile_test,
    either,
    negated,
)

KINDS: Final[dict[str, Any]] = {"boolean": True, "number": 1, "string": "x", "array": [], "object": {}}


def judged(op: str, literal: Any, value: str) -> str:
    """The outcome for an argument given as JSON text."""
    return outcome_of({"path": "args.v", "op": op, "value": literal}, b'{"v":%b}' % value.encode())


TABLE: Final[list[tuple[str, Any, str, str]]] = [
    # eq: of the literal's JSON type; deeper inside, different types are just unequal
    ("eq", 1, "1", "TRUE"),
    ("eq", 1, "1.0", "TRUE"),
    ("eq", 1, "1e0", "TRUE"),
    ("eq", 1, "2", "FALSE"),
    ("eq", 1, "true", "ILL"),
    ("eq", 1, '"1"', "ILL"),
    ("eq", 0.1, "0.10", "TRUE"),
    ("eq", 0.1, "0.1000000000000000055511151231257827", "ILL"),
    ("eq", 1, "9007199254740993", "ILL"),
    ("eq", True, "true", "TRUE"),
    ("eq", True, "false", "FALSE"),
    ("eq", True, "1", "ILL"),
    ("eq", "a", '"a"', "TRUE"),
    ("eq", "a", '"A"', "FALSE"),
    ("eq", "a", '"a "', "FALSE"),
    ("eq", "é", '"e\\u0301"', "FALSE"),
    ("eq", "a", '["a"]', "ILL"),
    ("eq", [1, "a"], '[1.0,"a"]', "TRUE"),
    ("eq", [1, "a"], '["1","a"]', "FALSE"),
    ("eq", [1], "[9007199254740993]", "ILL"),
    ("eq", [], "{}", "ILL"),
    ("eq", {"a": 1, "b": 2}, '{"b":2,"a":1}', "TRUE"),
    ("eq", {"a": 1}, '{"a":true}', "FALSE"),
    ("eq", {"a": 1}, '{"a":{"b":1e400}}', "ILL"),
    ("eq", {"a": None}, '{"a":null}', "TRUE"),
    ("eq", {"a": None}, "{}", "FALSE"),
    ("neq", 1, "1.0", "FALSE"),
    ("neq", 1, "2", "TRUE"),
    ("neq", 1, '"1"', "ILL"),
    ("neq", "a", '"b"', "TRUE"),
    ("neq", [1], "[2]", "TRUE"),
    ("neq", 1, "9007199254740993", "ILL"),
    # null: eq is TRUE for a present null, neq FALSE; against it any other present value is just unequal, never ILL
    ("eq", None, "null", "TRUE"),
    ("eq", None, "0", "FALSE"),
    ("eq", None, "9007199254740993", "FALSE"),
    ("neq", None, "null", "FALSE"),
    ("neq", None, '"x"', "TRUE"),
    ("neq", None, "1e400", "TRUE"),
    ("eq", 1, "null", "ABSENT"),
    ("neq", 1, "null", "ABSENT"),
    # in, not_in: of the JSON type of at least one element; null beside others does not widen the types that are judged
    ("in", ["a", "b"], '"b"', "TRUE"),
    ("in", ["a", "b"], '"c"', "FALSE"),
    ("in", ["a", "b"], "1", "ILL"),
    ("in", ["a", 1], "1.0", "TRUE"),
    ("in", ["a", 1], "2", "FALSE"),
    ("in", ["a", 1], "true", "ILL"),
    ("in", ["a", 1], "9007199254740993", "ILL"),
    ("in", ["a", None], "null", "TRUE"),
    ("in", ["a", None], '"b"', "FALSE"),
    ("in", ["a", None], "1", "ILL"),
    ("in", [1, None], "null", "TRUE"),
    ("in", [1, None], '"1"', "ILL"),
    ("in", [None], "null", "TRUE"),
    ("in", [None], "1", "FALSE"),
    ("in", ["a"], "null", "ABSENT"),
    ("in", [[1], {"a": 1}], "[1.0]", "TRUE"),
    ("in", [[1], {"a": 1}], '{"a":2}', "FALSE"),
    ("not_in", ["a", "b"], '"c"', "TRUE"),
    ("not_in", ["a", "b"], '"a"', "FALSE"),
    ("not_in", ["a", "b"], "1", "ILL"),
    ("not_in", ["a", None], "null", "FALSE"),
    ("not_in", ["a", None], '"b"', "TRUE"),
    ("not_in", ["a"], "null", "ABSENT"),
    # numbers, compared exactly
    *(("lt", 10, value, outcome) for value, outcome in (("9.9", "TRUE"), ("10", "FALSE"), ("11", "FALSE"))),
    *(("lte", 10, value, outcome) for value, outcome in (("9.9", "TRUE"), ("10.0", "TRUE"), ("11", "FALSE"))),
    *(("gt", 10, value, outcome) for value, outcome in (("9.9", "FALSE"), ("10", "FALSE"), ("1.1e1", "TRUE"))),
    *(("gte", 10, value, outcome) for value, outcome in (("9.9", "FALSE"), ("10", "TRUE"), ("11", "TRUE"))),
    ("gt", 0.3, "0.30000000000000004", "TRUE"),
    ("lte", 0.3, "0.30000000000000001", "ILL"),
    ("gt", -1, "-0", "TRUE"),
    ("gt", 9007199254740991, "9007199254740992", "TRUE"),
    ("gt", 9007199254740991, "9007199254740993", "ILL"),
    ("gt", 1, "1e400", "ILL"),
    ("gt", 1, '"2"', "ILL"),
    ("gt", 1, "true", "ILL"),
    ("gt", 1, "[2]", "ILL"),
    # regex: RE2, unanchored, default flags
    ("regex", "b+", '"abbc"', "TRUE"),
    ("regex", "^b", '"ab"', "FALSE"),
    ("regex", "^b", '"a\\nb"', "FALSE"),
    ("regex", "a.b", '"a\\nb"', "FALSE"),
    ("regex", "a$", '"a\\n"', "FALSE"),
    ("regex", "(?i)AB", '"ab"', "TRUE"),
    ("regex", "AB", '"ab"', "FALSE"),
    ("regex", "^.$", '"é"', "TRUE"),
    ("regex", "", '""', "TRUE"),
    ("regex", "\\x00", '"a\\u0000"', "TRUE"),
    ("regex", "1", "1", "ILL"),
    # contains: string in string, or an element that equals
    ("contains", "b", '"abc"', "TRUE"),
    ("contains", "B", '"abc"', "FALSE"),
    ("contains", "", '"abc"', "TRUE"),
    ("contains", 1, '"abc1"', "ILL"),
    ("contains", 1, "[2,1.0]", "TRUE"),
    ("contains", 1, '["1",true]', "FALSE"),
    ("contains", 1, "[2,9007199254740993]", "ILL"),
    ("contains", 1, "[1,9007199254740993]", "TRUE"),
    ("contains", "a", '["b",[9007199254740993]]', "ILL"),
    ("contains", None, "[null]", "TRUE"),
    ("contains", {"a": 1}, '[{"a":1.0}]', "TRUE"),
    ("contains", "a", '{"a":1}', "ILL"),
    ("contains", "a", "1", "ILL"),
    ("contains", "a", "[]", "FALSE"),
    # starts_with, ends_with
    ("starts_with", "ab", '"abc"', "TRUE"),
    ("starts_with", "Ab", '"abc"', "FALSE"),
    ("starts_with", "", '""', "TRUE"),
    ("starts_with", "a", '["a"]', "ILL"),
    ("ends_with", "bc", '"abc"', "TRUE"),
    ("ends_with", "b", '"abc"', "FALSE"),
    ("ends_with", "1", "1", "ILL"),
    # sizes: code points of a string, members of a list or object
    ("size_lte", 2, '"ab"', "TRUE"),
    ("size_lte", 1, '"\\ud83d\\ude00"', "TRUE"),
    ("size_lte", 1, '"e\\u0301"', "FALSE"),
    ("size_lte", 2, "[1,2,3]", "FALSE"),
    ("size_lte", 2, '{"a":1}', "TRUE"),
    ("size_lte", 2, "[9007199254740993]", "TRUE"),
    ("size_lte", 2, "1", "ILL"),
    ("size_lte", 2, "true", "ILL"),
    ("size_gte", 2, '"ab"', "TRUE"),
    ("size_gte", 2, "[1]", "FALSE"),
    ("size_gte", 0, "{}", "TRUE"),
    ("size_gte", 0, "0", "ILL"),
    # type_is judges any present value and does not look at numbers
    *(("type_is", kind, json.dumps(value), "TRUE") for kind, value in KINDS.items()),
    *(("type_is", kind, json.dumps(KINDS["string" if kind != "string" else "number"]), "FALSE") for kind in KINDS),
    ("type_is", ["number", "string"], "1", "TRUE"),
    ("type_is", ["number", "string"], "true", "FALSE"),
    ("type_is", "number", "9007199254740993", "TRUE"),
    ("type_is", "number", "null", "ABSENT"),
    # exists is never ABSENT
    ("exists", True, "1", "TRUE"),
    ("exists", True, "null", "FALSE"),
    ("exists", True, "9007199254740993", "TRUE"),
    ("exists", False, "0", "FALSE"),
    ("exists", False, "null", "TRUE"),
    # hosts, paths, addresses and SQL judge text; the rest of each is its own module's
    ("host_in", ["*.example.com"], '"https://a.example.com/x"', "TRUE"),
    ("host_in", ["*.example.com"], '"https://example.org"', "FALSE"),
    ("host_in", ["example.com"], '"ftp://example.com"', "ILL"),
    ("host_in", ["example.com"], "1", "ILL"),
    ("path_within", ["/srv"], '"/srv/../srv/a"', "TRUE"),
    ("path_within", ["/srv"], '"/srv/../etc"', "FALSE"),
    ("path_within", ["/srv"], '"srv/a"', "ILL"),
    ("path_within", ["/srv"], "[]", "ILL"),
    ("cidr_in", ["10.0.0.0/8"], '"10.1.2.3"', "TRUE"),
    ("cidr_in", ["10.0.0.0/8"], '"11.1.2.3"', "FALSE"),
    ("cidr_in", ["10.0.0.0/8"], '"010.1.2.3"', "ILL"),
    ("cidr_in", ["10.0.0.0/8"], "10", "ILL"),
    ("sql_only", {"dialect": "postgres", "kinds": ["select"]}, '"SELECT 1"', "TRUE"),
    ("sql_only", {"dialect": "postgres", "kinds": ["select"]}, '"SELECT 1; DROP TABLE t"', "FALSE"),
    ("sql_only", {"dialect": "postgres", "kinds": ["select"]}, '"SELEKT 1"', "ILL"),
    ("sql_any", {"dialect": "postgres", "kinds": ["drop"]}, '"SELECT 1; DROP TABLE t"', "TRUE"),
    ("sql_any", {"dialect": "postgres", "kinds": ["drop"]}, '"SELECT 1"', "FALSE"),
    ("sql_any", {"dialect": "postgres", "kinds": ["drop"]}, "{}", "ILL"),
]


@pytest.mark.parametrize(("op", "literal", "value", "outcome"), TABLE, ids=lambda part: str(part)[:24])
def test_what_an_operator_says_of_a_value(op: str, literal: Any, value: str, outcome: str) -> None:
    assert judged(op, literal, value) == outcome


LITERALS: Final[dict[str, Any]] = {
    **dict.fromkeys(("eq", "neq", "lt", "lte", "gt", "gte", "size_lte", "size_gte"), 1),
    **dict.fromkeys(("regex", "contains", "starts_with", "ends_with"), "x"),
    "in": ["x"],
    "not_in": ["x"],
    "type_is": "number",
    "host_in": ["example.com"],
    "path_within": ["/srv"],
    "cidr_in": ["10.0.0.0/8"],
    "sql_only": {"dialect": "sqlite", "kinds": ["select"]},
    "sql_any": {"dialect": "sqlite", "kinds": ["select"]},
}


@pytest.mark.parametrize("op", LITERALS)
@pytest.mark.parametrize("arguments", [{}, {"v": None}], ids=["missing", "null"])
def test_a_missing_member_and_null_are_absent_to_every_operator_but_exists(op: str, arguments: Any) -> None:
    assert outcome_of({"path": "args.v", "op": op, "value": LITERALS[op]}, arguments) == "ABSENT"


@pytest.mark.parametrize("op", LITERALS)
def test_no_operator_raises_whatever_it_is_given(op: str) -> None:
    test = compile_test(op, LITERALS[op])
    values: list[Any] = [True, 0, -(2**70), Decimal("1e400"), "", "x" * 10_000, "\ud800", "\0", [], [[]], {}, {"": [None]}]
    assert {test(value) for value in values} <= {TRUE, FALSE, ILL, ABSENT}


def test_a_step_through_a_value_of_the_wrong_kind_is_ill_and_does_not_exist() -> None:
    arguments = {"v": "text", "l": [1], "o": {"0": 1}}
    for path in ("args.v.a", "args.v[0]", "args.l.a", "args.o[0]"):
        assert outcome_of({"path": path, "op": "eq", "value": 1}, arguments) == "ILL"
        assert outcome_of({"path": path, "op": "exists", "value": True}, arguments) == "FALSE"
        assert outcome_of({"path": path, "op": "exists", "value": False}, arguments) == "ILL"


def test_numbers_in_deep_values_are_read_exactly() -> None:
    assert read_json(b"[1.10]") == [Decimal("1.1")]


OUTCOMES: Final = (TRUE, FALSE, ABSENT, ILL)


def test_and_is_false_else_ill_else_absent_else_true() -> None:
    order = (FALSE, ILL, ABSENT, TRUE)
    for left in OUTCOMES:
        for right in OUTCOMES:
            assert both(left, right) == min(left, right, key=order.index)


def test_any_is_true_else_ill_else_absent_else_false() -> None:
    order = (TRUE, ILL, ABSENT, FALSE)
    for left in OUTCOMES:
        for right in OUTCOMES:
            assert either(left, right) == min(left, right, key=order.index)


def test_not_swaps_true_and_false_and_keeps_the_other_two() -> None:
    assert [negated(outcome) for outcome in (TRUE, FALSE, ABSENT, ILL)] == [FALSE, TRUE, ABSENT, ILL]


@pytest.mark.parametrize("pattern", ["(?=a)", "(?<!a)", "\\1", "(", "[", "a{2,1}", "(?P<n", "*", "a{100000}"])
def test_what_re2_does_not_take_is_refused_with_its_reason(pattern: str) -> None:
    with pytest.raises(LiteralError, match="not an RE2 pattern: "):
        check_pattern(pattern)


def test_a_pattern_takes_linear_time() -> None:
    assert judged("regex", "(a+)+$", json.dumps("a" * 50_000 + "b")) == "FALSE"


@pytest.mark.parametrize(
    ("op", "literal"), [("host_in", ["http://x"]), ("path_within", ["srv"]), ("cidr_in", ["10.0.0.1/8"]), ("cidr_in", ["x"])]
)
def test_a_set_that_cannot_be_used_is_refused(op: str, literal: Any) -> None:
    with pytest.raises(LiteralError):
        check_literal_set(op, literal)
