"""Failed tries to sign in on their way to the admin log, which nobody fills by trying."""

from __future__ import annotations

import threading
from typing import Final

from yett.admin.checks import NS

LINES_MAX: Final = 100
"""Lines of one organisation's log in one `WINDOW_NS`; of the others, the next line says how many there were."""
WINDOW_NS: Final = 3_600 * NS


class Refusals:
    """Rations the lines. For any number of threads. It grows with the organisations, which are few."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._windows: dict[str, tuple[int, int, int]] = {}
        """By organisation: since when, how many lines were written, how many were not."""

    def unwritten(self, organisation: str, now_ns: int) -> int | None:
        """How many failures before this one were not written; None if this one is not, either."""
        with self._lock:
            since_ns, written, left_out = self._windows.get(organisation, (now_ns, 0, 0))
            if not 0 <= now_ns - since_ns < WINDOW_NS:
                since_ns, written = now_ns, 0
            if written >= LINES_MAX:
                self._windows[organisation] = (since_ns, written, left_out + 1)
                return None
            self._windows[organisation] = (since_ns, written + 1, 0)
            return left_out
