"""What goes in and out of the control plane: the same values for the service, the API's schema and its client."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol

STRICT: dict[str, Any] = {"extra": "forbid"}
"""For the API's validation: an unknown key is an error there too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewServer:
    """A server to be added: one at a `url`, or `command`, the name of a program that the host lists."""

    __pydantic_config__: ClassVar = STRICT
    name: str
    url: str | None = None
    transport: Literal["http", "sse"] = "http"
    """What is spoken at `url`: Streamable HTTP, or the two endpoints of revision 2024-11-05."""
    command: str | None = None
    credential: str | None = None
    """`env:NAME` or `file:/PATH`."""
    credential_header: str = "authorization"
    credential_scheme: str = "Bearer"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerView:
    id: str
    name: str
    url: str | None
    transport: Literal["http", "sse", "stdio"]
    command: str | None
    credential: str | None
    credential_header: str
    credential_scheme: str
    endpoint: str
    """Where clients reach it, through the gate."""
    created_at: str
    grants: int
    """How many live grants it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGrant:
    """A grant to be minted. Without a policy it may do nothing."""

    __pydantic_config__: ClassVar = STRICT
    server: str
    label: str = ""
    owner: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    expires: str | None = None
    """A duration (`30d`), a day or a moment."""
    policy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantView:
    id: str
    label: str
    owner: str | None
    tags: dict[str, str]
    server: str
    policy: str | None
    status: Literal["live", "expired", "revoked"]
    endpoint: str
    created_at: str
    expires_at: str | None
    rotated_at: str | None
    revoked_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRevision:
    """A text for a policy."""

    __pydantic_config__: ClassVar = STRICT
    document: str
    yaml: bool = False
    message: str = ""
    grants: list[str] = field(default_factory=list)
    """Grants that get this policy from now on, by id or label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """Which policy a grant is to have; null for none, which denies everything."""

    __pydantic_config__: ClassVar = STRICT
    policy: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyView:
    name: str
    revision: str
    number: int
    source: str | None
    """The file it follows; null if it was set by command."""
    author: str
    message: str
    created_at: str
    """When this revision was made."""
    grants: int
    """How many live grants have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionLine:
    revision: str
    number: int
    author: str
    message: str
    created_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyText:
    """A policy with one of its texts, and the list of all, newest first."""

    policy: PolicyView
    revision: RevisionLine
    document: str
    """Canonical JSON."""
    revisions: list[RevisionLine]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerChanged:
    server: ServerView
    applied: bool
    """Whether every data plane said, in time, that it judges by this from now on."""
    note: str | None = None
    """Why not, or what the data plane has to say about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantChanged:
    grant: GrantView
    applied: bool
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantMinted:
    """The only answer that ever holds the token."""

    grant: GrantView
    token: str = field(repr=False)
    applied: bool
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChanged:
    policy: PolicyView
    changed: bool
    """False where the text means what the last revision means: no revision is made then."""
    attached: list[GrantView]
    applied: bool
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine:
    """One line of the admin log."""

    at: str
    actor: str
    action: str
    subject: str
    name: str
    detail: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPlaneView:
    pid: int
    listening: str
    revision: int
    """The snapshot it judges by; -1 before the first."""
    problems: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusView:
    version: str
    pid: int
    revision: int
    """The present snapshot."""
    servers: int
    grants: int
    """Live ones."""
    policies: int
    data_planes: list[DataPlaneView]
    problems: list[str]
    """Sentences about what is not as the operator wrote it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    status: Literal["ok"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorDetail:
    """One of several things that are wrong."""

    pointer: str
    """JSON Pointer into what was sent."""
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorView:
    code: str
    """Stable."""
    message: str
    details: list[ErrorDetail] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorBody:
    """The one shape of every error."""

    error: ErrorView


class Control(Protocol):
    """Every use case of the control plane, whether it runs here or is asked over HTTP.

    Errors: `AdminFault` for what is refused, `OperatorFault` for what cannot be done.
    """

    def status(self) -> StatusView: ...

    def changes(self, limit: int = 100) -> list[ChangeLine]: ...

    def servers(self) -> list[ServerView]: ...

    def server(self, reference: str) -> ServerView: ...

    def add_server(self, new: NewServer) -> ServerChanged: ...

    def remove_server(self, reference: str, *, with_grants: bool = False) -> ServerChanged: ...

    def grants(self, server: str | None = None) -> list[GrantView]: ...

    def grant(self, reference: str) -> GrantView: ...

    def mint_grant(self, new: NewGrant) -> GrantMinted: ...

    def rotate_grant(self, reference: str) -> GrantMinted: ...

    def revoke_grant(self, reference: str) -> GrantChanged: ...

    def attach(self, reference: str, attachment: Attachment) -> GrantChanged: ...

    def policies(self) -> list[PolicyView]: ...

    def policy(self, name: str, revision: int | None = None) -> PolicyText: ...

    def set_policy(self, name: str, new: NewRevision) -> PolicyChanged: ...
