"""The statements about people, wherever they belong."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Select, insert, select, update

from yett.stores.control.members import invitation_of, is_open, member_of
from yett.stores.control.people_records import Membership, PlacedInvitation, User
from yett.stores.control.rows import columns_of
from yett.stores.control.tables import identities, invitations, members, organisations, users


@dataclass(frozen=True, slots=True)
class People:
    """All people of the installation, and where they belong."""

    connection: Connection

    def find(self, user_id: str) -> User | None:
        """The user with this id."""
        return self._user(select(users).where(users.c.id == user_id))

    def with_email(self, email: str) -> User | None:
        """The user with this address."""
        return self._user(select(users).where(users.c.email == email.lower()))

    def with_identity(self, issuer: str, subject: str) -> User | None:
        """The user whom this provider knows by this name."""
        both = identities.c.issuer == issuer, identities.c.subject == subject
        return self._user(select(users).join(identities).where(*both))

    def add(self, user: User) -> None:
        """Add one; the database refuses a second one of the address."""
        self.connection.execute(insert(users).values(**asdict(user)))

    def replace(self, user: User) -> None:
        """Have the row of `user.id` say this."""
        count = self.connection.execute(update(users).where(users.c.id == user.id).values(**asdict(user))).rowcount
        assert count == 1, f"{count} users changed instead of one"

    def add_identity(self, user_id: str, issuer: str, subject: str, created_at_ns: int) -> None:
        """This provider knows the user by this name."""
        row = {"issuer": issuer, "subject": subject, "user_id": user_id, "created_at_ns": created_at_ns}
        self.connection.execute(insert(identities).values(**row))

    def memberships(self, user_id: str) -> list[Membership]:
        """Where the user belongs, the oldest organisation first."""
        statement = (
            select(*columns_of(members, without=()), organisations.c.name)
            .join_from(members, organisations)
            .where(members.c.user_id == user_id)
            .order_by(organisations.c.created_at_ns, organisations.c.id)
        )
        rows = [dict(row._mapping) for row in self.connection.execute(statement)]
        return [Membership(row["organisation_id"], row["name"], member_of(row)) for row in rows]

    def has_member(self, role: str) -> bool:
        """Whether anybody anywhere has this role."""
        return self.connection.execute(select(members.c.user_id).where(members.c.role == role).limit(1)).first() is not None

    def invitation(self, digest: str) -> PlacedInvitation | None:
        """The invitation with this link, open or not."""
        found = self._invitations(
            select(*_INVITATION).join_from(invitations, organisations).where(invitations.c.digest == digest)
        )
        return found[0] if found else None

    def open_invitations(self, email: str, now_ns: int) -> list[PlacedInvitation]:
        """The invitations of this address that may still be accepted."""
        waiting = invitations.c.email == email.lower(), is_open(now_ns)
        return self._invitations(select(*_INVITATION).join_from(invitations, organisations).where(*waiting))

    def _user(self, statement: Select[Any]) -> User | None:
        row = self.connection.execute(statement).first()
        return None if row is None else User(**row._mapping)

    def _invitations(self, statement: Select[Any]) -> list[PlacedInvitation]:
        rows = [dict(row._mapping) for row in self.connection.execute(statement)]
        return [PlacedInvitation(row.pop("organisation_id"), row.pop("organisation"), invitation_of(row)) for row in rows]


_INVITATION = (*columns_of(invitations, without=()), organisations.c.name.label("organisation"))
