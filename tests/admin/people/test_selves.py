"""What is decided without a browser: cookies, principals, names, letters, and who may choose a password anew."""

from __future__ import annotations

from dataclasses import replace

import pytest
from starlette.responses import Response

from tests.admin.people.house import PASSWORD, House
from yett.admin.errors import Invalid
from yett.admin.people.control import PeopleControl
from yett.admin.people.cookies import Cookies
from yett.admin.people.entrance import Present, Visitor
from yett.admin.people.letters import invitation_letter, sign_in_letter
from yett.admin.people.offboarding import TRANSFER
from yett.admin.people.organisations import free_name
from yett.admin.people.principals import allowed_to, both
from yett.admin.people.selves import FRESH_NS
from yett.admin.people.views import NewInvitation
from yett.admin.permissions import ALLOWED, Role

HERE = Visitor("127.0.0.1", "a browser")


def test_over_tls_cookies_are_bound_to_the_host_and_sent_over_tls_only() -> None:
    response = Response()
    Cookies(secure=True, session_s=60).give(response, "session", "x")
    given = response.headers["set-cookie"]
    assert given.startswith("__Host-yett=x; ")
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure", "Max-Age=60"} == set(given.split("; ")[1:])


def test_the_servers_of_two_rules_are_those_in_both() -> None:
    assert both(None, None) is None
    assert both(None, ("a",)) == both(frozenset("a"), None) == both(frozenset("ab"), ("a", "c")) == frozenset("a")


def test_what_is_no_role_may_nothing() -> None:
    assert allowed_to("viewer") == ALLOWED[Role.VIEWER]
    assert allowed_to("owner") == allowed_to("") == frozenset()


def test_a_new_organisation_gets_a_name_that_is_free(house: House) -> None:
    for wanted, name in (("Default", "default-2"), ("zoë.q", "zo--q"), ("...", "organisation"), ("x" * 99, "x" * 48)):
        assert house.desk.look(lambda whole, wanted=wanted: free_name(whole, wanted)) == name  # type: ignore[misc]  # bound at once


def test_letters_hold_the_link_and_say_what_to_do_without_having_asked(house: House) -> None:
    made = house.people.invite(NewInvitation(email="bob@example.com", role="viewer"))
    for subject, text in (sign_in_letter("https://gate.example/x", 15), invitation_letter("acme", made)):
        assert "\n" not in subject
        assert "https://gate.example/x" in text or made.link in text
        assert "do nothing" in text


def test_the_service_is_what_the_command_line_asks_for(house: House) -> None:
    people: PeopleControl = house.people
    assert [one.name for one in people.organisations()] == ["default"]
    assert TRANSFER == "transfer:"


def present(house: House, cookie: str) -> Present:
    found = house.desk.look(lambda whole: house.doors.entrance.present(whole, cookie))
    assert found is not None
    return found


def test_who_just_proved_the_address_needs_no_old_password_and_later_does(house: House) -> None:
    ada = house.with_member("ada@example.com", "admin")
    now = present(house, ada.client.cookies["yett"])
    assert house.doors.selves.needs_current(now)
    mailed = replace(now, session=replace(now.session, method="mail"))
    assert not house.doors.selves.needs_current(mailed)
    house.clock.advance(FRESH_NS / 1e9)
    assert house.doors.selves.needs_current(mailed)


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "ada-ada-12345"])
def test_a_weak_password_is_not_taken_and_the_old_one_stays(house: House, password: str) -> None:
    ada = house.with_member("ada@example.com", "admin")
    now = present(house, ada.client.cookies["yett"])
    with pytest.raises(Invalid):
        house.doors.selves.change_password(now, PASSWORD, password, HERE)
    assert house.browser().sign_in("ada@example.com").status_code == 303
