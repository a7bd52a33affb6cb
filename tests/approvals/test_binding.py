"""One digest for one call, and another for any other."""

from __future__ import annotations

import json
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from yett.approvals.binding import binding, members

KEY = b"k" * 32
WHERE = ("org", "g1", "srv", "tools/call", "tools", "pay", "d1", "p", "1-a")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.text(max_size=3), JSON, max_size=4), st.dictionaries(st.text(max_size=3), JSON, max_size=4))
def test_the_same_digest_means_the_same_arguments(one: dict[str, object], other: dict[str, object]) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (binding(WHERE, one, KEY) == binding(WHERE, other, KEY)) is same  # type: ignore[arg-type]  # JSON all the same
    assert (members(one, KEY) == members(other, KEY)) is same  # type: ignore[arg-type]  # JSON all the same


def test_every_part_counts_and_none_can_be_moved_into_the_next() -> None:
    found = {binding((*WHERE[:place], "x", *WHERE[place + 1 :]), {}, KEY) for place in range(len(WHERE))}
    assert len(found) == len(WHERE)
    assert binding(("a", "bc"), {}, KEY) != binding(("ab", "c"), {}, KEY)
    assert binding(("a", None), {}, KEY) != binding(("a", "None"), {}, KEY)


def test_numbers_count_by_their_exact_value() -> None:
    assert binding(WHERE, {"n": 1}, KEY) == binding(WHERE, {"n": Decimal("1.0")}, KEY)
    assert binding(WHERE, {"n": Decimal("0.1")}, KEY) != binding(WHERE, {"n": Decimal("0.10000000000000000001")}, KEY)


def test_without_the_key_nobody_can_try_values() -> None:
    assert binding(WHERE, {"n": 1}, KEY) != binding(WHERE, {"n": 1}, b"l" * 32)
    assert members({"n": 1}, KEY) != members({"n": 1}, b"l" * 32)
