"""The use cases about people as a Protocol, whether they run here or are asked over HTTP."""

from __future__ import annotations

from typing import Protocol

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


class PeopleControl(Protocol):
    """Organisations, members, API tokens, links.

    Errors: `AdminFault` for what is refused, `OperatorFault` for what cannot be done.
    """

    def organisations(self) -> list[OrganisationView]: ...

    def add_organisation(self, new: NewOrganisation) -> OrganisationAdded: ...

    def members(self, listing: Listing) -> MemberPage: ...

    def change_member(self, reference: str, wanted: MemberRole) -> MemberView: ...

    def remove_member(self, reference: str, grants: str | None = None) -> MemberRemoved: ...

    def invitations(self) -> list[InvitationView]: ...

    def invite(self, new: NewInvitation) -> InvitationMade: ...

    def withdraw_invitation(self, invitation_id: str) -> InvitationView: ...

    def tokens(self) -> list[TokenView]: ...

    def make_token(self, new: NewToken) -> TokenMade: ...

    def revoke_token(self, reference: str) -> TokenView: ...

    def make_link(self, wanted: LinkWanted) -> LinkMade: ...
