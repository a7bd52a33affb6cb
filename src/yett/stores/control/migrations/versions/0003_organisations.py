"""Many organisations, people and their roles, drafts of policies, sealed secrets, and an admin log with before and after."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was published stays published, and the one organisation keeps its id: counters are kept under it."""
    _installation()
    _existing_tables()
    _people()
    _grants()
    _grant_requests()
    _secrets()


def _installation() -> None:
    op.create_table(
        "installation",
        _text("id"),
        _number("revision"),
        _moment("stopped_at_ns"),
        sa.PrimaryKeyConstraint("id", name="pk_installation"),
    )
    connection = op.get_bind()
    last = connection.execute(sa.text("SELECT max(revision) FROM organisations")).scalar() or 0
    connection.execute(
        sa.text("INSERT INTO installation (id, revision) VALUES (:id, :revision)"), {"id": str(uuid.uuid4()), "revision": last}
    )
    op.drop_column("organisations", "revision")
    op.add_column("organisations", _moment("stopped_at_ns"))


def _existing_tables() -> None:
    op.add_column("servers", _text("notes", server_default=""))
    op.add_column("servers", _moment("stopped_at_ns"))
    op.create_table(
        "server_looks",
        _text("server_id"),
        _number("at_ns"),
        _text("problem", nullable=True),
        *(_text("said"), _text("classes"), _text("classified_by")),
        sa.PrimaryKeyConstraint("server_id", name="pk_server_looks"),
        _reference("server_looks", "server_id", "servers.id"),
    )
    _tool_classes()
    _tool_changes()
    _policies()
    for name in ("before", "after", "address"):
        op.add_column("admin_log", _text(name, nullable=True))
    op.create_index("ix_admin_log_organisation_id_sequence", "admin_log", ["organisation_id", "sequence"])


def _tool_classes() -> None:
    op.create_table(
        "tool_classes",
        *(_text("server_id"), _text("tool"), _text("risk"), _text("severity", nullable=True), _text("reason"), _text("set_by")),
        _number("at_ns"),
        sa.PrimaryKeyConstraint("server_id", "tool", name="pk_tool_classes"),
        _reference("tool_classes", "server_id", "servers.id"),
    )


def _tool_changes() -> None:
    op.create_table(
        "tool_changes",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False, autoincrement=True),
        *(_text("organisation_id"), _text("server_id"), _number("at_ns"), _text("tool"), _text("kind")),
        sa.Column("severity", sa.Integer, nullable=False),
        *(_text("before", nullable=True), _text("after", nullable=True), _text("detail")),
        sa.PrimaryKeyConstraint("sequence", name="pk_tool_changes"),
        _reference("tool_changes", "organisation_id", "organisations.id"),
        _reference("tool_changes", "server_id", "servers.id"),
    )
    for owner in ("organisation_id", "server_id"):
        op.create_index(f"ix_tool_changes_{owner}_sequence", "tool_changes", [owner, "sequence"])


def _policies() -> None:
    op.drop_index("uq_policies_name", "policies")
    _add_reference("policies", "server_id", "servers.id")
    op.add_column("policies", sa.Column("published", sa.Integer))
    op.add_column("policies", _moment("removed_at_ns"))
    op.create_index("ix_policies_server_id", "policies", ["server_id"])
    kept = sa.text("removed_at_ns IS NULL")
    op.create_index(
        "uq_policies_kept_name",
        "policies",
        ["organisation_id", "name"],
        unique=True,
        sqlite_where=kept,
        postgresql_where=kept,
    )
    last = "SELECT max(number) FROM policy_revisions WHERE policy_revisions.policy_id = policies.id"
    op.execute(f"UPDATE policies SET published = ({last})")  # noqa: S608 - no part of it comes from outside


def _grants() -> None:
    op.add_column("grants", _text("previous_digest", nullable=True))
    op.add_column("grants", _moment("previous_until_ns"))
    _add_reference("grants", "owner_id", "users.id")
    op.add_column("grants", _text("reason", server_default=""))
    op.add_column("grants", _moment("stopped_at_ns"))
    op.add_column("grants", _moment("used_at_ns"))
    op.create_index("uq_grants_previous_digest", "grants", ["previous_digest"], unique=True)
    op.create_index("ix_grants_owner_id", "grants", ["owner_id"])
    for subject in ("server", "policy"):
        op.drop_index(f"ix_grants_{subject}_id", "grants")
        columns = ["organisation_id", f"{subject}_id", "revoked_at_ns", "expires_at_ns"]
        op.create_index(f"ix_grants_of_{subject}", "grants", columns)
    op.create_index("ix_grants_organisation_id_created_at_ns_id", "grants", ["organisation_id", "created_at_ns", "id"])


def _grant_requests() -> None:
    op.create_table(
        "grant_requests",
        *(_text("id"), _text("organisation_id"), _text("server_id"), _text("policy_id", nullable=True)),
        *(_text("requester"), _text("requester_id", nullable=True), _text("label"), _text("reason"), _number("seconds")),
        *(_number("created_at_ns"), _number("expires_at_ns"), _text("decision", nullable=True)),
        *(_text("decided_by", nullable=True), _text("note"), _moment("decided_at_ns")),
        *(_text("grant_id", nullable=True), _moment("collected_at_ns")),
        sa.PrimaryKeyConstraint("id", name="pk_grant_requests"),
        _reference("grant_requests", "organisation_id", "organisations.id"),
        _reference("grant_requests", "server_id", "servers.id"),
        _reference("grant_requests", "policy_id", "policies.id"),
        _reference("grant_requests", "requester_id", "users.id"),
        _reference("grant_requests", "grant_id", "grants.id"),
    )
    columns = ["organisation_id", "created_at_ns", "id"]
    op.create_index("ix_grant_requests_organisation_id_created_at_ns_id", "grant_requests", columns)


