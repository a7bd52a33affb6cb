"""How servers stand as a whole, and who is told of changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """How servers stand is noted with the next look at them."""
    op.create_table(
        "server_standings",
        *(_text("server_id"), _text("grade", nullable=True), _text("auth", nullable=True), _text("verification"), _text("basis")),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("server_id", name="pk_server_standings"),
        sa.ForeignKeyConstraint(["server_id"], ["servers.id"], name="fk_server_standings_server_id"),
    )
    op.create_table(
        "webhooks",
        *(_text("id"), _text("organisation_id"), _text("url")),
        sa.Column("severity", sa.Integer, nullable=False),
        *(_text("kinds"), _text("created_by")),
        sa.Column("created_at_ns", sa.BigInteger, nullable=False),
        sa.Column("cursor", sa.BigInteger, nullable=False),
        sa.Column("batch_last", sa.BigInteger),
        sa.Column("failures", sa.Integer, nullable=False),
        *(_text("state"), _text("problem", nullable=True)),
        *(sa.Column("due_at_ns", sa.BigInteger), sa.Column("delivered_at_ns", sa.BigInteger)),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name="fk_webhooks_organisation_id"),
    )


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)
