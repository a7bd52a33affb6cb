"""Requests end with what they are about: a grant that is revoked, a server that is removed, whatever is stopped."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from tests.admin.approving import Bank, bank_in, show
from tests.admin.people.conftest import house as house
from tests.admin.people.house import House
from yett.admin.grant_views import GrantEdit
from yett.admin.permissions import operator
from yett.admin.service import Service
from yett.admin.stop_views import StopWanted
from yett.admin.views import NewGrant, NewRevision
from yett.approvals.model import State

ENDS: dict[str, tuple[Callable[[Service], object], str]] = {
    "revoked": (lambda service: service.revoke_grant("agent"), "its grant was revoked by local:root"),
    "removed": (lambda service: service.remove_server("bank", with_grants=True), "its server was removed by local:root"),
    "grant stopped": (
        lambda service: service.stop(StopWanted(scope="grant", name="agent")),
        "its grant was stopped by local:root",
    ),
    "server stopped": (
        lambda service: service.stop(StopWanted(scope="server", name="bank")),
        "its server was stopped by local:root",
    ),
    "organisation stopped": (
        lambda service: service.stop(StopWanted(scope="organisation", name="")),
        "the organisation was stopped by local:root",
    ),
    "everything stopped": (
        lambda service: service.stop(StopWanted(scope="everything", name="")),
        "everything was stopped by local:root",
    ),
}


@pytest.fixture
def bank(house: House) -> Bank:
    return bank_in(house)


@pytest.mark.parametrize("how", ENDS)
def test_what_cannot_run_any_more_waits_for_nobody_and_tells_why(bank: Bank, how: str) -> None:
    work, why = ENDS[how]
    grant = bank.house.service.mint_grant(NewGrant(server="bank", label="agent")).grant.id
    waiting, decided = bank.asked(grant_id=grant), bank.asked({"amount": 1}, grant_id=grant)
    bank.house.program().api("POST", f"/approvals/{decided}/approve", {})
    work(bank.house.service)
    for id in (waiting, decided):
        view = show(bank.house.program(), id)
        assert (view["state"], view["note"]) == ("withdrawn", why)
    assert len(bank.events("approval_withdrawn")) == 2
    told = [line.subject for line in bank.house.log() if line.action == "approval.withdrawn"]
    assert sorted(told) == sorted([waiting, decided])


def test_what_can_still_run_goes_on_waiting(bank: Bank) -> None:
    grants = [bank.house.service.mint_grant(NewGrant(server="bank", label=label)).grant.id for label in ("agent", "other")]
    waiting = [bank.asked(grant_id=grant) for grant in grants]
    bank.house.service.edit_grant("agent", GrantEdit(reason="x"))
    bank.house.service.set_policy("p", NewRevision(document='{"version":"1","default":"deny"}'))
    bank.house.service.revoke_grant("other")
    assert [bank.standing(id).state for id in waiting] == [State.PENDING, State.WITHDRAWN]


def test_another_organisations_requests_are_left_alone(bank: Bank) -> None:
    elsewhere = bank.house.elsewhere().principal.organisation
    grant = bank.house.service.mint_grant(NewGrant(server="bank", label="agent")).grant.id
    waiting = bank.asked(grant_id=grant)
    Service(bank.house.desk, operator("local:root", elsewhere)).stop(StopWanted(scope="organisation", name=""))
    assert bank.standing(waiting).state is State.PENDING


def test_a_grant_is_revoked_also_where_requests_cannot_be_written(bank: Bank, caplog: pytest.LogCaptureFixture) -> None:
    grant = bank.house.service.mint_grant(NewGrant(server="bank", label="agent")).grant.id
    bank.asked(grant_id=grant)
    bank.port.close()
    for file in bank.path.parent.glob("state.db*"):
        file.unlink()
    bank.path.write_bytes(b"no database, and long enough to be taken for one" * 100)
    with caplog.at_level(logging.WARNING):
        assert bank.house.service.revoke_grant("agent").grant.status == "revoked"
    assert "not withdrawn" in caplog.text
    bank.path.unlink()
