"""Signing in by a real identity provider."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.admin.people.house import Browser, House, open_house
from tests.support import oauth
from tests.support.ports import free_port
from tests.support.programs import MODULES, require_program
from yett.admin.people.rules import Provider, Rules
from yett.admin.people.views import NewInvitation

pytestmark = pytest.mark.xdist_group("oauth")
SECRET = "a secret / of the client"
ACCOUNTS = {
    "alice": {"email": "Alice@Example.com", "email_verified": True, "name": "Alice A."},
    "bob": {"email": "bob@example.com", "email_verified": False},
    "mallory": {"email": "mallory@evil.example", "email_verified": True},
    "nobody": {},
}


@contextmanager
def provider(redirect: str, **order: Any) -> Iterator[str]:
    """The issuer of a provider that runs."""
    require_program("oidc-provider")
    script = Path(__file__).parents[2] / "oauth" / "people.mjs"
    with subprocess.Popen(
        [str(require_program("node")), str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps({"modules": str(MODULES), "redirect": redirect, "accounts": ACCOUNTS, **order}) + "\n")
            process.stdin.flush()
            yield json.loads(process.stdout.readline())["issuer"]
        finally:
            oauth.stop(process)


@contextmanager
def corporate(directory: Path, *, in_token: bool = False, **more: Any) -> Iterator[House]:
    """A house whose people can come in by the provider `corp`."""
    port = free_port()
    with provider(f"http://127.0.0.1:{port}/sign-in/callback", inToken=in_token) as issuer:
        own = {
            "name": "corp",
            "label": "Example Corp",
            "issuer": issuer,
            "client_id": "yett",
            "client_secret": lambda: SECRET,
            **more,
        }

        def rules(url: str) -> Rules:
            return Rules(base_url=url, providers={"corp": Provider(**own)})

        with open_house(directory, rules=rules, port=port) as house:
            house.clock.ns = time.time_ns()  # what the provider goes by
            yield house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with corporate(tmp_path) as opened:
        yield opened


def callback(house: House, browser: Browser, account: str, begin: str = "/sign-in/with/corp") -> str:
    """Where the provider sends the browser back to, after the person signed in there."""
    begun = browser.get(begin, **{"sec-fetch-site": "same-origin"})
    assert begun.status_code == 303, begun.text
    person = oauth.Browser()
    with person:
        original = oauth.filled

        def filled(form: str) -> dict[str, str]:
            return {name: account if value == "alice" else value for name, value in original(form).items()}

        oauth.filled = filled
        try:
            return person.visit(begun.headers["location"], until=f"{house.url}/sign-in/callback")
        finally:
            oauth.filled = original


def come(house: House, account: str, browser: Browser | None = None, begin: str = "/sign-in/with/corp") -> tuple[Browser, Any]:
    browser = browser or house.browser()
    return browser, browser.get(callback(house, browser, account, begin))


def test_the_page_offers_the_provider_and_the_request_to_it_is_bound_to_this_browser(house: House) -> None:
    browser = house.browser()
    assert "Go on with Example Corp" in browser.get("/sign-in").text
    asked = parse_qs(urlsplit(browser.get("/sign-in/with/corp").headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [f"{house.url}/sign-in/callback"]
    assert {"state", "nonce", "code_challenge"} <= set(asked)
    again = parse_qs(urlsplit(browser.get("/sign-in/with/corp").headers["location"]).query)
    assert all(again[name] != asked[name] for name in ("state", "nonce", "code_challenge"))


@pytest.mark.parametrize("in_token", [False, True])
def test_a_member_comes_in_by_the_address_that_the_provider_has_proven(tmp_path: Path, in_token: bool) -> None:
    with corporate(tmp_path, in_token=in_token) as house:
        house.with_member("alice@example.com", "admin")
        browser, answer = come(house, "alice", begin="/sign-in/with/corp?next=/account")
        assert (answer.status_code, answer.headers["location"]) == (303, "/account")
        assert browser.api("GET", "/me").json()["role"] == "admin"


def test_the_same_person_is_known_again_by_the_providers_own_name(house: House) -> None:
    house.with_member("alice@example.com", "admin")
    come(house, "alice")
    ids = house.desk.look(lambda whole: whole.people.with_email("alice@example.com"))
    assert ids is not None
    second, answer = come(house, "alice")
    assert answer.status_code == 303
    assert second.api("GET", "/me").json()["email"] == "alice@example.com"


def test_an_invited_address_joins_and_is_called_what_the_provider_says(house: House) -> None:
    house.people.invite(NewInvitation(email="alice@example.com", role="policy_manager"))
    browser, _ = come(house, "alice")
    me = browser.api("GET", "/me").json()
    assert (me["name"], me["role"], me["has_password"]) == ("Alice A.", "policy_manager", False)


def test_whom_nobody_invited_is_refused(house: House) -> None:
    browser, answer = come(house, "mallory")
    assert (answer.status_code, "Nobody has invited this address" in answer.text) == (401, True)
    assert browser.api("GET", "/me").status_code == 401


@pytest.mark.parametrize("account", ["bob", "nobody"])
def test_an_address_that_is_not_proven_finds_nobody(house: House, account: str) -> None:
    house.with_member("bob@example.com", "admin")
    assert come(house, account)[1].status_code == 401


def test_an_unproven_address_counts_where_the_operator_trusts_the_provider(tmp_path: Path) -> None:
    with corporate(tmp_path, trust_email=True) as house:
        house.with_member("bob@example.com", "viewer")
        assert come(house, "bob")[1].status_code == 303


def test_only_addresses_of_the_listed_domains_come_in(tmp_path: Path) -> None:
    with corporate(tmp_path, domains=("example.com",)) as house:
        for name in ("alice@example.com", "mallory@evil.example"):
            house.people.invite(NewInvitation(email=name, role="viewer"))
        assert come(house, "alice")[1].status_code == 303
        assert come(house, "mallory")[1].status_code == 401


def test_an_answer_is_taken_once_and_only_from_the_browser_that_began(house: House) -> None:
    house.with_member("alice@example.com", "admin")
    browser = house.browser()
    address = callback(house, browser, "alice")
    other = house.browser()
    other.get("/sign-in/with/corp")
    refused = other.get(address)
    assert (refused.status_code, "begun elsewhere" in refused.text) == (401, True)
    other.get("/sign-in/with/corp")
    assert other.get(address).status_code == 401
    late = callback(house, browser, "alice")
    assert browser.get(late).status_code == 303
    assert browser.get(late).status_code == 401


def test_an_answer_is_too_late_after_a_quarter_of_an_hour(house: House) -> None:
    house.with_member("alice@example.com", "admin")
    browser = house.browser()
    address = callback(house, browser, "alice")
    house.clock.advance(15 * 60)
    assert browser.get(address).status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        {"state": "x" * 43},
        {"state": ""},
        {"code": "wrong"},
        {"code": ""},
        {"iss": "https://evil.example"},
        {"error": "access_denied"},
    ],
)
def test_a_changed_answer_signs_nobody_in(house: House, change: dict[str, str]) -> None:
    house.with_member("alice@example.com", "admin")
    browser = house.browser()
    parts = urlsplit(callback(house, browser, "alice"))
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | change
    answer = browser.client.get(parts.path, params=query)
    assert answer.status_code == 401
    assert "alice" not in answer.text
    assert browser.api("GET", "/me").status_code == 401


def test_another_site_cannot_begin_a_sign_in(house: House) -> None:
    begun = house.browser().get("/sign-in/with/corp", **{"sec-fetch-site": "cross-site"})
    assert begun.headers["location"] == "/sign-in"


def test_an_unknown_provider_is_no_way_in(house: House) -> None:
    assert house.browser().get("/sign-in/with/other").status_code == 404


def test_a_provider_that_is_gone_or_is_another_one_is_said_without_detail(tmp_path: Path) -> None:
    gone = Provider(name="corp", label="Corp", issuer=f"http://127.0.0.1:{free_port()}", client_id="yett")
    with open_house(tmp_path, rules=lambda url: Rules(base_url=url, providers={"corp": gone})) as house:
        answer = house.browser().get("/sign-in/with/corp")
        assert answer.status_code == 502
        assert "cannot be asked now" in answer.text
        assert gone.issuer not in answer.text


def test_a_provider_in_the_private_network_is_not_asked_unless_it_is_listed(tmp_path: Path) -> None:
    inside = Provider(name="corp", label="Corp", issuer="https://169.254.169.254", client_id="yett")
    with open_house(tmp_path, rules=lambda url: Rules(base_url=url, providers={"corp": inside})) as house:
        assert house.browser().get("/sign-in/with/corp").status_code == 502
