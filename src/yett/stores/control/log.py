"""The statements about the admin log: lines are added, never changed."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import insert, select

from yett.stores.control.records import Change
from yett.stores.control.rows import Rows, columns_of, matches
from yett.stores.control.tables import admin_log


class AdminLog(Rows):
    """Who changed what in one organisation."""

    __slots__ = ()

    def add(self, change: Change) -> None:
        """Write a line, within the transaction that it tells of."""
        row = {
            **asdict(change),
            "detail": _json(change.detail),
            "before": None if change.before is None else _json(change.before),
            "after": None if change.after is None else _json(change.after),
        }
        del row["sequence"]
        self.connection.execute(insert(admin_log).values(organisation_id=self.organisation, **row))

    def listed(self, *, limit: int, before: int | None = None, search: str = "", action: str | None = None) -> list[Change]:
        """Newest first, from the line before the one numbered `before`."""
        statement = select(*columns_of(admin_log)).where(admin_log.c.organisation_id == self.organisation)
        statement = statement.order_by(admin_log.c.sequence.desc()).limit(limit)
        if before is not None:
            statement = statement.where(admin_log.c.sequence < before)
        if search:
            statement = statement.where(matches(search, admin_log.c.name, admin_log.c.actor, admin_log.c.subject))
        if action is not None:
            statement = statement.where(admin_log.c.action == action)
        return [_change(row) for row in self.all(statement)]

    def lines_since(self, at_ns: int, actions: Collection[str]) -> set[tuple[str, str, int]]:
        """Action, subject and moment of the lines of these kinds since then."""
        table = admin_log.c
        statement = select(table.action, table.subject, table.at_ns).where(
            table.organisation_id == self.organisation, table.at_ns >= at_ns, table.action.in_(sorted(actions))
        )
        return {(row["action"], row["subject"], row["at_ns"]) for row in self.all(statement)}


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _change(row: Mapping[str, Any]) -> Change:
    read = {name: None if row[name] is None else json.loads(row[name]) for name in ("detail", "before", "after")}
    return Change(**{**row, **read})
