"""What a call adds to a limit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.support.clock import START_NS
from tests.support.policies import compiled, facts, policy
from yett.policy.amounts import amount_of
from yett.policy.conditions import Judged
from yett.policy.decision import Call, Code, Surface
from yett.policy.json_value import JsonValue

UTC = ZoneInfo("UTC")


def told(limit: dict[str, Any], arguments: dict[str, JsonValue]) -> object:
    """What a call with these arguments adds."""
    document = policy(tools={"t": {"limits": [{"counter": "n", "window": "day", "max": 9, **limit}]}})
    read = compiled(document).plan(Surface.TOOL, "t", None).limits[0].limit
    amount = amount_of(read, UTC)
    return 1 if amount is None else amount(Judged(Call(Surface.TOOL, "t", arguments), arguments, facts(), START_NS))


def test_a_limit_without_an_amount_counts_calls() -> None:
    assert told({}, {"n": 5}) == 1


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        (0, 0),
        (3, 3),
        (Decimal("0.1"), Decimal("0.1")),
        (-1, Code.ARGUMENT_TYPE),
        (Decimal("-0.1"), Code.ARGUMENT_TYPE),
        (2**53 + 1, Code.ARGUMENT_TYPE),
        (Decimal("0.30000000000000000001"), Code.ARGUMENT_TYPE),
        (True, Code.ARGUMENT_TYPE),
        ("3", Code.ARGUMENT_TYPE),
        ([1], Code.ARGUMENT_TYPE),
        (None, Code.REQUIRE_FAILED),
    ],
)
def test_an_amount_is_a_number_that_every_reader_sees_alike(value: JsonValue, amount: object) -> None:
    assert told({"increment_from": "args.n"}, {"n": value}) == amount


def test_an_amount_that_is_not_there_is_the_default_or_denies() -> None:
    assert told({"increment_from": "args.n"}, {}) is Code.REQUIRE_FAILED
    assert told({"increment_from": "args.n", "increment_default": 2}, {}) == 2
    assert told({"increment_from": "args.n", "increment_default": 2}, {"n": None}) == 2
    assert told({"increment_size_of": "args.a.b"}, {"a": {"b": []}}) == 0
    assert told({"increment_size_of": "args.a.b"}, {"a": {"b": [1, 2]}}) == 2
    assert told({"increment_size_of": "args.a.b"}, {"a": {"b": {}}}) is Code.ARGUMENT_TYPE
    assert told({"increment_size_of": "args.a.b"}, {"a": {}}) is Code.REQUIRE_FAILED
