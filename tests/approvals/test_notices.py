"""Who is told what and when: once each, one by one while they are few, and never in the hundreds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.approvals.made import ANN, request, yes
from tests.support.clock import START_NS
from yett.approvals import lifecycle
from yett.approvals.model import Approval
from yett.approvals.notices import Kind, Manner, Notice, Saying, due, given_up

NS = 1_000_000_000
MANNER = Manner()


def asked(number: int = 1, at_ns: int = START_NS) -> Approval:
    return lifecycle.made(f"ap_{number}", replace(request(), binding=f"b{number}"), at_ns)


def taken(at_ns: int = START_NS) -> Saying:
    return Saying(at_ns, 1, True)


def kinds(found: list[Notice]) -> list[tuple[str, int]]:
    return [(notice.kind.value, len(notice.approvals)) for notice in found]


def test_a_request_is_told_of_once() -> None:
    one = asked()
    assert kinds(due([one], {}, START_NS, MANNER)) == [("asked", 1)]
    assert due([one], {("ap_1", Kind.ASKED): taken()}, START_NS + NS, MANNER) == []


def test_people_are_reminded_when_half_of_the_time_is_over() -> None:
    one, said = asked(), {("ap_1", Kind.ASKED): taken()}
    half_ns = START_NS + 300 * NS
    assert due([one], said, half_ns - 1, MANNER) == []
    assert kinds(due([one], said, half_ns, MANNER)) == [("reminder", 1)]
    assert due([one], said, half_ns, Manner(remind_share=1)) == []
    assert due([one], {}, half_ns, MANNER)[0].kind is Kind.ASKED, "who was not asked is not reminded"


def test_the_end_is_told_to_whom_was_asked() -> None:
    decided = lifecycle.voted(asked(), yes(ANN), START_NS)
    expired = lifecycle.current(asked(2), START_NS + 10**15)
    assert isinstance(decided, Approval)
    said = {("ap_1", Kind.ASKED): taken(), ("ap_2", Kind.ASKED): taken()}
    assert kinds(due([decided, expired], said, START_NS, MANNER)) == [("decided", 1), ("expired", 1)]
    assert due([decided, expired], {}, START_NS, MANNER) == []


def test_what_fails_is_tried_again_later_each_time_and_given_up_in_the_end() -> None:
    one, at_ns, tries = asked(), START_NS, 0
    for pause_s in (*MANNER.pauses_s, 10**6):
        assert kinds(due([one], {("ap_1", Kind.ASKED): Saying(at_ns, tries, False)} if tries else {}, at_ns, MANNER)) == (
            [("asked", 1)] if tries == 0 else []
        )
        tries += 1
        saying = {("ap_1", Kind.ASKED): Saying(at_ns, tries, False)}
        again = due([one], saying, at_ns + pause_s * NS, MANNER)
        assert kinds(again) == ([] if given_up(saying["ap_1", Kind.ASKED], MANNER) else [("asked", 1)])
        at_ns += pause_s * NS
    assert tries == 5


def test_a_hundred_at_once_come_as_one_digest() -> None:
    hundred = [asked(number) for number in range(100)]
    [digest] = due(hundred, {}, START_NS, MANNER)
    assert (digest.is_digest, len(digest.approvals)) == (True, 100)


@pytest.mark.parametrize("kind", [Kind.DECIDED, Kind.EXPIRED])
def test_a_hundred_ends_at_once_come_as_one_digest(kind: Kind) -> None:
    hundred = [asked(number) for number in range(100)]
    no = lifecycle.current if kind is Kind.EXPIRED else lambda one, at_ns: lifecycle.voted(one, yes(ANN), START_NS)
    ended = [after for one in hundred if isinstance(after := no(one, START_NS + 10**15), Approval)]
    [digest] = due(ended, {(one.id, Kind.ASKED): taken() for one in hundred}, START_NS, MANNER)
    assert (digest.kind, len(digest.approvals), digest.waits) == (kind, 100, False)


def test_the_name_of_a_notice_is_its_own_and_the_same_whenever_it_is_tried() -> None:
    one, other = asked(1), asked(2)
    names = [Notice(kind, about).id for kind in Kind for about in ((one,), (other,), (one, other))]
    assert len(set(names)) == len(names)
    assert Notice(Kind.ASKED, (one, other)).id == Notice(Kind.ASKED, (other, one)).id


@settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 12)), min_size=1, max_size=30))
def test_whatever_comes_nobody_is_pinged_more_than_twice_as_often_as_the_limit_and_all_are_told(
    steps: list[tuple[int, int]],
) -> None:
    """Each step is some seconds, and some new requests."""
    now_ns, number = START_NS, 0
    approvals: list[Approval] = []
    said: dict[Any, Saying] = {}
    pings: list[int] = []

    def tell() -> None:
        for notice in due(approvals, said, now_ns, Manner(remind_share=1)):
            pings.append(now_ns)
            said.update({(one.id, notice.kind): taken(now_ns) for one in notice.approvals})

    for pause_s, new in steps:
        now_ns += pause_s * NS
        approvals += [lifecycle.made(f"ap_{number + more}", replace(request(), timeout_s=10**6), now_ns) for more in range(new)]
        number += new
        tell()
    now_ns += 300 * NS
    tell()
    assert {id for id, _ in said} == {one.id for one in approvals}
    for at_ns in pings:
        window = [other for other in pings if at_ns <= other < at_ns + 300 * NS]
        assert len(window) <= 2 * MANNER.digest_over
