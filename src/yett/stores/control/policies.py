"""The statements about policies and their revisions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, insert, or_, select, update

from yett.stores.control.records import Policy, Revision
from yett.stores.control.rows import Rows, columns_of, count, matches
from yett.stores.control.tables import kept, policies, policy_revisions, servers

_WITHOUT_TEXT: Final = columns_of(policy_revisions, without=("document",))


@dataclass(frozen=True, slots=True)
class Summary:
    """What a list shows of a policy beside its row. Revisions without their texts."""

    last: Revision
    published: Revision | None
    server: str | None
    """What the server is called that it is bound to."""


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

    def revisions(self, policy_id: str, *, before: int | None = None, limit: int | None = None) -> list[Revision]:
        """Newest first, without their texts, from the one before the one numbered `before`."""
        statement = self._revisions(policy_id, *_WITHOUT_TEXT).limit(limit)
        if before is not None:
            statement = statement.where(policy_revisions.c.number < before)
        return [Revision(**row) for row in self.all(statement)]

    def revision(self, policy_id: str, number: int | None) -> Revision | None:
        """The one of this number."""
        row = self.first(self._revisions(policy_id).where(policy_revisions.c.number == number)) if number else None
        return None if row is None else Revision(**row)

    def last_revision(self, policy_id: str) -> Revision | None:
        """The newest one, draft or not."""
        row = self.first(self._revisions(policy_id).limit(1))
        return None if row is None else Revision(**row)

    def summaries(self, policy_ids: Collection[str]) -> dict[str, Summary]:
        """What a list shows of each."""
        of_policy = policy_revisions.c.policy_id == policies.c.id
        other = policy_revisions.alias()
        newest = select(func.max(other.c.number)).where(other.c.policy_id == policies.c.id).correlate(policies).scalar_subquery()
        wanted = or_(policy_revisions.c.number == policies.c.published, policy_revisions.c.number == newest)
        joined = policies.join(policy_revisions, of_policy).outerjoin(servers, policies.c.server_id == servers.c.id)
        statement = select(*_WITHOUT_TEXT, policies.c.published, servers.c.name.label("server")).select_from(joined)
        statement = statement.where(policies.c.id.in_(policy_ids), wanted, *self._ours()).order_by(policy_revisions.c.number)
        found: dict[str, Summary] = {}
        for row in self.all(statement):
            revision = Revision(**{column.name: row[column.name] for column in _WITHOUT_TEXT})
            before = found.get(revision.policy_id)
            published = revision if revision.number == row["published"] else None if before is None else before.published
            found[revision.policy_id] = Summary(revision, published, row["server"])
        return found

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

    def _revisions(self, policy_id: str, *columns: ColumnElement[Any]) -> Select[Any]:
        """Those `columns` of them, or all."""
        own = policy_revisions.c
        ours = select(*(columns or own)).select_from(policy_revisions.join(policies))
        return ours.where(own.policy_id == policy_id, *self._ours()).order_by(own.number.desc())

    def _update(self, policy_id: str, **values: Any) -> None:
        self.change_one(update(policies).where(policies.c.id == policy_id, *self._ours()).values(**values))
        self.touched.policies.add(policy_id)
