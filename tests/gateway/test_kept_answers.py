"""What is kept of answers, for whom, how long, and how much of it."""

from __future__ import annotations

import pytest

from tests.support.clock import ManualClock
from yett.gateway import kept_answers
from yett.gateway.kept_answers import (
    ENDED,
    MESSAGE_BYTES,
    SESSION_BYTES_MAX,
    SESSION_MESSAGES_MAX,
    TOO_MUCH,
    KeptAnswer,
    KeptAnswers,
    Terms,
)
from yett.gateway.sessions import Session, Sessions


class House:
    """Sessions of grants, and what is kept for them."""

    def __init__(self, **terms: int) -> None:
        self.clock = ManualClock()
        self.sessions = Sessions(self.clock)
        self.kept = KeptAnswers(self.clock.monotonic, Terms(**terms))

    def session(self, grant: str = "g1") -> Session:
        id = self.sessions.mint()
        self.sessions.open(id, grant_id=grant, server_id="s", upstream=None)
        found = self.sessions.find(id, grant_id=grant, server_id="s")
        assert found is not None
        return found

    def answer(self, session: Session, *messages: bytes, delivered: bool = False) -> KeptAnswer:
        """One that is complete."""
        answer = self.kept.begin(session, b"1")
        for message in messages:
            answer.put(message)
        answer.finish(delivered=delivered)
        return answer


def test_each_message_is_found_after_the_one_before_it() -> None:
    house = House()
    session = house.session()
    answer = house.kept.begin(session, b"1")
    ids = [answer.event_id(0), *(answer.put(message).id or b"" for message in (b"a", b"b"))]
    assert len(set(ids)) == 3
    for number, expected in enumerate([b"a", b"b", None]):
        found = house.kept.find(session, ids[number])
        assert found == (answer, number)
        event = answer.after(number)
        assert (None if event is None else event.data) == expected
        assert event is None or event.id == ids[number + 1]


def test_an_id_means_nothing_in_another_session() -> None:
    house = House()
    mine, same_grant, other = house.session(), house.session(), house.session("g2")
    answer = house.answer(mine, b"secret")
    for session in (same_grant, other):
        own = house.answer(session, b"own")
        assert own.event_id(0) != answer.event_id(0)
        assert house.kept.find(session, answer.event_id(0)) is None
    assert house.kept.find(mine, answer.event_id(0)) == (answer, 0)


@pytest.mark.parametrize("change", [b"%b0", b"0%b", b" %b", b"%b ", b"%b\xb2", b"x", b"", b"-", b"%b-0"])
def test_an_id_that_was_never_given_means_nothing(change: bytes) -> None:
    house = House()
    session = house.session()
    answer = house.answer(session, b"a")
    id = change % answer.event_id(1) if b"%" in change else change
    assert house.kept.find(session, id) is None
    for number in (2, 10**8, 10**12):
        assert house.kept.find(session, answer.event_id(number)) is None


