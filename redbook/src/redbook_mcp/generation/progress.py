"""How far a run is, for as many listeners as there are; a slow one misses steps and never holds the painting up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

Report = Callable[[float, float, str], Awaitable[None]]
"""Takes pages done (with a fraction for signs of life), pages in all, and words."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One state of a run."""

    step: int
    done: float
    total: int
    words: str


class Progress:
    """The newest moment of a run. `done` grows with every step, as the protocol asks."""

    def __init__(self) -> None:
        self._moment = Moment(0, 0.0, 0, "")
        self._beats = 0
        self._changed = asyncio.Event()

    @property
    def moment(self) -> Moment:
        return self._moment

    def begin(self, total: int) -> None:
        """Say how many pages there are."""
        self._set(0.0, total, f"painting {total} page{'s' if total > 1 else ''}, the cover first")

    def finished_page(self, words: str) -> None:
        """One page more is done, painted or failed."""
        self._beats = 0
        self._set(float(int(self._moment.done) + 1), self._moment.total, words)

    def beat(self) -> None:
        """A sign of life: a little further each time, and never as far as the next page."""
        self._beats += 1
        done = int(self._moment.done)
        words = f"{done} of {self._moment.total} pages done, still painting"
        self._set(done + self._beats / (self._beats + 1), self._moment.total, words)

    async def after(self, step: int) -> Moment:
        """The newest moment, once it is another than `step`."""
        while self._moment.step == step:
            await self._changed.wait()
        return self._moment

    def _set(self, done: float, total: int, words: str) -> None:
        self._moment = Moment(self._moment.step + 1, done, total, words)
        self._changed.set()
        self._changed = asyncio.Event()
