"""What people tried and may not: each is written, but for those of who tries again and again."""

from __future__ import annotations

from yett.admin.approvals_attempts import ACTORS_MAX, ID_MAX, WINDOW_NS, WRITTEN_MAX, Attempts
from yett.admin.approvals_port import Attempt


def attempt(at_ns: int = 1, actor: str = "m-1", approval: str = "ap_1", organisation: str = "o") -> Attempt:
    return Attempt(at_ns=at_ns, actor=actor, organisation=organisation, act="approve", approval=approval, why="no")


def test_one_more_than_the_limit_is_counted_only_and_told_of_with_the_next_that_is_written() -> None:
    attempts = Attempts()
    written = [attempts.detail_of(attempt()) for _ in range(WRITTEN_MAX + 2)]
    assert [one is not None for one in written] == [True] * WRITTEN_MAX + [False, False]
    later = attempts.detail_of(attempt(1 + WINDOW_NS))
    assert later is not None and later["unwritten_before"] == 2
    after = attempts.detail_of(attempt(2 + WINDOW_NS))
    assert after is not None and "unwritten_before" not in after


def test_actors_are_counted_apart_in_each_organisation() -> None:
    attempts = Attempts()
    for _ in range(WRITTEN_MAX + 1):
        attempts.detail_of(attempt())
    assert attempts.detail_of(attempt(actor="m-2")) is not None
    assert attempts.detail_of(attempt(organisation="other")) is not None


def test_so_many_actors_are_remembered_and_no_more() -> None:
    attempts = Attempts()
    for number in range(ACTORS_MAX + 1):
        attempts.detail_of(attempt(actor=f"m-{number}"))
    assert len(attempts._tries) == ACTORS_MAX


def test_what_was_named_as_an_id_is_cut_and_inert() -> None:
    detail = Attempts().detail_of(attempt(approval="\x1b" + "x" * 1_000))
    assert detail is not None
    assert detail["approval"] == "\\u001b" + "x" * (ID_MAX - 1)
