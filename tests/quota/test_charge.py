"""Exact amounts, and counters that text in names cannot confuse."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.effort import examples
from yett.quota.charge import Amount, CounterKey, add, amount_text, read_amount, subtract
from yett.quota.windows import Window

DOUBLES = st.floats(min_value=0, allow_nan=False, allow_infinity=False).map(lambda number: Decimal(repr(number)))
AMOUNTS: st.SearchStrategy[Amount] = st.integers(0, 2**53) | DOUBLES
TEXTS = st.text(max_size=6) | st.sampled_from(['"', '","', "\\", "[]", "null", "true"])
WINDOWS = st.sampled_from([Window("day"), Window("day", sliding=True), Window("90"), Window("month")])
KEYS = st.builds(
    CounterKey,
    st.lists(TEXTS, min_size=1, max_size=4).map(tuple),
    TEXTS,
    st.sampled_from(["grant", "session"]),
    WINDOWS,
    st.booleans(),
)


def test_ten_tenths_are_one() -> None:
    total: Amount = 0
    for _ in range(10):
        total = add(total, Decimal("0.1"))
    assert total == 1


@examples(100)
@given(st.lists(AMOUNTS, max_size=30))
def test_sums_of_what_a_call_can_carry_are_exact(amounts: list[Amount]) -> None:
    total: Amount = 0
    for amount in amounts:
        total = add(total, amount)
    assert Fraction(total) == sum(map(Fraction, amounts))


@examples(100)
@given(AMOUNTS, AMOUNTS)
def test_what_was_added_can_be_taken_back_exactly(left: Amount, right: Amount) -> None:
    assert subtract(add(left, right), right) == left


def test_the_largest_and_the_smallest_double_add_up_without_loss() -> None:
    largest, smallest = Decimal("1.7976931348623157E+308"), Decimal("5E-324")
    total = add(add(largest, smallest), 1)
    assert subtract(subtract(total, largest), 1) == smallest


def test_taking_back_more_than_there_is_leaves_nothing() -> None:
    assert subtract(1, 2) == 0
    assert subtract(Decimal("0.1"), Decimal("0.2")) == 0


@examples(100)
@given(AMOUNTS, AMOUNTS)
def test_an_amount_survives_being_written_down(left: Amount, right: Amount) -> None:
    amount = add(left, right)
    assert read_amount(amount_text(amount)) == amount


@pytest.mark.parametrize("text", ["", "-1", "NaN", "Infinity", "one", "1,5", "-0.1", "sNaN"])
def test_text_that_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an amount"):
        read_amount(text)


@examples(100)
@given(KEYS)
def test_a_counter_survives_being_written_down(key: CounterKey) -> None:
    assert CounterKey.decode(key.encode()) == key


@examples(100)
@given(KEYS, KEYS)
def test_different_counters_are_written_differently(left: CounterKey, right: CounterKey) -> None:
    assert (left.encode() == right.encode()) == (left == right)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "1", '["grant"]', '["grant","o","n","fortnight",false,false]', '["grant", "o"]']
)
def test_text_that_is_no_counter_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        CounterKey.decode(text)


def test_a_shadow_limit_counts_apart() -> None:
    enforced = CounterKey(("o",), "n", "organisation", Window("day"))
    assert enforced != CounterKey(("o",), "n", "organisation", Window("day"), shadow=True)
