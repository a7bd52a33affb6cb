"""What goes in and out about pins: tools as they were accepted, beside what their servers list."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from yett.admin.catalogue_views import Level
from yett.admin.views import STRICT

Mode = Literal["strict", "grave", "off"]
How = Literal["first", "upgrade", "accepted", "setting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagView:
    """One thing that a definition tries. What is quoted is the server's word."""

    code: str
    severity: Level
    what: str
    place: str
    """JSON Pointer into the definition."""
    quote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PinView:
    """A tool as it was accepted, beside what is listed now."""

    tool: str
    state: Literal["accepted", "changed", "moved", "new", "gone", "twice"]
    """`moved`: the same definition, but its server is somewhere else than when it was accepted."""
    suspended: bool
    """Whether calls of it are denied `tool_changed`, and lists leave it out."""
    severity: Level | None
    """How grave what waits for somebody is; null where nothing does."""
    meanings: list[str]
    """Codes of what changed, the gravest first; `server_moved` before them where the server is another one by now."""
    what: str | None
    """The gravest in words."""
    members: list[str]
    diff: str
    flags: list[FlagView]
    fingerprint: str | None
    """Of the whole definition that is listed: what to name in order to accept it. Null where none is, or two are."""
    pinned: str | None
    """That of the accepted one."""
    accepted_at: str | None
    accepted_by: str | None
    how: How | None
    """`first`: seen with the first list; `upgrade`: known before there were pins; `accepted`: by a person; `setting`: by that of
    the server."""
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PinList:
    """The tools of a server."""

    server: str
    mode: Mode
    """`strict`: whatever changed waits; `grave`: only what is High or Critical; `off`: nothing."""
    since: str | None
    """Since when it has pins: since it told its tools for the first time. Null before; then nothing waits."""
    seen_at: str | None
    """When it was last asked."""
    moved_at: str | None
    """When it came to be somewhere else, if not all that it lists was accepted since."""
    problem: str | None
    """Why it could not be asked then; what is listed is what it said before."""
    waiting: int
    """Tools that are suspended."""
    items: list[PinView]


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedTool:
    """A definition that somebody saw."""

    __pydantic_config__: ClassVar = STRICT
    tool: str
    fingerprint: str | None = None
    """Of what is listed, as it was shown; null for a tool that is gone and whose pin may go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptPins:
    """What is to be accepted: all of it or nothing."""

    __pydantic_config__: ClassVar = STRICT
    tools: list[AcceptedTool]
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPinMode:
    """How strictly a server is to be held to its pins."""

    __pydantic_config__: ClassVar = STRICT
    mode: Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class PinsChanged:
    """The pins after a change."""

    pins: PinList
    applied: bool
    note: str | None = None
    remarks: list[str] = field(default_factory=list)
