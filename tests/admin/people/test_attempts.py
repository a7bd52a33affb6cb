"""How often somebody may fail."""

from __future__ import annotations

import pytest

from tests.support.clock import ManualClock
from yett.admin.people import attempts
from yett.admin.people.attempts import PACES, Attempts, Key, address_block

ACCOUNT, ADDRESS = Key("account", "ada"), Key("address", "192.0.2.1")


def failed(counts: Attempts, times: int, *keys: Key) -> None:
    for _ in range(times):
        counts.note(keys)


def test_the_first_failures_cost_nothing_and_then_each_doubles_the_wait() -> None:
    counts = Attempts(ManualClock())
    failed(counts, PACES["account"].free, ACCOUNT)
    assert counts.wait_s([ACCOUNT]) == 0
    waits = []
    for _ in range(4):
        failed(counts, 1, ACCOUNT)
        waits.append(counts.wait_s([ACCOUNT]))
    assert waits == [1, 2, 4, 8]


def test_the_wait_never_grows_beyond_its_bound_however_many_fail() -> None:
    counts = Attempts(ManualClock())
    failed(counts, 5_000, ACCOUNT)
    assert counts.wait_s([ACCOUNT]) == PACES["account"].most_s


def test_a_wait_ends_and_failures_are_forgotten() -> None:
    clock = ManualClock()
    counts = Attempts(clock)
    failed(counts, 6, ACCOUNT)
    clock.advance(1)
    assert counts.wait_s([ACCOUNT]) == 0
    clock.advance(6 * PACES["account"].forget_s)
    failed(counts, 5, ACCOUNT)
    assert counts.wait_s([ACCOUNT]) == 0


def test_the_longest_of_several_waits_counts_and_success_ends_one() -> None:
    counts = Attempts(ManualClock())
    failed(counts, 6, ACCOUNT, ADDRESS)
    assert counts.wait_s([ADDRESS]) == 0
    assert counts.wait_s([ADDRESS, ACCOUNT]) == 1
    counts.forget(ACCOUNT)
    assert counts.wait_s([ADDRESS, ACCOUNT]) == 0


def test_strangers_at_other_addresses_do_not_touch_a_known_browser() -> None:
    counts = Attempts(ManualClock())
    failed(counts, 50, ACCOUNT)
    assert counts.wait_s([Key("device", "ada's laptop")]) == 0


def test_the_oldest_counts_go_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "ENTRIES_MAX", 2)
    counts = Attempts(ManualClock())
    failed(counts, 6, ACCOUNT)
    failed(counts, 1, Key("account", "b"))
    failed(counts, 1, Key("account", "c"))
    assert counts.wait_s([ACCOUNT]) == 0
    assert len(counts._counts) == 2


def test_an_address_of_ipv6_counts_with_its_network() -> None:
    assert address_block("2001:db8:1:2:3::4") == address_block("2001:db8:1:2:ffff::") != address_block("2001:db8:1:3::")
    assert address_block("::ffff:192.0.2.7") == address_block("192.0.2.7") != address_block("192.0.2.8")
    assert address_block("unknown") == "unknown"
