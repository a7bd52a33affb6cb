"""The use cases about people, asked of a running control plane."""

from __future__ import annotations

from dataclasses import asdict
from urllib.parse import urlencode

from yett.admin.listing import Listing
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
from yett.admin.remote import Remote, step


class RemotePeople(Remote):
    """Implements `yett.admin.people.control.PeopleControl`."""

    __slots__ = ()

    def organisations(self) -> list[OrganisationView]:
        return self.get("/organisations", list[OrganisationView])

    def add_organisation(self, new: NewOrganisation) -> OrganisationAdded:
        return self.send("POST", "/organisations", OrganisationAdded, asdict(new))

    def members(self, listing: Listing) -> MemberPage:
        return self.get("/members", MemberPage, search=listing.search, limit=listing.limit, after=listing.after)

    def change_member(self, reference: str, wanted: MemberRole) -> MemberView:
        return self.send("PUT", f"/members/{step(reference)}/role", MemberView, asdict(wanted))

    def remove_member(self, reference: str, grants: str | None = None) -> MemberRemoved:
        query = "" if grants is None else f"?{urlencode({'grants': grants})}"
        return self.send("DELETE", f"/members/{step(reference)}{query}", MemberRemoved)

    def invitations(self) -> list[InvitationView]:
        return self.get("/invitations", list[InvitationView])

    def invite(self, new: NewInvitation) -> InvitationMade:
        return self.send("POST", "/invitations", InvitationMade, asdict(new))

    def withdraw_invitation(self, invitation_id: str) -> InvitationView:
        return self.send("DELETE", f"/invitations/{step(invitation_id)}", InvitationView)

    def tokens(self) -> list[TokenView]:
        return self.get("/tokens", list[TokenView])

    def make_token(self, new: NewToken) -> TokenMade:
        return self.send("POST", "/tokens", TokenMade, asdict(new))

    def revoke_token(self, reference: str) -> TokenView:
        return self.send("DELETE", f"/tokens/{step(reference)}", TokenView)

    def make_link(self, wanted: LinkWanted) -> LinkMade:
        return self.send("POST", "/links", LinkMade, asdict(wanted))
