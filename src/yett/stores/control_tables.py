"""The tables of the control plane's database, in types that SQLite and PostgreSQL share. Migrations make them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, MetaData, Table, Text

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Named constraints, so that a later migration can name them on either database."""

organisations: Final = Table(
    "organisations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("revision", BigInteger, nullable=False),
    Column("created_at_ns", BigInteger, nullable=False),
)

servers: Final = Table(
    "servers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organisation_id", Text, ForeignKey("organisations.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("url", Text),
    Column("transport", Text, nullable=False),
    Column("command", Text),
    Column("credential", Text),
    Column("credential_header", Text, nullable=False),
    Column("credential_scheme", Text, nullable=False),
    Column("created_at_ns", BigInteger, nullable=False),
    Column("removed_at_ns", BigInteger),
)
present: Final = servers.c.removed_at_ns.is_(None)
"""A removed server keeps its row, for the log names it; its name is free again."""
Index(
    "uq_servers_present_name",
    servers.c.organisation_id,
    servers.c.name,
    unique=True,
    sqlite_where=present,
    postgresql_where=present,
)

policies: Final = Table(
    "policies",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organisation_id", Text, ForeignKey("organisations.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("source", Text),
    Column("created_at_ns", BigInteger, nullable=False),
)
Index("uq_policies_name", policies.c.organisation_id, policies.c.name, unique=True)

policy_revisions: Final = Table(
    "policy_revisions",
    metadata,
    Column("policy_id", Text, ForeignKey("policies.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("digest", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("created_at_ns", BigInteger, nullable=False),
)

grants: Final = Table(
    "grants",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organisation_id", Text, ForeignKey("organisations.id"), nullable=False),
    Column("server_id", Text, ForeignKey("servers.id"), nullable=False, index=True),
    Column("policy_id", Text, ForeignKey("policies.id"), index=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("label", Text, nullable=False),
    Column("owner", Text),
    Column("tags", Text, nullable=False),
    Column("created_at_ns", BigInteger, nullable=False),
    Column("expires_at_ns", BigInteger),
    Column("rotated_at_ns", BigInteger),
    Column("revoked_at_ns", BigInteger),
)

admin_log: Final = Table(
    "admin_log",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("organisation_id", Text, ForeignKey("organisations.id"), nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("detail", Text, nullable=False),
)
