"""The statements about how people come in: sessions, links that open once, round trips through identity providers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from yett.stores.control.people_records import Link, Session, SignInFlow, SignInWait
from yett.stores.control.tables import flows, one_time_links, sessions, sign_in_waits

WAITS_MAX: Final = 20_000
WAIT_KEPT_NS: Final = 86_400 * 1_000_000_000
"""By then its failures are forgotten."""
FLOW: Final = "sign-in"
"""The purpose of our rows of `flows`."""


@dataclass(frozen=True, slots=True)
class SignIns:
    """All of the installation. A digest is the only way to a row: who has the secret has the row."""

    connection: Connection

    def session(self, digest: str) -> Session | None:
        """The session with this cookie, over or not."""
        row = self.connection.execute(select(sessions).where(sessions.c.digest == digest)).first()
        return None if row is None else Session(**row._mapping)

    def sessions_of(self, user_id: str) -> list[Session]:
        """A person's sessions, the latest used first."""
        mine = select(sessions).where(sessions.c.user_id == user_id).order_by(sessions.c.seen_at_ns.desc())
        return [Session(**row._mapping) for row in self.connection.execute(mine)]

    def add_session(self, session: Session) -> None:
        """Add one."""
        self.connection.execute(insert(sessions).values(**asdict(session)))

    def touch_session(self, digest: str, *, seen_at_ns: int) -> None:
        """It was used."""
        self.connection.execute(update(sessions).where(sessions.c.digest == digest).values(seen_at_ns=seen_at_ns))

    def move_session(self, digest: str, organisation_id: str) -> None:
        """Its person works in another organisation from now on."""
        self.connection.execute(update(sessions).where(sessions.c.digest == digest).values(organisation_id=organisation_id))

    def end_session(self, digest: str) -> None:
        """Nobody is signed in with this cookie any more."""
        self.connection.execute(delete(sessions).where(sessions.c.digest == digest))

    def end_sessions(self, user_id: str, *, but: str | None = None) -> int:
        """Sign a person out everywhere, or everywhere `but` here; how many sessions that ended."""
        ended = delete(sessions).where(sessions.c.user_id == user_id)
        return self.connection.execute(ended if but is None else ended.where(sessions.c.digest != but)).rowcount

    def link(self, digest: str) -> Link | None:
        """The link, good or not."""
        row = self.connection.execute(select(one_time_links).where(one_time_links.c.digest == digest)).first()
        return None if row is None else Link(**row._mapping)

    def add_link(self, link: Link) -> None:
        """Add one."""
        self.connection.execute(insert(one_time_links).values(**asdict(link)))

    def use_link(self, digest: str, at_ns: int) -> bool:
        """Whether the link was good, and is not any more: true for one caller, once."""
        good = one_time_links.c.digest == digest, one_time_links.c.used_at_ns.is_(None), one_time_links.c.expires_at_ns > at_ns
        return self.connection.execute(update(one_time_links).where(*good).values(used_at_ns=at_ns)).rowcount == 1

    def drop_links(self, purpose: str, *, user_id: str | None = None) -> None:
        """Links of this purpose, of one person or of all, open nothing any more."""
        dropped = delete(one_time_links).where(one_time_links.c.purpose == purpose)
        self.connection.execute(dropped if user_id is None else dropped.where(one_time_links.c.user_id == user_id))

    def add_flow(self, flow: SignInFlow) -> None:
        """A person goes to an identity provider."""
        kept = json.dumps({"browser": flow.browser, "next": flow.next}).encode()
        moments = {"created_at_ns": flow.created_at_ns, "expires_at_ns": flow.expires_at_ns}
        self.connection.execute(
            insert(flows).values(digest=flow.digest, purpose=FLOW, subject=flow.provider, sealed=kept, **moments)
        )

    def take_flow(self, digest: str) -> SignInFlow | None:
        """The round trip that came back. It does so once."""
        ours = flows.c.digest == digest, flows.c.purpose == FLOW
        row = self.connection.execute(select(flows).where(*ours)).mappings().first()
        self.connection.execute(delete(flows).where(*ours))
        if row is None:
            return None
        moments = {name: row[name] for name in ("created_at_ns", "expires_at_ns")}
        return SignInFlow(digest=digest, provider=row["subject"], **json.loads(row["sealed"]), **moments)

    def put_waits(self, waits: Sequence[SignInWait]) -> None:
        """Remember these, in the place of what was known of them; of `WAITS_MAX` and more the oldest are forgotten."""
        if not waits:
            return
        for wait in waits:
            self.drop_wait(wait.digest)
            self.connection.execute(insert(sign_in_waits).values(**asdict(wait)))
        places = select(sign_in_waits.c.digest).order_by(sign_in_waits.c.at_ns.desc(), sign_in_waits.c.digest)
        beyond = places.offset(WAITS_MAX).limit(WAITS_MAX)
        self.connection.execute(delete(sign_in_waits).where(sign_in_waits.c.digest.in_(beyond)))

    def drop_wait(self, digest: str) -> None:
        """Nobody waits because of this."""
        self.connection.execute(delete(sign_in_waits).where(sign_in_waits.c.digest == digest))

    def waits(self) -> list[SignInWait]:
        """All."""
        return [SignInWait(**row._mapping) for row in self.connection.execute(select(sign_in_waits))]

    def drop_old(self, now_ns: int) -> None:
        """Forget what is over."""
        self.connection.execute(delete(sessions).where(sessions.c.expires_at_ns <= now_ns))
        self.connection.execute(delete(sign_in_waits).where(sign_in_waits.c.at_ns <= now_ns - WAIT_KEPT_NS))
        self.connection.execute(delete(one_time_links).where(one_time_links.c.expires_at_ns <= now_ns))
        self.connection.execute(delete(flows).where(flows.c.purpose == FLOW, flows.c.expires_at_ns <= now_ns))
