"""A clock that stands still until it is told to move."""

from __future__ import annotations

from dataclasses import dataclass

START_NS = 1_767_225_600 * 1_000_000_000  # 2026-01-01T00:00:00Z


@dataclass
class ManualClock:
    """Implements `yett.ports.Clock`."""

    ns: int = START_NS

    def now_ns(self) -> int:
        return self.ns

    def monotonic(self) -> float:
        return self.ns / 1e9

    def advance(self, seconds: float) -> None:
        self.ns += int(seconds * 1_000_000_000)
