"""Times as records hold them."""

from __future__ import annotations

from datetime import UTC, datetime

from redbook_mcp.ports import Clock


def stamp(clock: Clock) -> str:
    """Now, ISO 8601, UTC, milliseconds, `Z`."""
    return f"{_now(clock):%Y-%m-%dT%H:%M:%S}.{clock.now_ns() // 1_000_000 % 1000:03d}Z"


def day(clock: Clock) -> str:
    """The day of a budget, `YYYY-MM-DD`, UTC."""
    return f"{_now(clock):%Y-%m-%d}"


def _now(clock: Clock) -> datetime:
    return datetime.fromtimestamp(clock.now_ns() // 1_000_000_000, UTC)
