"""What all ways in share: who comes, the digests of what they show, and the session that each way ends with.

A session is a row, found by the keyed digest of a random cookie. It ends on the server: when it was not used for long, when its
time is over, when its person signs out, is taken out of every organisation, or changes the password. What its person may is not
kept in it, but looked up at every request.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from yett.admin.cases import Cases
from yett.admin.checks import NS
from yett.admin.desk import Desk
from yett.admin.errors import AdminFault
from yett.admin.people.attempts import Attempts, Key, address_block
from yett.admin.people.handles import Kind, digest, is_handle, new_handle, same
from yett.admin.people.passwords import Passwords
from yett.admin.people.principals import member_principal
from yett.admin.people.refusals import Refusals
from yett.admin.people.rules import Rules
from yett.admin.people.views import Method
from yett.stores.control.people_records import Membership, Session, User
from yett.stores.control.transaction import Whole

AGENT_MAX: Final = 160
"""Characters of a browser's description that are kept."""
SEEN_EVERY_NS: Final = 60 * NS
"""How precisely it is known when a session was last used: a write for every request would cost more."""
SOMEBODY: Final = "somebody"
"""Who failed to sign in, in the admin log."""
SESSIONS_MAX: Final = 50
"""Sessions of one person; the one that was not used for longest ends first."""


