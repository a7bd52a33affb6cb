"""Each step of a request's life, by the table and by nothing else."""

from __future__ import annotations

from itertools import product

import pytest
from msgspec.structs import replace

from tests.approvals.made import ANN, BOB, CID, pending, request, yes
from tests.support.clock import START_NS
from yett.approvals import lifecycle
from yett.approvals.lifecycle import RUN_WINDOW_NS, RUNNING_MAX_NS, TABLE, Refusal, Step
from yett.approvals.model import Approval, Asked, Exemption, State

MINUTE_NS = 60 * 1_000_000_000
OVER = {State.DONE, State.DENIED, State.EXPIRED, State.WITHDRAWN}


def went(after: Approval | Refusal) -> Approval:
    assert isinstance(after, Approval), after
    return after


def approved(*, at_ns: int = START_NS) -> Approval:
    return went(lifecycle.voted(pending(), yes(ANN), at_ns))


def running() -> Approval:
    return went(lifecycle.spent(approved(), request(), 7, START_NS))


@pytest.mark.parametrize(("state", "step"), list(product(State, Step)))
def test_nothing_leads_out_of_an_end_and_only_one_step_lets_a_call_run(state: State, step: Step) -> None:
    after = TABLE.get((state, step))
    if state in OVER:
        assert after is None
    if after is State.RUNNING:
        assert (state, step) == (State.APPROVED, Step.SPEND)
    if after is State.APPROVED:
        assert (state, step) in {(State.PENDING, Step.APPROVE), (State.RUNNING, Step.GIVE_BACK)}


def test_it_is_used_once() -> None:
    assert isinstance(lifecycle.spent(running(), request(), 8, START_NS), Refusal)
    done = went(lifecycle.finished(running(), "ok", START_NS))
    assert isinstance(lifecycle.spent(done, request(), 8, START_NS), Refusal)


def test_it_fits_the_very_call_and_no_rule_that_did_not_ask() -> None:
    other = request(binding="b2")
    more = request(Asked("/tools/pay/require_approval/always"), Asked("/all_tools/require_approval/always"))
    for wanted in (other, more):
        assert isinstance(lifecycle.spent(approved(), wanted, 7, START_NS), Refusal)


def test_it_does_not_fit_the_grant_of_another_owner_who_may_be_the_one_that_said_yes() -> None:
    given = pending(owner="ann@example.com")
    assert lifecycle.fits(given.request, given.request)
    for owner in (None, "bob@example.com"):
        assert not lifecycle.fits(given.request, replace(given.request, owner=owner))


def test_what_surely_was_not_sent_may_be_tried_again_in_its_time() -> None:
    again = went(lifecycle.given_back(running()))
    assert (again.state, again.call, again.spent_ns) == (State.APPROVED, None, None)
    assert went(lifecycle.spent(again, request(), 8, START_NS)).call == 8
    assert isinstance(lifecycle.spent(again, request(), 8, again.expires_ns), Refusal)


def test_an_unknown_outcome_is_never_tried_again_but_may_still_be_told() -> None:
    unknown = went(lifecycle.lost(running(), "lost", START_NS))
    assert isinstance(lifecycle.given_back(unknown), Refusal)
    assert isinstance(lifecycle.spent(unknown, request(), 8, START_NS), Refusal)
    assert went(lifecycle.finished(unknown, "ok", START_NS)).state is State.DONE


def test_time_ends_what_waits_and_what_was_never_heard_of() -> None:
    waiting = pending()
    assert lifecycle.current(waiting, waiting.expires_ns - 1).state is State.PENDING
    assert lifecycle.current(waiting, waiting.expires_ns).state is State.EXPIRED
    assert lifecycle.current(running(), START_NS + RUNNING_MAX_NS).state is State.UNKNOWN
    assert isinstance(lifecycle.voted(waiting, yes(ANN), waiting.expires_ns), Refusal), "a yes that comes too late"