def test_the_oldest_of_a_session_goes_when_there_are_too_many_bytes() -> None:
    house = House()
    session = house.session()
    big = b"x" * (SESSION_BYTES_MAX // 2 - MESSAGE_BYTES)
    first, second = house.answer(session, big), house.answer(session, big)
    assert (first.lost, second.lost) == (None, None)
    third = house.answer(session, b"1")
    assert (first.lost, second.lost, third.lost) == (TOO_MUCH, None, None)
    assert house.kept.find(session, first.event_id(0)) == (first, 0)


def test_the_oldest_of_a_session_goes_when_there_are_too_many_messages() -> None:
    house = House()
    session = house.session()
    first = house.answer(session, b"first")
    many = house.answer(session, *[b"x"] * (SESSION_MESSAGES_MAX - 1))
    assert (first.lost, many.lost) == (None, None)
    house.answer(session, b"one more")
    assert (first.lost, many.lost) == (TOO_MUCH, None)


def test_what_a_client_was_given_goes_before_what_waits() -> None:
    house = House()
    session = house.session()
    waits = house.answer(session, b"waits")
    given = house.answer(session, *[b"x"] * (SESSION_MESSAGES_MAX - 1), delivered=True)
    house.answer(session, b"one more")
    assert (waits.lost, given.lost) == (None, TOO_MUCH)
    assert house.kept.find(session, given.event_id(0)) is None


def test_an_answer_that_is_too_much_alone_takes_no_other_with_it() -> None:
    house = House()
    session = house.session()
    small = house.answer(session, b"small")
    huge = house.answer(session, b"x" * SESSION_BYTES_MAX)
    assert (small.lost, huge.lost) == (None, TOO_MUCH)


def test_of_all_the_oldest_goes_of_who_has_most() -> None:
    house = House(bytes_max=8 * (MESSAGE_BYTES + 1))
    quiet = house.answer(house.session("quiet"), b"q")
    loud = [house.answer(house.session("loud"), b"l") for _ in range(7)]
    assert house.kept.size == 8 * (MESSAGE_BYTES + 1)
    house.answer(house.session("loud"), b"l")
    assert quiet.lost is None
    assert [answer.lost for answer in loud] == [TOO_MUCH, *[None] * 6]
    assert house.kept.size == 8 * (MESSAGE_BYTES + 1)


def test_what_comes_of_an_answer_that_was_dropped_is_not_kept_either() -> None:
    house = House(bytes_max=2 * MESSAGE_BYTES)
    session = house.session()
    answer = house.kept.begin(session, b"1")
    answer.put(b"a")
    answer.put(b"b" * MESSAGE_BYTES)
    assert answer.lost == TOO_MUCH
    assert answer.put(b"c").id == answer.event_id(3)
    assert house.kept.size == 0
    answer.finish()
    assert house.kept.find(session, answer.event_id(1)) == (answer, 1)


def test_an_answer_is_forgotten_when_nobody_came_for_it_in_time() -> None:
    house = House(kept_s=300)
    session = house.session()
    early = house.answer(session, b"a")
    house.clock.advance(299)
    late = house.answer(session, b"b")
    assert house.kept.find(session, early.event_id(0)) is not None
    house.clock.advance(1)
    assert house.kept.find(session, early.event_id(0)) is None
    assert house.kept.find(session, late.event_id(0)) is not None
    house.clock.advance(299)
    house.kept.expire()
    assert house.kept.size == 0


def test_an_answer_that_is_being_read_is_not_too_old() -> None:
    house = House(kept_s=300)
    session = house.session()
    answer = house.answer(session, b"a")
    reader = Reader()
    answer.attach(reader)
    house.clock.advance(1_000)
    house.kept.expire()
    assert answer.lost is None
    answer.detach(reader)
    house.clock.advance(300)
    house.kept.expire()
    assert answer.kept == 0


def test_nothing_is_kept_of_a_session_that_ended() -> None:
    house = House()
    session = house.session()
    done, running = house.answer(session, b"a"), house.kept.begin(session, b"2")
    running.put(b"b")
    house.sessions.close(session)
    assert (done.lost, running.lost, house.kept.size) == (ENDED, ENDED, 0)
    assert house.kept.find(session, done.event_id(0)) is None
    running.put(b"c")
    running.finish()
    late = house.kept.begin(session, b"3")
    late.put(b"d")
    assert (late.lost, house.kept.size) == (ENDED, 0)


def test_what_was_lost_is_known_of_so_many_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_answers, "LOST_MAX", 2)
    house = House(bytes_max=1)
    session = house.session()
    answers = [house.answer(session, b"a") for _ in range(3)]
    assert [house.kept.find(session, answer.event_id(0)) is not None for answer in answers] == [False, True, True]


class Reader:
    """Somebody who reads."""

    over = False

    def taken_over(self) -> None:
        self.over = True


def test_who_comes_later_takes_the_answer_over() -> None:
    house = House()
    answer = house.kept.begin(house.session(), b"1")
    heard: list[bool] = []
    answer.on_heard = lambda: heard.append(answer.heard)
    first, second = Reader(), Reader()
    answer.attach(first)
    answer.attach(second)
    assert (first.over, second.over) == (True, False)
    answer.detach(first)
    assert answer.heard
    answer.detach(second)
    assert heard == [True, True, False]
