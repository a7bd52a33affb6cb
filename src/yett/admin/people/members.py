"""Use cases about the members of an organisation: who belongs, as what, and who is invited."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from yett.admin.cases import Cases
from yett.admin.checks import NS, show_moment
from yett.admin.errors import Conflict, Forbidden, Invalid, NotFound
from yett.admin.listing import Listing
from yett.admin.people.handles import digest, new_handle
from yett.admin.people.principals import allowed_to
from yett.admin.people.rules import check_email
from yett.admin.people.views import InvitationMade, InvitationView, MemberPage, MemberRole, MemberView, NewInvitation
from yett.admin.permissions import Permission, Role
from yett.stores.control.grants import live
from yett.stores.control.people_records import Invitation, NamedMember
from yett.stores.control.tables import grants
from yett.stores.control.transaction import Transaction

INVITATION_S: Final = 7 * 24 * 3600
"""How long an invitation waits."""
INVITATIONS_MAX: Final = 1_000
"""Open invitations of one organisation."""


class MemberCases(Cases):
    """The part of `yett.admin.people.control.PeopleControl` about members and invitations."""

    __slots__ = ()

    def members(self, listing: Listing) -> MemberPage:
        """Some of them, by address."""
        self.require(Permission.VIEW)

        def look(read: Transaction) -> MemberPage:
            found = read.members.listed(search=listing.search, after=listing.after, limit=listing.limit + 1)
            shown = found[: listing.limit]
            following = shown[-1].email if len(found) > len(shown) else None
            return MemberPage(items=self.show_members(read, shown), next=following)

        return self.read(look)

    def member(self, reference: str) -> MemberView:
        """One, by id or address."""
        self.require(Permission.VIEW)
        return self.read(lambda read: self.show_member(read, self.find_member(read, reference)))

    def change_member(self, reference: str, wanted: MemberRole) -> MemberView:
        """Give a member another role. Errors: `Conflict` where it is the last admin's."""
        self.principal.require_everywhere(Permission.MANAGE_MEMBERS)

        def work(write: Transaction) -> MemberView:
            found = self.find_member(write, reference)
            self.check_gives(found.member.role)
            servers = self.checked_role(write, wanted.role, wanted.servers)
            before = self.show_member(write, found)
            if str(wanted.role) != Role.ADMIN or servers is not None:
                self.keep_an_admin(write, found)
            after = NamedMember(replace(found.member, role=wanted.role, servers=servers), found.email, found.name)
            write.members.replace(after.member)
            view = self.show_member(write, after)
            self.log(write, "member.changed", (view.id, view.email), before=before, after=view)
            return view

        return self.change(work)[0]

    def invitations(self) -> list[InvitationView]:
        """Those that are open, oldest first."""
        self.principal.require_everywhere(Permission.MANAGE_MEMBERS)
        return self.read(lambda read: [self.show_invitation(read, one) for one in read.invitations.open(self.now_ns())])

    def invite(self, new: NewInvitation) -> InvitationMade:
        """Invite somebody; an earlier invitation of that address opens nothing any more."""
        self.principal.require_everywhere(Permission.MANAGE_MEMBERS)
        email, token = check_email(new.email), new_handle()

        def work(write: Transaction) -> InvitationView:
            if write.members.find(email) is not None:
                raise Conflict(f"`{email}` is a member already; change the role instead", pointer="/email")
            servers = self.checked_role(write, new.role, new.servers)
            self._make_room(write, email)
            now_ns = self.now_ns()
            invitation = Invitation(
                id=str(uuid.uuid4()),
                email=email,
                role=new.role,
                servers=servers,
                digest=digest("link", token, self.desk.environment.token_key),
                invited_by=self.principal.name,
                created_at_ns=now_ns,
                expires_at_ns=now_ns + INVITATION_S * NS,
            )
            write.invitations.add(invitation)
            view = self.show_invitation(write, invitation)
            self.log(write, "member.invited", (view.id, view.email), after=view)
            return view

        view = self.change(work)[0]
        return InvitationMade(invitation=view, link=self.desk.environment.page(f"/invitation/{token}"), mailed=False)

    def withdraw_invitation(self, invitation_id: str) -> InvitationView:
        """Take an open invitation back."""
        self.principal.require_everywhere(Permission.MANAGE_MEMBERS)

        def work(write: Transaction) -> InvitationView:
            invitation = write.invitations.find(invitation_id)
            if invitation is None or not invitation.is_open(self.now_ns()):
                raise NotFound(f"there is no open invitation `{invitation_id}`")
            view = self.show_invitation(write, invitation)
            write.invitations.end(invitation.id, revoked_at_ns=self.now_ns())
            self.log(write, "invitation.withdrawn", (view.id, view.email), before=view)
            return view

        return self.change(work)[0]

    def find_member(self, read: Transaction, reference: str) -> NamedMember:
        """The member with this id or address. Errors: `NotFound`."""
        found = read.members.find(reference)
        if found is None:
            raise NotFound(f"there is no member `{reference}`; `yett member list` shows all")
        return found

    def check_gives(self, role: str) -> None:
        """Nobody gives, or takes, what they have not themselves. Errors: `Forbidden`."""
        if not allowed_to(role) <= self.principal.permissions:
            raise Forbidden(f"{self.principal.name} may not decide about the role `{role}`, which may more")

    def checked_role(self, read: Transaction, role: str, servers: Sequence[str] | None) -> tuple[str, ...] | None:
        """The ids of the servers that a role is to reach. Errors: `Forbidden`, `Invalid`, `NotFound`."""
        if role not in {one.value for one in Role}:
            raise Invalid(f"`{role}` is no role; there are {', '.join(one.value for one in Role)}", pointer="/role")
        self.check_gives(role)
        return self.checked_servers(read, servers)

    def checked_servers(self, read: Transaction, servers: Sequence[str] | None) -> tuple[str, ...] | None:
        """Their ids. Errors: `Invalid`, `NotFound`."""
        if servers is None:
            return None
        if not servers:
            raise Invalid("the list of servers is empty; leave it out for all of them", pointer="/servers")
        return tuple(sorted({self.find_server(read, one).id for one in servers}))

    def keep_an_admin(self, read: Transaction, found: NamedMember) -> None:
        """INVARIANT: an organisation that has an admin for everything keeps one. Errors: `Conflict`."""
        if found.member.role == Role.ADMIN and found.member.servers is None and read.members.count_with(Role.ADMIN) == 1:
            raise Conflict(f"`{found.email}` is the last admin of the organisation; make somebody else an admin first")

    def show_members(self, read: Transaction, members: Sequence[NamedMember]) -> list[MemberView]:
        """The views of these members."""
        owners = [found.member.user_id for found in members]
        owned = read.grants.listed(grants.c.owner_id.in_(owners), live(self.now_ns()), only=self.principal.servers)
        return [
            MemberView(
                id=found.member.user_id,
                email=found.email,
                name=found.name,
                role=found.member.role,
                servers=self.server_names(read, found.member.servers),
                grants=sum(one.grant.owner_id == found.member.user_id for one in owned),
                joined_at=show_moment(found.member.created_at_ns),
            )
            for found in members
        ]

    def show_member(self, read: Transaction, found: NamedMember) -> MemberView:
        """The view of one."""
        return self.show_members(read, [found])[0]

    def show_invitation(self, read: Transaction, invitation: Invitation) -> InvitationView:
        """The view of an invitation; its link is not known any more."""
        return InvitationView(
            id=invitation.id,
            email=invitation.email,
            role=invitation.role,
            servers=self.server_names(read, invitation.servers),
            invited_by=invitation.invited_by,
            created_at=show_moment(invitation.created_at_ns),
            expires_at=show_moment(invitation.expires_at_ns),
        )

    def server_names(self, read: Transaction, ids: Sequence[str] | None) -> list[str] | None:
        """What these servers are called, as far as they still are and are within reach; None for all."""
        if ids is None:
            return None
        return [server.name for server in read.servers.listed(only=[one for one in ids if self.principal.reaches(one)])]

    def _make_room(self, write: Transaction, email: str) -> None:
        waiting = write.invitations.open(self.now_ns())
        if len(waiting) >= INVITATIONS_MAX:
            raise Conflict(f"{INVITATIONS_MAX:,} invitations are open; withdraw some first")
        for earlier in waiting:
            if earlier.email == email:
                write.invitations.end(earlier.id, revoked_at_ns=self.now_ns())
