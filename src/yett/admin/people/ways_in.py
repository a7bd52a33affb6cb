"""The ways in: a password, a link by mail, an identity provider. Each ends with a session, or with one and the same refusal."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass, field, replace
from typing import Final

from yett.admin.cases import Cases
from yett.admin.checks import NS, TEXT_MAX, check_text
from yett.admin.errors import Unauthorised
from yett.admin.people.attempts import Key, address_block
from yett.admin.people.entrance import Entrance, SignedIn, TooSoon, Visitor
from yett.admin.people.handles import is_handle, new_handle
from yett.admin.people.organisations import free_name, show_organisation
from yett.admin.people.principals import member_principal
from yett.admin.people.rules import check_email
from yett.admin.people.views import Method
from yett.admin.permissions import Role
from yett.stores.control.people_records import Link, Member, Membership, PlacedInvitation, User
from yett.stores.control.records import Organisation
from yett.stores.control.transaction import Whole

_log: Final = logging.getLogger("yett.sign_in")
MAGIC_S: Final = 15 * 60
"""How long a link by mail is good."""
REFUSED: Final = "address or password are wrong"
NOT_INVITED: Final = "nobody has invited this address; ask an admin of your organisation"
LINK_OVER: Final = "this link was used already, or its time is over; ask for another one"


@dataclass(frozen=True, slots=True)
class Vouched:
    """What an identity provider says of somebody."""

    issuer: str
    subject: str
    email: str | None
    proven: bool
    """Whether they surely read the mail of that address."""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """A link that is to be mailed."""

    to: str
    link: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class WaysIn:
    """For any number of threads."""

    entrance: Entrance

    def with_password(self, email: str, password: str, visitor: Visitor) -> SignedIn:
        """Sign in. Errors: `Unauthorised`, the same for an unknown address and a wrong password, after the same work;
        `TooSoon`; `Busy`.
        """
        entrance, email = self.entrance, as_known(email)
        user = entrance.desk.look(lambda whole: whole.people.with_email(email))
        keys = entrance.keys(email, user, visitor)
        if wait_s := entrance.attempts.wait_s(keys):
            raise TooSoon(wait_s)
        # Counted before it is known how it ends: tries that run at the same time must not all be free.
        entrance.attempts.note(keys)
        stored = user.password if user is not None and entrance.rules.passwords else None
        if not entrance.passwords.verify(stored, password) or user is None:
            _log.warning("a sign-in with a password failed, from %s", visitor.address)
            raise Unauthorised(REFUSED)
        over = [key for key in keys if key.kind != "address"]
        for key in over:
            entrance.attempts.forget(key)
        better = entrance.passwords.hash(password) if entrance.passwords.is_outdated(stored or "") else None

        def work(whole: Whole) -> SignedIn:
            now = whole.people.find(user.id)
            if now is None or now.password != stored:
                raise Unauthorised(REFUSED)  # it was changed meanwhile
            if better is not None:
                whole.people.replace(replace(now, password=better))
            self._check_place(whole, now)
            for key in over:
                whole.sign_ins.drop_wait(entrance.counted_as(key))
            return entrance.admit(whole, now, visitor, "password")

        return entrance.desk.write(work)

    def refused(self, email: str, visitor: Visitor) -> None:
        """To be done after the answer to a try by password that failed."""
        self.entrance.tell_refused(as_known(email), visitor)

    def ask_for_mail(self, email: str, visitor: Visitor) -> str:
        """The address, in lower case, if somebody may ask for a link to it now. Says nothing of whether it is known.

        Errors: `Invalid` for what is no address, `TooSoon`.
        """
        email = check_email(email)
        keys = [Key("mail", email), Key("address", address_block(visitor.address))]
        if wait_s := self.entrance.attempts.wait_s(keys):
            raise TooSoon(wait_s)
        self.entrance.attempts.note(keys)
        return email

    def letter(self, email: str) -> Letter | None:
        """A link to sign in with, if this address may come in. Done after the answer, which so takes as long for any address."""
        entrance, token = self.entrance, new_handle()

        def work(whole: Whole) -> Letter | None:
            now_ns = entrance.now_ns()
            whole.sign_ins.drop_old(now_ns)
            user = whole.people.with_email(email)
            if not self._may_come(whole, email, user):
                return None
            digest, ends_ns = entrance.digest("link", token), now_ns + MAGIC_S * NS
            user_id = None if user is None else user.id
            link = Link(digest=digest, purpose="magic", user_id=user_id, email=email, created_at_ns=now_ns, expires_at_ns=ends_ns)
            whole.sign_ins.add_link(link)
            return Letter(email, entrance.page(f"/mail/{token}"))

        return entrance.desk.write(work)

    def mail_link(self, token: str) -> str | None:
        """Whose mail a link went to, while it is good."""
        found = self.entrance.desk.look(lambda whole: whole.sign_ins.link(self.entrance.digest("link", token)))
        good = found is not None and found.purpose == "magic" and found.used_at_ns is None
        return found.email if found is not None and good and self.entrance.now_ns() < found.expires_at_ns else None

    def with_mail(self, token: str, visitor: Visitor) -> SignedIn:
        """Sign in by a link, which works once. Errors: `Unauthorised`."""
        entrance = self.entrance
        digest = entrance.digest("link", token)

        def work(whole: Whole) -> SignedIn:
            link = whole.sign_ins.link(digest) if is_handle(token) else None
            good = link is not None and link.purpose == "magic" and whole.sign_ins.use_link(digest, entrance.now_ns())
            if link is None or link.email is None or not good:
                raise Unauthorised(LINK_OVER)
            return self._come(whole, link.email, "", visitor, "mail")

        return entrance.desk.write(work)

    def with_provider(self, who: Vouched, visitor: Visitor) -> SignedIn:
        """Sign in as whom a provider vouches for. Errors: `Unauthorised`."""

        def work(whole: Whole) -> SignedIn:
            known = whole.people.with_identity(who.issuer, who.subject)
            if known is not None:
                self._accept_open(whole, known, visitor)
                self._check_place(whole, known)
                return self.entrance.admit(whole, known, visitor, "provider")
            if who.email is None or not who.proven:
                raise Unauthorised("the provider does not say that this address is proven, so nobody can be found by it")
            signed = self._come(whole, check_email(who.email), who.name, visitor, "provider")
            whole.people.add_identity(signed.user.id, who.issuer, who.subject, self.entrance.now_ns())
            return signed

        return self.entrance.desk.write(work)

    def _come(self, whole: Whole, email: str, name: str, visitor: Visitor, method: Method) -> SignedIn:
        """Let in who surely reads the mail of that address: a member, somebody invited, or a newcomer where those may come."""
        user = whole.people.with_email(email)
        if not self._may_come(whole, email, user):
            raise Unauthorised(NOT_INVITED)
        if user is None:
            now_ns, shown = self.entrance.now_ns(), check_text("the name", name[:TEXT_MAX])
            user = User(id=str(uuid.uuid4()), email=email, name=shown, proven_at_ns=now_ns, created_at_ns=now_ns)
            whole.people.add(user)
        user = self.entrance.prove(whole, user)
        self._accept_open(whole, user, visitor)
        if not whole.people.memberships(user.id):
            self._found(whole, user, visitor)
        return self.entrance.admit(whole, user, visitor, method)

    def _may_come(self, whole: Whole, email: str, user: User | None) -> bool:
        if self.entrance.rules.newcomers == "organisation" or whole.people.open_invitations(email, self.entrance.now_ns()):
            return True
        return user is not None and bool(whole.people.memberships(user.id))

    def _check_place(self, whole: Whole, user: User) -> None:
        """Errors: `Unauthorised` for somebody who belongs nowhere and is not invited."""
        if not self._may_come(whole, user.email, user):
            raise Unauthorised(NOT_INVITED)

    def _accept_open(self, whole: Whole, user: User, visitor: Visitor) -> None:
        """Who has proven the address has what was left for it."""
        if user.proven_at_ns is None:
            return
        for placed in whole.people.open_invitations(user.email, self.entrance.now_ns()):
            join(self.entrance, whole, user, placed, visitor.address)

    def _found(self, whole: Whole, user: User, visitor: Visitor) -> None:
        """An organisation of their own, for a newcomer."""
        now_ns = self.entrance.now_ns()
        name = free_name(whole, user.email.partition("@")[0])
        organisation = Organisation(id=str(uuid.uuid4()), name=name, created_at_ns=now_ns)
        whole.add_organisation(organisation)
        member = Member(user_id=user.id, role=Role.ADMIN.value, created_at_ns=now_ns)
        whole.of(organisation.id).members.add(member)
        principal = member_principal(user, Membership(organisation.id, name, member), visitor.address)
        cases = Cases(self.entrance.desk, principal)
        view = show_organisation(organisation, member.role)
        cases.log(whole.of(organisation.id), "organisation.added", (organisation.id, name), after=view)


def as_known(email: str) -> str:
    """An address, as accounts have it."""
    return email.strip().lower()[:TEXT_MAX]


def join(entrance: Entrance, whole: Whole, user: User, placed: PlacedInvitation, address: str) -> None:
    """Have the invited person be a member, if they are not yet; the invitation is used up."""
    invitation, there = placed.invitation, whole.of(placed.organisation_id)
    there.invitations.end(invitation.id, used_at_ns=entrance.now_ns())
    if there.members.find(user.id) is not None:
        return
    member = Member(user_id=user.id, role=invitation.role, servers=invitation.servers, created_at_ns=entrance.now_ns())
    there.members.add(member)
    principal = member_principal(user, Membership(placed.organisation_id, placed.organisation, member), address)
    after = {"role": member.role, "servers": None if member.servers is None else list(member.servers)}
    cases = Cases(entrance.desk, principal)
    cases.log(there, "member.joined", (user.id, user.email), after=after, invited_by=invitation.invited_by)
