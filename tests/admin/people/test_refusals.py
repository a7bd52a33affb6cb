"""Failed tries to sign in: in the admin log, rationed, and waited for after a restart too."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from tests.admin.people.house import PASSWORD, QUICK, House
from yett.admin.errors import AdminFault, Unauthorised
from yett.admin.people import refusals
from yett.admin.people.doors import Doors, build_doors
from yett.admin.people.entrance import TooSoon, Visitor
from yett.admin.people.passwords import Passwords
from yett.admin.people.refusals import LINES_MAX, WINDOW_NS, Refusals
from yett.egress.addresses import EgressRules
from yett.egress.fetch import Egress

ADA = "ada@example.com"
STRANGER = Visitor(address="192.0.2.7", agent="a browser")


def fail(doors: Doors, times: int = 1, email: str = ADA, visitor: Visitor = STRANGER) -> None:
    """As the page does it."""
    for _ in range(times):
        with pytest.raises(Unauthorised):
            doors.ways_in.with_password(email, "wrong", visitor)
        doors.ways_in.refused(email, visitor)


def refused(house: House) -> list[Any]:
    return [line for line in house.log() if line.action == "session.refused"]


def soon(found: Callable[[], list[Any]]) -> list[Any]:
    """What comes after an answer, when it is there."""
    until = time.monotonic() + 10
    while not (there := found()) and time.monotonic() < until:
        time.sleep(0.01)
    return there


def started_again(house: House) -> Doors:
    """The ways in, as after a restart."""
    rules = house.doors.rules
    return build_doors(house.desk, rules, Egress(EgressRules.parse([])), Passwords(QUICK))


def test_a_failed_try_is_in_the_log_of_wherever_the_person_belongs_as_nobodys_doing(house: House) -> None:
    house.with_member(ADA, "viewer")
    assert house.browser().sign_in(" ADA@example.com", "wrong").status_code == 401
    (line,) = soon(lambda: refused(house))
    assert (line.actor, line.name, line.detail, line.address) == ("somebody", ADA, {"method": "password"}, "127.0.0.1")


def test_what_locks_out_says_for_how_long_and_what_is_turned_away_is_not_written(house: House) -> None:
    house.with_member(ADA, "viewer")
    fail(house.doors, 6)
    assert refused(house)[0].detail == {"method": "password", "wait": "1 s"}
    assert house.browser().sign_in(ADA, PASSWORD).status_code == 429
    assert len(refused(house)) == 6


def test_an_unknown_address_is_in_no_log_and_waits_like_a_known_one(house: House) -> None:
    fail(house.doors, 6, "eve@example.com")
    assert refused(house) == []
    with pytest.raises(TooSoon):
        started_again(house).ways_in.with_password("eve@example.com", "wrong", STRANGER)


def test_nobody_fills_the_log_by_trying(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "LINES_MAX", 2)
    house.with_member(ADA, "viewer")
    fail(house.doors, 5)
    assert len(refused(house)) == 2
    house.clock.advance(3_600)
    fail(house.doors)
    assert refused(house)[0].detail == {"method": "password", "unwritten_before": "3"}


def test_lines_are_rationed_for_each_organisation_and_each_hour() -> None:
    lines = Refusals()
    assert [lines.unwritten("a", 5) for _ in range(LINES_MAX)] == [0] * LINES_MAX
    assert [lines.unwritten("a", 5), lines.unwritten("a", 5 + WINDOW_NS - 1), lines.unwritten("b", 5)] == [None, None, 0]
    assert [lines.unwritten("a", 5 + WINDOW_NS), lines.unwritten("a", 5 + WINDOW_NS)] == [2, 0]
    assert lines.unwritten("b", 1) == 0, "a clock that was set back begins another hour"


def test_who_had_to_wait_has_to_wait_after_a_restart(house: House) -> None:
    house.with_member(ADA, "viewer")
    fail(house.doors, 5)
    assert started_again(house).ways_in.with_password(ADA, PASSWORD, STRANGER).user.email == ADA, "five failures are free"
    fail(house.doors)
    again = started_again(house)
    with pytest.raises(TooSoon):
        again.ways_in.with_password(ADA, PASSWORD, STRANGER)
    house.clock.advance(1)
    with pytest.raises(Unauthorised):
        again.ways_in.with_password(ADA, "wrong", STRANGER)
    assert again.entrance.attempts.wait_s(again.entrance.keys(ADA, None, STRANGER)) > 0, "it goes on from where it was"


def test_who_signed_in_after_all_begins_anew_also_after_a_restart(house: House) -> None:
    house.with_member(ADA, "viewer")
    fail(house.doors, 6)
    house.clock.advance(1)
    house.doors.ways_in.with_password(ADA, PASSWORD, STRANGER)
    again = started_again(house)
    for _ in range(5):
        with suppress(Unauthorised):
            again.ways_in.with_password(ADA, "wrong", replace(STRANGER, address="192.0.2.8"))
    assert again.entrance.attempts.wait_s(again.entrance.keys(ADA, None, replace(STRANGER, address="192.0.2.9"))) == 0


def test_the_store_learns_neither_addresses_nor_where_somebody_came_from(house: House) -> None:
    fail(house.doors, 6, "eve@example.com")
    rows = house.desk.look(lambda whole: whole.sign_ins.waits())
    assert len(rows) == 1
    assert "eve" not in str(rows)
    assert "192.0.2.7" not in str(rows)


def test_a_clock_that_was_set_back_locks_nobody_out_for_longer(house: House) -> None:
    house.with_member(ADA, "viewer")
    fail(house.doors, 6)
    (row,) = house.desk.look(lambda whole: whole.sign_ins.waits())
    later = replace(row, until_ns=row.until_ns + 10**18, at_ns=row.at_ns + 10**18)
    house.desk.write(lambda whole: whole.sign_ins.put_waits([later]))
    again = started_again(house)
    with pytest.raises(AdminFault) as told:
        again.ways_in.with_password(ADA, PASSWORD, STRANGER)
    assert isinstance(told.value, TooSoon)
    assert told.value.wait_s == 300
