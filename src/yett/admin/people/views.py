"""What goes in and out of the use cases about people: the same values for the service, the API's schema and its client."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from yett.admin.views import STRICT, GrantView

RoleName = Literal["admin", "policy_manager", "viewer"]
Method = Literal["first", "invitation", "mail", "password", "provider"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationView:
    id: str
    name: str
    created_at: str
    role: str | None
    """What the one who asks is there; null for the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrganisation:
    """An organisation to be added."""

    __pydantic_config__: ClassVar = STRICT
    name: str
    admin: str | None = None
    """The address of its first admin, who is invited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberView:
    id: str
    email: str
    name: str
    role: str
    servers: list[str] | None
    """Names of the servers that the role reaches; null for all."""
    grants: int
    """How many live grants are theirs."""
    joined_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberPage:
    items: list[MemberView]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInvitation:
    """Somebody to be invited."""

    __pydantic_config__: ClassVar = STRICT
    email: str
    role: RoleName
    servers: list[str] | None = None
    """Names or ids of the servers that the role reaches; null for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationView:
    id: str
    email: str
    role: str
    servers: list[str] | None
    invited_by: str
    created_at: str
    expires_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationMade:
    """The only answer that ever holds the link."""

    invitation: InvitationView
    link: str = field(repr=False)
    mailed: bool
    """Whether it is also on its way by mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationAdded:
    organisation: OrganisationView
    invitation: InvitationMade | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRole:
    """What a member is to be."""

    __pydantic_config__: ClassVar = STRICT
    role: RoleName
    servers: list[str] | None = None
    """Names or ids of the servers that the role reaches; null for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRemoved:
    member: MemberView
    grants: list[GrantView]
    """Those that were theirs, as they are now."""
    tokens: int
    """How many of their API tokens were revoked."""
    applied: bool
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """An API token to be made."""

    __pydantic_config__: ClassVar = STRICT
    label: str
    scopes: list[str]
    """What it may: names of permissions, none that its maker has not."""
    servers: list[str] | None = None
    """Names or ids of the servers that it reaches; null for all that its maker reaches."""
    expires: str | None = None
    """A duration (`30d`), a day or a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenView:
    id: str
    label: str
    scopes: list[str]
    servers: list[str] | None
    created_by: str
    created_at: str
    expires_at: str | None
    used_at: str | None
    """When it was last used, to the minute or so."""
    status: Literal["live", "expired", "revoked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenMade:
    """The only answer that ever holds the token."""

    token_view: TokenView
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    id: str
    current: bool
    method: str
    address: str
    agent: str
    created_at: str
    seen_at: str
    expires_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfView:
    """Who asks."""

    kind: str
    name: str
    email: str | None
    organisation: str
    """Name of the organisation that is worked in."""
    organisation_id: str
    role: str | None
    permissions: list[str]
    servers: list[str] | None
    """Ids of the servers within reach; null for all."""
    has_password: bool
    csrf: str | None
    """What a page of ours sends as `yett-csrf` with every change; null for what has no session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewName:
    """What one is called."""

    __pydantic_config__: ClassVar = STRICT
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPassword:
    """Another password."""

    __pydantic_config__: ClassVar = STRICT
    current: str = field(default="", repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """The organisation to work in from now on."""

    __pydantic_config__: ClassVar = STRICT
    organisation: str
    """Name or id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    sessions: int
    """How many sessions ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkWanted:
    """A link for somebody who cannot come in."""

    __pydantic_config__: ClassVar = STRICT
    email: str | None = None
    """Who gets a link to choose a new password; null for the link of the first admin, while there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkMade:
    link: str = field(repr=False)
    expires_at: str
