"""Approvals over HTTP as the command line asks for them, and the same use cases where the store is: one meaning."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tests.admin.approving import Bank, asks, bank_in
from tests.admin.people.conftest import house as house
from tests.admin.people.house import TOKEN, House
from yett.admin.approvals_base import checked_reason
from yett.admin.approvals_views import CallApproval, CallDenial, CallWithdrawal, NewDelegation
from yett.admin.client_approvals import RemoteApprovals
from yett.admin.control_approvals import ApprovalControl
from yett.admin.errors import Forbidden, Invalid, NotFound

WAYS: dict[str, Callable[[House], ApprovalControl]] = {
    "over HTTP": lambda house: RemoteApprovals(*_place(house), TOKEN, "root"),
    "on the store": lambda house: house.service,
}


def _place(house: House) -> tuple[str, int]:
    where = urlsplit(house.url)
    assert where.hostname is not None and where.port is not None
    return where.hostname, where.port


@pytest.fixture
def bank(house: House) -> Bank:
    return bank_in(house)


@pytest.mark.parametrize("way", WAYS)
def test_a_call_is_found_approved_denied_and_withdrawn(bank: Bank, way: str) -> None:
    control = WAYS[way](bank.house)
    first, second, third = (bank.asked({"n": number}, asks=(asks(),)) for number in range(3))
    assert [line.id for line in control.approvals("pending")] == [third, second, first]
    assert control.approval_page(limit=2).next is not None
    view = control.approve_call(first, CallApproval(exempt_for="1h", free=["n"]))
    assert (view.state, view.votes[0].name, view.exemptions[0].free) == ("approved", "root", ["n"])
    assert control.deny_call(second, CallDenial(reason="no")).state == "denied"
    assert control.withdraw_call(third, CallWithdrawal()).state == "withdrawn"
    assert control.approval(first).votes == view.votes
    assert control.exemptions() == view.exemptions
    assert control.end_exemption(view.exemptions[0].id).ended_by == "root"
    assert control.exemptions() == []


@pytest.mark.parametrize("way", WAYS)
def test_what_is_refused_is_refused_by_the_same_kind(bank: Bank, way: str) -> None:
    control = WAYS[way](bank.house)
    with pytest.raises(NotFound):
        control.approval("ap_x")
    with pytest.raises(Invalid):
        control.deny_call(bank.asked(), CallDenial(reason=""))
    with pytest.raises(Forbidden):
        control.delegate(NewDelegation(to="ann@example.com", duration="1h"))
    with pytest.raises(NotFound):
        control.end_delegation("dl-x")
    assert control.delegations() == []


def test_a_reason_is_one_line_without_blanks_around_it() -> None:
    assert checked_reason("  it is the rent ") == "it is the rent"
