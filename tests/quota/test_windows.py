"""Windows: which bucket an instant falls into, and where buckets begin."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.effort import examples
from yett.quota.windows import NS, SECONDS_MAX, SLIDING_PARTS, Window

FIXED = [Window(name) for name in ("minute", "hour", "day", "week", "month", "1", "7", "90", str(SECONDS_MAX))]
SLIDING = [Window(name, sliding=True) for name in ("minute", "hour", "day", "1", "7", "59", "86400")]
INSTANTS = st.integers(-(10**17), 2 * 10**20 // 20)
"""From 1966 to 2286, in ns."""


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * NS


@pytest.mark.parametrize(
    ("name", "inside", "opens", "next_opens"),
    [
        ("minute", "2026-01-01T00:00:59", "2026-01-01T00:00:00", "2026-01-01T00:01:00"),
        ("hour", "2026-01-01T23:59:59", "2026-01-01T23:00:00", "2026-01-02T00:00:00"),
        ("day", "2024-02-29T12:00:00", "2024-02-29T00:00:00", "2024-03-01T00:00:00"),
        ("week", "2026-01-01T00:00:00", "2025-12-29T00:00:00", "2026-01-05T00:00:00"),
        ("week", "2026-01-04T23:59:59", "2025-12-29T00:00:00", "2026-01-05T00:00:00"),
        ("week", "2026-01-05T00:00:00", "2026-01-05T00:00:00", "2026-01-12T00:00:00"),
        ("week", "1970-01-01T00:00:00", "1969-12-29T00:00:00", "1970-01-05T00:00:00"),
        ("month", "2024-02-29T23:59:59", "2024-02-01T00:00:00", "2024-03-01T00:00:00"),
        ("month", "2025-12-31T23:59:59", "2025-12-01T00:00:00", "2026-01-01T00:00:00"),
        ("month", "1969-12-31T23:59:59", "1969-12-01T00:00:00", "1970-01-01T00:00:00"),
        ("90", "1970-01-01T00:01:29", "1970-01-01T00:00:00", "1970-01-01T00:01:30"),
    ],
)
def test_calendar_windows_open_where_the_calendar_says(name: str, inside: str, opens: str, next_opens: str) -> None:
    window = Window(name)
    bucket = window.bucket(at(inside))
    assert (window.opens(bucket), window.opens(bucket + 1)) == (at(opens), at(next_opens))


@examples(100)
@given(st.sampled_from(FIXED + SLIDING), INSTANTS)
def test_a_bucket_holds_just_the_instants_from_its_opening_to_the_next(window: Window, now_ns: int) -> None:
    bucket = window.bucket(now_ns)
    opens, closes = window.opens(bucket), window.opens(bucket + 1)
    assert opens <= now_ns < closes
    assert window.bucket(opens) == bucket == window.bucket(closes - 1)
    assert window.bucket(opens - 1) == bucket - 1


@examples(100)
@given(st.sampled_from(SLIDING), INSTANTS, st.data())
def test_two_instants_one_window_apart_lie_within_the_buckets_counted(window: Window, now_ns: int, data: st.DataObject) -> None:
    earlier = now_ns - data.draw(st.integers(0, window.seconds * NS))
    assert window.bucket(now_ns) - window.bucket(earlier) < window.buckets_counted


@examples(100)
@given(st.sampled_from(SLIDING), INSTANTS)
def test_a_sliding_window_counts_at_most_one_part_more_than_its_length(window: Window, now_ns: int) -> None:
    oldest = window.bucket(now_ns) - window.buckets_counted + 1
    part_ns = window.seconds * NS / SLIDING_PARTS
    assert now_ns - window.opens(oldest) < window.seconds * NS + part_ns + 1


def test_an_unknown_window_is_refused() -> None:
    with pytest.raises(KeyError):
        Window("fortnight")


def test_windows_are_equal_by_name_and_sliding_only() -> None:
    assert Window("minute") == Window("minute") != Window("minute", sliding=True)
    assert Window("60") != Window("minute")
    assert hash(Window("day")) == hash(Window("day"))
