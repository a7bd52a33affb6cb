"""What people read of calls that wait for them, and of what became of those."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.admin.asking import request
from yett.admin.approval_notices.slack_blocks import message
from yett.admin.approval_notices.texts import subject, text
from yett.approvals.lifecycle import made
from yett.approvals.model import Approval, State, Vote
from yett.approvals.notices import Kind, Notice

YES = Vote("m-1", "ann@example.com", True, 0, "page", ("/tools/pay/require_approval/0",))


def link(id: str) -> str:
    return f"https://gate.example/approvals/{id}"


def ended(state: State, *votes: Vote, number: int = 1) -> Approval:
    return replace(made(f"ap_{number}", request(), 0), state=state, votes=votes)


@pytest.mark.parametrize(
    ("kind", "one", "said"),
    [
        (Kind.DECIDED, ended(State.APPROVED, YES), "Approved: pay of bank"),
        (Kind.DECIDED, ended(State.DONE, YES), "Approved: pay of bank"),
        (Kind.DECIDED, ended(State.DENIED, YES, replace(YES, approve=False, reason="no")), "Denied: pay of bank"),
        (Kind.DECIDED, ended(State.WITHDRAWN, YES), "Withdrawn: pay of bank"),
        (Kind.EXPIRED, ended(State.EXPIRED), "Nobody decided in time: pay of bank"),
        (Kind.EXPIRED, ended(State.EXPIRED, YES), "Approved, but the call did not come in time: pay of bank"),
    ],
)
def test_people_are_told_what_became_of_it(kind: Kind, one: Approval, said: str) -> None:
    assert subject(Notice(kind, (one,))) == said


def test_a_digest_says_of_each_what_became_of_it() -> None:
    denied = ended(State.DENIED, replace(YES, approve=False, reason="no"), number=2)
    digest = Notice(Kind.DECIDED, (ended(State.APPROVED, YES), denied))
    assert subject(digest) == "2 calls wait for nobody any more"
    lines = text(digest, link).splitlines()
    assert (lines[2].endswith(", approved"), lines[3].endswith(", denied"), lines[-1]) == (True, True, f"All at {link('')}")
    shown = message(digest, link)["blocks"][0]["text"]["text"]
    assert ", approved" in shown and ", denied" in shown
    waiting = Notice(Kind.ASKED, (ended(State.PENDING), ended(State.PENDING, number=2)))
    assert text(waiting, link).splitlines()[-1] == f"Decide at {link('')}"
    assert subject(replace_kind(waiting)) == "2 calls wait for a person, still"


def replace_kind(notice: Notice) -> Notice:
    return Notice(Kind.REMINDER, notice.approvals)


def test_names_that_look_like_others_are_marked_in_letters_and_in_slack() -> None:
    one = made("ap_1", request(target="p\u0430y", grant_label="\u202etnega"), 0)
    for shown in (text(Notice(Kind.ASKED, (one,)), link), str(message(Notice(Kind.ASKED, (one,)), link))):
        assert "\u0430" not in shown and "\u202e" not in shown
        assert "u0430" in shown and "u202e" in shown
