"""The statements about issuers of access tokens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, insert, or_, select, update

from yett.stores.control.records import Issuer, IssuerRule
from yett.stores.control.rows import Rows, columns_of
from yett.stores.control.tables import issuers

_COLUMNS = ("id", "issuer", "created_at_ns")


class Issuers(Rows):
    """Issuers of one organisation; few."""

    __slots__ = ()

    def listed(self) -> list[Issuer]:
        """By name."""
        statement = select(*columns_of(issuers)).where(issuers.c.organisation_id == self.organisation)
        return [_issuer(row) for row in self.all(statement.order_by(issuers.c.issuer))]

    def find(self, reference: str) -> Issuer | None:
        """The one with this id or name."""
        named = or_(issuers.c.id == reference, issuers.c.issuer == reference)
        row = self.first(select(*columns_of(issuers)).where(issuers.c.organisation_id == self.organisation, named))
        return None if row is None else _issuer(row)

    def add(self, issuer: Issuer) -> None:
        """Add one; the database refuses a second one of its name."""
        self.connection.execute(insert(issuers).values(organisation_id=self.organisation, **_row(issuer)))
        self.touched.issuers = True

    def replace(self, issuer: Issuer) -> None:
        """Have the row of `issuer.id` say this."""
        values = {key: value for key, value in _row(issuer).items() if key != "id"}
        ours = (issuers.c.id == issuer.id, issuers.c.organisation_id == self.organisation)
        self.change_one(update(issuers).where(*ours).values(**values))
        self.touched.issuers = True

    def remove(self, issuer_id: str) -> None:
        """Take it away; the log keeps what it was."""
        self.change_one(delete(issuers).where(issuers.c.id == issuer_id, issuers.c.organisation_id == self.organisation))
        self.touched.issuers = True


def _row(issuer: Issuer) -> dict[str, Any]:
    said = asdict(issuer)
    return {**{name: said.pop(name) for name in _COLUMNS}, "config": json.dumps(said, sort_keys=True)}


def _issuer(row: Mapping[str, Any]) -> Issuer:
    said = json.loads(row["config"])
    rules = tuple(IssuerRule(**rule) for rule in said.pop("rules"))
    said |= {name: tuple(said[name]) for name in ("audiences", "algorithms", "keys")}
    return Issuer(**{name: row[name] for name in _COLUMNS}, rules=rules, **said)
