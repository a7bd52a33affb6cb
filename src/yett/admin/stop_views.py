"""What goes in and out of the kill switch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from yett.admin.views import STRICT

Scope = Literal["grant", "server", "organisation", "everything"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StopWanted:
    """What to stop, or to let go on. `organisation` is that of whoever asks; `everything` is the operator's alone."""

    __pydantic_config__: ClassVar = STRICT
    scope: Scope
    name: str = ""
    """Which grant (id or label) or server (name or id)."""
    reason: str = ""
    """For the admin log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopView:
    """One thing that is stopped, or was until now."""

    scope: Scope
    id: str
    name: str
    since: str | None
    """Null for what goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopChanged:
    stop: StopView
    stopped: bool
    applied: bool
    """Whether every data plane said, in time, that it judges by this from now on."""
    note: str | None = None
