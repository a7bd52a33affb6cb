"""What the control plane remembers, as values, and the store that `admin` needs, as a Protocol."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A configured server. Exactly one of `url` and `command` is set."""

    id: str
    name: str
    url: str | None = None
    transport: str = "http"
    """What is spoken at `url`: `http` (Streamable HTTP) or `sse` (revision 2024-11-05)."""
    command: str | None = None
    credential: str | None = None
    """`env:NAME` or `file:PATH`: a reference, never the value."""
    credential_header: str = "authorization"
    credential_scheme: str = "Bearer"
    created_at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A named policy; its text is in its revisions, of which the last one counts."""

    id: str
    name: str
    source: str | None = None
    """The file on the control plane's host that it follows; None for one that was set by command."""
    created_at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One immutable text of a policy."""

    policy_id: str
    number: int
    """From 1, without gaps."""
    digest: str
    """SHA-256 of `document`, in hex."""
    document: str
    """Canonical JSON."""
    author: str
    message: str
    created_at_ns: int

    @property
    def name(self) -> str:
        """How the revision is called in logs and replies: `<number>-<first 12 digits of the digest>`."""
        return f"{self.number}-{self.digest[:12]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A token's rights; of the token itself only the keyed digest is known."""

    id: str
    server_id: str
    policy_id: str | None = None
    digest: str = field(repr=False)
    label: str = ""
    owner: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    created_at_ns: int
    expires_at_ns: int | None = None
    rotated_at_ns: int | None = None
    revoked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One line of the admin log: who changed what. Never holds a token or a secret."""

    at_ns: int
    actor: str
    action: str
    """`<kind>.<past participle>`, as `grant.minted`."""
    subject: str
    """The id of what was changed."""
    name: str
    """What a person calls it."""
    detail: dict[str, str] = field(default_factory=dict)


class ControlTransaction(Protocol):
    """Everything that can be read and written within one transaction. Removed servers and revoked grants are kept for the log."""

    def organisation(self) -> str:
        """The id of the one organisation."""
        ...

    def bump_revision(self) -> int:
        """The number of the next snapshot; never given twice."""
        ...

    def revision(self) -> int:
        """The number of the present snapshot."""
        ...

    def servers(self) -> list[Server]:
        """Servers that were not removed, by name."""
        ...

    def server(self, reference: str) -> Server | None:
        """The server with this name or id, unless it was removed."""
        ...

    def add_server(self, server: Server) -> None: ...

    def remove_server(self, server_id: str, at_ns: int) -> None: ...

    def grants(self) -> list[Grant]:
        """All grants of servers that were not removed, oldest first; revoked ones too."""
        ...

    def add_grant(self, grant: Grant) -> None: ...

    def replace_digest(self, grant_id: str, digest: str, at_ns: int) -> None: ...

    def revoke_grant(self, grant_id: str, at_ns: int) -> None: ...

    def attach(self, grant_id: str, policy_id: str | None) -> None: ...

    def policies(self) -> list[Policy]:
        """By name."""
        ...

    def add_policy(self, policy: Policy) -> None: ...

    def follow(self, policy_id: str, source: str | None) -> None:
        """Say which file the policy follows from now on."""
        ...

    def revisions(self, policy_id: str) -> list[Revision]:
        """Newest first."""
        ...

    def last_revision(self, policy_id: str) -> Revision | None: ...

    def add_revision(self, revision: Revision) -> None: ...

    def log(self, change: Change) -> None: ...

    def changes(self, limit: int) -> list[Change]:
        """The last lines of the admin log, newest first."""
        ...


class ControlStore(Protocol):
    """The control plane's memory. One process has it at a time.

    Errors: `StoreFault` wherever it cannot answer or write.
    """

    def transaction(self) -> AbstractContextManager[ControlTransaction]:
        """All or nothing: committed and durable when the block ends, undone when it raises."""
        ...

    def close(self) -> None:
        """Let another process have it."""
        ...
