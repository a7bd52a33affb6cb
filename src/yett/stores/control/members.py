"""The statements about the members of one organisation, and who is invited."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, func, insert, or_, select, update

from yett.stores.control.people_records import Invitation, Member, NamedMember
from yett.stores.control.rows import Rows, columns_of, matches
from yett.stores.control.tables import invitations, members, users


class Members(Rows):
    """Who belongs to one organisation."""

    __slots__ = ()

    def find(self, reference: str) -> NamedMember | None:
        """The member with this user id or address."""
        row = self.first(self._select(or_(members.c.user_id == reference, users.c.email == reference.lower())))
        return None if row is None else _named(row)

    def listed(self, *, search: str = "", after: str = "", limit: int | None = None) -> list[NamedMember]:
        """By address, from the one after `after`."""
        statement = self._select(users.c.email > after).order_by(users.c.email).limit(limit)
        if search:
            statement = statement.where(matches(search, users.c.email, users.c.name))
        return [_named(row) for row in self.all(statement)]

    def count_with(self, role: str) -> int:
        """How many have this role for all servers."""
        number: int = self.connection.execute(
            select(func.count()).select_from(members).where(*self._ours(), members.c.role == role, members.c.servers.is_(None))
        ).scalar_one()
        return number

    def add(self, member: Member) -> None:
        """Add one; the database refuses somebody who is a member already."""
        self.connection.execute(insert(members).values(organisation_id=self.organisation, **_row(member)))

    def replace(self, member: Member) -> None:
        """Have the row of `member.user_id` say this."""
        self.change_one(update(members).where(*self._ours(), members.c.user_id == member.user_id).values(**_row(member)))

    def remove(self, user_id: str) -> None:
        """Take one out; the person stays."""
        self.change_one(delete(members).where(*self._ours(), members.c.user_id == user_id))

    def _ours(self) -> tuple[ColumnElement[bool], ...]:
        return (members.c.organisation_id == self.organisation,)

    def _select(self, *where: ColumnElement[bool]) -> Select[Any]:
        columns = columns_of(members)
        return select(*columns, users.c.email, users.c.name).join_from(members, users).where(*self._ours(), *where)


class Invitations(Rows):
    """Who is invited to one organisation."""

    __slots__ = ()

    def find(self, reference: str) -> Invitation | None:
        """The one with this id."""
        row = self.first(self._select(invitations.c.id == reference))
        return None if row is None else invitation_of(row)

    def open(self, now_ns: int) -> list[Invitation]:
        """Those that may still be accepted, oldest first."""
        rows = self.all(self._select(is_open(now_ns)).order_by(invitations.c.created_at_ns, invitations.c.id))
        return [invitation_of(row) for row in rows]

    def add(self, invitation: Invitation) -> None:
        """Add one."""
        row = {**asdict(invitation), "servers": dumped(invitation.servers)}
        self.connection.execute(insert(invitations).values(organisation_id=self.organisation, **row))

    def end(self, invitation_id: str, *, used_at_ns: int | None = None, revoked_at_ns: int | None = None) -> None:
        """It was accepted, or taken back."""
        ours = invitations.c.organisation_id == self.organisation, invitations.c.id == invitation_id
        self.change_one(update(invitations).where(*ours).values(used_at_ns=used_at_ns, revoked_at_ns=revoked_at_ns))

    def _select(self, *where: ColumnElement[bool]) -> Select[Any]:
        return select(*columns_of(invitations)).where(invitations.c.organisation_id == self.organisation, *where)


def is_open(now_ns: int) -> ColumnElement[bool]:
    """Whether an invitation may still be accepted."""
    unused = invitations.c.used_at_ns.is_(None), invitations.c.revoked_at_ns.is_(None)
    return and_(*unused, invitations.c.expires_at_ns > now_ns)


def dumped(ids: tuple[str, ...] | None) -> str | None:
    """A list of ids as JSON; None for all."""
    return None if ids is None else json.dumps(sorted(ids))


def loaded(text: str | None) -> tuple[str, ...] | None:
    """What `dumped` wrote."""
    return None if text is None else tuple(json.loads(text))


def invitation_of(row: Mapping[str, Any]) -> Invitation:
    """A row of the table, without its organisation."""
    return Invitation(**{**row, "servers": loaded(row["servers"])})


def member_of(row: Mapping[str, Any]) -> Member:
    """The columns of the table, whatever else the row has."""
    own = {name: row[name] for name in ("user_id", "role", "created_at_ns")}
    return Member(**own, servers=loaded(row["servers"]))


def _row(member: Member) -> dict[str, Any]:
    return {**asdict(member), "servers": dumped(member.servers)}


def _named(row: Mapping[str, Any]) -> NamedMember:
    return NamedMember(member_of(row), row["email"], row["name"])
