"""API tokens."""

from __future__ import annotations

import pytest

from tests.admin.people.house import House
from yett.admin.people.views import MemberRole
from yett.admin.permissions import ALLOWED, Permission, Role

ALL = [one.value for one in Permission]


def test_a_token_may_what_its_scopes_say_and_nothing_else(house: House) -> None:
    program = house.with_token("view", "policies:edit")
    assert program.api("GET", "/servers").status_code == 200
    assert program.api("POST", "/servers", {"name": "x", "url": "http://127.0.0.1:9/"}).status_code == 403
    assert program.api("GET", "/me").json()["permissions"] == ["view", "policies:edit"]


def test_a_token_is_shown_once_and_kept_as_a_digest(house: House) -> None:
    ada = house.with_member("ada@example.com", "admin")
    made = ada.api("POST", "/tokens", {"label": "ci", "scopes": ["view"], "expires": "30d"}).json()
    assert made["token"].startswith("yett_api_")
    listed = ada.api("GET", "/tokens").json()
    assert [one["label"] for one in listed] == ["ci"]
    assert made["token"] not in str(listed) + str(house.log())
    assert listed[0]["expires_at"] == "2026-01-31T00:00:00Z"


def test_a_token_ends_when_it_is_revoked_or_over_and_stays_over(house: House) -> None:
    revoked, over = house.with_token("view"), house.with_token("view", label="short", expires="1h")
    house.people.revoke_token("ci")
    assert revoked.api("GET", "/status").status_code == 401
    house.clock.advance(3600)
    assert over.api("GET", "/status").status_code == 401
    house.clock.advance(-3600)
    assert over.api("GET", "/status").status_code == 401
    assert {one.label: one.status for one in house.people.tokens()} == {"ci": "revoked", "short": "expired"}


def test_no_token_may_more_than_its_maker_who_may_less_later(house: House) -> None:
    house.with_member("ada@example.com", "admin")
    bob = house.with_member("bob@example.com", "admin")
    program = house.program(bob.api("POST", "/tokens", {"label": "all", "scopes": ALL}).json()["token"])
    assert set(program.api("GET", "/me").json()["permissions"]) == set(ALL)
    house.people.change_member("bob@example.com", MemberRole(role="viewer"))
    assert set(program.api("GET", "/me").json()["permissions"]) == ALLOWED[Role.VIEWER]


def test_a_token_gives_on_no_scope_and_no_role_that_it_has_not(house: House) -> None:
    house.with_member("ada@example.com", "admin")
    narrow = house.with_token(*ALLOWED[Role.VIEWER], "members:manage")
    assert narrow.api("POST", "/tokens", {"label": "x", "scopes": ["view"]}).status_code == 201
    assert narrow.api("POST", "/tokens", {"label": "y", "scopes": ["grants:manage"]}).status_code == 403
    assert narrow.api("POST", "/invitations", {"email": "x@example.com", "role": "viewer"}).status_code == 201
    assert narrow.api("POST", "/invitations", {"email": "y@example.com", "role": "admin"}).status_code == 403
    house.with_member("bob@example.com", "admin")
    assert narrow.api("PUT", "/members/bob@example.com/role", {"role": "viewer"}).status_code == 403
    assert narrow.api("DELETE", "/members/bob@example.com").status_code == 403


def test_a_confined_token_sees_its_servers_only(house: House) -> None:
    house.with_server("files")
    house.with_server("mail")
    program = house.with_token("view", "servers:manage", servers=["files"])
    assert [one["name"] for one in program.api("GET", "/servers").json()["items"]] == ["files"]
    hidden, unknown = program.api("GET", "/servers/mail"), program.api("GET", "/servers/none")
    assert hidden.status_code == unknown.status_code == 404
    assert hidden.text.replace("mail", "none") == unknown.text
    assert program.api("DELETE", "/servers/mail").status_code == 404
    assert program.api("POST", "/servers", {"name": "x", "url": "http://127.0.0.1:9/"}).status_code == 403


def test_a_token_has_no_account_and_no_other_organisation(house: House) -> None:
    house.elsewhere()
    program = house.with_token("view")
    assert program.api("GET", "/me/sessions").status_code == 403
    assert program.api("PUT", "/me/password", {"password": "x"}).status_code == 403
    assert [one["name"] for one in program.api("GET", "/organisations").json()] == ["default"]
    token = program.client.headers["authorization"].removeprefix("Bearer ")
    assert house.program(token, **{"yett-organisation": "default"}).api("GET", "/me").status_code == 200
    assert house.program(token, **{"yett-organisation": "other"}).api("GET", "/me").status_code == 401


def test_it_is_known_when_a_token_was_last_used(house: House) -> None:
    program = house.with_token("view")
    assert house.people.tokens()[0].used_at is None
    program.api("GET", "/status")
    house.clock.advance(30)
    program.api("GET", "/status")
    assert house.people.tokens()[0].used_at == "2026-01-01T00:00:00Z"
    house.clock.advance(60)
    program.api("GET", "/status")
    assert house.people.tokens()[0].used_at == "2026-01-01T00:01:30Z"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"label": "", "scopes": ["view"]}, 422),
        ({"label": "x", "scopes": []}, 422),
        ({"label": "x", "scopes": ["everything"]}, 422),
        ({"label": "x", "scopes": ["view"], "expires": "yesterday"}, 422),
        ({"label": "x", "scopes": ["view"], "servers": ["none"]}, 404),
        ({"label": "x", "scopes": ["view"], "token": "mine"}, 422),
    ],
)
def test_a_token_that_makes_no_sense_is_not_made(house: House, body: dict[str, object], status: int) -> None:
    assert house.program().api("POST", "/tokens", body).status_code == status
    assert house.people.tokens() == []
