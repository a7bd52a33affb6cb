"""What goes out about how the tools of servers changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from yett.admin.catalogue_views import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolChangeView:
    """A tool that a look found otherwise than the look before. What is quoted is the server's word."""

    sequence: int
    at: str
    server: str
    server_id: str
    tool: str
    kind: Literal["added", "removed", "changed"]
    severity: Level
    meanings: list[str]
    """Codes, the gravest first."""
    what: str
    """The gravest in words."""
    members: list[str]
    """Members of the definition that changed."""
    before: str | None
    """Digest of the whole definition; null where there was none."""
    after: str | None
    diff: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolChangePage:
    """A part of the feed."""

    items: list[ToolChangeView]
    cursor: str
    """For `after`, to be told what comes later."""
    more: bool
    """Whether there is more to be told now in this direction."""
