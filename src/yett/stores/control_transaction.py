"""The statements of the control plane, one method each, on one open transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, or_, select, update

from yett.admin.records import Change, Grant, Policy, Revision, Server
from yett.stores.control_tables import admin_log, grants, organisations, policies, policy_revisions, present, servers


class SqlTransaction:
    """Implements `yett.admin.records.ControlTransaction` for the one organisation of this installation."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._organisation: str = connection.execute(select(organisations.c.id)).scalar_one()

    def organisation(self) -> str:
        return self._organisation

    def bump_revision(self) -> int:
        self._connection.execute(update(organisations).values(revision=organisations.c.revision + 1))
        return self.revision()

    def revision(self) -> int:
        number: int = self._connection.execute(select(organisations.c.revision)).scalar_one()
        return number

    def servers(self) -> list[Server]:
        return [Server(**row) for row in self._rows(_server_columns().where(present).order_by(servers.c.name))]

    def server(self, reference: str) -> Server | None:
        named = or_(servers.c.name == reference, servers.c.id == reference)
        # An id has the form of a UUID, which no name has: at most one row fits.
        rows = self._rows(_server_columns().where(present, named))
        return Server(**rows[0]) if rows else None

    def add_server(self, server: Server) -> None:
        self._connection.execute(insert(servers).values(organisation_id=self._organisation, **asdict(server)))

    def remove_server(self, server_id: str, at_ns: int) -> None:
        self._change_one(update(servers).where(servers.c.id == server_id).values(removed_at_ns=at_ns))

    def grants(self) -> list[Grant]:
        columns = [column for column in grants.c if column.name != "organisation_id"]
        statement = select(*columns).join(servers).where(present).order_by(grants.c.created_at_ns, grants.c.id)
        return [Grant(**{**row, "tags": json.loads(row["tags"])}) for row in self._rows(statement)]

    def add_grant(self, grant: Grant) -> None:
        row = {**asdict(grant), "tags": json.dumps(grant.tags, sort_keys=True)}
        self._connection.execute(insert(grants).values(organisation_id=self._organisation, **row))

    def replace_digest(self, grant_id: str, digest: str, at_ns: int) -> None:
        self._change_one(update(grants).where(grants.c.id == grant_id).values(digest=digest, rotated_at_ns=at_ns))

    def revoke_grant(self, grant_id: str, at_ns: int) -> None:
        self._change_one(update(grants).where(grants.c.id == grant_id).values(revoked_at_ns=at_ns))

    def attach(self, grant_id: str, policy_id: str | None) -> None:
        self._change_one(update(grants).where(grants.c.id == grant_id).values(policy_id=policy_id))

    def policies(self) -> list[Policy]:
        columns = [column for column in policies.c if column.name != "organisation_id"]
        return [Policy(**row) for row in self._rows(select(*columns).order_by(policies.c.name))]

    def add_policy(self, policy: Policy) -> None:
        self._connection.execute(insert(policies).values(organisation_id=self._organisation, **asdict(policy)))

    def follow(self, policy_id: str, source: str | None) -> None:
        self._change_one(update(policies).where(policies.c.id == policy_id).values(source=source))

    def revisions(self, policy_id: str) -> list[Revision]:
        return [Revision(**row) for row in self._rows(_revision_columns(policy_id))]

    def last_revision(self, policy_id: str) -> Revision | None:
        rows = self._rows(_revision_columns(policy_id).limit(1))
        return Revision(**rows[0]) if rows else None

    def add_revision(self, revision: Revision) -> None:
        self._connection.execute(insert(policy_revisions).values(**asdict(revision)))

    def log(self, change: Change) -> None:
        row = {**asdict(change), "detail": json.dumps(change.detail, sort_keys=True, ensure_ascii=False)}
        self._connection.execute(insert(admin_log).values(organisation_id=self._organisation, **row))

    def changes(self, limit: int) -> list[Change]:
        columns = [column for column in admin_log.c if column.name not in {"organisation_id", "sequence"}]
        statement = select(*columns).order_by(admin_log.c.sequence.desc()).limit(limit)
        return [Change(**{**row, "detail": json.loads(row["detail"])}) for row in self._rows(statement)]

    def _rows(self, statement: Select[Any]) -> list[Mapping[str, Any]]:
        return [_mapping(row) for row in self._connection.execute(statement)]

    def _change_one(self, statement: Any) -> None:
        """Run an update that concerns exactly one row."""
        count = self._connection.execute(statement).rowcount
        assert count == 1, f"{count} rows changed instead of one"


def _mapping(row: Row[Any]) -> Mapping[str, Any]:
    return dict(row._mapping)


def _server_columns() -> Select[Any]:
    return select(*(column for column in servers.c if column.name not in {"organisation_id", "removed_at_ns"}))


def _revision_columns(policy_id: str) -> Select[Any]:
    columns = policy_revisions.c
    return select(policy_revisions).where(columns.policy_id == policy_id).order_by(columns.number.desc())
