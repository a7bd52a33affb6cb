"""The machine's clock."""

from __future__ import annotations

import time


class SystemClock:
    """Implements `yett.ports.Clock`."""

    def now_ns(self) -> int:
        return time.time_ns()

    def monotonic(self) -> float:
        return time.monotonic()
