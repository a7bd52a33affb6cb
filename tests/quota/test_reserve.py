"""Whether charges fit, and when they will."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.support.effort import examples
from yett.quota.charge import Amount, Charge, CounterKey, add
from yett.quota.reserve import Refusal, counted, current_bucket, refusal, totals
from yett.quota.windows import NS, Window

START = int(datetime(2026, 1, 31, 23, 59, 30, tzinfo=UTC).timestamp()) * NS
WINDOWS = [Window(name) for name in ("minute", "hour", "day", "week", "month", "7")] + [
    Window(name, sliding=True) for name in ("minute", "7", "hour")
]
AMOUNTS: st.SearchStrategy[Amount] = st.integers(0, 5) | st.sampled_from([Decimal("0.1"), Decimal("2.5"), Decimal("1E-7")])

Contents = dict[CounterKey, dict[int, Amount]]


def key(name: str = "n", window: Window = WINDOWS[0]) -> CounterKey:
    return CounterKey(("o", "s", "g"), name, "grant", window)


def charge(counter: CounterKey, amount: Amount = 1, maximum: Amount = 1, rule: str = "/tools/t/limits/n") -> Charge:
    return Charge(counter, amount, maximum, rule)


def reserve(contents: Contents, charges: list[Charge], now_ns: int) -> Refusal | None:
    """What a store does, in three lines."""
    refused = refusal(charges, contents, now_ns)
    if refused is None:
        for counter, amount in totals(charges).items():
            buckets = contents.setdefault(counter, {})
            bucket = current_bucket(counter.window, buckets, now_ns)
            buckets[bucket] = add(buckets.get(bucket, 0), amount)
    return refused


@examples(100)
@given(
    st.sampled_from([window for window in WINDOWS if window.sliding]),
    st.lists(st.tuples(st.integers(0, 20 * NS), AMOUNTS), max_size=60),
    st.integers(0, 12),
)
def test_no_span_of_one_sliding_window_ever_holds_more_than_the_maximum(
    window: Window, arrivals: list[tuple[int, Amount]], maximum: int
) -> None:
    contents: Contents = {}
    admitted: list[tuple[int, Amount]] = []
    now_ns = START
    for wait_ns, amount in arrivals:
        now_ns += wait_ns
        if reserve(contents, [charge(key(window=window), amount, maximum)], now_ns) is None:
            admitted.append((now_ns, amount))
    for end_ns, _ in admitted:
        held = sum(amount for at_ns, amount in admitted if end_ns - window.seconds * NS <= at_ns <= end_ns)
        assert held <= maximum


@examples(100)
@given(
    st.sampled_from(WINDOWS),
    st.lists(st.tuples(st.integers(-3 * NS, 40 * NS), AMOUNTS), max_size=40),
    AMOUNTS,
    st.integers(0, 8),
)
def test_retry_after_is_the_first_whole_second_at_which_the_call_passes(
    window: Window, arrivals: list[tuple[int, Amount]], amount: Amount, maximum: int
) -> None:
    contents: Contents = {}
    now_ns = START
    for wait_ns, earlier in arrivals:
        now_ns += wait_ns  # may step back
        reserve(contents, [charge(key(window=window), earlier, maximum)], now_ns)
    wanted = [charge(key(window=window), amount, maximum)]
    refused = refusal(wanted, contents, now_ns)
    assume(refused is not None)
    assert refused is not None
    if refused.retry_after_s is None:
        assert amount > maximum
        return
    assert refused.retry_after_s >= 1
    assert refusal(wanted, contents, now_ns + refused.retry_after_s * NS) is None
    assert refusal(wanted, contents, now_ns + (refused.retry_after_s - 1) * NS) is not None


@examples(100)
@given(st.sampled_from(WINDOWS), st.lists(st.tuples(st.integers(-100 * NS, 40 * NS), AMOUNTS), max_size=40), st.integers(0, 8))
def test_a_clock_that_steps_back_never_opens_a_counter(window: Window, steps: list[tuple[int, Amount]], maximum: int) -> None:
    contents: Contents = {}
    now_ns = newest_ns = START
    for step_ns, amount in steps:
        now_ns += step_ns
        newest_ns = max(newest_ns, now_ns)
        before = counted(window, contents.get(key(window=window), {}), newest_ns)
        if reserve(contents, [charge(key(window=window), amount, maximum)], now_ns) is None:
            assert add(before, amount) <= maximum


def test_after_a_step_back_the_wait_is_until_the_clock_has_caught_up() -> None:
    contents: Contents = {}
    ahead_ns = START + 3_600 * NS
    assert reserve(contents, [charge(key())], ahead_ns) is None
    refused = refusal([charge(key())], contents, START)
    assert refused is not None
    assert refused.retry_after_s == 3_600 + 30


def test_the_value_after_the_call_may_equal_the_maximum() -> None:
    contents: Contents = {}
    tenth = charge(key(), Decimal("0.1"), 1)
    assert [reserve(contents, [tenth], START) for _ in range(10)] == [None] * 10
    assert reserve(contents, [tenth], START) == Refusal(tenth, 30)


def test_a_call_that_alone_exceeds_the_maximum_has_no_time_to_retry() -> None:
    wanted = charge(key(), 2, 1)
    assert refusal([wanted], {}, START) == Refusal(wanted, None)


def test_a_maximum_of_zero_refuses_what_adds_something_and_passes_what_adds_nothing() -> None:
    assert refusal([charge(key(), 1, 0)], {}, START) is not None
    assert refusal([charge(key(), 0, 0)], {}, START) is None


def test_two_limits_on_one_counter_add_up_and_are_each_checked_against_the_sum() -> None:
    wide, narrow = charge(key(), 2, 10, "wide"), charge(key(), 2, 3, "narrow")
    refused = refusal([wide, narrow], {}, START)
    assert refused is not None
    assert (refused.charge.rule, refused.retry_after_s) == ("narrow", None)
    assert totals([wide, narrow]) == {key(): 4}


def test_the_first_charge_in_order_that_does_not_fit_is_named() -> None:
    fits, first, second = charge(key("a"), 1, 1, "a"), charge(key("b"), 2, 1, "b"), charge(key("c"), 2, 1, "c")
    refused = refusal([fits, first, second], {}, START)
    assert refused is not None
    assert refused.charge is first


def test_a_refusal_reserves_nothing() -> None:
    contents: Contents = {}
    assert reserve(contents, [charge(key("a"), 1, 1), charge(key("b"), 2, 1)], START) is not None
    assert contents == {}


def test_a_counter_stays_in_its_newest_bucket_though_what_was_charged_there_was_given_back() -> None:
    window = Window("minute")
    ahead = window.bucket(START) + 1
    assert current_bucket(window, {ahead - 1: 5, ahead: 0}, START) == ahead


def test_a_fixed_window_opens_fresh_at_its_start() -> None:
    contents: Contents = {}
    month = key(window=Window("month"))
    assert reserve(contents, [charge(month)], START) is None
    refused = reserve(contents, [charge(month)], START)
    assert refused is not None
    assert refused.retry_after_s == 30
    assert reserve(contents, [charge(month)], START + 30 * NS) is None


def test_the_order_in_which_a_store_hands_out_buckets_does_not_matter() -> None:
    window = Window("minute", sliding=True)
    newest = window.bucket(START)
    parts: dict[int, Amount] = {newest: 1, newest - 30: 1, newest - 59: 1}
    forwards, backwards = dict(sorted(parts.items())), dict(sorted(parts.items(), reverse=True))
    wanted = [charge(key(window=window), 1, 3)]
    assert refusal(wanted, {key(window=window): forwards}, START) == refusal(wanted, {key(window=window): backwards}, START)


def test_parts_of_a_sliding_window_are_summed_exactly_whole_numbers_or_not() -> None:
    window = Window("minute", sliding=True)
    newest = window.bucket(START)
    assert counted(window, {newest: 2, newest - 60: 3, newest - 61: 100}, START) == 5
    mixed: dict[int, Amount] = {newest: 10**30, newest - 1: Decimal("1E-30"), newest - 2: 1}
    assert str(counted(window, mixed, START)) == "1" + "0" * 29 + "1." + "0" * 29 + "1"
