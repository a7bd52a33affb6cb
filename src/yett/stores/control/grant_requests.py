"""The statements about grants that somebody asked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, insert, select, tuple_, update

from yett.stores.control.records import GrantRequest, NamedRequest
from yett.stores.control.rows import Rows, columns_of, count, matches
from yett.stores.control.tables import grant_requests, policies, present, servers


class GrantRequests(Rows):
    """Requests for servers that were not removed; decided ones too."""

    __slots__ = ()

    def find(self, request_id: str) -> NamedRequest | None:
        """The one with this id."""
        row = self.first(self._select(grant_requests.c.id == request_id))
        return None if row is None else _named(row)

    def listed(
        self,
        *where: ColumnElement[bool],
        search: str = "",
        after: tuple[int, str] | None = None,
        limit: int | None = None,
        only: Collection[str] | None = None,
    ) -> list[NamedRequest]:
        """Oldest first, from the one after `after`: (created_at_ns, id). `only` those of these servers."""
        statement = self._select(*where).order_by(*_ORDER).limit(limit)
        if search:
            columns = grant_requests.c.label, grant_requests.c.reason, grant_requests.c.requester, servers.c.name
            statement = statement.where(matches(search, *columns))
        if after is not None:
            statement = statement.where(tuple_(*_ORDER) > after)
        if only is not None:
            statement = statement.where(grant_requests.c.server_id.in_(only))
        return [_named(row) for row in self.all(statement)]

    def count_open(self, requester_id: str | None, now_ns: int) -> int:
        """How many of somebody's wait."""
        ours = grant_requests.c.organisation_id == self.organisation, *by(requester_id), is_open(now_ns)
        return count(self.connection, grant_requests, *ours)

    def add(self, request: GrantRequest) -> None:
        """Add one."""
        self.connection.execute(insert(grant_requests).values(organisation_id=self.organisation, **asdict(request)))

    def replace(self, request: GrantRequest) -> None:
        """Have the row of `request.id` say this."""
        ours = grant_requests.c.id == request.id, grant_requests.c.organisation_id == self.organisation
        self.change_one(update(grant_requests).where(*ours).values(**asdict(request)))

    def _select(self, *where: ColumnElement[bool]) -> Select[Any]:
        named = servers.c.name.label("server"), policies.c.name.label("policy")
        joined = grant_requests.join(servers, grant_requests.c.server_id == servers.c.id).outerjoin(
            policies, grant_requests.c.policy_id == policies.c.id
        )
        ours = grant_requests.c.organisation_id == self.organisation, present
        return select(*columns_of(grant_requests), *named).select_from(joined).where(*ours, *where)


def is_open(now_ns: int) -> ColumnElement[bool]:
    """Whether a request may still be decided."""
    return and_(grant_requests.c.decision.is_(None), grant_requests.c.expires_at_ns > now_ns)


def by(requester_id: str | None, requester: str | None = None) -> list[ColumnElement[bool]]:
    """Whether somebody made it: a user, or for None whoever runs the installation; under the name `requester` only, if given."""
    person = grant_requests.c.requester_id.is_not_distinct_from(requester_id)
    return [person] if requester is None else [person, grant_requests.c.requester == requester]


_ORDER: Final = (grant_requests.c.created_at_ns, grant_requests.c.id)


def _named(row: Mapping[str, Any]) -> NamedRequest:
    own = {key: value for key, value in row.items() if key not in {"server", "policy"}}
    return NamedRequest(GrantRequest(**own), row["server"], row["policy"])
