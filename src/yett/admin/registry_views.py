"""What goes out of the registry: records of servers, what was found, how they change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from yett.catalog.record import RecordTool, ServerRecord, Source

ChangeKind = Literal["added", "removed", "changed", "grade", "posture", "identity"]
Level = Literal["Low", "Medium", "High", "Critical"]
Class = Literal["Read", "Write", "Execute", "Destructive", "Financial"]

HITS_MAX: Final = 100
"""Tools and servers of one answer to a search, each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRow:
    """A server in a list."""

    slug: str
    name: str
    about: str
    source: Source
    verification: str
    grade: str
    tool_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPage:
    """A part of the list of servers, by slug."""

    items: list[RecordRow]
    next: str | None
    """For `after`; null for the last page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolRecord:
    """One tool of a server, with why it is judged so and what is recommended."""

    server: str
    source: Source
    tool: RecordTool
    title: str
    description: str
    """The server's own words: untrusted."""
    rationale: str
    rule: dict[str, Any] | None
    """What stands under `tools` of the recommended policy; null where the tool is hidden."""
    policy: dict[str, Any]
    """The recommended policy for this tool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolHit:
    """A tool that fits a search."""

    server: str
    source: Source
    tool: str
    risk: str
    severity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """What fits a search, servers first."""

    servers: list[RecordRow]
    tools: list[ToolHit]
    more: bool
    """Whether more tools fit than are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerChange:
    """Something of a server that is not as it was. What is quoted is the server's word."""

    sequence: int
    at: str
    server: str
    kind: ChangeKind
    tool: str | None
    """Null for what concerns the server as a whole."""
    severity: Level
    meanings: list[str]
    what: str
    before: str | None
    """Of a tool: a digest of its definition. Of a server: the grade, posture or verification itself."""
    after: str | None
    diff: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePage:
    """A part of the feed."""

    items: list[ServerChange]
    cursor: str
    """For `after`, to be told what comes later."""
    more: bool
    """Whether there is more to be told now in this direction."""


__all__ = [
    "ChangeKind", "ChangePage", "Class", "Hits", "Level", "RecordPage", "RecordRow", "ServerChange", "ServerRecord", "ToolHit",
    "ToolRecord",
]  # fmt: skip
