"""When grants were last used: what data planes report goes into the store bit by bit, so that no publication waits for it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from yett.admin.desk import Desk
from yett.errors import StoreFault
from yett.stores.control.grants import note_uses

AT_ONCE_MAX: Final = 1_000
"""Grants that are noted while others wait for the store."""

_log: Final = logging.getLogger("yett.uses")


class Uses:
    """Told by the publisher, on a thread of its own, one report after another. Never raises."""

    def __init__(self) -> None:
        self.desk: Desk | None = None
        """Where to note them; reports of before are dropped, and come again with the next use."""

    def __call__(self, uses: Mapping[str, int]) -> None:
        desk, ids = self.desk, list(uses)
        if desk is None:
            return
        try:
            for start in range(0, len(ids), AT_ONCE_MAX):
                part = {id: uses[id] for id in ids[start : start + AT_ONCE_MAX]}
                desk.write(lambda whole, part=part: note_uses(whole.connection, part))  # type: ignore[misc]  # bound now
        except StoreFault as fault:
            _log.warning("when grants were last used was not noted: %s", fault)
