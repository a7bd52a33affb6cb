"""The statements about classes that admins gave to tools."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import ColumnElement, delete, insert, select

from yett.stores.control.records import ToolClass
from yett.stores.control.rows import Rows
from yett.stores.control.tables import present, servers, tool_classes


class ToolClasses(Rows):
    """Those of servers that were not removed."""

    __slots__ = ()

    def of(self, server_id: str) -> dict[str, ToolClass]:
        """By tool."""
        found = select(tool_classes).join(servers).where(tool_classes.c.server_id == server_id, *self._ours())
        return {row["tool"]: ToolClass(**row) for row in self.all(found)}

    def risks(self, only: str | None = None) -> dict[str, dict[str, str]]:
        """The classes alone, by server and tool; `only` those of this server."""
        found = select(tool_classes.c.server_id, tool_classes.c.tool, tool_classes.c.risk).join(servers).where(*self._ours())
        given: dict[str, dict[str, str]] = {}
        for row in self.all(found if only is None else found.where(tool_classes.c.server_id == only)):
            given.setdefault(row["server_id"], {})[row["tool"]] = row["risk"]
        return given

    def put(self, given: ToolClass) -> None:
        """Give a tool this class, in the place of the one before."""
        self.remove(given.server_id, given.tool)
        self.connection.execute(insert(tool_classes).values(**asdict(given)))
        self.touched.classes.add(given.server_id)

    def remove(self, server_id: str, tool: str) -> None:
        """Let the classifier's count again, if another one did."""
        assert server_id in self.connection.execute(select(servers.c.id).where(*self._ours())).scalars().all(), "a server of ours"
        self.connection.execute(delete(tool_classes).where(tool_classes.c.server_id == server_id, tool_classes.c.tool == tool))
        self.touched.classes.add(server_id)

    def _ours(self) -> tuple[ColumnElement[bool], ...]:
        return servers.c.organisation_id == self.organisation, present
