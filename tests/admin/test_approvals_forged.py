"""Whatever is shown instead of a right to decide, forged, replayed, foreign or expired: refused, recorded, and told alike."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.admin.approving import Bank, approve, bank_in
from tests.admin.people.conftest import house as house
from tests.admin.people.house import PASSWORD, Browser, House
from yett.admin.webhook_signing import fields as signed_fields
from yett.approvals.model import State

HOUR_S = 3_600
ACTS = ("approve", "deny", "withdraw")
DOCUMENT = Path(__file__).parents[2] / "docs/approvals.md"


@pytest.fixture
def bank(house: House) -> Bank:
    return bank_in(house)


def four(bank: Bank) -> dict[str, str]:
    """Ids of requests that are none of the one who names them: made up, another's, decided already, and too late."""
    bob = bank.house.with_member("bob@example.com", "admin")
    expired = bank.asked({"to": "late"})
    bank.house.clock.advance(HOUR_S + 1)
    foreign, replayed = bank.asked({"to": "foreign"}), bank.asked({"to": "replayed"})
    assert approve(bob, replayed)[0] == 200
    assert bank.standing(expired).state is State.EXPIRED
    return {"forged": "ap_" + "a" * 16, "foreign": foreign, "replayed": replayed, "expired": expired}


def refused(bank: Bank) -> list[tuple[str, str, str]]:
    told = [one.more["detail"] for one in bank.events("approval_refused")]
    return [(one["act"], one["approval"], one["why"]) for one in told]


def test_over_the_api_a_stranger_is_told_the_same_of_each_and_each_is_recorded(bank: Bank) -> None:
    ids = four(bank)
    stranger = bank.house.with_member("sam@other.example", "admin", people=bank.house.elsewhere())
    answers = {
        kind: [
            (answer.status_code, answer.text.replace(id, "ID"))
            for act in ACTS
            for answer in (stranger.api("POST", f"/approvals/{id}/{act}", {"reason": "x"}),)
        ]
        for kind, id in ids.items()
    }
    assert len({str(told) for told in answers.values()}) == 1
    assert {status for status, _ in answers["forged"]} == {404}
    assert [(act, id) for act, id, _ in refused(bank)] == [(act, id) for id in ids.values() for act in ACTS]
    assert len({why.replace(id, "ID") for _, id, why in refused(bank)}) == 1


def test_an_approver_who_says_yes_again_or_too_late_changes_nothing_and_is_recorded(bank: Bank) -> None:
    ids, ann = four(bank), bank.house.with_member("ann@example.com", "admin")
    for kind, status in (("forged", 404), ("replayed", 409), ("expired", 409)):
        before = None if kind == "forged" else bank.standing(ids[kind])
        assert approve(ann, ids[kind])[0] == status
        assert before is None or bank.standing(ids[kind]) == before
    assert [(act, id) for act, id, _ in refused(bank)] == [("approve", ids[kind]) for kind in ("forged", "replayed", "expired")]


def test_the_token_of_a_grant_decides_nothing_and_learns_nothing(bank: Bank) -> None:
    ids = four(bank)
    agent = bank.house.program("yett_" + "a" * 43)
    answers = [agent.api("POST", f"/approvals/{id}/approve", {}) for id in ids.values()]
    assert {(one.status_code, re.sub("ap_[a-z0-9]+", "ID", one.text)) for one in answers} == {(401, answers[0].text)}


def csrf_of(who: Browser) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', who.get("/account").text)
    assert found is not None
    return found[1]


def test_on_the_page_a_form_that_is_not_of_this_session_decides_nothing_is_told_alike_and_recorded(bank: Bank) -> None:
    ann, bob = bank.house.with_member("ann@example.com", "admin"), bank.house.with_member("bob@example.com", "admin")
    earlier, id = csrf_of(ann), bank.asked()
    ann.post("/sign-out", {"csrf": earlier})
    ann.fill("/sign-in", {"email": "ann@example.com", "password": PASSWORD})
    shown = {"none": "", "forged": "x" * 43, "foreign": csrf_of(bob), "of a session that is over": earlier}
    answers = {kind: ann.post(f"/approvals/{id}/approve", {"csrf": csrf, "reason": ""}) for kind, csrf in shown.items()}
    assert len({(answer.status_code, answer.text) for answer in answers.values()}) == 1
    assert answers["forged"].status_code == 403
    assert bank.standing(id).state is State.PENDING
    assert [(act, named) for act, named, _ in refused(bank)] == [("approve", id)] * len(shown)


def test_on_the_page_a_stranger_is_shown_the_same_of_each_and_each_is_recorded(bank: Bank) -> None:
    ids = four(bank)
    sam = bank.house.with_member("sam@other.example", "admin", people=bank.house.elsewhere())
    said = {"csrf": csrf_of(sam), "reason": "x"}
    answers = {
        kind: [
            (one.status_code, one.text.replace(id, "ID")) for one in [sam.post(f"/approvals/{id}/{act}", said) for act in ACTS]
        ]
        for kind, id in ids.items()
    }
    assert len({str(told) for told in answers.values()}) == 1
    assert [(act, id) for act, id, _ in refused(bank)] == [(act, id) for id in ids.values() for act in ACTS]


def documented() -> Any:
    """What the documentation tells receivers of the webhook to check, as it stands there."""
    code = re.search(r"```python\n(import base64.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    assert code is not None
    names: dict[str, Any] = {}
    exec(code[1], names)
    return names


def test_what_the_webhook_sends_is_known_by_the_documented_check_and_nothing_else_is() -> None:
    names = documented()
    secret, other, now_s = "whsec_" + "YWJj" * 8, "whsec_" + "eHl6" * 8, int(names["time"].time())
    body = b'{"type":"approval.requested","data":[]}'
    sent = signed_fields(secret, "ap_1.asked", now_s, body)
    assert names["is_ours"](secret, sent, body)
    assert not names["is_ours"](secret, sent, body + b" "), "forged"
    assert not names["is_ours"](secret, signed_fields(other, "ap_1.asked", now_s, body), body), "foreign"
    assert not names["is_ours"](secret, {**sent, "webhook-id": "ap_2.asked"}, body), "another one's name"
    assert not names["is_ours"](secret, signed_fields(secret, "ap_1.asked", now_s - 301, body), body), "expired"
    assert not names["is_ours"](secret, {**sent, "webhook-timestamp": str(now_s + 1)}, body), "made fresh again"
    assert sent["webhook-id"] == signed_fields(secret, "ap_1.asked", now_s + 5, body)["webhook-id"], "a replay has its name"
