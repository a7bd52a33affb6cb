"""Organisation, servers, policies with revisions, grants, admin log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the first tables. Written out, for a migration must not change when the tables of today do."""
    op.create_table(
        "organisations",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("created_at_ns", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_organisations"),
        sa.UniqueConstraint("name", name="uq_organisations_name"),
    )
    _servers()
    _policies()
    _grants()
    op.create_table(
        "admin_log",
        sa.Column("sequence", sa.Integer, autoincrement=True, nullable=False),
        _organisation(),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_admin_log"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name="fk_admin_log_organisation_id"),
    )


def _organisation() -> sa.Column[str]:
    return sa.Column("organisation_id", sa.Text, nullable=False)


def _servers() -> None:
    op.create_table(
        "servers",
        sa.Column("id", sa.Text, nullable=False),
        _organisation(),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("command", sa.Text),
        sa.Column("credential", sa.Text),
        sa.Column("credential_header", sa.Text, nullable=False),
        sa.Column("credential_scheme", sa.Text, nullable=False),
        sa.Column("created_at_ns", sa.BigInteger, nullable=False),
        sa.Column("removed_at_ns", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_servers"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name="fk_servers_organisation_id"),
    )
    present = sa.text("removed_at_ns IS NULL")
    op.create_index(
        "uq_servers_present_name",
        "servers",
        ["organisation_id", "name"],
        unique=True,
        sqlite_where=present,
        postgresql_where=present,
    )


def _policies() -> None:
    op.create_table(
        "policies",
        sa.Column("id", sa.Text, nullable=False),
        _organisation(),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("source", sa.Text),
        sa.Column("created_at_ns", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_policies"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name="fk_policies_organisation_id"),
    )
    op.create_index("uq_policies_name", "policies", ["organisation_id", "name"], unique=True)
    op.create_table(
        "policy_revisions",
        sa.Column("policy_id", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("created_at_ns", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("policy_id", "number", name="pk_policy_revisions"),
        sa.ForeignKeyConstraint(["policy_id"], ["policies.id"], name="fk_policy_revisions_policy_id"),
    )


def _grants() -> None:
    op.create_table(
        "grants",
        sa.Column("id", sa.Text, nullable=False),
        _organisation(),
        sa.Column("server_id", sa.Text, nullable=False),
        sa.Column("policy_id", sa.Text),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("tags", sa.Text, nullable=False),
        sa.Column("created_at_ns", sa.BigInteger, nullable=False),
        sa.Column("expires_at_ns", sa.BigInteger),
        sa.Column("rotated_at_ns", sa.BigInteger),
        sa.Column("revoked_at_ns", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_grants"),
        sa.UniqueConstraint("digest", name="uq_grants_digest"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name="fk_grants_organisation_id"),
        sa.ForeignKeyConstraint(["server_id"], ["servers.id"], name="fk_grants_server_id"),
        sa.ForeignKeyConstraint(["policy_id"], ["policies.id"], name="fk_grants_policy_id"),
    )
    op.create_index("ix_grants_server_id", "grants", ["server_id"])
    op.create_index("ix_grants_policy_id", "grants", ["policy_id"])
