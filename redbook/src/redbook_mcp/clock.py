"""The machine's clock."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """`ports.Clock` for the running product."""

    def now_ns(self) -> int:
        return time.time_ns()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
