"""A vote and its line of the admin log are two transactions: what a crash between them swallows is written at the next start."""

from __future__ import annotations

from typing import Any

import pytest

from tests.admin.approving import Bank, approve, bank_in, deny
from tests.admin.people.conftest import house as house
from tests.admin.people.house import Browser, House
from yett.admin.approvals_mending import LATE, mend_admin_log
from yett.admin.checks import show_moment
from yett.admin.desk import Desk
from yett.errors import StoreFault
from yett.stores.control.transaction import Whole


@pytest.fixture
def bank(house: House) -> Bank:
    return bank_in(house)


def crashing(monkeypatch: pytest.MonkeyPatch, who: Browser, method: str, path: str, said: Any = None) -> None:
    """Have it done, and die before the second transaction."""

    def killed(desk: Desk, work: Any) -> None:
        raise StoreFault("the process ends here")

    with monkeypatch.context() as dying:
        dying.setattr(Desk, "write", killed)
        assert who.api(method, path, said).status_code >= 500


def lines(bank: Bank) -> list[tuple[str, str, str]]:
    return [(line.action, line.actor, line.subject) for line in reversed(bank.house.log()) if "approval" in line.action]


def test_a_decision_whose_line_a_crash_swallowed_gets_it_at_the_next_start_once(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = bank.house.with_member("ann@example.com", "admin")
    given, denied, whole = bank.asked(), bank.asked({"to": "bob"}), bank.asked({"to": "cid"})
    said = {"reason": "the rent", "exempt_for": "1h", "free": ["amount"]}
    crashing(monkeypatch, ann, "POST", f"/approvals/{given}/approve", said)
    bank.house.clock.advance(1)
    crashing(monkeypatch, ann, "POST", f"/approvals/{denied}/deny", {"reason": "not this month"})
    bank.house.clock.advance(1)
    approve(ann, whole)
    who = "ann@example.com"
    assert bank.standing(given).votes and bank.standing(denied).votes
    assert lines(bank) == [("approval.given", who, whole)], "so the crash came between the two"
    assert mend_admin_log(bank.house.desk) == 2
    assert set(lines(bank)) == {("approval.given", who, whole), ("approval.given", who, given), ("approval.denied", who, denied)}
    told = next(line for line in bank.house.log() if line.subject == given)
    [vote] = bank.standing(given).votes
    expected = {"reason": "the rent", "via": "api", "exempt_for": "3600 s", "free": "amount", "late": LATE}
    assert {**told.detail, **expected} == told.detail
    assert told.at == show_moment(vote.at_ns)
    assert mend_admin_log(bank.house.desk) == 0


def test_withdrawals_exemptions_and_delegations_are_mended_too(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, id = bank.house.with_member("ann@example.com", "admin"), bank.asked()
    bank.house.with_member("vic@example.com")
    approve(ann, bank.asked({"to": "bob"}), exempt_for="1h")
    exemption = ann.api("GET", "/exemptions").json()[0]["id"]
    new = {"to": "vic@example.com", "duration": "8h"}
    crashing(monkeypatch, ann, "POST", f"/approvals/{id}/withdraw", {"reason": "no need"})
    crashing(monkeypatch, ann, "DELETE", f"/exemptions/{exemption}")
    crashing(monkeypatch, ann, "POST", "/delegations", new)
    delegation = ann.api("GET", "/delegations").json()[0]["id"]
    assert mend_admin_log(bank.house.desk) == 3
    found = {(line.action, line.actor, line.subject) for line in bank.house.log() if line.detail.get("late")}
    actions = {("approval.withdrawn", id), ("exemption.ended", exemption), ("delegation.given", delegation)}
    assert found == {(action, "ann@example.com", subject) for action, subject in actions}


def test_nothing_is_written_where_nothing_is_missing_whoever_acted_and_however(bank: Bank) -> None:
    ann, vic = bank.house.with_member("ann@example.com", "admin"), bank.house.with_member("vic@example.com", "admin")
    id = bank.asked()
    approve(ann, id, exempt_for="1h")
    deny(vic, id)  # which ends the exemption, too
    ann.api("POST", f"/approvals/{bank.asked({'to': 'dan'})}/withdraw", {})
    given = ann.api("POST", "/delegations", {"to": "vic@example.com", "duration": "8h"}).json()["id"]
    vic.api("DELETE", f"/delegations/{given}")
    bank.asked({"to": "eve"})
    bank.house.service.revoke_grant(bank.grant)
    before = len(bank.house.log())
    assert mend_admin_log(bank.house.desk) == 0
    assert len(bank.house.log()) == before
    assert bank.events("delegation_ended")[0].more["actor"] == bank.house.people.member("vic@example.com").id


def test_requests_of_runs_without_an_organisation_are_no_affair_of_the_admin_log(bank: Bank) -> None:
    ann = bank.house.with_member("ann@example.com", "admin")
    approve(ann, bank.asked())
    id = bank.asked({"to": "x"}, organisation="local")
    bank.port.withdraw(id, "no need", "local:me", bank.house.clock.now_ns())
    assert mend_admin_log(bank.house.desk) == 0


def test_a_store_that_fails_stops_no_start(bank: Bank, caplog: pytest.LogCaptureFixture) -> None:
    approve(bank.house.with_member("ann@example.com", "admin"), bank.asked())
    bank.port.close()
    for one in bank.path.parent.glob(f"{bank.path.name}-*"):
        one.unlink()
    bank.path.write_bytes(b"no database" * 1_000)
    assert mend_admin_log(bank.house.desk) == 0
    assert "could not be seen" in caplog.text


def test_lines_are_of_one_organisation_and_since_a_moment(bank: Bank) -> None:
    ann, id = bank.house.with_member("ann@example.com", "admin"), bank.asked()
    approve(ann, id)
    at_ns, own = bank.standing(id).votes[0].at_ns, bank.house.desk.first_organisation()

    def look(whole: Whole) -> set[tuple[str, str, int]]:
        return whole.of(own).log.lines_since(at_ns, ["approval.given"])

    assert bank.house.desk.look(look) == {("approval.given", id, at_ns)}
    assert bank.house.desk.look(lambda whole: whole.of(own).log.lines_since(at_ns + 1, ["approval.given"])) == set()
