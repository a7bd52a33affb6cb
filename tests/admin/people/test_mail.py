"""Signing in by mail, with a real mail server."""

from __future__ import annotations

import email
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.admin.people.house import House, open_house
from tests.support.certificates import pair
from tests.support.ports import free_port
from yett.admin.people.mail import Post
from yett.admin.people.rules import MailServer, Rules
from yett.admin.people.views import NewInvitation


@dataclass
class Mailbox:
    """What the server took."""

    port: int
    letters: list[Message] = field(default_factory=list)
    over_tls: list[bool] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.letters.append(email.message_from_bytes(envelope.content))
        self.over_tls.append(session.ssl is not None)
        return "250 taken"

    def link(self) -> str:
        text = self.letters[-1].get_payload(decode=True)
        assert isinstance(text, bytes)
        found = re.search(r"http\S+", text.decode().replace("=\n", ""))
        assert found is not None
        return found[0]


@contextmanager
def mail_server(**options: Any) -> Iterator[Mailbox]:
    mailbox = Mailbox(free_port())
    controller = Controller(mailbox, hostname="127.0.0.1", port=mailbox.port, ready_timeout=10, **options)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()


def rules_for(mailbox: Mailbox, **more: Any) -> Callable[[str], Rules]:
    server = MailServer(host="127.0.0.1", port=mailbox.port, sender="Yett <yett@example.com>", security="none")
    return lambda url: Rules(base_url=url, magic_links=True, mail=server, **more)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as opened:
        yield opened


@pytest.fixture
def house(tmp_path: Path, mailbox: Mailbox) -> Iterator[House]:
    with open_house(tmp_path, rules=rules_for(mailbox)) as opened:
        yield opened


def ask(house: House, address: str, **form: str) -> Any:
    return house.browser().fill("/sign-in", {"email": address, **form}, "/sign-in/mail")


def wait_for(mailbox: Mailbox, number: int) -> None:
    """The letter leaves after the answer."""
    import time

    until = time.monotonic() + 10
    while len(mailbox.letters) < number and time.monotonic() < until:
        time.sleep(0.005)
    assert len(mailbox.letters) == number


def test_a_link_by_mail_signs_in_once_and_only_by_its_button(house: House, mailbox: Mailbox) -> None:
    house.with_member("ada@example.com", "admin")
    assert ask(house, "Ada@example.com").status_code == 200
    wait_for(mailbox, 1)
    letter = mailbox.letters[0]
    assert (letter["to"], letter["from"], letter["auto-submitted"]) == (
        "ada@example.com",
        "Yett <yett@example.com>",
        "auto-generated",
    )
    path, browser = urlsplit(mailbox.link()).path, house.browser()
    for _ in range(3):  # as programs that look at mail do
        assert "Sign in as ada@example.com" in browser.get(path).text
        assert browser.api("GET", "/me").status_code == 401
    assert browser.fill(path, {}).status_code == 303
    me = browser.api("GET", "/me").json()
    assert me["email"] == "ada@example.com"
    assert house.browser().get(path).status_code == 404


def test_the_answer_is_the_same_for_an_address_that_nobody_knows_and_no_mail_is_sent(house: House, mailbox: Mailbox) -> None:
    house.with_member("ada@example.com", "admin")
    known, unknown = ask(house, "ada@example.com"), ask(house, "eve@example.com")
    assert known.status_code == unknown.status_code == 200
    assert known.text.replace("ada@", "eve@") == unknown.text
    wait_for(mailbox, 1)
    assert mailbox.letters[0]["to"] == "ada@example.com"


def test_a_link_is_over_after_a_quarter_of_an_hour(house: House, mailbox: Mailbox) -> None:
    house.with_member("ada@example.com", "admin")
    ask(house, "ada@example.com")
    wait_for(mailbox, 1)
    path = urlsplit(mailbox.link()).path
    house.clock.advance(15 * 60)
    assert house.browser().get(path).status_code == 404


def test_links_are_made_of_the_configured_address_and_not_of_what_a_request_says(house: House, mailbox: Mailbox) -> None:
    house.with_member("ada@example.com", "admin")
    browser = house.browser()
    page = browser.get("/sign-in").text
    csrf = page.split('name="csrf" value="')[1].split('"')[0]
    host = "192.0.2.66"
    answer = browser.post("/sign-in/mail", {"csrf": csrf, "email": "ada@example.com"}, host=host, origin=f"http://{host}")
    assert answer.status_code == 200
    wait_for(mailbox, 1)
    assert mailbox.link().startswith(f"{house.url}/mail/")


