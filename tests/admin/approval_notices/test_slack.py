"""Members decide in Slack: a real server plays its API, and what it sends comes to the real listener, signed."""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from tests.admin.approval_notices.receiver import Receiver, receiving
from tests.admin.approving import Bank, bank_in
from tests.admin.people.house import House, open_house
from yett.admin.approval_notices.rounds import NoticeRounds
from yett.admin.approval_notices.slack import SlackChannel
from yett.admin.approval_notices.slack_api import SlackApi
from yett.admin.approval_notices.slack_blocks import APPROVE, DENY, message
from yett.admin.approval_notices.slack_decisions import CANNOT, SlackDecisions
from yett.admin.approval_notices.slack_signature import FRESH_S, SlackSignature
from yett.admin.desk import Desk
from yett.app.approvals import StateApprovals
from yett.approvals.model import State
from yett.approvals.notices import Kind, Manner, Notice
from yett.egress.addresses import EgressRules
from yett.egress.fetch import Egress

SECRET = "of the app"
PEOPLE = {"U1": "ann@example.com", "U2": "bob@example.com", "U3": "eve@elsewhere.example"}
ODD: dict[str, dict[str, bool]] = {
    "U4": {"is_stranger": True},
    "U5": {"is_email_confirmed": False},
    "U6": {"deleted": True},
    "U7": {"is_bot": True},
}
"""Users who bear the address of an admin, for which this workspace does not vouch."""
PEOPLE |= dict.fromkeys(ODD, "ann@example.com")


def slack_says(path: str, body: dict[str, Any]) -> dict[str, Any]:
    """As Slack answers."""
    if path.endswith("/users.info"):
        return {"ok": True, "user": {"id": body["user"], "profile": {"email": PEOPLE[body["user"]]}, **ODD.get(body["user"], {})}}
    return {"ok": True, "ts": "1.2"}


@pytest.fixture
def slack() -> Iterator[Receiver]:
    with receiving() as opened:
        opened.answer = slack_says
        yield opened


def api_of(slack: Receiver) -> SlackApi:
    return SlackApi(Egress(EgressRules.parse(["127.0.0.1"])), slack.url, lambda: "xoxb-1")


@pytest.fixture
def house(tmp_path: Path, slack: Receiver) -> Iterator[House]:
    def decisions(desk: Desk) -> SlackDecisions:
        return SlackDecisions(desk, api_of(slack), lambda: SECRET, {"U1": "ann@example.com"})

    with open_house(tmp_path, slack=decisions) as opened:
        opened.with_member("ann@example.com", "admin")
        opened.with_member("bob@example.com", "viewer")
        yield opened


@pytest.fixture
def bank(house: House) -> Bank:
    return bank_in(house)


def button(id: str, action: str = APPROVE, user: str = "U1") -> dict[str, Any]:
    return {
        "type": "block_actions",
        "user": {"id": user},
        "channel": {"id": "C1"},
        "message": {"ts": "1.2"},
        "trigger_id": "t",
        "actions": [{"action_id": action, "value": id}],
    }


def signed(body: bytes, at_s: int, secret: str = SECRET) -> dict[str, str]:
    made = hmac.new(secret.encode(), f"v0:{at_s}:".encode() + body, sha256).hexdigest()
    fields = {"x-slack-request-timestamp": str(at_s), "x-slack-signature": f"v0={made}"}
    return {**fields, "content-type": "application/x-www-form-urlencoded"}


