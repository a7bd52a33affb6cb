"""Members, invitations, roles, and leaving."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tests.admin.people.house import House
from yett.admin.people.views import NewInvitation, NewToken
from yett.admin.views import NewGrant
from yett.stores.control.tables import grants


def grant_of(house: House, member: str, label: str = "laptop") -> str:
    """A live grant that belongs to this member."""
    minted = house.service.mint_grant(NewGrant(server="files", label=label, owner=member)).grant.id
    user = house.desk.look(lambda whole: whole.people.with_email(member))
    assert user is not None
    owned = grants.update().where(grants.c.id == minted).values(owner_id=user.id)
    house.desk.write(lambda whole: whole.connection.execute(owned))
    return minted


def grants_of(house: House) -> dict[str, tuple[str, str | None]]:
    return {one.id: (one.status, one.owner) for one in house.service.grants()}


def test_members_are_listed_with_their_roles_and_grants(house: House) -> None:
    house.with_server()
    ada = house.with_member("ada@example.com", "admin")
    house.with_member("bob@example.com", "viewer", servers=["files"])
    grant_of(house, "bob@example.com")
    found = {one["email"]: one for one in ada.api("GET", "/members").json()["items"]}
    assert {email: (one["role"], one["servers"], one["grants"]) for email, one in found.items()} == {
        "ada@example.com": ("admin", None, 0),
        "bob@example.com": ("viewer", ["files"], 1),
    }
    first = ada.api("GET", "/members?limit=1").json()
    assert first["next"] == "ada@example.com"
    assert [one["email"] for one in ada.api("GET", "/members?limit=1&after=ada@example.com").json()["items"]] == [
        "bob@example.com"
    ]
    assert [one["email"] for one in ada.api("GET", "/members?search=BOB").json()["items"]] == ["bob@example.com"]


def test_who_is_confined_to_some_servers_is_not_told_the_names_of_others(house: House) -> None:
    for name in ("files", "bank"):
        house.with_server(name)
    house.with_member("bob@example.com", "viewer", servers=["files", "bank"])
    eve = house.with_member("eve@example.com", "viewer", servers=["files"])
    assert {one["email"]: one["servers"] for one in eve.api("GET", "/members").json()["items"]} == {
        "bob@example.com": ["files"],
        "eve@example.com": ["files"],
    }
    assert eve.api("GET", "/members/bob@example.com").json()["servers"] == ["files"]


def test_a_member_is_found_by_address_and_by_id(house: House) -> None:
    ada = house.with_member("ada@example.com", "admin")
    one = ada.api("GET", "/members/ADA@example.com").json()
    assert ada.api("GET", f"/members/{one['id']}").json() == one


def test_the_last_admin_cannot_be_removed_demoted_or_confined_by_anybody(house: House) -> None:
    house.with_server()
    ada = house.with_member("ada@example.com", "admin")
    house.with_member("bob@example.com", "admin", servers=["files"])
    for asker in (ada, house.program()):
        assert asker.api("DELETE", "/members/ada@example.com").status_code == 409
        assert asker.api("PUT", "/members/ada@example.com/role", {"role": "viewer"}).status_code == 409
        answer = asker.api("PUT", "/members/ada@example.com/role", {"role": "admin", "servers": ["files"]})
        assert (answer.status_code, "last admin" in answer.json()["detail"]) == (409, True)
    assert ada.api("PUT", "/members/ada@example.com/role", {"role": "admin"}).status_code == 200
    house.with_member("eve@example.com", "admin")
    assert ada.api("DELETE", "/members/ada@example.com").status_code == 200


def test_a_change_of_role_stands_in_the_log_with_before_and_after(house: House) -> None:
    ada = house.with_member("ada@example.com", "admin")
    house.with_member("bob@example.com")
    ada.api("PUT", "/members/bob@example.com/role", {"role": "policy_manager"})
    line = house.log()[0]
    assert (line.action, line.actor, line.name, line.address) == (
        "member.changed",
        "ada@example.com",
        "bob@example.com",
        "127.0.0.1",
    )
    assert (line.before["role"], line.after["role"]) == ("viewer", "policy_manager")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"email": "x", "role": "viewer"}, 422),
        ({"email": "x@y.z", "role": "owner"}, 422),
        ({"email": "x@y.z", "role": "viewer", "servers": []}, 422),
        ({"email": "x@y.z", "role": "viewer", "servers": ["none"]}, 404),
        ({"email": "x@y.z", "role": "viewer", "organisation_id": "o"}, 422),
        ({"email": "ada@example.com", "role": "viewer"}, 409),
    ],
)
def test_an_invitation_that_makes_no_sense_is_refused(house: House, body: dict[str, object], status: int) -> None:
    ada = house.with_member("ada@example.com", "admin")
    assert ada.api("POST", "/invitations", body).status_code == status
    assert ada.api("GET", "/invitations").json() == []


def test_a_second_invitation_of_an_address_ends_the_first(house: House) -> None:
    ada = house.with_member("ada@example.com", "admin")
    links = [
        ada.api("POST", "/invitations", {"email": "bob@example.com", "role": role}).json()["link"] for role in ("viewer", "admin")
    ]
    assert [house.browser().get(link).status_code for link in links] == [404, 200]
    assert [one["role"] for one in ada.api("GET", "/invitations").json()] == ["admin"]


def test_who_leaves_without_grants_is_gone_at_once(house: House) -> None:
    ada, bob = house.with_member("ada@example.com", "admin"), house.with_member("bob@example.com")
    removed = ada.api("DELETE", "/members/bob@example.com").json()
    assert (removed["member"]["email"], removed["grants"], removed["tokens"]) == ("bob@example.com", [], 0)
    assert bob.api("GET", "/me").status_code == 401
    assert ada.api("GET", "/members/bob@example.com").status_code == 404
    assert house.log()[0].action == "member.removed"


def test_the_grants_of_who_leaves_are_listed_and_nothing_happens_until_it_is_said_what_becomes_of_them(house: House) -> None:
    house.with_server()
    ada, bob = house.with_member("ada@example.com", "admin"), house.with_member("bob@example.com")
    laptop = grant_of(house, "bob@example.com")
    answer = ada.api("DELETE", "/members/bob@example.com")
    assert answer.status_code == 409
    assert "1 live grant" in answer.json()["detail"]
    assert answer.json()["errors"] == [
        {"pointer": "/grants", "message": f"{laptop} (laptop) opens files", "hint": "keep, revoke or transfer it"}
    ]
    assert bob.api("GET", "/me").status_code == 200


def test_the_grants_of_who_leaves_are_revoked_transferred_or_kept_as_it_is_said(house: House) -> None:
    house.with_server()
    ada = house.with_member("ada@example.com", "admin")
    for name in ("bob", "eve", "joe"):
        house.with_member(f"{name}@example.com")
    ids = {name: grant_of(house, f"{name}@example.com", name) for name in ("bob", "eve", "joe")}
    assert ada.api("DELETE", "/members/bob@example.com?grants=revoke").json()["grants"][0]["status"] == "revoked"
    assert ada.api("DELETE", "/members/eve@example.com?grants=transfer:ada@example.com").status_code == 200
    assert ada.api("DELETE", "/members/joe@example.com?grants=keep").status_code == 200
    assert grants_of(house) == {
        ids["bob"]: ("revoked", "bob@example.com"),
        ids["eve"]: ("live", "ada@example.com"),
        ids["joe"]: ("live", "joe@example.com"),
    }
    assert ada.api("GET", "/members/ada@example.com").json()["grants"] == 1
    assert {one.id for one in house.publication.last.grants} == {ids["eve"], ids["joe"]}
    assert {line.action for line in house.log()} >= {"grant.revoked", "grant.transferred", "member.removed"}


@pytest.mark.parametrize(
    ("answer", "status"), [("drop", 422), ("transfer:nobody@example.com", 404), ("transfer:bob@example.com", 422)]
)
def test_an_answer_that_makes_no_sense_leaves_everything_as_it_is(house: House, answer: str, status: int) -> None:
    house.with_server()
    ada = house.with_member("ada@example.com", "admin")
    house.with_member("bob@example.com")
    laptop = grant_of(house, "bob@example.com")
    assert ada.api("DELETE", f"/members/bob@example.com?grants={answer}").status_code == status
    assert grants_of(house)[laptop] == ("live", "bob@example.com")
    assert ada.api("GET", "/members/bob@example.com").status_code == 200


def test_the_api_tokens_of_who_leaves_open_nothing_any_more(house: House) -> None:
    house.with_member("ada@example.com", "admin")
    bob = house.with_member("bob@example.com", "admin")
    token = bob.api("POST", "/tokens", {"label": "ci", "scopes": ["view"]}).json()["token"]
    assert house.program(token).api("GET", "/status").status_code == 200
    assert house.people.remove_member("bob@example.com").tokens == 1
    assert house.program(token).api("GET", "/status").status_code == 401


def test_who_belongs_elsewhere_too_stays_signed_in_there(house: House) -> None:
    house.with_member("ada@example.com", "admin")
    bob = house.with_member("bob@example.com")
    other = house.elsewhere()
    bob.fill(urlsplit(other.invite(NewInvitation(email="bob@example.com", role="admin")).link).path, {})
    house.people.remove_member("bob@example.com")
    assert bob.api("GET", "/me").json()["organisation"] == "other"


def test_what_belongs_to_another_organisation_is_answered_like_what_is_not_there(house: House) -> None:
    ada = house.with_member("ada@example.com", "admin")
    other = house.elsewhere()
    house.with_member("bob@example.com", "admin", people=other)
    bob = other.member("bob@example.com")
    invitation = other.invite(NewInvitation(email="x@example.com", role="viewer")).invitation.id
    token = other.make_token(NewToken(label="theirs", scopes=["view"])).token_view.id
    for method, path, real, body in (
        ("GET", "/members/{}", bob.id, None),
        ("PUT", "/members/{}/role", bob.id, {"role": "viewer"}),
        ("DELETE", "/members/{}", bob.id, None),
        ("DELETE", "/invitations/{}", invitation, None),
        ("DELETE", "/tokens/{}", token, None),
    ):
        theirs, nobodys = ada.api(method, path.format(real), body), ada.api(method, path.format("made-up"), body)
        assert theirs.status_code == nobodys.status_code == 404
        assert theirs.text.replace(real, "*") == nobodys.text.replace("made-up", "*")
    assert ada.api("GET", "/me", **{"yett-organisation": "other"}).status_code == 401
    assert (
        ada.api("GET", "/me", **{"yett-organisation": "made-up"}).text
        == ada.api("GET", "/me", **{"yett-organisation": "other"}).text
    )
    assert [one["email"] for one in ada.api("GET", "/members").json()["items"]] == ["ada@example.com"]


def test_the_operator_chooses_the_organisation_by_name_or_id(house: House) -> None:
    other = house.elsewhere()
    added = other.principal.organisation
    for reference in ("other", added):
        assert house.program(**{"yett-organisation": reference}).api("GET", "/me").json()["organisation"] == "other"
    assert house.program().api("GET", "/me").json()["organisation"] == "default"
    assert house.program(**{"yett-organisation": "made-up"}).api("GET", "/me").status_code == 404


def test_only_the_operator_adds_organisations_and_names_are_not_given_twice(house: House) -> None:
    ada = house.with_member("ada@example.com", "admin")
    assert ada.api("POST", "/organisations", {"name": "more"}).status_code == 403
    operator = house.program()
    house.clock.advance(1)
    added = operator.api("POST", "/organisations", {"name": "more", "admin": "eve@example.com"}).json()
    assert house.browser().get(added["invitation"]["link"]).status_code == 200
    assert operator.api("POST", "/organisations", {"name": "more"}).status_code == 409
    assert [one["name"] for one in operator.api("GET", "/organisations").json()] == ["default", "more"]
    assert [one["name"] for one in ada.api("GET", "/organisations").json()] == ["default"]


def test_one_works_in_another_organisation_only_where_one_belongs(house: House) -> None:
    ada = house.with_member("ada@example.com", "admin")
    house.elsewhere()
    theirs = ada.api("PUT", "/me/organisation", {"organisation": "other"})
    nobodys = ada.api("PUT", "/me/organisation", {"organisation": "mine"})
    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.text.replace("other", "mine") == nobodys.text
