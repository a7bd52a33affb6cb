"""Looks at every server from time to time, so that people see which ones are not well.

In the control plane's process, with threads of its own: data planes know nothing of it. What it finds changes no decision.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from yett.admin.desk import Desk
from yett.admin.server_looks import look_and_note
from yett.errors import StoreFault
from yett.stores.control.records import Server
from yett.stores.control.transaction import Whole

NS: Final = 1_000_000_000
JITTER: Final = 0.1
"""Of the interval: how much earlier or later than that a server may be asked, so that servers are not asked all at once."""
POLL_S: Final = 2.0
"""How often it is looked whether a server is due."""

log = logging.getLogger("yett.health")


@dataclass(frozen=True, slots=True)
class Due:
    """A server that is to be asked."""

    organisation: str
    server: Server


class HealthRounds:
    """One for a control plane."""

    def __init__(self, desk: Desk, *, interval_s: float, at_once: int) -> None:
        self._desk = desk
        self._interval_s = interval_s
        self._at_once = at_once

    async def watch(self) -> None:
        """Ask servers when they are due, without end; ends at once where the interval is 0. Cancel it to stop."""
        if not self._interval_s:
            return
        turns = ThreadPoolExecutor(self._at_once, "yett health")
        try:
            while True:
                await asyncio.sleep(min(POLL_S, self._interval_s))
                await self._round(turns)
        finally:
            turns.shutdown(wait=False, cancel_futures=True)

    async def _round(self, turns: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        due = await loop.run_in_executor(turns, self.due)
        async with asyncio.TaskGroup() as looks:
            for one in due:
                looks.create_task(self._in_turn(turns, one), name="yett health")

    async def _in_turn(self, turns: ThreadPoolExecutor, due: Due) -> None:
        await asyncio.get_running_loop().run_in_executor(turns, self.look, due)

    def due(self) -> list[Due]:
        """The servers that were not looked at for an interval, the one that has waited longest first."""
        now_ns = self._desk.environment.clock.now_ns()

        earliest_ns = now_ns - int(self._interval_s * NS * (1 - JITTER))

        def work(whole: Whole) -> list[tuple[int, Due]]:
            found = []
            for organisation in whole.organisations():
                for server, asked_ns in whole.of(organisation.id).servers.last_asked_before(earliest_ns):
                    at_ns = 0 if asked_ns is None else due_ns(server.id, asked_ns, self._interval_s)
                    if at_ns <= now_ns:
                        found.append((asked_ns or 0, Due(organisation.id, server)))
            return found

        try:
            return [due for _, due in sorted(self._desk.look(work), key=lambda one: one[0])]
        except StoreFault as fault:
            log.warning("servers were not looked at: %s", fault)
            return []

    def look(self, due: Due) -> None:
        """Ask one and remember what came of it."""
        try:
            look_and_note(self._desk, due.organisation, due.server.id)
        except StoreFault as fault:
            log.warning("what the server `%s` said was not kept: %s", due.server.name, fault)


def due_ns(server_id: str, at_ns: int, interval_s: float) -> int:
    """When a server is to be asked again that was asked at `at_ns`: an interval later, give or take `JITTER` of it."""
    seed = hashlib.blake2b(f"{server_id} {at_ns}".encode(), digest_size=8).digest()
    share = int.from_bytes(seed) / 2**64 * 2 - 1
    return at_ns + int(interval_s * NS * (1 + JITTER * share))