class TooSoon(AdminFault):
    """Somebody tried too often; `wait_s` says when to try again."""

    code = "too_soon"
    status = 429

    def __init__(self, wait_s: int) -> None:
        wait = f"{wait_s} second{'' if wait_s == 1 else 's'}" if wait_s < 120 else f"{(wait_s + 59) // 60} minutes"
        super().__init__(f"too many tries; try again in {wait}")
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser that nobody is signed in with yet."""

    address: str
    agent: str
    device: str = ""
    """What this browser was given when somebody signed in with it before."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a browser gets that somebody signed in with."""

    cookie: str = field(repr=False)
    device: str = field(repr=False)
    user: User


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody who is signed in, and where they work now, if they belong anywhere."""

    session: Session
    user: User
    memberships: list[Membership]
    membership: Membership | None


@dataclass(frozen=True, slots=True)
class Entrance:
    """For any number of threads."""

    desk: Desk
    rules: Rules
    passwords: Passwords
    attempts: Attempts
    refusals: Refusals = field(default_factory=Refusals)

    def now_ns(self) -> int:
        """The moment that things are recorded with."""
        return self.desk.environment.clock.now_ns()

    def digest(self, kind: Kind, text: str) -> str:
        """What is stored of a handle."""
        return digest(kind, text, self.desk.environment.token_key)

    def page(self, path: str) -> str:
        """The address of one of our pages, for mail and for other people's redirects."""
        return self.rules.base_url.rstrip("/") + path

    def admit(self, whole: Whole, user: User, visitor: Visitor, method: Method) -> SignedIn:
        """A new session, whatever the browser had before; with a line of the admin log wherever the person belongs."""
        cookie, now_ns = new_handle(), self.now_ns()
        memberships = whole.people.memberships(user.id)
        mine = whole.sign_ins.sessions_of(user.id)
        for old in mine[SESSIONS_MAX - 1 :]:
            whole.sign_ins.end_session(old.digest)
        whole.sign_ins.add_session(
            Session(
                digest=self.digest("session", cookie),
                user_id=user.id,
                organisation_id=memberships[0].organisation_id if memberships else None,
                csrf=new_handle(),
                method=method,
                address=visitor.address,
                agent=visitor.agent[:AGENT_MAX],
                created_at_ns=now_ns,
                seen_at_ns=now_ns,
                expires_at_ns=now_ns + int(self.rules.absolute_s * NS),
            )
        )
        self.tell(whole, user, visitor.address, "session.opened", method=method)
        return SignedIn(cookie, self.new_device(user), user)

    def present(self, whole: Whole, cookie: str, organisation: str | None = None) -> Present | None:
        """Who is signed in with this cookie; None if it is nobody's, or over.

        `organisation` (name or id) is where they ask to be; asking for one where they do not belong makes them nobody too.
        """
        if not is_handle(cookie):
            return None
        session, now_ns = whole.sign_ins.session(self.digest("session", cookie)), self.now_ns()
        if session is None:
            return None
        if now_ns >= session.expires_at_ns or now_ns >= session.seen_at_ns + int(self.rules.idle_s * NS):
            whole.sign_ins.end_session(session.digest)
            return None
        if not 0 <= now_ns - session.seen_at_ns < SEEN_EVERY_NS:
            whole.sign_ins.touch_session(session.digest, seen_at_ns=max(now_ns, session.seen_at_ns))
        user = whole.people.find(session.user_id)
        if user is None:
            return None
        memberships = whole.people.memberships(user.id)
        wanted = organisation if organisation is not None else session.organisation_id
        here = [one for one in memberships if wanted in {one.organisation_id, one.organisation}]
        if not here and organisation is not None:
            return None
        return Present(session, user, memberships, next(iter(here or memberships), None))

    def leave(self, cookie: str, address: str) -> None:
        """Sign out here."""

        def work(whole: Whole) -> None:
            found = self.present(whole, cookie)
            if found is not None:
                whole.sign_ins.end_session(found.session.digest)
                self.tell(whole, found.user, address, "session.closed")

        self.desk.write(work)

    def tell(self, whole: Whole, user: User, address: str, action: str, **detail: str) -> None:
        """A line of the admin log in each organisation that the person belongs to."""
        for membership in whole.people.memberships(user.id):
            cases = Cases(self.desk, member_principal(user, membership, address))
            cases.log(whole.of(membership.organisation_id), action, (user.id, user.email), **detail)

    def tell_refused(self, email: str, visitor: Visitor) -> None:
        """After the answer to a failed try, which so takes as long for any address: remember who must wait, and write lines of
        the admin log wherever the person belongs, rationed."""
        now_ns = self.now_ns()

        def work(whole: Whole) -> None:
            user = whole.people.with_email(email)
            keys = self.keys(email, user, visitor)
            whole.sign_ins.put_waits(self.attempts.waits(keys))
            wait_s = self.attempts.wait_s(keys)
            for membership in () if user is None else whole.people.memberships(user.id):
                unwritten = self.refusals.unwritten(membership.organisation_id, now_ns)
                if user is None or unwritten is None:
                    continue
                somebody = replace(member_principal(user, membership, visitor.address), name=SOMEBODY)
                detail = {"wait": f"{wait_s} s" if wait_s else "", "unwritten_before": str(unwritten) if unwritten else ""}
                there = whole.of(membership.organisation_id)
                Cases(self.desk, somebody).log(there, "session.refused", (user.id, user.email), method="password", **detail)

        self.desk.write(work)

    def new_device(self, user: User) -> str:
        """What a browser keeps after somebody signed in with it, so that strangers cannot make its tries wait."""
        name = new_handle()
        return f"{name}.{self.digest('device', f'{user.id} {name}')}"

    def counted_as(self, key: Key) -> str:
        """The name in the store of what failures are counted by."""
        return counted_as(key, self.desk.environment.token_key)

    def keys(self, email: str, user: User | None, visitor: Visitor) -> list[Key]:
        """What a try to sign in to this account is counted by."""
        name, _, proof = visitor.device.partition(".")
        if user is not None and is_handle(name) and same(proof, self.digest("device", f"{user.id} {name}")):
            return [Key("device", name)]
        return [Key("account", email), Key("address", address_block(visitor.address))]

    def prove(self, whole: Whole, user: User) -> User:
        """It is certain now that the person reads the mail of that address.

        Whoever opened the account before that may have been somebody else: what they could come in with opens nothing any more.
        """
        if user.proven_at_ns is not None:
            return user
        whole.sign_ins.end_sessions(user.id)
        proven = replace(user, password=None, proven_at_ns=self.now_ns())
        whole.people.replace(proven)
        return proven


def counted_as(key: Key, secret: bytes) -> str:
    """As `Entrance.counted_as`."""
    return digest("attempt", f"{key.kind} {key.value}", secret)
