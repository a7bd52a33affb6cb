"""Which transport a server at a URL speaks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Until now every URL was one of Streamable HTTP."""
    op.add_column("servers", sa.Column("transport", sa.Text, nullable=False, server_default="http"))
