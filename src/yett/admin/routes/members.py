"""Routes to organisations, members, invitations and API tokens."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final

from fastapi import BackgroundTasks, Depends, Query, Request

from yett.admin.authentication import authenticate
from yett.admin.people.doors import doors_of
from yett.admin.people.letters import invitation_letter
from yett.admin.people.service import PeopleService
from yett.admin.people.views import (
    InvitationMade,
    InvitationView,
    LinkMade,
    LinkWanted,
    MemberPage,
    MemberRemoved,
    MemberRole,
    MemberView,
    NewInvitation,
    NewOrganisation,
    NewToken,
    OrganisationAdded,
    OrganisationView,
    TokenMade,
    TokenView,
)
from yett.admin.routes.asked import Wanted, router

ROUTER: Final = router("people")


def _people(request: Request) -> PeopleService:
    return PeopleService(request.app.state.desk, authenticate(request))


People = Annotated[PeopleService, Depends(_people)]


def _mailed(request: Request, tasks: BackgroundTasks, made: InvitationMade, organisation: str) -> InvitationMade:
    """The invitation, also on its way by mail where there is a mail server."""
    post = doors_of(request).post
    if post is None:
        return made
    tasks.add_task(post.send, made.invitation.email, *invitation_letter(organisation, made))
    return replace(made, mailed=True)


@ROUTER.get("/organisations")
def list_organisations(people: People) -> list[OrganisationView]:
    """Organisations that one belongs to; for the operator all."""
    return people.organisations()


@ROUTER.post("/organisations", status_code=201)
def add_organisation(people: People, new: NewOrganisation, request: Request, tasks: BackgroundTasks) -> OrganisationAdded:
    """Add an organisation, and invite its first admin. For the operator."""
    added = people.add_organisation(new)
    if added.invitation is None:
        return added
    return replace(added, invitation=_mailed(request, tasks, added.invitation, added.organisation.name))


@ROUTER.get("/members")
def list_members(people: People, wanted: Wanted) -> MemberPage:
    """Members by address."""
    return people.members(wanted)


@ROUTER.get("/members/{member:path}")
def show_member(people: People, member: str) -> MemberView:
    """One member, by id or address."""
    return people.member(member)


@ROUTER.put("/members/{member:path}/role")
def change_member(people: People, member: str, wanted: MemberRole) -> MemberView:
    """Give a member another role. It counts for the next request."""
    return people.change_member(member, wanted)


@ROUTER.delete("/members/{member:path}")
def remove_member(
    people: People,
    member: str,
    grants: Annotated[str | None, Query(max_length=300, description="`keep`, `revoke` or `transfer:MEMBER`.")] = None,
) -> MemberRemoved:
    """Take a member out. While they have live grants, it must be said what becomes of those; 409 lists them."""
    return people.remove_member(member, grants)


@ROUTER.get("/invitations")
def list_invitations(people: People) -> list[InvitationView]:
    """Open invitations, oldest first."""
    return people.invitations()


@ROUTER.post("/invitations", status_code=201)
def invite(people: People, new: NewInvitation, request: Request, tasks: BackgroundTasks) -> InvitationMade:
    """Invite somebody. The answer holds the link."""
    made = people.invite(new)
    return _mailed(request, tasks, made, people.organisation_name())


@ROUTER.delete("/invitations/{invitation}")
def withdraw_invitation(people: People, invitation: str) -> InvitationView:
    """Take an open invitation back."""
    return people.withdraw_invitation(invitation)


@ROUTER.get("/tokens")
def list_tokens(people: People) -> list[TokenView]:
    """API tokens, oldest first."""
    return people.tokens()


@ROUTER.post("/tokens", status_code=201)
def make_token(people: People, new: NewToken) -> TokenMade:
    """Make an API token. The answer holds it, this once."""
    return people.make_token(new)


@ROUTER.delete("/tokens/{token:path}")
def revoke_token(people: People, token: str) -> TokenView:
    """End an API token, by id or label."""
    return people.revoke_token(token)


@ROUTER.post("/links", status_code=201)
def make_link(people: People, wanted: LinkWanted) -> LinkMade:
    """A link that works once: for the first admin, or for a member who lost the password. For the operator."""
    return people.make_link(wanted)