def send(house: House, said: object, fields: dict[str, str] | None = None) -> httpx2.Response:
    """What Slack posts."""
    body = urlencode({"payload": json.dumps(said)}).encode()
    shown = signed(body, house.clock.now_ns() // 1_000_000_000) if fields is None else fields
    return httpx2.post(f"{house.url}/approvals/slack", content=body, headers=shown, timeout=10)


def told(slack: Receiver, method: str, count: int = 1) -> list[Any]:
    """What Slack was asked by then: it is told after the answer."""
    until = time.monotonic() + 10
    while len(slack.bodies(method)) < count and time.monotonic() < until:
        time.sleep(0.005)
    return slack.bodies(method)


def test_a_request_is_shown_with_buttons_that_carry_its_id_and_nothing_else(bank: Bank, slack: Receiver) -> None:
    id = bank.asked({"amount": 7}, target="pay <!channel> *now*")
    channel = SlackChannel(api_of(slack), "C1", lambda id: f"https://gate.example/approvals/{id}")
    asyncio.run(NoticeRounds(StateApprovals(bank.path), [channel], Manner(), bank.house.clock.now_ns).round())
    [shown] = slack.bodies("chat.postMessage")
    section, actions = shown["blocks"]
    assert [element["value"] for element in actions["elements"]] == [id, id]
    assert f"<https://gate.example/approvals/{id}|" in section["text"]["text"]
    assert "<!channel>" not in json.dumps(shown), "a tool's name pings nobody"
    assert "amount" not in json.dumps(shown)
    assert slack.came[0][1]["authorization"] == "Bearer xoxb-1"


def test_a_member_approves_with_a_button_as_the_member_who_they_are(bank: Bank, slack: Receiver) -> None:
    id = bank.asked()
    assert send(bank.house, button(id)).status_code == 200
    [update] = told(slack, "chat.update")
    assert "ann@example.com approved pay of bank" in update["text"]
    found = bank.standing(id)
    assert (found.state, found.votes[0].name, found.votes[0].via) == (State.APPROVED, "ann@example.com", "slack")
    assert bank.house.log()[0].actor == "ann@example.com"


@pytest.mark.parametrize("user", ODD)
def test_nobody_decides_by_an_address_for_which_the_workspace_does_not_vouch(bank: Bank, slack: Receiver, user: str) -> None:
    id = bank.asked()
    send(bank.house, button(id, user=user))
    [said] = told(slack, "chat.postEphemeral")
    assert said["text"] == CANNOT
    assert bank.standing(id).state is State.PENDING


def test_long_names_cut_off_neither_the_link_nor_what_else_is_to_be_known(bank: Bank) -> None:
    ids = [bank.asked({"amount": number}, target=f"file:///{number}{'x' * 3_000}") for number in range(12)]
    found = [bank.standing(id) for id in ids]
    one = message(Notice(Kind.ASKED, (found[0],)), lambda id: f"https://gate.example/{id}")["blocks"][0]["text"]["text"]
    assert one.endswith("its arguments are behind the link")
    many = message(Notice(Kind.ASKED, tuple(found)), lambda id: f"https://gate.example/{id}")["blocks"][0]["text"]["text"]
    lines = many.splitlines()[1:]
    assert len(many) < 2_900
    assert lines[-1] == f"and {12 - (len(lines) - 1)} more: <https://gate.example/|all>"
    assert all("…>, " in line for line in lines[:-1])


def test_a_denial_asks_why_first(bank: Bank, slack: Receiver) -> None:
    id = bank.asked()
    send(bank.house, button(id, DENY))
    [opened] = told(slack, "views.open")
    assert (opened["trigger_id"], bank.standing(id).state) == ("t", State.PENDING)
    view = {**opened["view"], "state": {"values": {"reason": {"reason": {"value": "too much"}}}}}
    send(bank.house, {"type": "view_submission", "user": {"id": "U1"}, "view": view})
    told(slack, "chat.update")
    found = bank.standing(id)
    assert (found.state, found.votes[0].reason) == (State.DENIED, "too much")


def test_who_is_no_member_and_what_is_no_request_are_answered_alike_and_written_down(bank: Bank, slack: Receiver) -> None:
    id = bank.asked()
    other = bank.asked(organisation="another")
    for number, (whose, user) in enumerate(((id, "U3"), ("ap_none", "U1"), (other, "U1")), start=1):
        assert send(bank.house, button(whose, user=user)).status_code == 200
        said = told(slack, "chat.postEphemeral", number)[-1]
        assert said["text"] == CANNOT
    assert bank.standing(id).votes == bank.standing(other).votes == ()
    assert len(bank.events("approval_refused")) == 3


def test_who_may_not_decide_is_told_why(bank: Bank, slack: Receiver) -> None:
    id = bank.asked()
    send(bank.house, button(id, user="U2"))
    assert "not an approver" in told(slack, "chat.postEphemeral")[0]["text"]
    own = bank.asked({"amount": 1}, owner="ann@example.com")
    send(bank.house, button(own))
    assert "your own grant" in told(slack, "chat.postEphemeral", 2)[1]["text"]
    assert bank.standing(id).state is bank.standing(own).state is State.PENDING


def test_forged_replayed_old_and_unreadable_requests_are_refused_alike(bank: Bank, slack: Receiver) -> None:
    id, now_s = bank.asked(), bank.house.clock.now_ns() // 1_000_000_000
    said = button(id)
    body = urlencode({"payload": json.dumps(said)}).encode()
    answers = [
        send(bank.house, said, {"content-type": "application/x-www-form-urlencoded"}),
        send(bank.house, said, signed(body, now_s, "another secret")),
        send(bank.house, said, signed(body, now_s - FRESH_S - 1)),
        send(bank.house, said, signed(body + b"x", now_s)),
        send(bank.house, {"type": "nonsense"}),
        send(bank.house, []),
    ]
    assert bank.standing(id).state is State.PENDING
    fine = signed(body, now_s)
    assert send(bank.house, said, fine).status_code == 200
    answers.append(send(bank.house, said, fine))
    assert {(answer.status_code, answer.text) for answer in answers} == {(401, answers[0].text)}
    told(slack, "chat.update")
    assert len(bank.standing(id).votes) == 1
    whys = [one.more["detail"]["why"].rpartition(": ")[2] for one in bank.events("approval_refused")]
    assert whys == [
        "it has no timestamp",
        "its signature is not that of the app",
        "it is too old, or from a clock that is wrong",
        "its signature is not that of the app",
        "it came before",
    ]


def test_ids_that_are_no_request_of_theirs_are_answered_alike_to_who_is_no_member_whatever_they_are(
    bank: Bank, slack: Receiver
) -> None:
    expired = bank.asked({"amount": 1})
    bank.house.clock.advance(3_601)
    ids = {"forged": "ap_none", "foreign": bank.asked({"amount": 2}, organisation="another"), "expired": expired}
    ids["replayed"] = bank.asked({"amount": 3})
    send(bank.house, button(ids["replayed"]))
    told(slack, "chat.update")
    for number, id in enumerate(ids.values(), start=1):
        bank.house.clock.advance(1)
        assert send(bank.house, button(id, user="U3")).status_code == 200
        assert told(slack, "chat.postEphemeral", number)[-1]["text"] == CANNOT
    written = [one.more["detail"] for one in bank.events("approval_refused")]
    assert [(one["approval"], one["why"]) for one in written] == [(id, "no member, or no request") for id in ids.values()]


def test_where_no_slack_is_set_up_the_answer_is_the_same(tmp_path: Path) -> None:
    with open_house(tmp_path) as house:
        assert send(house, button("ap_1")).status_code == 401


def test_one_signature_is_taken_once_as_long_as_it_is_good() -> None:
    checks, body = SlackSignature(), b"payload=1"
    shown = signed(body, 1_000)["x-slack-signature"]
    assert checks.problem(SECRET, "1000", shown, body, 1_000) is None
    assert checks.problem(SECRET, "1000", shown, body, 1_000 + FRESH_S) == "it came before"
    assert checks.problem(SECRET, "1000", shown, body, 1_001 + FRESH_S) == "it is too old, or from a clock that is wrong"
    for timestamp in ("", "x", "-1", "\u0661", "9" * 20):
        assert checks.problem(SECRET, timestamp, shown, body, 1_000) == "it has no timestamp"
