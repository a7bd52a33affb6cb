"""The use cases about people, asked of a running control plane."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tests.admin.people.house import TOKEN, House
from yett.admin.errors import Conflict, Invalid, NotFound
from yett.admin.listing import Listing
from yett.admin.people.client import RemotePeople
from yett.admin.people.views import LinkWanted, MemberRole, NewInvitation, NewOrganisation, NewToken


def remote(house: House, organisation: str | None = None) -> RemotePeople:
    parts = urlsplit(house.url)
    assert parts.hostname is not None
    assert parts.port is not None
    return RemotePeople(parts.hostname, parts.port, TOKEN, "ada", organisation)


def test_a_program_does_over_http_what_the_service_does(house: House) -> None:
    people = remote(house)
    assert people.make_link(LinkWanted()).link.startswith(house.url)
    made = people.invite(NewInvitation(email="bob@example.com", role="viewer"))
    assert [one.id for one in people.invitations()] == [made.invitation.id]
    assert people.withdraw_invitation(made.invitation.id).email == "bob@example.com"
    house.with_member("ada@example.com", "admin")
    house.with_member("bob@example.com")
    assert people.change_member("bob@example.com", MemberRole(role="policy_manager")).role == "policy_manager"
    assert [one.email for one in people.members(Listing(search="bob")).items] == ["bob@example.com"]
    token = people.make_token(NewToken(label="ci", scopes=["view"]))
    assert [one.id for one in people.tokens()] == [token.token_view.id]
    assert people.revoke_token("ci").status == "revoked"
    assert people.remove_member("bob@example.com").member.email == "bob@example.com"
    assert house.log()[0].actor == "api:ada"


def test_a_refusal_comes_back_as_what_it_is(house: House) -> None:
    house.with_member("ada@example.com", "admin")
    with pytest.raises(Conflict, match="last admin"):
        remote(house).remove_member("ada@example.com")
    with pytest.raises(NotFound, match="no member"):
        remote(house).remove_member("a/b@example.com", "keep")
    with pytest.raises(Invalid, match="no mail address"):
        remote(house).invite(NewInvitation(email="x", role="viewer"))
    with pytest.raises(NotFound, match="no organisation"):
        remote(house, "none").tokens()


def test_an_organisation_is_chosen_by_its_name(house: House) -> None:
    house.clock.advance(1)
    assert remote(house).add_organisation(NewOrganisation(name="acme")).organisation.name == "acme"
    assert [one.name for one in remote(house).organisations()] == ["default", "acme"]
    remote(house, "acme").invite(NewInvitation(email="eve@example.com", role="admin"))
    assert remote(house).invitations() == []
    assert len(remote(house, "acme").invitations()) == 1
