"""The tables of the control plane's database, in types that SQLite and PostgreSQL share. Migrations make them.

Every row belongs to one organisation, directly or through its parent; `transaction` reads and writes those of one only.
Moments are nanoseconds since the epoch, UTC. Lists and objects are JSON text. Secrets are sealed (`secrets`), or kept as digests.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from yett.stores.control.columns import created, moment, organisation
from yett.stores.control.columns import metadata as metadata
from yett.stores.control.people_tables import api_tokens as api_tokens
from yett.stores.control.people_tables import flows as flows
from yett.stores.control.people_tables import identities as identities
from yett.stores.control.people_tables import invitations as invitations
from yett.stores.control.people_tables import members as members
from yett.stores.control.people_tables import one_time_links as one_time_links
from yett.stores.control.people_tables import sessions as sessions
from yett.stores.control.people_tables import sign_in_waits as sign_in_waits
from yett.stores.control.people_tables import users as users
from yett.stores.control.registry_tables import server_standings as server_standings
from yett.stores.control.registry_tables import webhooks as webhooks

installation: Final = Table(
    "installation",
    metadata,
    Column("id", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    moment("stopped_at_ns"),
)
"""One row. `id` names this database to the data planes, `revision` counts its snapshots."""

organisations: Final = Table(
    "organisations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    created(),
    moment("stopped_at_ns"),
)

servers: Final = Table(
    "servers",
    metadata,
    Column("id", Text, primary_key=True),
    organisation(),
    Column("name", Text, nullable=False),
    Column("notes", Text, nullable=False),
    Column("url", Text),
    Column("transport", Text, nullable=False),
    Column("command", Text),
    Column("credential", Text),
    Column("credential_header", Text, nullable=False),
    Column("credential_scheme", Text, nullable=False),
    created(),
    moment("removed_at_ns"),
    moment("stopped_at_ns"),
    Column("program", Text),
    moment("moved_at_ns"),
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
    Column("classes", Text, nullable=False),
    Column("classified_by", Text, nullable=False),
)
"""What a server was like when it was last asked: its name, revision and tools, as JSON, and their classes; or what was wrong."""

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

tool_changes: Final = Table(
    "tool_changes",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    organisation(),
    Column("server_id", Text, ForeignKey("servers.id"), nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("tool", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("before", Text),
    Column("after", Text),
    Column("detail", Text, nullable=False),
)
"""How the tools of servers changed between looks. `tool` and `detail` are JSON; `severity` goes from 0 (Low) to 3 (Critical).

`before` and `after` are digests of the whole definition. Changes of a server as a whole (grade, posture, identity) stand in the
same sequence, with an empty `tool`, and with what was and is as `before` and `after`.
"""
Index("ix_tool_changes_organisation_id_sequence", tool_changes.c.organisation_id, tool_changes.c.sequence)
Index("ix_tool_changes_server_id_sequence", tool_changes.c.server_id, tool_changes.c.sequence)

server_pins: Final = Table(
    "server_pins",
    metadata,
    Column("server_id", Text, ForeignKey("servers.id"), primary_key=True),
    Column("mode", Text, nullable=False),
    moment("since_ns"),
    Column("moved", Boolean, nullable=False),
)
"""How strictly a server's tools are held to their pins, since when it has pins (not before it told its tools), and whether it
moved and nobody accepted all that it lists since."""

tool_pins: Final = Table(
    "tool_pins",
    metadata,
    Column("server_id", Text, ForeignKey("servers.id"), primary_key=True),
    Column("tool", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("marks", Text, nullable=False),
    Column("definition", Text, nullable=False),
    Column("how", Text, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("void", Boolean, nullable=False),
)
"""The definition of each tool that was accepted, by whom, when and how, and whether the server moved since.

`tool`, `marks` and `definition` are JSON, in ASCII.
"""

policies: Final = Table(
    "policies",
    metadata,
    Column("id", Text, primary_key=True),
    organisation(),
    Column("name", Text, nullable=False),
    Column("server_id", Text, ForeignKey("servers.id"), index=True),
    Column("source", Text),
    Column("published", Integer),
    created(),
    moment("removed_at_ns"),
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
    created(),
)

grants: Final = Table(
    "grants",
    metadata,
    Column("id", Text, primary_key=True),
    organisation(),
    Column("server_id", Text, ForeignKey("servers.id"), nullable=False),
    Column("policy_id", Text, ForeignKey("policies.id")),
    Column("digest", Text, nullable=False, unique=True),
    Column("previous_digest", Text),
    moment("previous_until_ns"),
    Column("label", Text, nullable=False),
    Column("owner", Text),
    Column("owner_id", Text, ForeignKey("users.id"), index=True),
    Column("tags", Text, nullable=False),
    Column("reason", Text, nullable=False),
    created(),
    moment("expires_at_ns"),
    moment("rotated_at_ns"),
    moment("revoked_at_ns"),
    moment("stopped_at_ns"),
    moment("used_at_ns"),
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
    organisation(),
    Column("server_id", Text, ForeignKey("servers.id"), nullable=False),
    Column("policy_id", Text, ForeignKey("policies.id")),
    Column("requester", Text, nullable=False),
    Column("requester_id", Text, ForeignKey("users.id")),
    Column("label", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("seconds", BigInteger, nullable=False),
    created(),
    Column("expires_at_ns", BigInteger, nullable=False),
    Column("decision", Text),
    Column("decided_by", Text),
    Column("note", Text, nullable=False),
    moment("decided_at_ns"),
    Column("grant_id", Text, ForeignKey("grants.id")),
    moment("collected_at_ns"),
)
"""Grants that somebody asked for, for a while. `decision`: `approved`, `denied` or `withdrawn`; None while it is open.

`requester_id` is the user; None for who runs the installation.
"""
_BY_AGE: Final = (grant_requests.c.organisation_id, grant_requests.c.created_at_ns, grant_requests.c.id)
Index("ix_grant_requests_organisation_id_created_at_ns_id", *_BY_AGE)

secrets: Final = Table(
    "secrets",
    metadata,
    organisation(),
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
    moment("expires_at_ns"),
    Column("changed_at_ns", BigInteger, nullable=False),
)
"""How a server's credential is come by: kind, what is not secret of it (JSON), and how it stands. Its values are in `secrets`."""

issuers: Final = Table(
    "issuers",
    metadata,
    Column("id", Text, primary_key=True),
    organisation(),
    Column("issuer", Text, nullable=False),
    Column("config", Text, nullable=False),
    created(),
)
"""Whose access tokens the data plane takes beside grants: audience, algorithms, keys' address, rules (JSON)."""
Index("uq_issuers_issuer", issuers.c.organisation_id, issuers.c.issuer, unique=True)

admin_log: Final = Table(
    "admin_log",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    organisation(),
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
