"""Passwords."""

from __future__ import annotations

import threading
import time

import pytest
from argon2 import PasswordHasher

from yett.admin.errors import Invalid
from yett.admin.people import passwords
from yett.admin.people.passwords import Busy, Passwords, check_password

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
GOOD = "correct horse battery"


def test_the_right_password_opens_and_no_other() -> None:
    kept = Passwords()
    stored = kept.hash(GOOD)
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert kept.verify(stored, GOOD)
    assert not any(kept.verify(stored, wrong) for wrong in ("", GOOD + " ", GOOD.upper()))


def test_two_hashes_of_one_password_differ() -> None:
    kept = Passwords(QUICK)
    assert kept.hash(GOOD) != kept.hash(GOOD)


def test_an_account_without_password_never_opens_and_takes_as_long() -> None:
    kept = Passwords()
    kept.warm_up()
    stored, times = kept.hash(GOOD), []
    for known in (stored, None) * 4:
        began = time.perf_counter()
        assert not kept.verify(known, "wrong")
        times.append(time.perf_counter() - began)
    known_s, unknown_s = sorted(times[::2])[1], sorted(times[1::2])[1]
    assert 0.4 < unknown_s / known_s < 2.5


def test_a_damaged_hash_opens_nothing() -> None:
    assert not Passwords(QUICK).verify("not a hash", GOOD)


def test_a_password_that_is_too_long_is_not_cut_to_a_good_one() -> None:
    kept = Passwords(QUICK)
    longest = "ab" * (passwords.LENGTH_MAX // 2)
    stored = kept.hash(longest)
    assert kept.verify(stored, longest)
    assert not kept.verify(stored, longest + "c")


def test_one_more_than_may_wait_is_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "WAITING_MAX", 0)
    begun, go_on = threading.Semaphore(0), threading.Event()

    class Slow(PasswordHasher):
        def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
            begun.release()
            go_on.wait(5)
            return "hash"

    kept = Passwords(Slow())
    threads = [threading.Thread(target=kept.hash, args=("x",)) for _ in range(passwords.AT_ONCE)]
    for thread in threads:
        thread.start()
        begun.acquire()
    with pytest.raises(Busy):
        kept.hash("x")
    go_on.set()
    for thread in threads:
        thread.join()
    assert kept.hash("x") == "hash"


@pytest.mark.parametrize("bad", ["short", "a" * 12, "abab" * 4, "x1y2z" * 60, "ada.lovelace1"])
def test_a_weak_password_is_refused_and_not_repeated(bad: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_password(bad, email="ada.lovelace@example.com")
    assert bad not in str(caught.value)


def test_a_long_password_is_taken_as_it_is() -> None:
    assert check_password(GOOD, email="ada@example.com") == GOOD


def test_a_hash_of_less_work_is_outdated() -> None:
    assert Passwords().is_outdated(QUICK.hash(GOOD))
    assert not Passwords(QUICK).is_outdated(QUICK.hash(GOOD))
