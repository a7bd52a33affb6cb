"""The statements about how the tools of servers changed: lines are added, and the oldest of a server go when there are many."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, insert, select

from yett.stores.control.records import ToolChange
from yett.stores.control.rows import Rows, columns_of
from yett.stores.control.tables import present, servers, tool_changes

KEPT_MAX: Final = 10_000
"""Changes of one server."""


class ToolChanges(Rows):
    """Those of servers that were not removed."""

    __slots__ = ()

    def add(self, server_id: str, changes: Sequence[ToolChange]) -> None:
        """Note these changes of a server, in this order."""
        if not changes:
            return
        ours = servers.c.id == server_id, servers.c.organisation_id == self.organisation, present
        assert self.first(select(servers.c.id).where(*ours)) is not None, "a server of ours"
        rows = [_row(change, self.organisation) for change in changes]
        assert all(row["server_id"] == server_id for row in rows), "changes of this server"
        self.connection.execute(insert(tool_changes), rows)
        of_server = tool_changes.c.server_id == server_id
        kept = select(tool_changes.c.sequence).where(of_server).order_by(tool_changes.c.sequence.desc())
        last_gone = kept.offset(KEPT_MAX).limit(1).scalar_subquery()
        self.connection.execute(delete(tool_changes).where(of_server, tool_changes.c.sequence <= last_gone))

    def listed(
        self,
        *,
        limit: int,
        server_id: str | None = None,
        severity: int = 0,
        after: int | None = None,
        only: Collection[str] | None = None,
        kinds: Collection[str] = (),
    ) -> list[tuple[ToolChange, str]]:
        """With the names of their servers. Oldest first from the one after the one numbered `after`; without that, newest first.

        Those of one server, of at least this severity; `only` those of these servers; of these `kinds`, if any is named.
        """
        joined = tool_changes.join(servers, tool_changes.c.server_id == servers.c.id)
        wanted: list[ColumnElement[bool]] = [tool_changes.c.organisation_id == self.organisation, present]
        wanted += [] if server_id is None else [tool_changes.c.server_id == server_id]
        wanted += [] if only is None else [tool_changes.c.server_id.in_(only)]
        wanted += [] if after is None else [tool_changes.c.sequence > after]
        wanted += [tool_changes.c.severity >= severity] if severity else []
        wanted += [tool_changes.c.kind.in_(kinds)] if kinds else []
        order = tool_changes.c.sequence.desc() if after is None else tool_changes.c.sequence
        columns = *columns_of(tool_changes), servers.c.name.label("server")
        found = select(*columns).select_from(joined).where(*wanted).order_by(order).limit(limit)
        return [_change(row) for row in self.all(found)]


def _row(change: ToolChange, organisation: str) -> dict[str, Any]:
    detail = {"meanings": change.meanings, "members": change.members, "diff": change.diff}
    return {
        "organisation_id": organisation,
        **{name: getattr(change, name) for name in ("server_id", "at_ns", "kind", "severity", "before", "after")},
        # In ASCII: what a server writes may hold what a database does not take.
        "tool": json.dumps(change.tool),
        "detail": json.dumps(detail),
    }


def _change(row: Mapping[str, Any]) -> tuple[ToolChange, str]:
    own = {key: value for key, value in row.items() if key not in {"server", "tool", "detail"}}
    detail = json.loads(row["detail"])
    change = ToolChange(
        **own,
        tool=json.loads(row["tool"]),
        meanings=tuple(detail["meanings"]),
        members=tuple(detail["members"]),
        diff=detail["diff"],
    )
    return change, row["server"]
