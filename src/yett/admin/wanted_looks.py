"""Looks at servers of which a data plane says that a tool is not as it was accepted: people see what clients were shown."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from yett.admin.desk import Desk
from yett.admin.server_looks import look_and_note
from yett.errors import StoreFault
from yett.stores.control.transaction import Whole

PAUSE_S: Final = 30.0
"""One server is asked at most this often."""
POLL_S: Final = 0.5
WANTED_MAX: Final = 1_000

log = logging.getLogger("yett.health")


class WantedLooks:
    """One for a control plane. Of its loop."""

    def __init__(self, desk: Desk, *, pause_s: float = PAUSE_S) -> None:
        self._desk = desk
        self._pause_s = pause_s
        self._wanted: set[str] = set()
        self._asked_s: dict[str, float] = {}

    def wanted(self, server_id: str) -> None:
        """Have a server (id) looked at soon."""
        if len(self._wanted) < WANTED_MAX:
            self._wanted.add(server_id)

    async def watch(self) -> None:
        """Look at what is wanted, one after another, without end. Cancel it to stop."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(POLL_S)
            now_s = loop.time()
            self._asked_s = {id: at_s for id, at_s in self._asked_s.items() if at_s + self._pause_s > now_s}
            for server_id in self._wanted - self._asked_s.keys():
                self._wanted.discard(server_id)
                self._asked_s[server_id] = loop.time()
                await asyncio.to_thread(self._look, server_id)

    def _look(self, server_id: str) -> None:
        def organisation_of(whole: Whole) -> str | None:
            for organisation in whole.organisations():
                if whole.of(organisation.id).servers.find(server_id) is not None:
                    return organisation.id
            return None

        try:
            organisation = self._desk.look(organisation_of)
            if organisation is not None:
                look_and_note(self._desk, organisation, server_id)
        except StoreFault as fault:
            log.warning("a server whose tools changed was not looked at: %s", fault)
