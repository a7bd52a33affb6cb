"""The statements about servers."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, insert, or_, select, update

from yett.stores.control.records import Look, LookText, Server
from yett.stores.control.rows import Rows, columns_of, count, matches
from yett.stores.control.tables import present, server_looks, servers, tool_classes


class Servers(Rows):
    """Servers that were not removed. Removed ones are kept for the log."""

    __slots__ = ()

    def find(self, reference: str) -> Server | None:
        """The server with this name or id."""
        # An id has the form of a UUID, which no name has: at most one row fits.
        row = self.first(self._select(or_(servers.c.name == reference, servers.c.id == reference)))
        return None if row is None else Server(**row)

    def named(self, names: Collection[str]) -> list[Server]:
        """Those with one of these names."""
        return [Server(**row) for row in self.all(self._select(servers.c.name.in_(names)))]

    def listed(
        self, *, search: str = "", after: str = "", limit: int | None = None, only: Collection[str] | None = None
    ) -> list[Server]:
        """By name, from the one after `after`; `only` those ids."""
        statement = self._select(servers.c.name > after, *_among(only)).order_by(servers.c.name).limit(limit)
        if search:
            statement = statement.where(matches(search, servers.c.name, servers.c.notes, servers.c.url, servers.c.command))
        return [Server(**row) for row in self.all(statement)]

    def count(self) -> int:
        """How many there are."""
        return count(self.connection, servers, servers.c.organisation_id == self.organisation, present)

    def add(self, server: Server) -> None:
        """Add one; the database refuses a second one of its name."""
        self.connection.execute(insert(servers).values(organisation_id=self.organisation, **asdict(server)))
        self.touched.servers.add(server.id)

    def replace(self, server: Server) -> None:
        """Have the row of `server.id` say this."""
        self._update(server.id, **{key: value for key, value in asdict(server).items() if key != "id"})

    def remove(self, server_id: str, at_ns: int) -> None:
        """Take it away, with what was found out about it."""
        self._update(server_id, removed_at_ns=at_ns)
        self.connection.execute(delete(server_looks).where(server_looks.c.server_id == server_id))

    def look(self, server_id: str) -> Look | None:
        """What it was like when it was last asked."""
        row = self.first(select(server_looks).join(servers).where(server_looks.c.server_id == server_id, *self._ours()))
        return None if row is None else Look(**{**row, "said": json.loads(row["said"]), "classes": _classes(row["classes"])})

    def looks(self, server_ids: Collection[str]) -> dict[str, Look]:
        """The same for several, without what they said."""
        found = select(server_looks.c.server_id, server_looks.c.at_ns, server_looks.c.problem).join(servers)
        rows = self.all(found.where(server_looks.c.server_id.in_(server_ids), *self._ours()))
        return {row["server_id"]: Look(**row) for row in rows}

    def look_text(self, server_id: str) -> LookText | None:
        """What `look` finds, unread."""
        found = select(server_looks.c.at_ns, server_looks.c.problem, server_looks.c.said).join(servers)
        row = self.first(found.where(server_looks.c.server_id == server_id, *self._ours()))
        return None if row is None else LookText(**row)

    def mentioning(self, words: Collection[str], limit: int, only: Collection[str] | None = None) -> list[Server]:
        """By name, those of which each word stands in the name, in what they said, or in a class that one of their tools has."""
        given = exists().where(tool_classes.c.server_id == servers.c.id)
        statement = self._select(*_among(only)).outerjoin(server_looks, server_looks.c.server_id == servers.c.id)
        for word in words:
            escaped = json.dumps(word, ensure_ascii=False)[1:-1]  # as it stands in JSON text
            said = matches(escaped, servers.c.name, server_looks.c.said, server_looks.c.classes)
            statement = statement.where(or_(said, given.where(matches(word, tool_classes.c.tool, tool_classes.c.risk))))
        return [Server(**row) for row in self.all(statement.order_by(servers.c.name).limit(limit))]

    def note_look(self, look: Look) -> None:
        """Remember what a server said, or keep what it said last where it could not be asked."""
        assert self.find(look.server_id) is not None, "a look at a server that is not there"
        last = self.look(look.server_id)
        told = look if look.problem is None or last is None else last
        said, classes = (json.dumps(part, ensure_ascii=False) for part in (told.said, told.classes))
        if told.classes != ({} if last is None else last.classes):
            self.touched.classes.add(look.server_id)
        row = {"at_ns": look.at_ns, "problem": look.problem, "said": said, "classes": classes}
        row["classified_by"] = told.classified_by
        if last is None:
            self.connection.execute(insert(server_looks).values(server_id=look.server_id, **row))
        else:
            self.change_one(update(server_looks).where(server_looks.c.server_id == look.server_id).values(**row))

    def forget_look(self, server_id: str) -> None:
        """It is another one now: what the one before said does not count."""
        assert self.find(server_id) is not None, "a server that is not there"
        self.connection.execute(delete(server_looks).where(server_looks.c.server_id == server_id))
        self.touched.classes.add(server_id)

    def classes(self, only: str | None = None) -> dict[str, dict[str, tuple[str, str]]]:
        """The classes that tools were found to have, by server and tool; `only` those of this server."""
        found = select(server_looks.c.server_id, server_looks.c.classes).join(servers).where(*self._ours())
        rows = self.all(found if only is None else found.where(server_looks.c.server_id == only))
        return {row["server_id"]: _classes(row["classes"]) for row in rows}

    def last_asked_before(self, at_ns: int) -> list[tuple[Server, int | None]]:
        """Those that were last asked before that, or never, with the moment."""
        columns = columns_of(servers, without=("organisation_id", "removed_at_ns"))
        joined = servers.outerjoin(server_looks, server_looks.c.server_id == servers.c.id)
        due = or_(server_looks.c.at_ns.is_(None), server_looks.c.at_ns < at_ns)
        rows = self.all(select(*columns, server_looks.c.at_ns).select_from(joined).where(*self._ours(), due))
        return [(Server(**{key: value for key, value in row.items() if key != "at_ns"}), row["at_ns"]) for row in rows]

    def unwell(self, limit: int, only: Collection[str] | None = None) -> list[str]:
        """Names of those that could not be asked when they were last looked at."""
        found = select(servers.c.name).join(server_looks, server_looks.c.server_id == servers.c.id)
        where = (*self._ours(), server_looks.c.problem.is_not(None), *_among(only))
        return [row["name"] for row in self.all(found.where(*where).order_by(servers.c.name).limit(limit))]

    def _ours(self) -> tuple[ColumnElement[bool], ...]:
        return servers.c.organisation_id == self.organisation, present

    def _select(self, *where: ColumnElement[bool]) -> Select[Any]:
        columns = columns_of(servers, without=("organisation_id", "removed_at_ns"))
        return select(*columns).where(*self._ours(), *where)

    def _update(self, server_id: str, **values: Any) -> None:
        self.change_one(update(servers).where(servers.c.id == server_id, *self._ours()).values(**values))
        self.touched.servers.add(server_id)


def _classes(text: str) -> dict[str, tuple[str, str]]:
    return {name: (risk, definition) for name, (risk, definition) in json.loads(text).items()}


def _among(only: Collection[str] | None) -> tuple[ColumnElement[bool], ...]:
    return () if only is None else (servers.c.id.in_(only),)