def test_an_address_gets_only_some_letters(house: House, mailbox: Mailbox) -> None:
    house.with_member("ada@example.com", "admin")
    answers = [ask(house, "ada@example.com").status_code for _ in range(6)]
    assert answers[:3] == [200] * 3
    assert answers[-1] == 429
    unknown = [ask(house, "eve@example.com").status_code for _ in range(6)]
    assert unknown == answers


def test_an_invited_address_joins_by_proving_itself(house: House, mailbox: Mailbox) -> None:
    house.people.invite(NewInvitation(email="new@example.com", role="policy_manager"))
    ask(house, "new@example.com", next="/account")
    wait_for(mailbox, 1)
    browser = house.browser()
    assert mailbox.link().endswith("?next=%2Faccount")
    assert browser.fill(urlsplit(mailbox.link()).path, {}).status_code == 303
    assert browser.api("GET", "/me").json()["role"] == "policy_manager"
    assert house.people.invitations() == []


def test_who_proves_an_address_ends_what_others_opened_in_its_name(house: House, mailbox: Mailbox) -> None:
    squatter = house.with_member("ada@example.com")
    ask(house, "ada@example.com")
    wait_for(mailbox, 1)
    ada = house.browser()
    ada.fill(urlsplit(mailbox.link()).path, {})
    assert ada.api("GET", "/me").status_code == 200
    assert squatter.api("GET", "/me").status_code == 401
    assert house.browser().sign_in("ada@example.com").status_code == 401
    assert (
        ada.fill("/account", {"password": "a horse of my own", "again": "a horse of my own"}, "/account/password").status_code
        == 303
    )
    assert house.browser().sign_in("ada@example.com", "a horse of my own").status_code == 303


def test_an_invitation_goes_by_mail_too(house: House, mailbox: Mailbox) -> None:
    ada = house.with_member("ada@example.com", "admin")
    made = ada.api("POST", "/invitations", {"email": "bob@example.com", "role": "viewer"}).json()
    assert made["mailed"]
    wait_for(mailbox, 1)
    assert mailbox.letters[0]["to"] == "bob@example.com"
    assert mailbox.link() == made["link"]


def test_a_newcomer_gets_an_organisation_of_their_own_where_that_is_allowed(tmp_path: Path, mailbox: Mailbox) -> None:
    with open_house(tmp_path, rules=rules_for(mailbox, newcomers="organisation")) as house:
        house.with_member("ada@example.com", "admin")
        house.clock.advance(1)
        ask(house, "Zoe.Q@example.com")
        wait_for(mailbox, 1)
        zoe = house.browser()
        zoe.fill(urlsplit(mailbox.link()).path, {})
        me = zoe.api("GET", "/me").json()
        assert (me["organisation"], me["role"]) == ("zoe-q", "admin")
        assert zoe.api("GET", "/members/ada@example.com").status_code == 404


def test_a_mail_server_that_fails_is_told_in_the_status_and_to_nobody_else(tmp_path: Path) -> None:
    with mail_server() as gone:
        pass
    with open_house(tmp_path, rules=rules_for(gone)) as house:
        house.with_member("ada@example.com", "admin")
        assert ask(house, "ada@example.com").status_code == 200
        import time

        until = time.monotonic() + 10
        while not house.desk.problems() and time.monotonic() < until:
            time.sleep(0.005)
        assert "look at `[smtp]` in the settings" in house.desk.problems()[0]


def test_mail_goes_over_tls_with_a_password_and_never_to_a_server_that_cannot_prove_itself(tmp_path: Path) -> None:
    shown = pair()
    certificate, key = shown.write(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def login(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        return AuthResult(success=(data.login, data.password) == (b"yett", b"sesame"), handled=False)

    with mail_server(tls_context=context, require_starttls=True, authenticator=login, auth_required=True) as mailbox:
        server = MailServer(
            host="127.0.0.1", port=mailbox.port, sender="yett@example.com", user="yett", password=lambda: "sesame"
        )
        told: list[str | None] = []
        trusting = lambda: ssl.create_default_context(cafile=str(certificate))  # noqa: E731 - one line
        assert Post(server, told.append, trusting).send("ada@example.com", "Hello", "text")
        assert (mailbox.over_tls, told) == ([True], [None])
        assert not Post(server, told.append).send("ada@example.com", "Hello", "text")
        assert "certificate" in str(told[-1]).lower()
        wrong = replace(server, password=lambda: "wrong")
        assert not Post(wrong, told.append, trusting).send("ada@example.com", "Hello", "text")
        assert len(mailbox.letters) == 1
