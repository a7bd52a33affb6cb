"""JSON values: their types, which numbers every reader sees alike, and when two values are equal."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.effort import examples
from yett.policy.document import read_json
from yett.policy.json_value import has_inexact_number, is_exact, json_equal, json_type


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "null"),
        (True, "boolean"),
        (0, "number"),
        (Decimal("0.0"), "number"),
        ("", "string"),
        ([], "array"),
        ({}, "object"),
    ],
)
def test_every_value_has_a_type(value: Any, kind: str) -> None:
    assert json_type(value) == kind


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("0", True),
        ("-0", True),
        ("0.1", True),
        ("0.10", True),
        ("1e-3", True),
        ("1.7976931348623157e308", False),
        ("5e-324", True),
        ("9007199254740992", True),
        ("-9007199254740992", True),
        ("9007199254740993", False),
        ("9007199254740992.0", True),
        ("9007199254740994.0", False),
        ("9007199254740992.5", False),
        ("1e16", False),
        ("123456789012345.6", True),
        ("1234567890123456.7", False),
        ("0.30000000000000004", True),
        ("0.30000000000000001", False),
        ("1e400", False),
        ("1e-400", False),
        ("0e400", True),
        ("0.1000000000000000055511151231257827", False),
    ],
)
def test_a_number_is_exact_if_every_reader_sees_it_alike(text: str, exact: bool) -> None:
    number = read_json(text.encode())
    assert isinstance(number, int | Decimal)
    assert is_exact(number) is exact


def test_an_inexact_number_is_found_however_deep_it_lies() -> None:
    deep: Any = 2**53 + 1
    for _ in range(10_000):
        deep = [deep, {"a": 1}]
    assert has_inexact_number(deep)
    assert not has_inexact_number([True, "9007199254740993", {"a": [2**53, None]}])


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        ("1", "1.0", True),
        ("1", "1e0", True),
        ("0.1", "0.10", True),
        ("0", "-0.0", True),
        ("1", "true", False),
        ("0", "false", False),
        ("1", '"1"', False),
        ("null", "false", False),
        ("[]", "{}", False),
        ('""', "null", False),
        ("[1,2]", "[1.0,2]", True),
        ("[1,2]", "[2,1]", False),
        ("[1]", "[1,1]", False),
        ('{"a":1,"b":2}', '{"b":2,"a":1.0}', True),
        ('{"a":1}', '{"a":true}', False),
        ('{"a":null}', "{}", False),
        ('"\\u00e9"', '"e\\u0301"', False),
        ('"a"', '"A"', False),
        ('"a"', '"a "', False),
    ],
)
def test_values_are_equal_by_type_and_exact_value(left: str, right: str, equal: bool) -> None:
    one, other = read_json(left.encode()), read_json(right.encode())
    assert json_equal(one, other) is equal
    assert json_equal(other, one) is equal


def test_depth_does_not_matter_to_equality() -> None:
    def nested() -> Any:
        value: Any = 1
        for _ in range(10_000):
            value = [value]
        return value

    assert json_equal(nested(), nested())


@given(
    digits=st.integers(0, 10**18),
    exponent=st.one_of(st.integers(-25, 25), st.sampled_from([-330, -310, -301, -300, -299, 290, 300, 308])),
    negative=st.booleans(),
)
@examples(500)
def test_the_short_way_to_exactness_is_the_long_way(digits: int, exponent: int, negative: bool) -> None:
    number = Decimal(f"{'-' if negative else ''}{digits}E{exponent}")
    double = float(number)
    shortest = not math.isinf(double) and Decimal(repr(double)) == number
    assert is_exact(number) is (shortest and (not double.is_integer() or abs(double) <= 2**53))
