"""The active configuration of a data plane: one immutable value, read once per call and swapped whole."""

from __future__ import annotations

from typing import Literal

import msgspec


class ServerEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A configured server."""

    id: str
    name: str
    """The slug in `/mcp/{server}`; `id` works there too."""
    url: str | None = None
    """HTTP endpoint; None for a stdio server."""
    transport: Literal["http", "sse"] = "http"
    """What is spoken at `url`: Streamable HTTP, or the two endpoints of revision 2024-11-05."""
    command: str | None = None
    """Name of a command that the host lists (configuration file or `yett server add`); None for an HTTP server."""
    credential: str | None = None
    """`env:NAME` or `file:PATH`; resolved after the decision, never stored."""
    credential_header: str = "authorization"
    credential_scheme: str = "Bearer"
    """Put before the value, with a blank; empty for none."""

    @property
    def one_to_one(self) -> bool:
        """Whether each handshake session has a channel to the server of its own: a child process, or an event stream of 2024."""
        return self.url is None or self.transport == "sse"


class GrantEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A grant as the data plane needs it; the token itself is not known here."""

    id: str
    digest: str
    """Hex of the keyed digest of the token."""
    server: str
    """`ServerEntry.id`."""
    label: str = ""
    owner: str | None = None
    tags: dict[str, str] = {}
    expires_at_ns: int | None = None
    policy: str | None = None
    """`PolicyEntry.name`; None denies everything."""


class PolicyEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A published policy revision."""

    name: str
    revision: str
    """`<number>-<first 12 hex digits of the document's digest>`."""
    document: str
    """The policy, canonical JSON text."""


class SnapshotData(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the control plane sends and the data plane keeps on disk."""

    revision: int
    organisation: str
    servers: list[ServerEntry] = []
    grants: list[GrantEntry] = []
    policies: list[PolicyEntry] = []
    problems: list[str] = []
    """Sentences about what is not as the operator wrote it (an unreadable policy file whose last good revision stays)."""
