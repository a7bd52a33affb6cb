"""What everybody may do about themselves: name, password, sessions, and where they work."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from yett.admin.checks import NS, check_text, show_moment
from yett.admin.errors import Forbidden, NotFound, Unauthorised
from yett.admin.people.entrance import Entrance, Present, SignedIn, TooSoon, Visitor
from yett.admin.people.passwords import check_password
from yett.admin.people.views import SessionView
from yett.stores.control.people_records import Session, User
from yett.stores.control.transaction import Whole

FRESH_NS: Final = 15 * 60 * NS
"""So long after coming in by mail or a provider a password can be chosen without the one before, which may be forgotten."""
ID_CHARS: Final = 16
"""Of a session's digest; enough to name one among a person's own."""


@dataclass(frozen=True, slots=True)
class Selves:
    """For any number of threads."""

    entrance: Entrance

    def rename(self, present: Present, name: str) -> User:
        """Be called otherwise."""
        shown = check_text("the name", name.strip(), "/name")

        def work(whole: Whole) -> User:
            user = self._again(whole, present)
            changed = replace(user, name=shown)
            whole.people.replace(changed)
            self.entrance.tell(whole, changed, present.session.address, "person.renamed", **{"from": user.name, "to": shown})
            return changed

        return self.entrance.desk.write(work)

    def needs_current(self, present: Present) -> bool:
        """Whether the present password must be shown to choose another one."""
        session = present.session
        fresh = self.entrance.now_ns() - session.created_at_ns < FRESH_NS and session.method in {"mail", "provider"}
        return present.user.password is not None and not fresh

    def change_password(self, present: Present, current: str, password: str, visitor: Visitor) -> SignedIn:
        """Another password. All sessions end, and this browser gets a new one. Errors: `Unauthorised`, `Invalid`, `TooSoon`."""
        entrance = self.entrance
        if not entrance.rules.passwords:
            raise Forbidden("this installation has no passwords")
        if self.needs_current(present):
            keys = entrance.keys(present.user.email, present.user, visitor)
            if wait_s := entrance.attempts.wait_s(keys):
                raise TooSoon(wait_s)
            entrance.attempts.note(keys)
            if not entrance.passwords.verify(present.user.password, current):
                raise Unauthorised("the present password is another one")
        hashed = entrance.passwords.hash(check_password(password, email=present.user.email))

        def work(whole: Whole) -> SignedIn:
            user = self._again(whole, present)
            if user.password != present.user.password:
                raise Unauthorised("the password was changed meanwhile")
            changed = replace(user, password=hashed)
            whole.people.replace(changed)
            whole.sign_ins.end_sessions(user.id)
            entrance.tell(whole, changed, visitor.address, "password.changed", method="own")
            signed = entrance.admit(whole, changed, visitor, "password")
            if present.session.organisation_id is not None:
                whole.sign_ins.move_session(entrance.digest("session", signed.cookie), present.session.organisation_id)
            return signed

        return entrance.desk.write(work)

    def sessions(self, present: Present) -> list[SessionView]:
        """Where one is signed in, the latest used first."""
        now_ns, idle_ns = self.entrance.now_ns(), int(self.entrance.rules.idle_s * NS)
        found = self.entrance.desk.look(lambda whole: whole.sign_ins.sessions_of(present.user.id))
        alive = [one for one in found if now_ns < min(one.expires_at_ns, one.seen_at_ns + idle_ns)]
        return [_show(one, present.session) for one in alive]

    def end_session(self, present: Present, session_id: str) -> None:
        """Sign out somewhere. Errors: `NotFound`."""

        def work(whole: Whole) -> None:
            for one in whole.sign_ins.sessions_of(present.user.id):
                if one.digest[:ID_CHARS] == session_id:
                    whole.sign_ins.end_session(one.digest)
                    self.entrance.tell(whole, present.user, present.session.address, "session.closed")
                    return
            raise NotFound(f"there is no session `{session_id}`")

        self.entrance.desk.write(work)

    def sign_out_everywhere(self, present: Present) -> int:
        """End all sessions, this one too; how many that were."""

        def work(whole: Whole) -> int:
            ended = whole.sign_ins.end_sessions(present.user.id)
            self.entrance.tell(whole, present.user, present.session.address, "session.closed", sessions=str(ended))
            return ended

        return self.entrance.desk.write(work)

    def work_in(self, present: Present, organisation: str) -> None:
        """Work in another organisation from now on. Errors: `NotFound`, also where one does not belong."""
        there = [one.organisation_id for one in present.memberships if organisation in {one.organisation_id, one.organisation}]
        if not there:
            raise NotFound(f"there is no organisation `{organisation}`")
        digest = present.session.digest
        self.entrance.desk.write(lambda whole: whole.sign_ins.move_session(digest, there[0]))

    def _again(self, whole: Whole, present: Present) -> User:
        """The person as they are now. Errors: `Unauthorised` where the session ended meanwhile."""
        user = whole.people.find(present.user.id)
        if user is None or whole.sign_ins.session(present.session.digest) is None:
            raise Unauthorised("the session is over; sign in again")
        return user


def _show(session: Session, current: Session) -> SessionView:
    return SessionView(
        id=session.digest[:ID_CHARS],
        current=session.digest == current.digest,
        method=session.method,
        address=session.address,
        agent=session.agent,
        created_at=show_moment(session.created_at_ns),
        seen_at=show_moment(session.seen_at_ns),
        expires_at=show_moment(session.expires_at_ns),
    )