def _people() -> None:
    op.create_table(
        "users",
        *(_text("id"), _text("email"), _text("name"), _text("password", nullable=True)),
        *(_moment("proven_at_ns"), _number("created_at_ns")),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email", name="uq_users_email"),
    )
    op.create_table(
        "identities",
        *(_text("issuer"), _text("subject"), _text("user_id"), _number("created_at_ns")),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_identities"),
        _reference("identities", "user_id", "users.id"),
    )
    op.create_index("ix_identities_user_id", "identities", ["user_id"])
    op.create_table(
        "members",
        *(_text("organisation_id"), _text("user_id"), _text("role"), _text("servers", nullable=True), _number("created_at_ns")),
        sa.PrimaryKeyConstraint("organisation_id", "user_id", name="pk_members"),
        _reference("members", "organisation_id", "organisations.id"),
        _reference("members", "user_id", "users.id"),
    )
    op.create_index("ix_members_user_id", "members", ["user_id"])
    _invitations()
    _signing_in()
    _api_tokens()


def _invitations() -> None:
    op.create_table(
        "invitations",
        *(_text("id"), _text("organisation_id"), _text("email"), _text("role"), _text("servers", nullable=True)),
        *(_text("digest"), _text("invited_by"), _number("created_at_ns"), _number("expires_at_ns")),
        *(_moment("used_at_ns"), _moment("revoked_at_ns")),
        sa.PrimaryKeyConstraint("id", name="pk_invitations"),
        sa.UniqueConstraint("digest", name="uq_invitations_digest"),
        _reference("invitations", "organisation_id", "organisations.id"),
    )


def _signing_in() -> None:
    op.create_table(
        "sessions",
        *(_text("digest"), _text("user_id"), _text("organisation_id", nullable=True), _text("csrf"), _text("method")),
        *(_text("address"), _text("agent"), _number("created_at_ns"), _number("seen_at_ns"), _number("expires_at_ns")),
        sa.PrimaryKeyConstraint("digest", name="pk_sessions"),
        _reference("sessions", "user_id", "users.id"),
        _reference("sessions", "organisation_id", "organisations.id"),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    op.create_table(
        "one_time_links",
        *(_text("digest"), _text("purpose"), _text("user_id", nullable=True), _text("email", nullable=True)),
        *(_number("created_at_ns"), _number("expires_at_ns"), _moment("used_at_ns")),
        sa.PrimaryKeyConstraint("digest", name="pk_one_time_links"),
        _reference("one_time_links", "user_id", "users.id"),
    )
    op.create_index("ix_one_time_links_user_id", "one_time_links", ["user_id"])
    op.create_table(
        "flows",
        *(_text("digest"), _text("purpose"), _text("organisation_id", nullable=True), _text("subject")),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        *(_number("created_at_ns"), _number("expires_at_ns")),
        sa.PrimaryKeyConstraint("digest", name="pk_flows"),
        _reference("flows", "organisation_id", "organisations.id"),
    )


def _api_tokens() -> None:
    op.create_table(
        "api_tokens",
        *(_text("id"), _text("organisation_id"), _text("label"), _text("digest"), _text("scopes")),
        *(_text("servers", nullable=True), _text("maker_id", nullable=True), _text("created_by"), _number("created_at_ns")),
        *(_moment("expires_at_ns"), _moment("used_at_ns"), _moment("revoked_at_ns")),
        sa.PrimaryKeyConstraint("id", name="pk_api_tokens"),
        sa.UniqueConstraint("digest", name="uq_api_tokens_digest"),
        _reference("api_tokens", "organisation_id", "organisations.id"),
        _reference("api_tokens", "maker_id", "users.id"),
    )
    op.create_index("ix_api_tokens_maker_id", "api_tokens", ["maker_id"])


def _secrets() -> None:
    op.create_table(
        "secrets",
        *(_text("organisation_id"), _text("subject"), _text("purpose")),
        sa.Column("key_version", sa.Integer, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        _number("changed_at_ns"),
        sa.PrimaryKeyConstraint("subject", "purpose", name="pk_secrets"),
        _reference("secrets", "organisation_id", "organisations.id"),
    )
    op.create_table(
        "credentials",
        *(_text("server_id"), _text("kind"), _text("config"), _text("state"), _text("problem", nullable=True)),
        *(_moment("expires_at_ns"), _number("changed_at_ns")),
        sa.PrimaryKeyConstraint("server_id", name="pk_credentials"),
        _reference("credentials", "server_id", "servers.id"),
    )
    op.create_table(
        "issuers",
        *(_text("id"), _text("organisation_id"), _text("issuer"), _text("config"), _number("created_at_ns")),
        sa.PrimaryKeyConstraint("id", name="pk_issuers"),
        _reference("issuers", "organisation_id", "organisations.id"),
    )
    op.create_index("uq_issuers_issuer", "issuers", ["organisation_id", "issuer"], unique=True)


def _text(name: str, *, nullable: bool = False, server_default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable, server_default=server_default)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _moment(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger)


def _reference(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=f"fk_{table}_{column}")


def _add_reference(table: str, column: str, target: str) -> None:
    """A column that refers to another table. Added in place: SQLite would make the table anew, and lose what refers to it."""
    named = sa.ForeignKey(target, name=f"fk_{table}_{column}")
    op.add_column(table, sa.Column(column, sa.Text, named), inline_references=True)
