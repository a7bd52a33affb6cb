"""Links that work once."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from argon2 import PasswordHasher

from tests.admin.people.house import PASSWORD, TOKEN, Browser, House, open_house
from yett.admin.errors import Conflict
from yett.admin.listing import Listing
from yett.admin.people.rules import Rules
from yett.admin.people.views import NewInvitation

FIRST = {"organisation": "acme", "name": "Ada", "email": "Ada@Example.com", "password": PASSWORD, "again": PASSWORD}


def first_path(house: House) -> str:
    return urlsplit(house.people.first_link().link).path


def test_the_first_admin_comes_in_by_the_link_and_is_signed_in(house: House) -> None:
    browser = house.browser()
    answer = browser.fill(first_path(house), FIRST)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    me = browser.api("GET", "/me").json()
    assert (me["email"], me["role"], me["organisation"], me["name"]) == ("ada@example.com", "admin", "acme", "Ada")
    assert [line.action for line in house.log()][:2] == ["session.opened", "member.joined"]


class Together(PasswordHasher):
    """Hashes for two at a time, so that both have found the link good before either uses it."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self._both = threading.Barrier(2)

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self._both.wait(10)
        return super().hash(password, salt=salt)


def test_of_those_who_race_for_the_first_link_one_becomes_admin(tmp_path: Path) -> None:
    with open_house(tmp_path, hasher=Together()) as house:
        path, answers = first_path(house), []

        def race(number: int, browser: Browser) -> None:
            answers.append(browser.fill(path, {**FIRST, "email": f"racer{number}@example.com"}).status_code)

        threads = [threading.Thread(target=race, args=(number, house.browser())) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers) == [303, 401]
        assert len(house.program().api("GET", "/members").json()["items"]) == 1


def test_looking_at_the_first_link_does_not_use_it_up(house: House) -> None:
    path, browser = first_path(house), house.browser()
    for _ in range(3):
        assert browser.get(path).status_code == 200
    assert browser.fill(path, FIRST).status_code == 303
    assert browser.get(path).status_code == 404


def test_a_mistake_on_the_first_page_does_not_use_the_link_up(house: House) -> None:
    path, browser = first_path(house), house.browser()
    for wrong in (
        {"again": "another password"},
        {"email": "nobody"},
        {"password": "short", "again": "short"},
        {"organisation": "A B"},
    ):
        answer = browser.fill(path, {**FIRST, **wrong})
        assert answer.status_code == 422, wrong
        assert PASSWORD not in answer.text
    assert browser.fill(path, FIRST).status_code == 303


def test_a_new_first_link_ends_the_one_before_and_none_is_given_once_there_is_an_admin(house: House) -> None:
    old, new = first_path(house), first_path(house)
    browser = house.browser()
    assert browser.get(old).status_code == 404
    assert browser.fill(new, FIRST).status_code == 303
    with pytest.raises(Conflict, match="there is an admin already"):
        house.people.first_link()


def test_the_first_link_is_over_after_a_day(house: House) -> None:
    path = first_path(house)
    house.clock.advance(24 * 3600)
    assert house.browser().get(path).status_code == 404


def test_only_the_operator_makes_links(house: House) -> None:
    admin = house.with_member("ada@example.com", "admin")
    assert admin.api("POST", "/links", {}).status_code == 403
    assert admin.api("POST", "/links", {"email": "ada@example.com"}).status_code == 403
    assert house.program(TOKEN).api("POST", "/links", {"email": "ada@example.com"}).status_code == 201


def test_an_invited_person_joins_with_the_role_that_was_meant(house: House) -> None:
    house.with_server("files")
    browser = house.with_member("bob@example.com", "policy_manager", servers=["files"])
    me = browser.api("GET", "/me").json()
    assert (me["role"], len(me["servers"])) == ("policy_manager", 1)


