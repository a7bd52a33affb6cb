"""What people tried and may not goes into the decision log, but nobody fills it by trying again and again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from yett.admin.approvals_port import Attempt
from yett.admin.checks import NS
from yett.approvals.shown import inert

WRITTEN_MAX: Final = 20
"""Attempts of one actor that are written in one `WINDOW_NS`; of the others, how many there were."""
WINDOW_NS: Final = 60 * NS
ACTORS_MAX: Final = 1_000
"""Actors that are remembered; the one that tried first is forgotten first."""
ID_MAX: Final = 64
"""Characters of what was named as an id."""


@dataclass(slots=True)
class _Tries:
    since_ns: int
    count: int = 0
    unwritten: int = 0


class Attempts:
    """Counts them. For any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tries: OrderedDict[tuple[str, str], _Tries] = OrderedDict()

    def detail_of(self, attempt: Attempt) -> dict[str, object] | None:
        """What is written of this attempt; None if nothing is."""
        unwritten = self._counted((attempt.organisation, attempt.actor), attempt.at_ns)
        if unwritten is None:
            return None
        said: dict[str, object] = {
            "organisation": attempt.organisation,
            "approval": inert(attempt.approval[:ID_MAX]),
            "act": attempt.act,
            "why": attempt.why,
        }
        return {**said, "unwritten_before": unwritten} if unwritten else said

    def _counted(self, who: tuple[str, str], now_ns: int) -> int | None:
        """How many attempts before this one were not written; None if this one is not, either."""
        with self._lock:
            tries = self._tries.setdefault(who, _Tries(now_ns))
            if not 0 <= now_ns - tries.since_ns < WINDOW_NS:
                tries.since_ns, tries.count = now_ns, 0
            tries.count += 1
            if tries.count > WRITTEN_MAX:
                tries.unwritten += 1
                return None
            unwritten, tries.unwritten = tries.unwritten, 0
            if len(self._tries) > ACTORS_MAX:
                self._tries.popitem(last=False)
            return unwritten
