"""Links that open something once: the first admin, an invitation, a new password. Looking at one does nothing; posting does."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import Final

from yett.admin.cases import Cases
from yett.admin.checks import NS, check_name, check_text, show_moment
from yett.admin.errors import Conflict, Forbidden, NotFound, Unauthorised
from yett.admin.people.entrance import Entrance, Present, SignedIn, Visitor
from yett.admin.people.handles import digest, is_handle, new_handle
from yett.admin.people.passwords import check_password
from yett.admin.people.principals import member_principal
from yett.admin.people.rules import check_email
from yett.admin.people.views import LinkMade, LinkWanted
from yett.admin.people.ways_in import LINK_OVER, join
from yett.admin.permissions import Role
from yett.stores.control.people_records import Link, Member, Membership, PlacedInvitation, User
from yett.stores.control.transaction import Whole

FIRST_S: Final = 24 * 3600
"""How long the link of the first admin is good; each start gives another one."""
PASSWORD_S: Final = 3600


class LinkCases(Cases):
    """The part of `yett.admin.people.control.PeopleControl` about links; for the operator only."""

    __slots__ = ()

    def make_link(self, wanted: LinkWanted) -> LinkMade:
        """A link for the first admin, or for a member to choose a new password."""
        return self.first_link() if wanted.email is None else self.password_link(wanted.email)

    def first_link(self) -> LinkMade:
        """The link of the first admin; earlier ones open nothing any more. Errors: `Conflict` where there is an admin."""
        self._require_operator()

        def work(whole: Whole) -> LinkMade:
            if whole.people.has_member(Role.ADMIN.value):
                raise Conflict("there is an admin already; `yett link EMAIL` lets a member choose a new password")
            whole.sign_ins.drop_links("first")
            return self._new_link(whole, "first", FIRST_S, "/first")

        return self.desk.write(work)

    def password_link(self, email: str) -> LinkMade:
        """A link by which a member of this organisation chooses a new password. Errors: `NotFound`."""
        self._require_operator()
        address = check_email(email)

        def work(whole: Whole) -> LinkMade:
            there = whole.of(self.principal.organisation)
            found = there.members.find(address)
            if found is None:
                raise NotFound(f"there is no member `{address}`; `yett member list` shows all")
            whole.sign_ins.drop_links("password", user_id=found.member.user_id)
            self.log(there, "member.link_made", (found.member.user_id, found.email), purpose="password")
            return self._new_link(whole, "password", PASSWORD_S, "/password", found.member.user_id)

        return self.desk.write(work)

    def _new_link(self, whole: Whole, purpose: str, good_s: int, path: str, user_id: str | None = None) -> LinkMade:
        token, now_ns = new_handle(), self.now_ns()
        kept, ends_ns = digest("link", token, self.desk.environment.token_key), now_ns + good_s * NS
        whole.sign_ins.add_link(Link(digest=kept, purpose=purpose, user_id=user_id, created_at_ns=now_ns, expires_at_ns=ends_ns))
        return LinkMade(link=self.desk.environment.page(f"{path}/{token}"), expires_at=show_moment(ends_ns))

    def _require_operator(self) -> None:
        if self.principal.kind != "operator":
            raise Forbidden("links are made by whoever runs this installation")


@dataclass(frozen=True, slots=True)
class LinkDoors:
    """What the pages of these links do. For any number of threads."""

    entrance: Entrance

    def is_good(self, token: str, purpose: str) -> bool:
        """Whether a link still opens something."""
        return self.entrance.desk.look(lambda whole: self._link(whole, token, purpose)) is not None

    def invitation(self, token: str) -> tuple[PlacedInvitation, bool] | None:
        """An open invitation, and whether its address has an account already; None for any other link."""

        def look(whole: Whole) -> tuple[PlacedInvitation, bool] | None:
            placed = self._invitation(whole, token)
            return None if placed is None else (placed, whole.people.with_email(placed.invitation.email) is not None)

        return self.entrance.desk.look(look)

    def become_first(self, token: str, wanted: FirstAdmin, visitor: Visitor) -> SignedIn:
        """The first admin, of the oldest organisation. Of all who try, one. Errors: `Unauthorised`, `Invalid`, `Conflict`."""
        entrance, email = self.entrance, check_email(wanted.email)
        name = check_text("the name", wanted.name.strip(), "/name")
        called = check_name("organisation", wanted.organisation)
        if not self.is_good(token, "first"):
            raise Unauthorised(LINK_OVER)
        hashed = entrance.passwords.hash(check_password(wanted.password, email=email))

        def work(whole: Whole) -> SignedIn:
            good = self._link(whole, token, "first") is not None and not whole.people.has_member(Role.ADMIN.value)
            if not good or not whole.sign_ins.use_link(entrance.digest("link", token), entrance.now_ns()):
                raise Unauthorised(LINK_OVER)
            organisation = whole.organisations()[0]
            if any(one.name == called and one.id != organisation.id for one in whole.organisations()):
                raise Conflict(f"there is an organisation `{called}` already; choose another name", pointer="/organisation")
            whole.rename_organisation(organisation.id, called)
            user = self._user(whole, email, name, hashed)
            member = Member(user_id=user.id, role=Role.ADMIN.value, created_at_ns=entrance.now_ns())
            there = whole.of(organisation.id)
            if there.members.find(user.id) is None:
                there.members.add(member)
            else:
                there.members.replace(member)
            principal = member_principal(user, Membership(organisation.id, called, member), visitor.address)
            Cases(entrance.desk, principal).log(there, "member.joined", (user.id, user.email), after={"role": member.role})
            return entrance.admit(whole, user, visitor, "first")

        return entrance.desk.write(work)

    def accept_as_new(self, token: str, name: str, password: str, visitor: Visitor) -> SignedIn:
        """A new account for who was invited. Errors: `Unauthorised`, `Invalid`; `Conflict` where there is an account already."""
        entrance, shown = self.entrance, check_text("the name", name.strip(), "/name")
        self._require_passwords()
        found = self.invitation(token)
        if found is None:
            raise Unauthorised(LINK_OVER)
        hashed = entrance.passwords.hash(check_password(password, email=found[0].invitation.email))

        def work(whole: Whole) -> SignedIn:
            placed = self._invitation(whole, token)
            if placed is None:
                raise Unauthorised(LINK_OVER)
            if whole.people.with_email(placed.invitation.email) is not None:
                raise Conflict(f"`{placed.invitation.email}` has an account already; sign in to accept")
            now_ns = entrance.now_ns()
            email = placed.invitation.email
            user = User(id=str(uuid.uuid4()), email=email, name=shown, password=hashed, created_at_ns=now_ns)
            whole.people.add(user)
            join(entrance, whole, user, placed, visitor.address)
            return entrance.admit(whole, user, visitor, "invitation")

        return entrance.desk.write(work)

    def accept_as(self, token: str, present: Present, address: str) -> None:
        """Join with the account that is signed in. Errors: `Unauthorised`, also for somebody else's invitation."""

        def work(whole: Whole) -> None:
            placed = self._invitation(whole, token)
            if placed is None or placed.invitation.email != present.user.email:
                raise Unauthorised(LINK_OVER)
            join(self.entrance, whole, present.user, placed, address)
            whole.sign_ins.move_session(present.session.digest, placed.organisation_id)

        self.entrance.desk.write(work)

    def choose_password(self, token: str, password: str, visitor: Visitor) -> SignedIn:
        """Another password by the operator's link; all sessions end. Errors: `Unauthorised`, `Invalid`, `Forbidden`."""
        entrance = self.entrance
        self._require_passwords()
        if not self.is_good(token, "password"):
            raise Unauthorised(LINK_OVER)
        hashed = entrance.passwords.hash(check_password(password))

        def work(whole: Whole) -> SignedIn:
            link = self._link(whole, token, "password")
            user = whole.people.find(link.user_id) if link is not None and link.user_id is not None else None
            if user is None or not whole.sign_ins.use_link(entrance.digest("link", token), entrance.now_ns()):
                raise Unauthorised(LINK_OVER)
            changed = replace(user, password=hashed)
            whole.people.replace(changed)
            whole.sign_ins.end_sessions(user.id)
            entrance.tell(whole, changed, visitor.address, "password.changed", method="link")
            return entrance.admit(whole, changed, visitor, "password")

        return entrance.desk.write(work)

    def _require_passwords(self) -> None:
        """Errors: `Forbidden` where people come in by other ways only: a password's page would be a way around them."""
        if not self.entrance.rules.passwords:
            raise Forbidden("this installation has no passwords; sign in another way")

    def _link(self, whole: Whole, token: str, purpose: str) -> Link | None:
        link = whole.sign_ins.link(self.entrance.digest("link", token)) if is_handle(token) else None
        if link is None or link.purpose != purpose or link.used_at_ns is not None:
            return None
        return link if self.entrance.now_ns() < link.expires_at_ns else None

    def _invitation(self, whole: Whole, token: str) -> PlacedInvitation | None:
        placed = whole.people.invitation(self.entrance.digest("link", token)) if is_handle(token) else None
        return placed if placed is not None and placed.invitation.is_open(self.entrance.now_ns()) else None

    def _user(self, whole: Whole, email: str, name: str, hashed: str) -> User:
        """The account of the first admin, for whom the operator vouches."""
        now_ns, known = self.entrance.now_ns(), whole.people.with_email(email)
        if known is not None:
            changed = replace(known, name=name, password=hashed, proven_at_ns=now_ns)
            whole.people.replace(changed)
            return changed
        user = User(id=str(uuid.uuid4()), email=email, name=name, password=hashed, proven_at_ns=now_ns, created_at_ns=now_ns)
        whole.people.add(user)
        return user


@dataclass(frozen=True, slots=True)
class FirstAdmin:
    """What the first page asks for."""

    organisation: str
    email: str
    name: str
    password: str
