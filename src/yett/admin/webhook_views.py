"""What goes in and out about who is told of changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from yett.admin.catalogue_views import Level
from yett.admin.registry_views import ChangeKind
from yett.admin.views import STRICT


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWebhook:
    """Who is to be told of changes from now on."""

    __pydantic_config__: ClassVar = STRICT
    url: str
    severity: Level = "Low"
    """Of this severity, or a graver one."""
    kinds: list[ChangeKind] = field(default_factory=list)
    """Of these kinds only; empty for all."""
    after: str | None = None
    """A cursor of the feed, to be told what came after it, too; `0` for everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookView:
    """Who is told, and how that goes."""

    id: str
    url: str
    severity: Level
    kinds: list[ChangeKind]
    state: Literal["active", "dead"]
    """`dead` after too many failures, or when the other side said that it is gone; `resume` begins again where it stopped."""
    cursor: str
    """Of the last change that was told."""
    failures: int
    problem: str | None
    created_by: str
    created_at: str
    delivered_at: str | None
    due_at: str | None
    """When it is tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookMade:
    """A new one, with the secret that its deliveries are signed with: shown this once."""

    webhook: WebhookView
    secret: str
