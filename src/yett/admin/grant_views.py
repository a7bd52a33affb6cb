"""What goes in and out about grants beside `views`: edits, rotation, tokens that are shown again, and requests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from yett.admin.views import STRICT, GrantView

GrantStatus = Literal["live", "expired", "revoked", "stopped"]
RequestStatus = Literal["open", "approved", "denied", "withdrawn", "expired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantFilter:
    """Which grants are wanted; what is left out does not matter."""

    server: str | None = None
    policy: str | None = None
    owner: str | None = None
    """A member's address or id, or what was written as owner."""
    status: GrantStatus | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantEdit:
    """What is to change of a grant; what is left out stays."""

    __pydantic_config__: ClassVar = STRICT
    label: str | None = None
    owner: str | None = None
    """A member's address, or any text; empty for nobody."""
    tags: dict[str, str] | None = None
    """All of them from now on."""
    reason: str | None = None
    expires: str | None = None
    """A duration (`30d`), a day or a moment; `never` for no end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """How a grant gets a new token."""

    __pydantic_config__: ClassVar = STRICT
    overlap: str | None = None
    """For how long the old token stays good beside the new one (`10m`); left out, not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantToken:
    """A token that is shown again."""

    grant: GrantView
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRequest:
    """A grant that somebody asks for, for a while."""

    __pydantic_config__: ClassVar = STRICT
    server: str
    duration: str
    """How long it is to live, from the moment it is approved: `90m`, `8h`, `2d`."""
    reason: str
    policy: str | None = None
    """The one that is to judge its calls; left out, whoever approves chooses."""
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestView:
    id: str
    server: str
    policy: str | None
    requester: str
    mine: bool
    """Whether whoever looks at it made it."""
    label: str
    reason: str
    duration_s: int
    status: RequestStatus
    created_at: str
    expires_at: str
    """Until when it may be decided."""
    decided_at: str | None
    decided_by: str | None
    note: str
    """What was said with the decision."""
    grant: str | None
    """Id of the grant that came of it."""
    collected_at: str | None
    """When the requester was shown the token; null while it waits for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPage:
    items: list[RequestView]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What is approved, if it is not just what was asked for."""

    __pydantic_config__: ClassVar = STRICT
    policy: str | None = None
    duration: str | None = None
    """A shorter one."""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    __pydantic_config__: ClassVar = STRICT
    note: str = ""
    """Why; the requester reads it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestChanged:
    request: RequestView
    applied: bool
    note: str | None = None
