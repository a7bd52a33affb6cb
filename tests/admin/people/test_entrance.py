"""Sessions: how they begin and end, and what may be done with them."""

from __future__ import annotations

import pytest

from tests.admin.people.house import PASSWORD, TOKEN, House
from yett.admin.people.views import MemberRole
from yett.gateway import tokens


def test_a_session_is_new_at_each_sign_in_whatever_the_browser_had_before(house: House) -> None:
    ada = house.with_member("ada@example.com", "admin")
    before = ada.client.cookies["yett"]
    assert ada.sign_in("ada@example.com").status_code == 303
    assert ada.client.cookies["yett"] != before
    planted = house.browser()
    planted.client.cookies.set("yett", "p" * 43, domain="127.0.0.1")
    planted.sign_in("ada@example.com")
    attacker = house.browser()
    attacker.client.cookies.set("yett", "p" * 43, domain="127.0.0.1")
    assert attacker.api("GET", "/me").status_code == 401


def test_a_cookie_is_out_of_reach_of_scripts_and_other_sites(house: House) -> None:
    house.with_member("ada@example.com", "admin")
    given = house.browser().sign_in("ada@example.com").headers.get_list("set-cookie")
    session = next(one for one in given if one.startswith("yett="))
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= {part.strip() for part in session.split(";")}
    assert "Domain" not in session


def test_a_session_ends_when_it_was_not_used_and_when_its_time_is_over(house: House) -> None:
    ada = house.with_member("ada@example.com", "admin")
    idle_s, most_s = house.doors.rules.idle_s, house.doors.rules.absolute_s
    house.clock.advance(idle_s - 120)
    assert ada.api("GET", "/me").status_code == 200
    house.clock.advance(idle_s)
    assert ada.api("GET", "/me").status_code == 401
    bob = house.with_member("bob@example.com")
    spent = 0.0
    while spent < most_s - idle_s / 2:
        assert bob.api("GET", "/me").status_code == 200
        house.clock.advance(idle_s / 2)
        spent += idle_s / 2
    house.clock.advance(idle_s / 2)
    assert bob.api("GET", "/me").status_code == 401


def test_a_session_that_was_seen_over_stays_over_when_the_clock_is_put_back(house: House) -> None:
    ada = house.with_member("ada@example.com", "admin")
    house.clock.advance(house.doors.rules.absolute_s)
    assert ada.api("GET", "/me").status_code == 401
    house.clock.advance(-house.doors.rules.absolute_s)
    assert ada.api("GET", "/me").status_code == 401


def test_signing_out_ends_the_session_on_the_server(house: House) -> None:
    ada = house.with_member("ada@example.com", "admin")
    kept = dict(ada.client.cookies)
    assert ada.fill("/account", {}, "/sign-out").headers["location"] == "/sign-in"
    for name, value in kept.items():
        ada.client.cookies.set(name, value, domain="127.0.0.1")
    assert ada.api("GET", "/me").status_code == 401


def test_a_changed_role_counts_at_the_next_request(house: House) -> None:
    house.with_member("ada@example.com", "admin")
    bob = house.with_member("bob@example.com", "admin")
    assert bob.api("GET", "/invitations").status_code == 200
    house.people.change_member("bob@example.com", MemberRole(role="viewer"))
    assert bob.api("GET", "/invitations").status_code == 403


def test_a_changed_password_ends_all_sessions_but_gives_this_browser_a_new_one(house: House) -> None:
    ada = house.with_member("ada@example.com", "admin")
    elsewhere = house.browser()
    elsewhere.sign_in("ada@example.com")
    old = ada.client.cookies["yett"]
    new = {"current": PASSWORD, "password": "another horse battery"}
    assert ada.api("PUT", "/me/password", {**new, "current": "wrong"}).status_code == 401
    assert ada.api("PUT", "/me/password", new).status_code == 204
    assert ada.client.cookies["yett"] != old
    assert ada.api("GET", "/me").status_code == 200
    assert elsewhere.api("GET", "/me").status_code == 401


