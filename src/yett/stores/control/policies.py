"""The statements about policies and their revisions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Select, func, insert, or_, select, update

from yett.stores.control.records import Policy, Revision
from yett.stores.control.rows import Rows, columns_of, count, matches
from yett.stores.control.tables import kept, policies, policy_revisions


class Policies(Rows):
    """Policies that were not removed. Revisions are only ever added."""

    __slots__ = ()

    def find(self, reference: str) -> Policy | None:
        """The policy with this name or id."""
        row = self.first(self._select(or_(policies.c.name == reference, policies.c.id == reference)))
        return None if row is None else Policy(**row)

    def listed(
        self,
        *,
        search: str = "",
        server_id: str | None = None,
        only: Collection[str] | None = None,
        after: str = "",
        limit: int | None = None,
    ) -> list[Policy]:
        """By name, from the one after `after`: all, or those that grants of one server may have.

        `only` leaves out those bound to other servers than these.
        """
        statement = self._select(policies.c.name > after).order_by(policies.c.name).limit(limit)
        if search:
            statement = statement.where(matches(search, policies.c.name))
        if server_id is not None:
            statement = statement.where(or_(policies.c.server_id == server_id, policies.c.server_id.is_(None)))
        if only is not None:
            statement = statement.where(or_(policies.c.server_id.in_(only), policies.c.server_id.is_(None)))
        return [Policy(**row) for row in self.all(statement)]

    def following(self) -> list[Policy]:
        """Those that follow a file."""
        return [Policy(**row) for row in self.all(self._select(policies.c.source.is_not(None)).order_by(policies.c.name))]

    def count(self) -> int:
        """How many there are."""
        return count(self.connection, policies, policies.c.organisation_id == self.organisation, kept)

    def add(self, policy: Policy) -> None:
        """Add one, without any text; the database refuses a second one of its name."""
        self.connection.execute(insert(policies).values(organisation_id=self.organisation, **asdict(policy)))
        self.touched.policies.add(policy.id)

    def replace(self, policy: Policy) -> None:
        """Have the row of `policy.id` say this."""
        self._update(policy.id, **{key: value for key, value in asdict(policy).items() if key != "id"})

    def remove(self, policy_id: str, at_ns: int) -> None:
        """Take it away; its revisions stay, for the log names them."""
        self._update(policy_id, removed_at_ns=at_ns)

    def revisions(self, policy_id: str) -> list[Revision]:
        """Newest first."""
        return [Revision(**row) for row in self.all(self._revisions(policy_id))]

    def revision(self, policy_id: str, number: int | None) -> Revision | None:
        """The one of this number."""
        row = self.first(self._revisions(policy_id).where(policy_revisions.c.number == number)) if number else None
        return None if row is None else Revision(**row)

    def last_revision(self, policy_id: str) -> Revision | None:
        """The newest one, draft or not."""
        row = self.first(self._revisions(policy_id).limit(1))
        return None if row is None else Revision(**row)

    def newest(self, policy_ids: Collection[str]) -> dict[str, Revision]:
        """The newest revision of each."""
        newest = (
            select(policy_revisions.c.policy_id, func.max(policy_revisions.c.number).label("number"))
            .where(policy_revisions.c.policy_id.in_(policy_ids))
            .group_by(policy_revisions.c.policy_id)
            .subquery()
        )
        both = (policy_revisions.c.policy_id == newest.c.policy_id) & (policy_revisions.c.number == newest.c.number)
        rows = self.all(select(policy_revisions).join(newest, both).join(policies).where(*self._ours()))
        return {row["policy_id"]: Revision(**row) for row in rows}

    def published(self) -> list[tuple[Policy, Revision]]:
        """Every policy that judges, with the text it judges by."""
        both = (policy_revisions.c.policy_id == policies.c.id) & (policy_revisions.c.number == policies.c.published)
        texts = self.all(select(policy_revisions).join(policies, both).where(*self._ours()))
        by_id = {policy.id: policy for policy in self.listed()}
        return [(by_id[row["policy_id"]], Revision(**row)) for row in texts]

    def add_revision(self, revision: Revision) -> None:
        """Add a text: a draft, until `replace` says that it is published."""
        self.connection.execute(insert(policy_revisions).values(**asdict(revision)))

    def _ours(self) -> tuple[ColumnElement[bool], ...]:
        return policies.c.organisation_id == self.organisation, kept

    def _select(self, *where: ColumnElement[bool]) -> Select[Any]:
        return select(*columns_of(policies, without=("organisation_id", "removed_at_ns"))).where(*self._ours(), *where)

    def _revisions(self, policy_id: str) -> Select[Any]:
        columns = policy_revisions.c
        ours = select(policy_revisions).join(policies).where(columns.policy_id == policy_id, *self._ours())
        return ours.order_by(columns.number.desc())

    def _update(self, policy_id: str, **values: Any) -> None:
        self.change_one(update(policies).where(policies.c.id == policy_id, *self._ours()).values(**values))
        self.touched.policies.add(policy_id)
