"""Pins of tools: the definitions that people accepted. What servers said last is what they have pinned."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from yett.catalog.pins import pins_of

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A server that never told its tools has no pins, as a new one; the first list that it tells makes them."""
    op.create_table(
        "server_pins",
        *(_text("server_id"), _text("mode")),
        sa.Column("since_ns", sa.BigInteger),
        sa.PrimaryKeyConstraint("server_id", name="pk_server_pins"),
        sa.ForeignKeyConstraint(["server_id"], ["servers.id"], name="fk_server_pins_server_id"),
    )
    op.create_table(
        "tool_pins",
        *(_text("server_id"), _text("tool"), _text("fingerprint"), _text("marks"), _text("definition")),
        *(_text("how"), _text("set_by"), _text("reason")),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("server_id", "tool", name="pk_tool_pins"),
        sa.ForeignKeyConstraint(["server_id"], ["servers.id"], name="fk_tool_pins_server_id"),
    )
    connection = op.get_bind()
    looks = "SELECT server_id FROM server_looks JOIN servers ON servers.id = server_id WHERE removed_at_ns IS NULL"
    for server_id in connection.execute(sa.text(looks)).scalars().all():
        _pin(connection, server_id)


def _pin(connection: sa.Connection, server_id: str) -> None:
    look = connection.execute(sa.text("SELECT at_ns, said FROM server_looks WHERE server_id = :id"), {"id": server_id}).one()
    said: dict[str, Any] = json.loads(look.said)
    if "tools" not in said:
        return
    mode = "INSERT INTO server_pins (server_id, mode, since_ns) VALUES (:id, 'strict', :at)"
    connection.execute(sa.text(mode), {"id": server_id, "at": look.at_ns})
    rows = [
        {
            "server_id": server_id,
            "tool": json.dumps(name),
            "fingerprint": pin.fingerprint,
            "marks": json.dumps(pin.marks),
            "definition": json.dumps(pin.definition, separators=(",", ":")),
            "at_ns": look.at_ns,
        }
        for name, pin in pins_of(said["tools"]).items()
        if pin is not None
    ]
    columns = "server_id, tool, fingerprint, marks, definition, how, set_by, reason, at_ns"
    values = ":server_id, :tool, :fingerprint, :marks, :definition, 'upgrade', '', '', :at_ns"
    if rows:
        connection.execute(sa.text(f"INSERT INTO tool_pins ({columns}) VALUES ({values})"), rows)  # noqa: S608 - two constants


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)