def test_sessions_are_listed_and_ended_one_by_one_or_all_at_once(house: House) -> None:
    ada, bob = house.with_member("ada@example.com", "admin"), house.with_member("bob@example.com")
    second = house.browser()
    second.sign_in("ada@example.com")
    listed = ada.api("GET", "/me/sessions").json()
    assert [one["current"] for one in listed].count(True) == 1
    assert {one["method"] for one in listed} == {"invitation", "password"}
    other = next(one["id"] for one in listed if not one["current"])
    assert bob.api("DELETE", f"/me/sessions/{other}").status_code == 404
    assert ada.api("DELETE", f"/me/sessions/{other}").status_code == 204
    assert second.api("GET", "/me").status_code == 401
    second.sign_in("ada@example.com")
    assert ada.api("DELETE", "/me/sessions").json() == {"sessions": 2}
    assert [one.api("GET", "/me").status_code for one in (ada, second, bob)] == [401, 401, 200]


@pytest.mark.parametrize(
    "fields",
    [
        {"yett-csrf": ""},
        {"yett-csrf": "x" * 43},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://127.0.0.1:1"},
    ],
)
def test_a_change_with_a_cookie_that_no_page_of_ours_asks_for_is_refused(house: House, fields: dict[str, str]) -> None:
    ada = house.with_member("ada@example.com", "admin")
    assert ada.api("PUT", "/me/name", {"name": "Ada"}).status_code == 204
    assert ada.api("PUT", "/me/name", {"name": "Eve"}, **fields).status_code == 403
    assert ada.api("GET", "/me").json()["name"] == "Ada"


@pytest.mark.parametrize("fields", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}])
@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/account/name", "/account/sign-out-everywhere", "/first/x"])
def test_a_form_of_another_site_is_refused(house: House, path: str, fields: dict[str, str]) -> None:
    ada = house.with_member("ada@example.com", "admin")
    csrf = ada.api("GET", "/me").json()["csrf"]
    form = {"csrf": csrf, "name": "Eve", "email": "ada@example.com", "password": PASSWORD}
    assert ada.post(path, form, **fields).status_code == 403
    assert ada.api("GET", "/me").json()["name"] != "Eve"


@pytest.mark.parametrize("path", ["/account/name", "/account/sign-out-everywhere", "/account/password", "/sign-in"])
def test_a_form_without_the_token_of_its_page_does_nothing(house: House, path: str) -> None:
    ada = house.with_member("ada@example.com", "admin")
    form = {"csrf": "x" * 43, "name": "Eve", "email": "ada@example.com", "password": PASSWORD, "again": PASSWORD}
    assert ada.post(path, form).status_code == 403
    assert ada.api("GET", "/me").json()["name"] == "ada"


def test_the_form_token_of_another_browser_does_nothing(house: House) -> None:
    house.with_member("ada@example.com", "admin")
    page = house.browser().get("/sign-in").text
    token = page.split('name="csrf" value="')[1].split('"')[0]
    victim = house.browser()
    victim.get("/sign-in")
    form = {"csrf": token, "email": "ada@example.com", "password": PASSWORD}
    assert victim.post("/sign-in", form).status_code == 403


def test_everything_that_does_not_sign_in_is_refused_in_the_same_words(house: House) -> None:
    house.with_member("ada@example.com", "admin")
    shown = [
        house.browser().api("GET", "/status"),
        *(house.program(token).api("GET", "/status") for token in ("wrong", tokens.mint(), "yett_api_" + "0" * 49, TOKEN + "x")),
        house.browser(authorization=f"Basic {TOKEN}").api("GET", "/status"),
        house.browser(authorization=TOKEN).api("GET", "/status"),
        house.browser(cookie="yett=" + "x" * 43).api("GET", "/status"),
        house.browser(cookie="yett=").api("GET", "/status"),
    ]
    assert {answer.status_code for answer in shown} == {401}
    assert len({answer.text for answer in shown}) == 1


def test_two_authorization_fields_are_refused(house: House) -> None:
    fields = [("authorization", f"Bearer {TOKEN}"), ("authorization", "Bearer wrong")]
    for order in (fields, fields[::-1]):
        assert house.browser().client.get("/api/v1/status", headers=order).status_code == 401


def test_a_token_beside_a_cookie_is_what_counts(house: House) -> None:
    ada = house.with_member("ada@example.com", "viewer")
    answer = ada.client.post("/api/v1/organisations", json={"name": "more"}, headers={"authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 201
    assert ada.client.get("/api/v1/me", headers={"authorization": "Bearer wrong"}).status_code == 401
