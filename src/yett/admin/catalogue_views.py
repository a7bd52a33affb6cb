"""What goes in and out about the classes of tools."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from yett.admin.posture import Posture
from yett.admin.views import STRICT

Class = Literal["Read", "Write", "Execute", "Destructive", "Financial"]
Level = Literal["Low", "Medium", "High", "Critical"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToolClass:
    """The class that a tool is to have, whatever the classifier says."""

    __pydantic_config__: ClassVar = STRICT
    risk: Class
    severity: Level | None = None
    """Null for the one that goes with the class."""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolVerdict:
    """What a tool can do, how risky that is, and what is recommended."""

    name: str
    risk: Class
    severity: Level
    confidence: float
    signals: list[str]
    rationale: str
    rule: dict[str, Any] | None
    """What stands under `tools` of the recommended policy; null where the tool is hidden."""
    recommended: str
    """The same in a few words."""
    classifier: Class
    """What the classifier says; another one where an admin said otherwise."""
    set_by: str | None
    set_at: str | None
    reason: str | None
    across: list[str] = field(default_factory=list)
    """Codes of what its texts try on tools of other servers of the organisation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerVerdict:
    """A server's tools, the riskiest first, and the policy that is recommended for them."""

    server: str
    grade: Literal["A", "B", "C", "D", "F"]
    why: str
    seen_at: str | None
    """When the list of tools was read; null if it never was."""
    tools: list[ToolVerdict]
    policy: dict[str, Any]
    posture: Posture | None = None
    """Whether it asks for a credential, by the last look; null for a program, and where it never answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolClassChanged:
    tool: ToolVerdict
    applied: bool
    note: str | None = None
