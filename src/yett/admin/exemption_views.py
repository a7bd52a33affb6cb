"""An exemption as people see it, beside the policy whose rules it spares."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ExemptionView:
    """Calls that need not be asked for until a time."""

    id: str
    approval: str
    """The request from which it came."""
    grant: str
    grant_label: str
    server: str
    surface: str
    tool: str
    policy: str | None
    rules: list[str]
    """Those that do not ask meanwhile."""
    bound: list[str]
    """Arguments that must be what they were."""
    free: list[str]
    """Arguments that may differ."""
    since: str
    until: str
    given_by: list[str]
    ended_at: str | None = None
    ended_by: str | None = None
