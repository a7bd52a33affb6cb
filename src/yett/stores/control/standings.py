"""The statements about how servers stand as a whole."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import delete, insert, select

from yett.stores.control.registry_records import ServerStanding
from yett.stores.control.registry_tables import server_standings
from yett.stores.control.rows import Rows
from yett.stores.control.tables import present, servers


class Standings(Rows):
    """Those of servers that were not removed."""

    __slots__ = ()

    def find(self, server_id: str) -> ServerStanding | None:
        """How it stood; None where it was not looked at yet."""
        ours = server_standings.c.server_id == server_id, servers.c.organisation_id == self.organisation, present
        row = self.first(select(server_standings).join(servers).where(*ours))
        return None if row is None else ServerStanding(**row)

    def put(self, standing: ServerStanding) -> None:
        """Remember this in the place of the one before."""
        ours = servers.c.id == standing.server_id, servers.c.organisation_id == self.organisation, present
        assert self.first(select(servers.c.id).where(*ours)) is not None, "a server of ours"
        self.connection.execute(delete(server_standings).where(server_standings.c.server_id == standing.server_id))
        self.connection.execute(insert(server_standings).values(**asdict(standing)))
