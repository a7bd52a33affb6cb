"""What all our pages have in common."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.admin.people.house import PASSWORD, Browser, House, open_house
from yett.admin.pages import account, forms, links, looks, sign_in
from yett.admin.people.rules import MailServer, Rules
from yett.admin.people.views import NewInvitation

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>'


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    mail = MailServer(host="127.0.0.1", port=9, sender="a@example.com")
    with open_house(tmp_path, rules=lambda url: Rules(base_url=url, magic_links=True, mail=mail)) as opened:
        yield opened


class Tags(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def every_page(house: House) -> dict[str, httpx2.Response]:
    ada = house.with_member("ada@example.com", "admin")
    ada.api("PUT", "/me/name", {"name": HOSTILE})
    invitation = urlsplit(house.people.invite(NewInvitation(email="bob@example.com", role="viewer")).link).path
    other = house.elsewhere("other-one")
    known = urlsplit(other.invite(NewInvitation(email="ada@example.com", role="viewer")).link).path
    stranger = house.browser(**{"user-agent": HOSTILE})
    mistaken = house.browser()
    return {
        "sign in": stranger.get("/sign-in"),
        "refused": stranger.sign_in(HOSTILE, HOSTILE),
        "mail sent": stranger.fill("/sign-in", {"email": "x@example.com"}, "/sign-in/mail"),
        "invitation": stranger.get(invitation),
        "mistake": mistaken.fill(invitation, {"name": HOSTILE, "password": PASSWORD, "again": "x"}),
        "known": ada.get(known),
        "password": stranger.get(urlsplit(house.people.password_link("ada@example.com").link).path),
        "over": stranger.get("/first/x"),
        "account": ada.get("/account"),
    }


def test_no_page_has_a_script_a_foreign_address_or_an_unclosed_word_of_a_stranger(house: House) -> None:
    for name, answer in every_page(house).items():
        tags = Tags(answer.text).found
        assert tags, name
        for tag, attributes in tags:
            assert tag not in {"script", "style", "iframe", "img", "object", "base"}, name
            assert not any(key.startswith("on") or key == "style" for key in attributes), name
            for key in ("href", "src", "action"):
                assert (attributes.get(key) or "/").startswith("/"), (name, attributes)
            assert tag != "form" or attributes["method"] == "post", name


def test_every_page_keeps_scripts_frames_and_caches_out(house: House) -> None:
    for name, answer in every_page(house).items():
        fields = answer.headers
        assert "default-src 'none'" in fields["content-security-policy"], name
        assert "frame-ancestors 'none'" in fields["content-security-policy"], name
        assert "unsafe" not in fields["content-security-policy"], name
        assert fields["cache-control"] == "no-store", name
        assert fields["x-frame-options"] == "DENY", name
        assert fields["x-content-type-options"] == "nosniff", name
        assert fields["content-type"].startswith("text/html"), name


def test_every_form_carries_a_token_and_every_field_a_label(house: House) -> None:
    for name, answer in every_page(house).items():
        tags = Tags(answer.text).found
        forms_found = sum(tag == "form" for tag, _ in tags)
        tokens = [attributes for tag, attributes in tags if tag == "input" and attributes.get("name") == "csrf"]
        assert len(tokens) == forms_found, name
        assert all(one.get("value") for one in tokens), name
        labelled = {attributes.get("for") for tag, attributes in tags if tag == "label"}
        for tag, attributes in tags:
            if tag in {"input", "select"} and attributes.get("type") != "hidden":
                assert attributes.get("id") in labelled or attributes.get("aria-label"), (name, attributes)
        assert all(attributes.get("lang") for tag, attributes in tags if tag == "html"), name


def test_the_style_is_ours_and_may_be_kept(house: House) -> None:
    answer = house.browser().get("/pages/style.css")
    assert answer.content == looks.STYLE
    assert answer.headers["content-type"].startswith("text/css")
    assert answer.headers["cache-control"] == "public, max-age=3600"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"email=a&email=b", "application/x-www-form-urlencoded", 422),
        (b"a=%ff", "application/x-www-form-urlencoded", 422),
        (b"a=1&" * 20, "application/x-www-form-urlencoded", 422),
        ("ä=1".encode(), "application/x-www-form-urlencoded", 422),
        (b"{}", "application/json", 422),
        (b"{}", "text/plain", 422),
        (b"x" * (forms.FORM_BYTES_MAX + 1), "application/x-www-form-urlencoded", 413),
    ],
)
def test_a_body_that_is_no_small_plain_form_is_refused(house: House, body: bytes, kind: str, status: int) -> None:
    answer = house.browser().client.post("/sign-in", content=body, headers={"content-type": kind})
    assert answer.status_code == status


def test_pages_of_people_who_are_not_signed_in_lead_to_the_sign_in_and_back(house: House) -> None:
    stranger: Browser = house.browser()
    assert stranger.get("/").headers["location"] == "/account"
    assert stranger.get("/account").headers["location"] == "/sign-in?next=%2Faccount"
    for path in ("name", "password", "session", "organisation", "sign-out-everywhere"):
        assert stranger.post(f"/account/{path}", {"csrf": "x"}).headers["location"].startswith("/sign-in")


def test_everything_about_oneself_can_be_done_on_the_page(house: House) -> None:
    ada = house.with_member("ada@example.com", "admin")
    assert ada.fill("/account", {"name": "Ada L."}, "/account/name").status_code == 303
    assert "<h1>Ada L.</h1>" in ada.get("/account").text
    second = house.browser()
    second.sign_in("ada@example.com")
    assert ada.fill("/account", {}, "/account/session").status_code == 303
    assert second.api("GET", "/me").status_code == 401
    new = {"current": PASSWORD, "password": "another horse battery", "again": "another horse battery"}
    assert "The present password is another one" in ada.fill("/account", {**new, "current": "x"}, "/account/password").text
    assert "The two passwords differ" in ada.fill("/account", {**new, "again": "x"}, "/account/password").text
    assert ada.fill("/account", new, "/account/password").status_code == 303
    assert ada.api("GET", "/me").status_code == 200
    answer = ada.fill("/account", {}, "/account/sign-out-everywhere")
    assert answer.headers["location"] == "/sign-in"
    assert ada.api("GET", "/me").status_code == 401


def test_pages_are_no_part_of_the_described_api(house: House) -> None:
    described = house.browser().get("/api/v1/openapi.json").json()["paths"]
    pages = {route.path for module in (account, links, sign_in) for route in module.router.routes}
    assert len(pages) > 15
    assert not pages & set(described)
