"""The statements about grants."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, exists, func, insert, or_, select, tuple_, update

from yett.stores.control.records import Grant, NamedGrant
from yett.stores.control.rows import Rows, columns_of, matches
from yett.stores.control.tables import grants, policies, present, secrets, servers

PURPOSE: Final = "token"
"""The purpose under which a grant's token is kept among the secrets, where an installation keeps them."""


class Grants(Rows):
    """All grants of servers that were not removed; revoked ones too."""

    __slots__ = ()

    def find(self, grant_id: str) -> NamedGrant | None:
        """The grant with this id."""
        row = self.first(self._select(grants.c.id == grant_id))
        return None if row is None else _named(row)

    def labelled(self, label: str) -> list[NamedGrant]:
        """The grants with this label, oldest first."""
        return [_named(row) for row in self.all(self._select(grants.c.label == label).order_by(*_ORDER))]

    def listed(
        self,
        *where: ColumnElement[bool],
        search: str = "",
        after: tuple[int, str] | None = None,
        limit: int | None = None,
        only: Collection[str] | None = None,
    ) -> list[NamedGrant]:
        """Oldest first, from the one after `after`: (created_at_ns, id). `only` those of these servers."""
        statement = self._select(*where).order_by(*_ORDER).limit(limit)
        if search:
            statement = statement.where(matches(search, grants.c.id, grants.c.label, grants.c.owner, grants.c.tags))
        if after is not None:
            statement = statement.where(tuple_(grants.c.created_at_ns, grants.c.id) > after)
        if only is not None:
            statement = statement.where(grants.c.server_id.in_(only))
        return [_named(row) for row in self.all(statement)]

    def live_by_server(self, now_ns: int, server_ids: Collection[str] | None = None) -> dict[str, int]:
        """How many live grants each server has."""
        return self._counted(grants.c.server_id, now_ns, server_ids)

    def live_by_policy(self, now_ns: int, policy_ids: Collection[str] | None = None) -> dict[str, int]:
        """How many live grants have each policy."""
        return self._counted(grants.c.policy_id, now_ns, policy_ids)

    def servers_with(self, policy_id: str, now_ns: int) -> list[str]:
        """Ids of the servers whose live grants have this policy."""
        ours = grants.c.organisation_id == self.organisation, grants.c.policy_id == policy_id, live(now_ns)
        found = self.all(select(grants.c.server_id).where(*ours).distinct().order_by(grants.c.server_id))
        return [row["server_id"] for row in found]

    def add(self, grant: Grant) -> None:
        """Add one."""
        self.connection.execute(insert(grants).values(organisation_id=self.organisation, **_row(grant)))
        self.touched.grants.add(grant.id)

    def replace(self, grant: Grant) -> None:
        """Have the row of `grant.id` say this."""
        values = {key: value for key, value in _row(grant).items() if key != "id"}
        ours = (grants.c.id == grant.id, grants.c.organisation_id == self.organisation)
        self.change_one(update(grants).where(*ours).values(**values))
        self.touched.grants.add(grant.id)

    def _counted(self, column: ColumnElement[Any], now_ns: int, among: Collection[str] | None) -> dict[str, int]:
        statement = select(column, func.count()).where(grants.c.organisation_id == self.organisation, live(now_ns))
        if among is not None:
            statement = statement.where(column.in_(among))
        return {key: number for key, number in self.connection.execute(statement.group_by(column)) if key is not None}

    def _select(self, *where: ColumnElement[bool]) -> Select[Any]:
        token = exists().where(secrets.c.subject == grants.c.id, secrets.c.purpose == PURPOSE)
        named = servers.c.name.label("server"), policies.c.name.label("policy"), token.label("kept")
        joined = grants.join(servers, grants.c.server_id == servers.c.id).outerjoin(policies, grants.c.policy_id == policies.c.id)
        ours = (grants.c.organisation_id == self.organisation, present)
        return select(*columns_of(grants), *named).select_from(joined).where(*ours, *where)


def live(now_ns: int) -> ColumnElement[bool]:
    """Whether a grant's token opens anything."""
    return and_(grants.c.revoked_at_ns.is_(None), or_(grants.c.expires_at_ns.is_(None), grants.c.expires_at_ns > now_ns))


stopped: Final = grants.c.stopped_at_ns.is_not(None)
"""Whether people stopped a grant."""


def note_uses(connection: Connection, uses: Mapping[str, int]) -> None:
    """Remember when tokens of these grants were last good, whatever their organisations. No data plane needs to be told."""
    if not uses:
        return
    later = or_(grants.c.used_at_ns.is_(None), grants.c.used_at_ns < bindparam("at_ns"))
    statement = update(grants).where(grants.c.id == bindparam("grant_id"), later).values(used_at_ns=bindparam("at_ns"))
    connection.execute(statement, [{"grant_id": grant_id, "at_ns": at_ns} for grant_id, at_ns in uses.items()])


_ORDER = (grants.c.created_at_ns, grants.c.id)


def _row(grant: Grant) -> dict[str, Any]:
    return {**asdict(grant), "tags": json.dumps(grant.tags, sort_keys=True, ensure_ascii=False)}


def _named(row: Mapping[str, Any]) -> NamedGrant:
    own = {key: value for key, value in row.items() if key not in {"server", "policy", "kept"}}
    return NamedGrant(Grant(**{**own, "tags": json.loads(row["tags"])}), row["server"], row["policy"], bool(row["kept"]))
