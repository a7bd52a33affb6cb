"""The statements about pins: the definitions of tools that were accepted, and how strictly servers are held to them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, insert, select, update

from yett.stores.control.records import Hold, ToolPin
from yett.stores.control.rows import Rows
from yett.stores.control.tables import present, server_pins, servers, tool_pins

STRICT: Final = "strict"
"""Whatever changed waits for a person; so it is for servers that nobody said anything else of."""
GRAVE: Final = "grave"
"""What changed waits only where that is grave; else it is accepted by itself, and recorded."""
OFF: Final = "off"
"""Nothing waits. Pins stay, and what changed meanwhile is shown, and waits when another mode is set again."""
MODES: Final = (STRICT, GRAVE, OFF)


class Pins(Rows):
    """Those of servers that were not removed."""

    __slots__ = ()

    def of(self, server_id: str) -> dict[str, ToolPin]:
        """All of a server's, by tool."""
        found = select(tool_pins).join(servers).where(tool_pins.c.server_id == server_id, *self._ours())
        return {pin.tool: pin for pin in map(_pin, self.all(found))}

    def fingerprints(self, server_id: str) -> dict[str, str]:
        """Of what was accepted, by tool."""
        found = select(tool_pins.c.tool, tool_pins.c.fingerprint).join(servers)
        rows = self.all(found.where(tool_pins.c.server_id == server_id, *self._ours()))
        return {json.loads(row["tool"]): row["fingerprint"] for row in rows}

    def state(self, server_id: str) -> Hold:
        """How a server is held to its pins."""
        found = select(server_pins).join(servers).where(server_pins.c.server_id == server_id, *self._ours())
        row = self.first(found)
        return Hold(mode=STRICT) if row is None else Hold(mode=row["mode"], since_ns=row["since_ns"], moved=row["moved"])

    def modes(self) -> dict[str, str]:
        """How strictly servers are held to their pins, by id, of those of which anybody said so."""
        found = select(server_pins.c.server_id, server_pins.c.mode).join(servers).where(*self._ours())
        return {row["server_id"]: row["mode"] for row in self.all(found)}

    def held(self, only: str | None = None) -> dict[str, str]:
        """How strictly servers are held to their pins, by id, of those that have some; `only` that of this server."""
        found = select(server_pins.c.server_id, server_pins.c.mode).join(servers)
        found = found.where(server_pins.c.since_ns.is_not(None), *self._ours())
        rows = self.all(found if only is None else found.where(server_pins.c.server_id == only))
        return {row["server_id"]: row["mode"] for row in rows}

    def marks(self, only: str | None = None) -> dict[str, dict[str, tuple[str, ...]]]:
        """What definitions are compared by, by server and tool; `only` those of this server."""
        found = select(tool_pins.c.server_id, tool_pins.c.tool, tool_pins.c.marks).join(servers)
        found = found.where(tool_pins.c.void.is_(False), *self._ours())
        given: dict[str, dict[str, tuple[str, ...]]] = {}
        for row in self.all(found if only is None else found.where(tool_pins.c.server_id == only)):
            given.setdefault(row["server_id"], {})[json.loads(row["tool"])] = tuple(json.loads(row["marks"]))
        return given

    def begin(self, server_id: str, at_ns: int) -> None:
        """The server has pins from now on."""
        hold = self.state(server_id)
        assert hold.since_ns is None, "it has none yet"
        self._put_state(server_id, replace(hold, since_ns=at_ns))

    def set_mode(self, server_id: str, mode: str) -> None:
        """Have the server held to its pins as strictly as this."""
        self._put_state(server_id, replace(self.state(server_id), mode=mode))

    def void(self, server_id: str) -> int:
        """Have nothing that was accepted of a server count any more, since it is another one now; how many pins that were."""
        hold = self.state(server_id)
        if hold.since_ns is None:
            return 0
        self._put_state(server_id, replace(hold, moved=True))
        counting = tool_pins.c.server_id == server_id, tool_pins.c.void.is_(False)
        return self.connection.execute(update(tool_pins).where(*counting).values(void=True)).rowcount

    def settle(self, server_id: str) -> None:
        """All that a server lists was accepted since it moved."""
        self._put_state(server_id, replace(self.state(server_id), moved=False))

    def put(self, server_id: str, pins: Iterable[ToolPin]) -> None:
        """Pin these tools of a server, in the place of what they had before."""
        rows = [_row(pin) for pin in pins]
        assert all(row["server_id"] == server_id for row in rows), "pins of this server"
        self.remove(server_id, [json.loads(row["tool"]) for row in rows])
        if rows:
            self.connection.execute(insert(tool_pins), rows)

    def remove(self, server_id: str, tools: Iterable[str]) -> None:
        """Let these tools of a server have no pin."""
        self._check(server_id)
        for tool in tools:
            of_tool = tool_pins.c.server_id == server_id, tool_pins.c.tool == json.dumps(tool)
            self.connection.execute(delete(tool_pins).where(*of_tool))
        self.touched.pins.add(server_id)

    def drop(self, server_id: str) -> None:
        """Forget all pins of a server that goes."""
        self._check(server_id)
        for table in (tool_pins, server_pins):
            self.connection.execute(delete(table).where(table.c.server_id == server_id))
        self.touched.pins.add(server_id)

    def _put_state(self, server_id: str, hold: Hold) -> None:
        self._check(server_id)
        values = asdict(hold)
        known = self.first(select(server_pins.c.mode).where(server_pins.c.server_id == server_id)) is not None
        if known:
            self.change_one(update(server_pins).where(server_pins.c.server_id == server_id).values(**values))
        else:
            self.connection.execute(insert(server_pins).values(server_id=server_id, **values))
        self.touched.pins.add(server_id)

    def _check(self, server_id: str) -> None:
        assert self.first(select(servers.c.id).where(servers.c.id == server_id, *self._ours())) is not None, "a server of ours"

    def _ours(self) -> tuple[ColumnElement[bool], ...]:
        return servers.c.organisation_id == self.organisation, present


_PLAIN: Final = ("server_id", "fingerprint", "how", "set_by", "reason", "at_ns", "void")


def _row(pin: ToolPin) -> dict[str, Any]:
    """In ASCII: what a server writes may hold what a database does not take."""
    text = {"tool": pin.tool, "marks": pin.marks, "definition": pin.definition}
    return {
        **{name: getattr(pin, name) for name in _PLAIN},
        **{name: json.dumps(value, separators=(",", ":")) for name, value in text.items()},
    }


def _pin(row: Mapping[str, Any]) -> ToolPin:
    return ToolPin(
        **{name: row[name] for name in _PLAIN},
        tool=json.loads(row["tool"]),
        marks=tuple(json.loads(row["marks"])),
        definition=json.loads(row["definition"]),
    )
