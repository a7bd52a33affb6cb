"""What goes in and out of the control plane: the same values for the service, the API's schema and its client."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from yett.admin.exemption_views import ExemptionView

STRICT: dict[str, Any] = {"extra": "forbid"}
"""For the API's validation: an unknown key is an error there too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewServer:
    """A server to be added: one at a `url`, or `command`, the name of a program that the host lists."""

    __pydantic_config__: ClassVar = STRICT
    name: str
    notes: str = ""
    url: str | None = None
    transport: Literal["http", "sse"] = "http"
    """What is spoken at `url`: Streamable HTTP, or the two endpoints of revision 2024-11-05."""
    command: str | None = None
    credential: str | None = None
    """`env:NAME` or `file:/PATH`."""
    credential_header: str = "authorization"
    credential_scheme: str = "Bearer"
    look: bool = True
    """Ask it for its tools at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthView:
    """How a server was when it was last asked."""

    at: str
    problem: str | None
    """Why it could not be asked; null if all was well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerView:
    id: str
    name: str
    notes: str
    url: str | None
    transport: Literal["http", "sse", "stdio"]
    command: str | None
    credential: str | None
    credential_header: str
    credential_scheme: str
    endpoint: str
    """Where clients reach it, through the gate."""
    endpoint_by_id: str
    """The same; this one stays when the name changes."""
    revision: str
    """Another one after each edit; for `If-Match`."""
    created_at: str
    stopped_at: str | None
    """Since when its calls are all refused, by the kill switch."""
    health: HealthView | None
    """Null if it was never asked."""
    grants: int
    """How many live grants it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerPage:
    items: list[ServerView]
    next: str | None
    """For `after` of the next page; null on the last one."""


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
    reason: str = ""
    """What it is for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantView:
    id: str
    label: str
    owner: str | None
    owner_id: str | None
    """The member whose it is; null where the owner is just a text."""
    tags: dict[str, str]
    reason: str
    server: str
    policy: str | None
    status: Literal["live", "expired", "revoked", "stopped"]
    endpoint: str
    created_at: str
    expires_at: str | None
    rotated_at: str | None
    previous_until: str | None
    """Until when the token before the last rotation stays good; null if it is not."""
    revoked_at: str | None
    stopped_at: str | None
    """Since when its calls are all refused, by the kill switch."""
    used_at: str | None
    """When its token was last good for a request, to the half minute; null for never."""
    revealable: bool
    """Whether its token is kept, sealed, so that an admin may see it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantPage:
    items: list[GrantView]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRevision:
    """A text for a policy."""

    __pydantic_config__: ClassVar = STRICT
    document: str
    yaml: bool = False
    message: str = ""
    grants: list[str] = field(default_factory=list)
    """Grants that get this policy from now on, by id or label."""
    draft: bool = False
    """Whether to save it without having it judge."""
    server: str | None = None
    """The server whose grants alone may have it, empty for any; left out, that stays as it is."""
    base: int | None = None
    """The newest revision that one knows of, 0 for a policy that is to be new; if there is a newer one, nothing is saved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """Which policy a grant is to have; null for none, which denies everything."""

    __pydantic_config__: ClassVar = STRICT
    policy: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyView:
    id: str
    name: str
    server: str | None
    """The one server whose grants may have it; null for any."""
    revision: str
    """The published one; the last draft where none is published."""
    number: int
    status: Literal["published", "draft"]
    draft: int | None
    """The number of a draft that is newer than this revision."""
    source: str | None
    """The file it follows; null if it was set by command."""
    author: str
    message: str
    created_at: str
    """When this revision was made."""
    grants: int
    """How many live grants have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyPage:
    items: list[PolicyView]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionLine:
    revision: str
    number: int
    published: bool
    """Whether it is the one that judges."""
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
    """The newest 500; `/policies/{policy}/revisions` has all."""
    exemptions: list[ExemptionView] = field(default_factory=list)
    """Calls that its rules do not ask for meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerChanged:
    server: ServerView
    applied: bool
    """Whether every data plane said, in time, that it judges by this from now on."""
    note: str | None = None
    """Why not, or what the data plane has to say about it."""
    remarks: list[str] = field(default_factory=list)
    """What else to know: that a credential was dropped, that the address changed, why the server could not be asked."""


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
class PolicyWarning:
    """A finding of the linter about a text that was saved."""

    code: str
    severity: Literal["note", "warning", "error"]
    pointer: str
    """Into the canonical document."""
    message: str
    hint: str | None
    server: str | None
    """The server whose tools it is about, as they were last seen; null where it concerns the text alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChanged:
    policy: PolicyView
    changed: bool
    """False where the text means what the last revision means: no revision is made then."""
    attached: list[GrantView]
    warnings: list[PolicyWarning] = field(default_factory=list)
    """What the text surely, or probably, does not mean; nothing is refused for it."""
    applied: bool
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine:
    """One line of the admin log."""

    number: int
    """Goes up; `before` of the next page."""
    at: str
    actor: str
    action: str
    subject: str
    """The id of what was changed."""
    name: str
    detail: dict[str, str]
    before: dict[str, Any] | None
    """What it was, secrets as `***`; null for what is new."""
    after: dict[str, Any] | None
    """What it is now; null for what is gone."""
    address: str | None
    """Where the request came from; null for a command on this host."""


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
    unwell: list[str] = field(default_factory=list)
    """Names of servers that could not be asked when they were last looked at; at most 100."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    status: Literal["ok"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorDetail:
    """One of the things that are wrong."""

    pointer: str
    """JSON Pointer into what was sent."""
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """The one shape of every error: problem details (RFC 9457), `application/problem+json`."""

    type: str
    """`urn:yett:problem:` and the code."""
    title: str
    status: int
    detail: str
    """What is wrong, and what to do."""
    code: str
    """Stable."""
    errors: list[ErrorDetail] = field(default_factory=list)
    """Which fields are wrong, where that can be said."""
