"""What stands beside requests: calls that are spared for a while, and who decides in whose place."""

from __future__ import annotations

import pytest

from tests.admin.approving import Bank, approve, bank_in
from tests.admin.people.conftest import house as house
from tests.admin.people.house import House
from yett.admin.views import NewRevision


@pytest.fixture
def bank(house: House) -> Bank:
    return bank_in(house)


# --- exemptions ---------------------------------------------------------------------------------------------------------------


def test_an_exemption_names_what_is_free_and_what_is_bound_and_stands_until_its_end(bank: Bank) -> None:
    ann = bank.house.with_member("ann@example.com", "admin")
    id = bank.asked({"amount": 250, "to": "ann", "memo\u202e": "x"})
    view = approve(ann, id, exempt_for="2h", free=["amount", "memo\\u202e"])[1]
    held = view["exemptions"][0]
    assert (held["bound"], held["free"]) == (["to"], ["amount", "memo\\u202e"])
    assert ann.api("GET", "/exemptions").json() == [held]
    assert bank.events("exemption_given")[0].more["detail"]["free"] == ["amount", "memo\u202e"]
    bank.house.clock.advance(7_200)
    assert ann.api("GET", "/exemptions").json() == []


def test_an_exemption_is_shown_with_the_policy_whose_rules_it_spares(bank: Bank) -> None:
    ann = bank.house.with_member("ann@example.com", "admin")
    for name in ("careful", "other"):
        bank.house.service.set_policy(name, NewRevision(document='{"version":"1","default":"deny"}'))
    approve(ann, bank.asked(), exempt_for="2h")
    held = ann.api("GET", "/exemptions").json()
    assert ann.api("GET", "/policies/careful").json()["exemptions"] == held
    assert ann.api("GET", "/exemptions?policy=careful").json() == held
    assert ann.api("GET", "/policies/other").json()["exemptions"] == []
    assert ann.api("GET", "/exemptions?policy=other").json() == []
    ann.api("DELETE", f"/exemptions/{held[0]['id']}")
    assert ann.api("GET", "/policies/careful").json()["exemptions"] == []


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"exempt_for": "8d"}, "/exempt_for"),
        ({"exempt_for": "soon"}, "/exempt_for"),
        ({"free": ["amount"]}, "/free"),
        ({"exempt_for": "1h", "free": ["nothing"]}, "/free"),
        ({"reason": "x" * 1_001}, "/reason"),
        ({"reason": "a\nb"}, "/reason"),
    ],
)
def test_an_exemption_that_makes_no_sense_is_refused_and_nothing_is_decided(
    bank: Bank, said: dict[str, object], pointer: str
) -> None:
    ann, id = bank.house.with_member("ann@example.com", "admin"), bank.asked()
    status, problem = approve(ann, id, **said)
    assert (status, problem["errors"][0]["pointer"]) == (422, pointer)
    assert bank.standing(id).votes == ()


def test_ending_an_exemption_is_an_act_of_its_own(bank: Bank) -> None:
    ann, vic = bank.house.with_member("ann@example.com", "admin"), bank.house.with_member("vic@example.com")
    approve(ann, bank.asked(), exempt_for="2h")
    id = ann.api("GET", "/exemptions").json()[0]["id"]
    assert vic.api("DELETE", f"/exemptions/{id}").status_code == 403
    ended = ann.api("DELETE", f"/exemptions/{id}").json()
    assert ended["ended_by"] == "ann@example.com"
    assert ann.api("DELETE", f"/exemptions/{id}").status_code == 404
    assert (bank.house.log()[0].action, bank.house.log()[0].actor) == ("exemption.ended", "ann@example.com")
    assert len(bank.events("exemption_ended")) == 1


# --- delegations --------------------------------------------------------------------------------------------------------------


def test_a_delegation_ends_by_its_time_or_by_either_of_both(bank: Bank) -> None:
    ann, vic = bank.house.with_member("ann@example.com", "admin"), bank.house.with_member("vic@example.com")
    bob = bank.house.with_member("bob@example.com")
    for who in (ann, vic):
        id = ann.api("POST", "/delegations", {"to": "vic@example.com", "duration": "8h"}).json()["id"]
        assert bob.api("DELETE", f"/delegations/{id}").status_code == 403
        assert who.api("DELETE", f"/delegations/{id}").status_code == 200
        assert approve(vic, bank.asked())[0] == 403
    ann.api("POST", "/delegations", {"to": "vic@example.com", "duration": "8h"})
    bank.house.clock.advance(8 * 3_600)
    assert approve(vic, bank.asked())[0] == 403
    assert len(bank.events("delegation_ended")) == 2


def test_who_leaves_is_stood_in_for_no_longer(bank: Bank) -> None:
    ann, vic = bank.house.with_member("ann@example.com", "admin"), bank.house.with_member("vic@example.com")
    bank.house.with_member("bob@example.com", "admin")
    ann.api("POST", "/delegations", {"to": "vic@example.com", "duration": "8h"})
    bank.house.people.remove_member("ann@example.com")
    assert approve(vic, bank.asked())[0] == 403


def test_delegations_are_bounded_and_not_to_oneself(bank: Bank) -> None:
    ann = bank.house.with_member("ann@example.com", "admin")
    bank.house.with_member("vic@example.com")
    new = {"to": "vic@example.com", "duration": "1h"}
    for said, status in (
        ({"to": "ann@example.com", "duration": "1h"}, 422),
        ({"to": "nobody@example.com", "duration": "1h"}, 404),
        ({"to": "vic@example.com", "duration": "91d"}, 422),
    ):
        assert ann.api("POST", "/delegations", said).status_code == status
    assert bank.house.program().api("POST", "/delegations", new).status_code == 403
    answers = [ann.api("POST", "/delegations", new).status_code for _ in range(21)]
    assert answers == [201] * 20 + [409]
