"""The tables about people: who they are, where they belong, how they come in, and what programs show in their place."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, Table, Text

from yett.stores.control.columns import created, metadata, moment, organisation

users: Final = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),
    Column("email", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("password", Text),
    moment("proven_at_ns"),
    created(),
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
    created(),
)
"""Who a user is to an OpenID Connect provider."""

members: Final = Table(
    "members",
    metadata,
    Column("organisation_id", Text, ForeignKey("organisations.id"), primary_key=True),
    Column("user_id", Text, ForeignKey("users.id"), primary_key=True, index=True),
    Column("role", Text, nullable=False),
    Column("servers", Text),
    created(),
)
"""`servers`: JSON list of the ids that the role reaches; None for all."""

invitations: Final = Table(
    "invitations",
    metadata,
    Column("id", Text, primary_key=True),
    organisation(),
    Column("email", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("servers", Text),
    Column("digest", Text, nullable=False, unique=True),
    Column("invited_by", Text, nullable=False),
    created(),
    Column("expires_at_ns", BigInteger, nullable=False),
    moment("used_at_ns"),
    moment("revoked_at_ns"),
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
    created(),
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
    created(),
    Column("expires_at_ns", BigInteger, nullable=False),
    moment("used_at_ns"),
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
    created(),
    Column("expires_at_ns", BigInteger, nullable=False),
)
"""Round trips through somebody's authorization server, by the digest of their `state`; a row is removed when it comes back.

`purpose`: `sign-in` or `connect`; `sealed` holds verifier, nonce and what the browser's session is bound to.
"""

api_tokens: Final = Table(
    "api_tokens",
    metadata,
    Column("id", Text, primary_key=True),
    organisation(),
    Column("label", Text, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("scopes", Text, nullable=False),
    Column("servers", Text),
    Column("maker_id", Text, ForeignKey("users.id"), index=True),
    Column("created_by", Text, nullable=False),
    created(),
    moment("expires_at_ns"),
    moment("used_at_ns"),
    moment("revoked_at_ns"),
)

sign_in_waits: Final = Table(
    "sign_in_waits",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("until_ns", BigInteger, nullable=False),
)
"""Who must wait until the next try to sign in. `digest` is the keyed one of what failures are counted by."""