def test_an_invitation_works_once_and_not_after_it_was_withdrawn_or_its_time_is_over(house: House) -> None:
    paths = [urlsplit(house.people.invite(NewInvitation(email=f"p{n}@example.com", role="viewer")).link).path for n in range(3)]
    form = {"name": "P", "password": PASSWORD, "again": PASSWORD}
    assert house.browser().fill(paths[0], form).status_code == 303
    assert house.browser().get(paths[0]).status_code == 404
    house.people.withdraw_invitation(next(one.id for one in house.people.invitations() if one.email == "p1@example.com"))
    assert house.browser().get(paths[1]).status_code == 404
    house.clock.advance(7 * 24 * 3600)
    assert house.browser().get(paths[2]).status_code == 404


def test_who_has_an_account_joins_another_organisation_with_it_and_nobody_else_can(house: House) -> None:
    ada = house.with_member("ada@example.com", "admin")
    other = house.elsewhere()
    path = urlsplit(other.invite(NewInvitation(email="ada@example.com", role="viewer")).link).path
    stranger = house.browser()
    page = stranger.get(path).text
    assert "has an account already" in page
    assert "<form" not in page
    form = {"name": "P", "password": PASSWORD, "again": PASSWORD, "csrf": ""}
    assert stranger.post(path, form).status_code == 403
    house_bob = house.with_member("bob@example.com")
    assert "has an account already" in house_bob.get(path).text
    assert ada.fill(path, {}).status_code == 303
    me = ada.api("GET", "/me").json()
    assert (me["organisation"], me["role"]) == ("other", "viewer")
    assert [one["name"] for one in ada.api("GET", "/organisations").json()] == ["default", "other"]


def test_a_lost_password_is_replaced_by_the_operators_link_and_all_sessions_end(house: House) -> None:
    ada = house.with_member("ada@example.com", "admin")
    path = urlsplit(house.people.password_link("ADA@example.com").link).path
    fresh = house.browser()
    new = {"password": "another horse battery", "again": "another horse battery"}
    assert fresh.fill(path, new).status_code == 303
    assert ada.api("GET", "/me").status_code == 401
    assert fresh.api("GET", "/me").json()["email"] == "ada@example.com"
    assert fresh.get(path).status_code == 404
    assert house.browser().sign_in("ada@example.com").status_code == 401
    assert house.browser().sign_in("ada@example.com", "another horse battery").status_code == 303


def test_no_link_leads_around_the_ways_in_where_passwords_are_off(tmp_path: Path) -> None:
    with open_house(tmp_path) as house:
        house.with_member("ada@example.com", "admin")
        invited = urlsplit(house.people.invite(NewInvitation(email="bob@example.com", role="admin")).link).path
        forgotten = urlsplit(house.people.password_link("ada@example.com").link).path
        stranger = house.browser()
        csrf = re.findall(r'name="csrf" value="([^"]+)"', stranger.get(invited).text)[0]
        object.__setattr__(house.doors.entrance, "rules", Rules(base_url=house.url, passwords=False))
        form = {"name": "Bob", "password": "another horse battery", "again": "another horse battery", "csrf": csrf}
        for path in (invited, forgotten):
            assert stranger.post(path, form).status_code == 403
            assert stranger.api("GET", "/me").status_code == 401
        assert [one.email for one in house.people.members(Listing()).items] == ["ada@example.com"]


@pytest.mark.parametrize("kind", ["first", "invitation", "password", "mail"])
def test_a_made_up_link_is_over_whatever_is_in_it(house: House, kind: str) -> None:
    path = first_path(house)
    browser = house.browser()
    tokens = ["x" * 43, "x", "%00", "'--", "é" * 20]
    if kind != "first":
        tokens.append(path.rpartition("/")[2])
    for token in tokens:
        assert browser.get(f"/{kind}/{token}").status_code == 404
        answer = browser.post(f"/{kind}/{token}", {"csrf": "x", "password": PASSWORD, "again": PASSWORD})
        assert answer.status_code in {401, 403, 404}
    assert browser.get(path).status_code == 200
