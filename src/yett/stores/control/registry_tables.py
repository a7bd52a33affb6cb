"""The tables of what is known of servers as a whole, and of who is told of changes."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, Table, Text

from yett.stores.control.columns import created, metadata, moment, organisation

server_standings: Final = Table(
    "server_standings",
    metadata,
    Column("server_id", Text, ForeignKey("servers.id"), primary_key=True),
    Column("grade", Text),
    Column("auth", Text),
    Column("verification", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("at_ns", BigInteger, nullable=False),
)
"""How each server stood when it was last looked at: what later standings are compared with. `basis` is a digest of what its
grade was made of."""

webhooks: Final = Table(
    "webhooks",
    metadata,
    Column("id", Text, primary_key=True),
    organisation(),
    Column("url", Text, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("kinds", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    created(),
    Column("cursor", BigInteger, nullable=False),
    moment("batch_last"),
    Column("failures", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("problem", Text),
    moment("due_at_ns"),
    moment("delivered_at_ns"),
)
"""Who is told of changes. `kinds` is JSON, empty for all; `cursor` numbers the last change that was told, `batch_last` the last
of those under way, so that a delivery that is tried again is the same; `due_at_ns` is when it is tried again. Secrets are in
`secrets`."""
