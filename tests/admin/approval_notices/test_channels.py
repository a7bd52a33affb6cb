"""People are told by real requests and letters: what is in them, what is not, and that they are ours."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.admin.approval_notices.receiver import Receiver, receiving
from tests.admin.approving import Bank, asks, bank_in
from tests.admin.asking import request
from tests.admin.people.conftest import house as house
from tests.admin.people.house import House
from tests.admin.people.test_mail import Mailbox
from tests.admin.people.test_mail import mailbox as mailbox
from tests.support.clock import ManualClock
from yett.admin.approval_notices.apprise import AppriseChannel, notifier_of
from yett.admin.approval_notices.channel import Channel
from yett.admin.approval_notices.concerned import addresses
from yett.admin.approval_notices.mail import MailChannel
from yett.admin.approval_notices.rounds import NoticeRounds
from yett.admin.approval_notices.webhook import WebhookChannel
from yett.admin.people.mail import Post
from yett.admin.people.rules import MailServer
from yett.admin.webhook_signing import secret_of, signature
from yett.app.approvals import StateApprovals
from yett.approvals.lifecycle import made
from yett.approvals.notices import Kind, Manner, Notice
from yett.egress.addresses import EgressRules
from yett.egress.fetch import Egress
from yett.errors import OperatorFault

SECRET = secret_of(b"k" * 32)


@pytest.fixture
def bank(house: House) -> Bank:
    return bank_in(house)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


def link(id: str) -> str:
    return f"https://gate.example/approvals/{id}".rstrip("/")


def hook(receiver: Receiver, clock: ManualClock, **more: Any) -> WebhookChannel:
    egress = Egress(EgressRules.parse(["127.0.0.1"]))
    return WebhookChannel(egress, f"{receiver.url}/hook", lambda: SECRET, link, clock.now_ns, **more)


def rounds(bank: Bank, *channels: Channel) -> NoticeRounds:
    """As a control plane that has just been started makes them."""
    return NoticeRounds(StateApprovals(bank.path), channels, Manner(), bank.house.clock.now_ns)


def go(rounds: NoticeRounds) -> None:
    asyncio.run(rounds.round())


def test_a_program_is_told_signed_of_each_step_once_whatever_restarts(bank: Bank, receiver: Receiver) -> None:
    ann = bank.house.with_member("ann@example.com", "admin")
    channel = hook(receiver, bank.house.clock)
    id = bank.asked(timeout_s=600)
    for _ in range(3):  # each is a restart
        go(rounds(bank, channel))
    bank.house.clock.advance(301)
    for _ in range(2):
        go(rounds(bank, channel))
    ann.api("POST", f"/approvals/{id}/approve", {})
    for _ in range(2):
        go(rounds(bank, channel))
    assert [body["type"] for body in receiver.bodies()] == ["approval.requested", "approval.reminder", "approval.decided"]
    for _, fields, body in receiver.came:
        expected = signature(SECRET, fields["webhook-id"], int(fields["webhook-timestamp"]), body)
        assert fields["webhook-signature"] == expected
    assert len({fields["webhook-id"] for _, fields, _ in receiver.came}) == 3, "so that one that is replayed is known"
    [told] = receiver.bodies()[0]["data"]
    assert (told["id"], told["url"], told["target"], "arguments" in told) == (id, link(id), "pay", False)
    [decided] = receiver.bodies()[2]["data"]
    assert [vote["name"] for vote in decided["votes"]] == ["ann@example.com"]


def test_arguments_go_along_only_where_that_was_said(bank: Bank, receiver: Receiver) -> None:
    bank.asked({"amount": 7, "note": "x"})
    go(rounds(bank, hook(receiver, bank.house.clock, arguments=True)))
    assert receiver.bodies()[0]["data"][0]["arguments"] == '{"amount":7,"note":"x"}'


def test_what_is_not_taken_is_tried_again_with_the_same_name(bank: Bank, receiver: Receiver) -> None:
    receiver.status = 503
    bank.asked()
    going = rounds(bank, hook(receiver, bank.house.clock))
    go(going)
    bank.house.clock.advance(4)
    go(going)
    assert len(receiver.came) == 1, "not at once"
    receiver.status = 200
    bank.house.clock.advance(6)
    go(going)
    bank.house.clock.advance(6)
    go(going)
    assert len({fields["webhook-id"] for _, fields, _ in receiver.came}) == 1
    assert len(receiver.came) == 2


def test_a_hundred_requests_are_one_message(bank: Bank, receiver: Receiver) -> None:
    for number in range(100):
        bank.asked({"amount": number}, grant_id=f"g{number}")
    go(rounds(bank, hook(receiver, bank.house.clock)))
    [digest] = receiver.bodies()
    assert len(digest["data"]) == 100


def test_members_who_may_decide_are_written_to_and_nobody_else(bank: Bank, mailbox: Mailbox) -> None:
    for name, role in (("ann", "admin"), ("bob", "viewer"), ("cid", "policy_manager")):
        bank.house.with_member(f"{name}@example.com", role)  # type: ignore[arg-type]  # a role of these
    server = MailServer(host="127.0.0.1", port=mailbox.port, sender="Yett <yett@example.com>", security="none")
    desk = bank.house.desk
    channel = MailChannel(Post(server, lambda _: None).send, ("approvers",), lambda one: addresses(desk, one), link)
    bank.asked({"amount": 7}, owner="cid@example.com", asks=(asks(),))
    bank.asked({"amount": 8}, owner="ann@example.com", asks=(asks("bob@example.com"),))
    go(rounds(bank, channel))
    assert sorted(str(letter["to"]) for letter in mailbox.letters) == ["ann@example.com", "bob@example.com"]
    text = str(mailbox.letters[0].get_payload(decode=True))
    assert "https://gate.example/approvals/ap_" in text
    assert "250" not in text and "amount" not in text, "arguments are behind the sign-in"


def test_what_a_server_named_cannot_write_letters_of_its_own(bank: Bank, mailbox: Mailbox) -> None:
    bank.house.with_member("ann@example.com", "admin")
    server = MailServer(host="127.0.0.1", port=mailbox.port, sender="Yett <yett@example.com>", security="none")
    desk = bank.house.desk
    channel = MailChannel(Post(server, lambda _: None).send, ("approvers",), lambda one: addresses(desk, one), link)
    bank.asked(target="pay\r\nBcc: eve@example.com\u202e")
    go(rounds(bank, channel))
    [letter] = mailbox.letters
    assert letter["bcc"] is None
    assert "\\r\\n" in str(letter["subject"]) or "\\u000d\\u000a" in str(letter["subject"]).replace("\n ", "")


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # the library's own affair
def test_apprise_sends_by_whatever_its_url_names(bank: Bank, receiver: Receiver) -> None:
    url = f"json://{receiver.url.removeprefix('http://')}/apprise"
    bank.asked()
    go(rounds(bank, AppriseChannel(lambda: notifier_of(url), "apprise-0", link)))
    [told] = receiver.bodies("apprise")
    assert told["title"].startswith("Approve a call? pay of bank")
    assert "https://gate.example/approvals/ap_" in told["message"]


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # as above
@pytest.mark.parametrize(("form", "markup"), [("html", "<a "), ("markdown", "'>"), ("markdown", "[x](")])
def test_a_service_that_takes_markup_gets_what_a_server_named_as_text(
    bank: Bank, receiver: Receiver, form: str, markup: str
) -> None:
    url = f"json://{receiver.url.removeprefix('http://')}/apprise?format={form}"
    bank.asked(target="<a href='https://evil.example'>pay</a> [x](https://evil.example)")
    go(rounds(bank, AppriseChannel(lambda: notifier_of(url), "apprise-0", link)))
    [told] = receiver.bodies("apprise")
    assert markup not in told["message"]
    assert "pay" in told["message"]


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # as above
def test_what_is_no_apprise_url_is_said() -> None:
    with pytest.raises(OperatorFault, match="does not lead to an Apprise URL"):
        notifier_of("nonsense")


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(OperatorFault, match="pip install 'yett\\[apprise\\]'"):
        notifier_of("json://127.0.0.1/")


def test_a_channel_that_is_down_is_named_and_the_others_are_told(
    bank: Bank, receiver: Receiver, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nobody = Receiver(url="http://127.0.0.1:9")
    bank.asked()
    go(rounds(bank, hook(nobody, bank.house.clock, name="nobody"), hook(receiver, bank.house.clock)))
    assert len(receiver.came) == 1
    assert "nobody was not told of ap_" in caplog.text


def test_a_digest_by_mail_has_for_each_what_concerns_them() -> None:
    sent: list[tuple[str, str]] = []

    def letter(to: str, subject: str, text: str) -> bool:
        sent.append((to, subject))
        return True

    both = tuple(made(f"ap_{number}", request(target=f"t{number}"), 0) for number in (1, 2))
    who = {"ap_1": ["ann@example.com", "bob@example.com"], "ap_2": ["ann@example.com"]}
    channel = MailChannel(letter, ("approvers",), lambda one: who[one.id], link)
    assert asyncio.run(channel.send(Notice(Kind.ASKED, both))) is None
    assert sent == [
        ("ann@example.com", "[Yett] 2 calls wait for a person"),
        ("bob@example.com", "[Yett] Approve a call? t1 of bank"),
    ]
