"""Who begins next: each grant a few requests in each turn of the event loop, so that one grant's many do not delay another's."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Final

BEGINS_MAX: Final = 16
"""Requests of one grant that begin in one turn: some two milliseconds of work, and enough for one transaction to be worth it."""


@dataclass(slots=True)
class Turns:
    """Counts what begins in each turn of the loop, by grant; what is more waits for the next turn, in the order of arrival."""

    maximum: int = BEGINS_MAX
    _begun: dict[str, int] = field(default_factory=dict)
    _waiting: dict[str, deque[asyncio.Future[None]]] = field(default_factory=dict)

    def take_at_once(self, grant_id: str) -> bool:
        """Whether a plain call of this grant may begin now, which is then counted. Such calls are half the work of others."""
        begun = self._begun
        count = begun.get(grant_id, 0)
        if count >= 2 * self.maximum or grant_id in self._waiting:
            return False
        if not begun and not self._waiting:
            asyncio.get_running_loop().call_soon(self._next)
        begun[grant_id] = count + 1
        return True

    def take(self, grant_id: str) -> asyncio.Future[None] | None:
        """None if a request of this grant may begin now; else what it has to wait for."""
        begun = self._begun
        count = begun.get(grant_id, 0)
        if not begun and not self._waiting:
            asyncio.get_running_loop().call_soon(self._next)
        if count < self.maximum and grant_id not in self._waiting:
            begun[grant_id] = count + 1
            return None
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(grant_id, deque()).append(waiter)
        return waiter

    def _next(self) -> None:
        """A turn is over: let the next ones of each grant begin."""
        self._begun.clear()
        for grant_id in tuple(self._waiting):
            self._begin(grant_id, self._waiting[grant_id])
        if self._begun or self._waiting:
            asyncio.get_running_loop().call_soon(self._next)

    def _begin(self, grant_id: str, queue: deque[asyncio.Future[None]]) -> None:
        count = 0
        while queue and count < self.maximum:
            waiter = queue.popleft()
            if not waiter.done():  # its client may have left
                waiter.set_result(None)
                count += 1
        if count:
            self._begun[grant_id] = count
        if not queue:
            del self._waiting[grant_id]
