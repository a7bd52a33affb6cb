"""The statements about how servers' credentials are come by, and about everything that is sealed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from yett.sealing.box import Place, version_of
from yett.sealing.vault import SealedSecret
from yett.stores.control.rows import Rows, columns_of
from yett.stores.control.tables import credentials, flows, present, secrets, servers

CONNECT = "connect"
"""The purpose of our rows of `flows`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCredential:
    """How a server's credential is come by, and how it stands. Its values are in `Secrets`."""

    server_id: str
    kind: str
    config: Mapping[str, Any] = field(default_factory=dict)
    state: str
    problem: str | None = None
    expires_at_ns: int | None = None
    changed_at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectFlow:
    """A person on their way to a server's authorization server; `digest` is that of what they carry."""

    digest: str
    server_id: str
    sealed: bytes
    created_at_ns: int
    expires_at_ns: int


class Credentials(Rows):
    """Credentials of servers that are there."""

    __slots__ = ()

    def find(self, server_id: str) -> StoredCredential | None:
        """That of one server."""
        row = self.first(self._select().where(credentials.c.server_id == server_id))
        return None if row is None else StoredCredential(**{**row, "config": json.loads(row["config"])})

    def listed(self) -> list[StoredCredential]:
        """All."""
        return [StoredCredential(**{**row, "config": json.loads(row["config"])}) for row in self.all(self._select())]

    def kinds(self) -> dict[str, str]:
        """The kind of each, by server."""
        return {row["server_id"]: row["kind"] for row in self.all(self._select())}

    def put(self, credential: StoredCredential) -> None:
        """Have the server's say this; data planes are told where that changes what they do."""
        before = self.find(credential.server_id)
        row = {**{name: getattr(credential, name) for name in _COLUMNS}, "config": json.dumps(credential.config)}
        if before is None:
            self.connection.execute(insert(credentials).values(row))
        else:
            self.change_one(update(credentials).where(credentials.c.server_id == credential.server_id).values(row))
        if before is None or before.kind != credential.kind:
            self.touched.servers.add(credential.server_id)

    def remove(self, server_id: str) -> None:
        """The server has none any more."""
        self.connection.execute(delete(credentials).where(credentials.c.server_id == server_id))
        self.touched.servers.add(server_id)

    def _select(self) -> Any:
        ours = servers.c.organisation_id == self.organisation, present
        return select(*columns_of(credentials)).join(servers, servers.c.id == credentials.c.server_id).where(*ours)


_COLUMNS = tuple(column.name for column in credentials.c)


class Secrets(Rows):
    """Sealed values of one organisation."""

    __slots__ = ()

    def get(self, subject: str, purpose: str) -> bytes | None:
        """The sealed value."""
        ours = secrets.c.organisation_id == self.organisation, secrets.c.subject == subject, secrets.c.purpose == purpose
        row = self.first(select(secrets.c.sealed).where(*ours))
        return None if row is None else bytes(row["sealed"])

    def put(self, subject: str, purpose: str, sealed: bytes, at_ns: int) -> None:
        """Keep a sealed value, in place of the one before."""
        self.drop(subject, purpose)
        row = {"organisation_id": self.organisation, "subject": subject, "purpose": purpose}
        row_values = {**row, "key_version": version_of(sealed), "sealed": sealed, "changed_at_ns": at_ns}
        self.connection.execute(insert(secrets).values(row_values))

    def drop(self, subject: str, purpose: str | None = None) -> None:
        """Forget one value, or all of a subject."""
        statement = delete(secrets).where(secrets.c.organisation_id == self.organisation, secrets.c.subject == subject)
        self.connection.execute(statement if purpose is None else statement.where(secrets.c.purpose == purpose))


class ConnectFlows(Rows):
    """Round trips of people through authorization servers."""

    __slots__ = ()

    def add(self, flow: ConnectFlow) -> None:
        """A person is about to go."""
        row = {
            "digest": flow.digest,
            "purpose": CONNECT,
            "organisation_id": self.organisation,
            "subject": flow.server_id,
            "sealed": flow.sealed,
            "created_at_ns": flow.created_at_ns,
            "expires_at_ns": flow.expires_at_ns,
        }
        self.connection.execute(insert(flows).values(row))

    def drop(self, server_id: str) -> None:
        """Nobody comes back for this server any more."""
        ours = flows.c.purpose == CONNECT, flows.c.organisation_id == self.organisation, flows.c.subject == server_id
        self.connection.execute(delete(flows).where(*ours))


@dataclass(frozen=True, slots=True)
class SealedRows:
    """Everything that is sealed, in the whole installation."""

    connection: Connection

    def all(self) -> list[SealedSecret]:
        """All of them."""
        return [SealedSecret(Place(row.organisation_id, row.subject, row.purpose), bytes(row.sealed)) for row in self._rows()]

    def reseal(self, work: Callable[[SealedSecret], bytes | None]) -> int:
        """Replace each by what `work` makes of it, None leaving it; how many were replaced."""
        count = 0
        for secret in self.all():
            sealed = work(secret)
            if sealed is None:
                continue
            row = secrets.c.subject == secret.place.server, secrets.c.purpose == secret.place.purpose
            values = {"sealed": sealed, "key_version": version_of(sealed)}
            count += self.connection.execute(update(secrets).where(*row).values(values)).rowcount
        return count

    def owner_of(self, server_id: str) -> str | None:
        """The organisation of a server that is there."""
        statement = select(servers.c.organisation_id).where(servers.c.id == server_id, present)
        found: str | None = self.connection.execute(statement).scalar()
        return found

    def take_flow(self, digest: str, now_ns: int) -> tuple[str, ConnectFlow] | None:
        """The organisation and the round trip of what somebody brings back. It does so once, and in time."""
        ours = flows.c.digest == digest, flows.c.purpose == CONNECT
        row = self.connection.execute(select(flows).where(*ours)).mappings().first()
        self.connection.execute(delete(flows).where(flows.c.purpose == CONNECT, flows.c.expires_at_ns <= now_ns))
        if row is None or self.connection.execute(delete(flows).where(*ours)).rowcount != 1:
            return None
        moments = {name: row[name] for name in ("created_at_ns", "expires_at_ns")}
        return row["organisation_id"], ConnectFlow(
            digest=digest, server_id=row["subject"], sealed=bytes(row["sealed"]), **moments
        )

    def _rows(self) -> Any:
        return self.connection.execute(select(secrets).order_by(secrets.c.subject, secrets.c.purpose)).all()
