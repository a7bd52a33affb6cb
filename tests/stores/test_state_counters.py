"""Counters in memory and in the file: what is forgotten, and that forgetting resets nothing that counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stores.ledger_cases import NOT_SENT, OK, allow, call, key, limit, opened, rows, units
from tests.support.clock import START_NS, ManualClock
from yett.audit.record import Reservation
from yett.policy.decision import Effect
from yett.ports import Receipt
from yett.stores.state_counters import Returning

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


async def test_an_idle_counter_is_deleted_two_days_after_it_stopped_counting_and_not_before(path: Path) -> None:
    clock = ManualClock()
    minute = limit(key("m", "minute"))
    async with opened(path, clock) as store:
        await store.admit(call(allow(minute)))
        clock.advance(60 + 2 * 86_400 - 1)
        await store.admit(call(at_ns=clock.ns))
        assert "m" in str(units(path))
        clock.advance(62)
        await store.admit(call(at_ns=clock.ns))
        assert units(path) == {}
        assert rows(path, "SELECT * FROM counters") == []
        assert (await store.admit(call(allow(minute), at_ns=clock.ns))).decision.effect is Effect.ALLOW
    assert rows(path, "SELECT id FROM counters") == [(2,)]  # the records of the old one name number 1


async def test_many_idle_counters_are_deleted_some_at_a_time_a_second_apart(path: Path) -> None:
    clock = ManualClock()
    async with opened(path, clock) as store:
        for number in range(120):
            await store.admit(call(allow(limit(key("m", "minute", grant=f"g{number}")))))
        clock.advance(3 * 86_400)
        left = []
        for _ in range(4):
            await store.admit(call(at_ns=clock.ns))
            await store.admit(call(at_ns=clock.ns))
            left.append(len(units_of_all(path)))
            clock.advance(1.1)
    assert left == [70, 20, 0, 0]


def units_of_all(path: Path) -> list[object]:
    return rows(path, "SELECT * FROM buckets")


async def test_a_clock_that_jumps_ahead_and_back_refunds_nothing(path: Path) -> None:
    clock = JumpingClock()
    async with opened(path, clock) as store:
        await store.admit(call(allow(limit(key("m", "month")))))
        for days in (1, 100, 0):
            clock.ns = START_NS + days * 86_400_000_000_000
            await store.admit(call(allow(limit(key("other"), maximum=9)), at_ns=clock.ns))
        assert (await store.admit(call(allow(limit(key("m", "month")))))).decision.effect is Effect.DENY


class JumpingClock(ManualClock):
    """A wall clock that is set while the time that passes does not notice."""

    def monotonic(self) -> float:
        return 1_000.0


async def test_the_oldest_part_of_a_sliding_window_still_counts_when_the_newest_opens(path: Path) -> None:
    sliding = limit(key("n", "minute", sliding=True), maximum=2)
    async with opened(path) as store:
        await store.admit(call(allow(sliding)))
        later_ns = START_NS + 60_000_000_000
        effects = [(await store.admit(call(allow(sliding), at_ns=later_ns))).decision.effect for _ in range(2)]
    assert effects == [Effect.ALLOW, Effect.DENY]


async def test_buckets_that_no_longer_count_leave_the_file(path: Path) -> None:
    sliding = limit(key("n", "minute", sliding=True), maximum=1_000)
    async with opened(path) as store:
        for second in range(0, 200):
            await store.admit(call(allow(sliding), at_ns=START_NS + second * 1_000_000_000))
    assert len(units(path)) == 61


async def test_the_memory_of_counters_is_bounded_and_nothing_is_reset_by_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yett.stores.state_counters.COUNTERS_CACHED_MAX", 10)
    async with opened(path) as store:
        for number in range(50):
            await store.admit(call(allow(limit(key(grant=f"g{number}")))))
        for number in range(50):
            assert (await store.admit(call(allow(limit(key(grant=f"g{number}")))))).decision.effect is Effect.DENY
        assert len(store._committer.counters._known) <= 11


def test_units_on_their_way_back_are_left_out_of_a_look_until_they_are_written() -> None:
    held = (
        Reservation(key().encode(), 1, 5, 2),
        Reservation(key().encode(), 1, 5, 1),
        Reservation(key("other").encode(), 2, 5, 1),
    )
    returning, usage = Returning(), {key(): {4: 1, 5: 9}, key("untouched"): {5: 1}}
    assert returning.taken_off(usage) is usage
    returning.begin(Receipt(2, held))
    assert returning.taken_off(usage) == {key(): {4: 1, 5: 6}, key("untouched"): {5: 1}}
    returning.end([(Receipt(1, held), OK), (Receipt(2, held), NOT_SENT)])
    assert returning.taken_off(usage) is usage
