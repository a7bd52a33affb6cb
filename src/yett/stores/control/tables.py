"""The tables of the control plane's database, in types that SQLite and PostgreSQL share. Migrations make them.

Every row belongs to one organisation, directly or through its parent; `transaction` reads and writes those of one only.
Moments are nanoseconds since the epoch, UTC. Lists and objects are JSON text. Secrets are sealed (`secrets`), or kept as digests.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Named constraints, so that a later migration can name them on either database."""


def _organisation() -> Column[str]:
    return Column("organisation_id", Text, ForeignKey("organisations.id"), nullable=False)


def _created() -> Column[int]:
    return Column("created_at_ns", BigInteger, nullable=False)


def _moment(name: str) -> Column[Any]:
    return Column(name, BigInteger)


installation: Final = Table(
    "installation",
    metadata,
    Column("id", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    _moment("stopped_at_ns"),
)
"""One row. `id` names this database to the data planes, `revision` counts its snapshots."""

organisations: Final = Table(
    "organisations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    _created(),
    _moment("stopped_at_ns"),
)

servers: Final = Table(
    "servers",
    metadata,
    Column("id", Text, primary_key=True),
    _organisation(),
    Column("name", Text, nullable=False),
    Column("notes", Text, nullable=False),
    Column("url", Text),
    Column("transport", Text, nullable=False),
    Column("command", Text),
    Column("credential", Text),
    Column("credential_header", Text, nullable=False),
    Column("credential_scheme", Text, nullable=False),
    _created(),
    _moment("removed_at_ns"),
    _moment("stopped_at_ns"),
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

server_looks: Final = Table(
    "server_looks",
    metadata,
    Column("server_id", Text, ForeignKey("servers.id"), primary_key=True),
    Column("at_ns", BigInteger, nullable=False),
    Column("problem", Text),
    Column("said", Text, nullable=False),
)
"""What a server was like when it was last asked: its name, revision and tools, as JSON; or what was wrong."""

tool_classes: Final = Table(
    "tool_classes",
    metadata,
    Column("server_id", Text, ForeignKey("servers.id"), primary_key=True),
    Column("tool", Text, primary_key=True),
    Column("risk", Text, nullable=False),
    Column("severity", Text),
    Column("reason", Text, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("at_ns", BigInteger, nullable=False),
)
"""The class that an admin gave to a tool, in the place of the classifier's. It is kept when the server's list is read again."""

policies: Final = Table(
    "policies",
    metadata,
    Column("id", Text, primary_key=True),
    _organisation(),
    Column("name", Text, nullable=False),
    Column("server_id", Text, ForeignKey("servers.id"), index=True),
    Column("source", Text),
    Column("published", Integer),
    _created(),
    _moment("removed_at_ns"),
)
kept: Final = policies.c.removed_at_ns.is_(None)
Index(
    "uq_policies_kept_name",
    policies.c.organisation_id,
    policies.c.name,
    unique=True,
    sqlite_where=kept,
    postgresql_where=kept,
)

policy_revisions: Final = Table(
    "policy_revisions",
    metadata,
    Column("policy_id", Text, ForeignKey("policies.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("digest", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("message", Text, nullable=False),
    _created(),
)

grants: Final = Table(
    "grants",
    metadata,
    Column("id", Text, primary_key=True),
    _organisation(),
    Column("server_id", Text, ForeignKey("servers.id"), nullable=False),
    Column("policy_id", Text, ForeignKey("policies.id")),
    Column("digest", Text, nullable=False, unique=True),
    Column("previous_digest", Text),
    _moment("previous_until_ns"),
    Column("label", Text, nullable=False),
    Column("owner", Text),
    Column("owner_id", Text, ForeignKey("users.id"), index=True),
    Column("tags", Text, nullable=False),
    Column("reason", Text, nullable=False),
    _created(),
    _moment("expires_at_ns"),
    _moment("rotated_at_ns"),
    _moment("revoked_at_ns"),
    _moment("stopped_at_ns"),
    _moment("used_at_ns"),
)
"""`used_at_ns`: when its token was last good for a request, to the half minute."""
Index("uq_grants_previous_digest", grants.c.previous_digest, unique=True)
_STANDING: Final = (grants.c.revoked_at_ns, grants.c.expires_at_ns)
Index("ix_grants_of_server", grants.c.organisation_id, grants.c.server_id, *_STANDING)
Index("ix_grants_of_policy", grants.c.organisation_id, grants.c.policy_id, *_STANDING)
"""Live grants are counted by these alone, without their rows."""
Index("ix_grants_organisation_id_created_at_ns_id", grants.c.organisation_id, grants.c.created_at_ns, grants.c.id)

grant_requests: Final = Table(
    "grant_requests",
    metadata,
    Column("id", Text, primary_key=True),
    _organisation(),
    Column("server_id", Text, ForeignKey("servers.id"), nullable=False),
    Column("policy_id", Text, ForeignKey("policies.id")),
    Column("requester", Text, nullable=False),
    Column("requester_id", Text, ForeignKey("users.id")),
    Column("label", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("seconds", BigInteger, nullable=False),
    _created(),
    Column("expires_at_ns", BigInteger, nullable=False),
    Column("decision", Text),
    Column("decided_by", Text),
    Column("note", Text, nullable=False),
    _moment("decided_at_ns"),
    Column("grant_id", Text, ForeignKey("grants.id")),
    _moment("collected_at_ns"),
)
"""Grants that somebody asked for, for a while. `decision`: `approved`, `denied` or `withdrawn`; None while it is open.

`requester_id` is the user; None for who runs the installation.
"""
_BY_AGE: Final = (grant_requests.c.organisation_id, grant_requests.c.created_at_ns, grant_requests.c.id)
Index("ix_grant_requests_organisation_id_created_at_ns_id", *_BY_AGE)

users: Final = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),
    Column("email", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("password", Text),
    _moment("proven_at_ns"),
    _created(),
)
"""People. `email` is in lower case; `password` an Argon2id hash, None for those who sign in otherwise.

`proven_at_ns`: since when it is known that the person reads that address's mail.
"""

identities: Final = Table(
    "identities",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False, index=True),
    _created(),
)
"""Who a user is to an OpenID Connect provider."""

members: Final = Table(
    "members",
    metadata,
    Column("organisation_id", Text, ForeignKey("organisations.id"), primary_key=True),
    Column("user_id", Text, ForeignKey("users.id"), primary_key=True, index=True),
    Column("role", Text, nullable=False),
    Column("servers", Text),
    _created(),
)
"""`servers`: JSON list of the ids that the role reaches; None for all."""

invitations: Final = Table(
    "invitations",
    metadata,
    Column("id", Text, primary_key=True),
    _organisation(),
    Column("email", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("servers", Text),
    Column("digest", Text, nullable=False, unique=True),
    Column("invited_by", Text, nullable=False),
    _created(),
    Column("expires_at_ns", BigInteger, nullable=False),
    _moment("used_at_ns"),
    _moment("revoked_at_ns"),
)

sessions: Final = Table(
    "sessions",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False, index=True),
    Column("organisation_id", Text, ForeignKey("organisations.id")),
    Column("csrf", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("agent", Text, nullable=False),
    _created(),
    Column("seen_at_ns", BigInteger, nullable=False),
    Column("expires_at_ns", BigInteger, nullable=False),
)
"""Signed-in browsers, by the keyed digest of their cookie; signing out removes the row."""

one_time_links: Final = Table(
    "one_time_links",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("user_id", Text, ForeignKey("users.id"), index=True),
    Column("email", Text),
    _created(),
    Column("expires_at_ns", BigInteger, nullable=False),
    _moment("used_at_ns"),
)
"""Links that open something once: the first admin (`first`), a sign-in by mail (`magic`), a new password (`password`)."""

flows: Final = Table(
    "flows",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("organisation_id", Text, ForeignKey("organisations.id")),
    Column("subject", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    _created(),
    Column("expires_at_ns", BigInteger, nullable=False),
)
"""Round trips through somebody's authorization server, by the digest of their `state`; a row is removed when it comes back.

`purpose`: `sign-in` or `connect`; `sealed` holds verifier, nonce and what the browser's session is bound to.
"""

api_tokens: Final = Table(
    "api_tokens",
    metadata,
    Column("id", Text, primary_key=True),
    _organisation(),
    Column("label", Text, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("scopes", Text, nullable=False),
    Column("servers", Text),
    Column("maker_id", Text, ForeignKey("users.id"), index=True),
    Column("created_by", Text, nullable=False),
    _created(),
    _moment("expires_at_ns"),
    _moment("used_at_ns"),
    _moment("revoked_at_ns"),
)

secrets: Final = Table(
    "secrets",
    metadata,
    _organisation(),
    Column("subject", Text, primary_key=True),
    Column("purpose", Text, primary_key=True),
    Column("key_version", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("changed_at_ns", BigInteger, nullable=False),
)
"""Sealed values. `subject` is the id of what they belong to (server, grant, provider), `purpose` which of its secrets."""

credentials: Final = Table(
    "credentials",
    metadata,
    Column("server_id", Text, ForeignKey("servers.id"), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("config", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("problem", Text),
    _moment("expires_at_ns"),
    Column("changed_at_ns", BigInteger, nullable=False),
)
"""How a server's credential is come by: kind, what is not secret of it (JSON), and how it stands. Its values are in `secrets`."""

issuers: Final = Table(
    "issuers",
    metadata,
    Column("id", Text, primary_key=True),
    _organisation(),
    Column("issuer", Text, nullable=False),
    Column("config", Text, nullable=False),
    _created(),
)
"""Whose access tokens the data plane takes beside grants: audience, algorithms, keys' address, rules (JSON)."""
Index("uq_issuers_issuer", issuers.c.organisation_id, issuers.c.issuer, unique=True)

admin_log: Final = Table(
    "admin_log",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    _organisation(),
    Column("at_ns", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("before", Text),
    Column("after", Text),
    Column("address", Text),
)
Index("ix_admin_log_organisation_id_sequence", admin_log.c.organisation_id, admin_log.c.sequence)
