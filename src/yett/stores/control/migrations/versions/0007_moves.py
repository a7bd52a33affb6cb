"""Servers that are somewhere else than they were: what was accepted of them is void."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No server has moved yet; which program a command is, the control plane finds out when it next starts."""
    op.add_column("servers", sa.Column("program", sa.Text))
    op.add_column("servers", sa.Column("moved_at_ns", sa.BigInteger))
    for table, column in (("server_pins", "moved"), ("tool_pins", "void")):
        op.add_column(table, sa.Column(column, sa.Boolean, nullable=False, server_default=sa.false()))