def test_a_yes_in_the_last_moment_leaves_time_to_run() -> None:
    late_ns = pending().expires_ns - 1
    assert approved(at_ns=late_ns).expires_ns == late_ns + RUN_WINDOW_NS
    assert approved().expires_ns == pending().expires_ns, "no longer than people were asked for otherwise"


def test_a_quorum_is_of_different_people_for_each_rule() -> None:
    two = pending(Asked("r1", quorum=2), Asked("r2"))
    one = went(lifecycle.voted(two, yes(ANN, "r1", "r2"), START_NS))
    assert (one.state, one.missing) == (State.PENDING, {"r1": 1})
    assert isinstance(lifecycle.voted(one, yes(ANN, "r1"), START_NS), Refusal)
    in_her_place = yes(BOB, "r1", on_behalf=ANN.id)
    assert isinstance(lifecycle.voted(one, in_her_place, START_NS), Refusal), "she has said yes herself"
    assert went(lifecycle.voted(one, yes(CID, "r1"), START_NS)).state is State.APPROVED


def test_a_no_needs_a_reason_and_ends_it_also_after_a_yes() -> None:
    no = yes(BOB, approve=False)
    assert isinstance(lifecycle.voted(pending(), no, START_NS), Refusal)
    for standing in (pending(), approved()):
        assert went(lifecycle.voted(standing, replace(no, reason="no"), START_NS)).state is State.DENIED
    assert isinstance(lifecycle.voted(running(), replace(no, reason="no"), START_NS), Refusal), "it runs already"


def exempting(*spans: tuple[int | None, tuple[str, ...]], quorum: int = 1) -> Exemption | None:
    standing = pending(Asked("r", quorum=quorum))
    for person, (span, free) in zip((ANN, BOB, CID), spans, strict=False):
        standing = went(lifecycle.voted(standing, yes(person, "r", exempt_s=span, free=free), START_NS))
    return lifecycle.exemption_of(standing, "ex_1", START_NS)


def test_an_exemption_is_what_all_who_approved_agreed_to() -> None:
    found = exempting((600, ("note", "amount")), (60, ("note",)), quorum=2)
    assert found is not None
    assert (found.until_ns, found.free, dict(found.members)) == (START_NS + MINUTE_NS, ("note",), {"amount": "da"})
    assert exempting((600, ()), (None, ()), quorum=2) is None


@pytest.mark.parametrize(
    ("changes", "spared"),
    [
        ({}, True),
        ({"members": {"amount": "da", "note": "other"}}, True),
        ({"members": {"amount": "da"}}, True),
        ({"policy_revision": "2-b", "binding": "b2"}, True),
        ({"members": {"amount": "other", "note": "dn"}}, False),
        ({"members": {"amount": "da", "note": "dn", "to": "x"}}, False),
        ({"members": {"note": "dn"}}, False),
        ({"grant_id": "g2"}, False),
        ({"organisation": "org2"}, False),
        ({"server_id": "srv2"}, False),
        ({"target": "refund"}, False),
        ({"definition": "d2"}, False),
        ({"policy": "q"}, False),
        ({"asks": (Asked("r"), Asked("r2"))}, False),
        ({"asks": (Asked("r", message="another text"),)}, True),
        ({"asks": (Asked("r", quorum=2),)}, False),
        ({"asks": (Asked("r", approvers=("cid@example.com",)),)}, False),
        ({"method": "completion/complete"}, False),
    ],
)
def test_an_exemption_spares_the_same_call_but_for_what_was_freed(changes: dict[str, object], spared: bool) -> None:
    found = exempting((60, ("note",)))
    assert found is not None
    wanted = replace(request(Asked("r")), **changes)
    assert lifecycle.spares(found, wanted, START_NS) is spared
    assert not lifecycle.spares(found, wanted, found.until_ns)
    assert not lifecycle.spares(replace(found, ended_ns=START_NS), wanted, START_NS)
