"""Who may decide, and in whose place."""

from __future__ import annotations

from msgspec.structs import replace

from tests.approvals.made import ANN, BOB, CID, DAN, pending
from tests.support.clock import START_NS
from yett.approvals.lifecycle import Refusal
from yett.approvals.model import Approval, Asked, Delegation
from yett.approvals.who import Approver, deciders


def may(
    approval: Approval, person: Approver, *, members: int = 4, delegations: list[tuple[Delegation, Approver]] | None = None
) -> object:
    found = deciders(approval, person, members=members, delegations=delegations or [], now_ns=START_NS)
    return None if isinstance(found, Refusal) else found[0]


def delegated(
    by: Approver, to: Approver, *, from_ns: int = START_NS, until_ns: int = START_NS + 1
) -> tuple[Delegation, Approver]:
    made = Delegation(
        id="de_1", organisation="org", by=by.id, by_name=by.name, to=to.id, to_name=to.name, from_ns=from_ns, until_ns=until_ns
    )
    return made, by


def test_without_names_admins_and_policy_managers_decide() -> None:
    waiting = pending(Asked("r"), owner="eve@example.com")
    assert [may(waiting, person) for person in (ANN, BOB, CID, DAN)] == [("r",), ("r",), ("r",), None]


def test_a_rule_may_name_people_and_roles_and_each_counts_for_its_own() -> None:
    waiting = pending(Asked("r1", approvers=("DAN@example.com",)), Asked("r2", approvers=("admin",)), owner="eve@example.com")
    assert [may(waiting, person) for person in (ANN, BOB, DAN)] == [("r2",), None, ("r1",)]


def test_nobody_decides_on_what_their_own_grant_asks_from_the_second_member_on() -> None:
    for owner in (ANN.name, ANN.name.upper(), ANN.id):
        waiting = pending(owner=owner)
        assert may(waiting, ANN) is None
        assert may(waiting, ANN, members=1) is not None
        assert may(waiting, CID) is not None
    assert may(pending(owner=DAN.name), DAN, members=1) is None, "only an admin may, for there must be somebody"


def test_a_grant_without_an_owner_is_for_any_admin() -> None:
    waiting = pending(Asked("r", approvers=("dan@example.com",)))
    assert [may(waiting, person) for person in (ANN, BOB, DAN)] == [("r",), None, ("r",)]


def test_of_another_organisation_or_out_of_reach_nobody_decides() -> None:
    assert may(pending(), replace(ANN, organisation="org2")) is None
    assert may(pending(), replace(ANN, servers=frozenset({"other"}))) is None
    assert may(pending(), replace(ANN, servers=frozenset({"srv"}))) is not None


def test_a_member_may_have_another_one_decide_in_their_place_for_a_while() -> None:
    waiting = pending(owner="eve@example.com")
    assert may(waiting, DAN, delegations=[delegated(ANN, DAN)]) is not None
    assert may(waiting, DAN, delegations=[delegated(ANN, BOB)]) is None
    assert may(waiting, DAN, delegations=[delegated(ANN, DAN, until_ns=START_NS)]) is None
    assert may(waiting, DAN, delegations=[delegated(ANN, DAN, from_ns=START_NS + 1)]) is None


def test_who_asks_can_neither_have_others_decide_nor_decide_for_others() -> None:
    waiting = pending(owner=ANN.name)
    assert may(waiting, DAN, delegations=[delegated(ANN, DAN)]) is None
    assert may(waiting, ANN, delegations=[delegated(CID, ANN)]) is None
