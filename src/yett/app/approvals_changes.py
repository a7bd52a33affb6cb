"""What became of requests since the last look: whoever watches asks for what changed, and for nothing where nothing did."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Final, TypeAlias

from yett.admin.approvals_views import ApprovalLine, ApprovalView
from yett.admin.checks import show_moment
from yett.admin.errors import NotFound
from yett.app.approvals_both import BothApprovals
from yett.stores.approval_looks import requests_after
from yett.stores.state_reader import StateReader

AT_ONCE: Final = 50
"""Requests that are asked for one by one; if more have changed, all that are open are."""
Open: TypeAlias = Callable[[], AbstractContextManager[BothApprovals]]


class Changes:
    """Remembers what it has told. `open` reaches the requests, which may cost a connection: it is used for news only."""

    def __init__(self, state_db: Path, open: Open, now_ns: Callable[[], int]) -> None:
        self._state_db = state_db
        self._open = open
        self._now_ns = now_ns
        self._seq: int | None = None
        self._until: dict[str, str] = {}
        """When the time of an open request is over, which no record tells."""

    def look(self) -> list[ApprovalLine]:
        """At first what is open; then what has changed since, the oldest first. Errors: `StoreFault`, `AdminFault`."""
        if not self._state_db.exists():
            return []
        everything = self._seq is None
        with StateReader(self._state_db) as reader:
            self._seq, changed = requests_after(reader, self._seq)
        now = show_moment(self._now_ns())
        changed |= dict.fromkeys(id for id, until in self._until.items() if until <= now)
        if not (everything or changed):
            return []
        with self._open() as both:
            found = _open_lines(both) if everything or len(changed) > AT_ONCE else {}
            found |= _lines(both, [id for id in (self._until if found else changed) if id not in found])
        self._remember(changed, found)
        return [*found.values()]

    def _remember(self, changed: Collection[str], found: Mapping[str, ApprovalLine]) -> None:
        waiting = {id: one.expires_at for id, one in found.items() if one.state in {"pending", "approved"}}
        self._until = {id: until for id, until in self._until.items() if id not in found and id not in changed} | waiting


def _open_lines(both: BothApprovals) -> dict[str, ApprovalLine]:
    return {one.id: one for one in reversed(both.open_lines())}


def _lines(both: BothApprovals, ids: list[str]) -> dict[str, ApprovalLine]:
    """Those of these ids that are there, for whoever asks."""
    found: dict[str, ApprovalLine] = {}
    for id in ids:
        with suppress(NotFound):
            found[id] = line_of(both.view(id))
    return found


def line_of(view: ApprovalView) -> ApprovalLine:
    """A request as one line."""
    return ApprovalLine(
        id=view.id,
        state=view.state,
        server=view.server,
        surface=view.surface,
        tool=view.tool,
        risk=view.risk,
        grant=view.grant,
        grant_label=view.grant_label,
        owner=view.owner,
        mine=view.mine,
        decidable=view.decidable,
        missing=max((ask.missing for ask in view.asks), default=0) if view.state == "pending" else 0,
        created_at=view.created_at,
        expires_at=view.expires_at,
        ended_at=view.ended_at,
        times_asked=view.times_asked,
    )
