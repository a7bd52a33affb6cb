"""What went wrong with servers, for the operator: in the program's log, but not a line for each of a thousand failed calls."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from yett.errors import YettError

QUIET_S: Final = 5.0
"""After a line about a server, further ones are only counted for so long."""

log = logging.getLogger("yett.faults")


@dataclass(slots=True)
class FaultLog:
    """Implements `yett.gateway.calls.OnFault`."""

    monotonic: Callable[[], float]
    _said: dict[str, tuple[float, int]] = field(default_factory=dict)
    """By server: when a line was written, and how many were left out since."""

    def __call__(self, request_id: str, server: str, fault: YettError) -> None:
        """Write a line, or count it."""
        now = self.monotonic()
        said_at, left_out = self._said.get(server, (float("-inf"), 0))
        if now - said_at < QUIET_S:
            self._said[server] = (said_at, left_out + 1)
            return
        self._said[server] = (now, 0)
        more = f" (and {left_out} more since the last line)" if left_out else ""
        log.warning("request %s to server `%s` failed: %s%s", request_id, server, fault, more)
