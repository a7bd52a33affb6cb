"""How the tools of servers change: noted with each look, told as a feed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast, get_args

from yett.admin.cases import Cases
from yett.admin.catalogue_views import Level
from yett.admin.checks import show_moment
from yett.admin.drift_views import ToolChangePage, ToolChangeView
from yett.admin.errors import Invalid
from yett.admin.listing import PAGE, PAGE_MAX
from yett.admin.permissions import Permission
from yett.catalog.drift import MEANINGS, Drift, Kind, drift
from yett.catalog.model import Severity
from yett.stores.control.records import Look, Server, ToolChange
from yett.stores.control.transaction import Transaction

CURSOR_MAX: Final = 2**53 - 1
"""The highest number that every reader of JSON can tell."""
TOOLS: Final = get_args(Kind)
"""Kinds of changes that are of one tool; the feed has others beside (`yett.admin.registry_cases`)."""


class DriftCases(Cases):
    """The part of `yett.admin.control.Control` for changes of tools."""

    __slots__ = ()

    def tool_changes(
        self, server: str | None = None, severity: str | None = None, after: str | None = None, limit: int = PAGE
    ) -> ToolChangePage:
        """What changed, of one server or of all within reach, of this severity or a graver one.

        Oldest first after the place `after`; without it, newest first.
        """
        self.require(Permission.VIEW)
        rank, place = rank_of(severity), place_in_feed(after)
        if not 1 <= limit <= PAGE_MAX:
            raise Invalid(f"`limit` must be from 1 to {PAGE_MAX}", pointer="/limit")

        def look(read: Transaction) -> list[tuple[ToolChange, str]]:
            server_id = None if server is None else self.find_server(read, server).id
            return read.tool_changes.listed(
                limit=limit + 1, server_id=server_id, severity=rank, after=place, only=self.principal.servers, kinds=TOOLS
            )

        found = self.read(look)
        shown = found[:limit]
        last = max((change.sequence for change, _ in shown), default=place or 0)
        return ToolChangePage(items=[_view(*one) for one in shown], cursor=str(last), more=len(found) > limit)


@dataclass(frozen=True, slots=True)
class Drifted:
    """What changed since the look at this moment."""

    since_ns: int | None
    changes: Sequence[Drift]


def drifted(last: Look | None, look: Look, server: Server) -> Drifted:
    """What a look found otherwise: nothing where it failed, and nothing where there is no answer before it."""
    since = None if last is None else last.at_ns
    if last is None or look.problem is not None or "tools" not in last.said:
        return Drifted(since, ())
    return Drifted(since, drift(last.said["tools"], look.said.get("tools", []), server.name))


def note_drift(write: Transaction, server: Server, look: Look, found: Drifted | None) -> None:
    """Keep what changed, before the look is noted. It is found anew where another look came in between."""
    last = write.servers.look(server.id)
    if found is None or found.since_ns != (None if last is None else last.at_ns):
        found = drifted(last, look, server)
    write.tool_changes.add(server.id, [_record(server.id, look.at_ns, one) for one in found.changes])


def _record(server_id: str, at_ns: int, one: Drift) -> ToolChange:
    return ToolChange(
        server_id=server_id,
        at_ns=at_ns,
        tool=one.tool,
        kind=one.kind,
        severity=one.severity.rank,
        before=one.before,
        after=one.after,
        meanings=one.meanings,
        members=one.members,
        diff=one.diff,
    )


def _view(change: ToolChange, server: str) -> ToolChangeView:
    return ToolChangeView(
        sequence=change.sequence,
        at=show_moment(change.at_ns),
        server=server,
        server_id=change.server_id,
        tool=change.tool,
        kind=cast("Any", change.kind),
        severity=tuple(Severity)[change.severity].value,
        meanings=list(change.meanings),
        what=MEANINGS[change.meanings[0]],
        members=list(change.members),
        before=change.before,
        after=change.after,
        diff=change.diff,
    )


def rank_of(severity: str | None) -> int:
    """The rank of a severity that is asked for; 0 for any. Errors: `Invalid`."""
    if severity is None:
        return 0
    if severity not in get_args(Level):
        raise Invalid(f"`{severity}` is no severity: there are {', '.join(get_args(Level))}", pointer="/severity")
    return Severity(severity).rank


def place_in_feed(after: str | None) -> int | None:
    """The number in a cursor; None where none is given. Errors: `Invalid`."""
    if after is None or after == "":
        return None
    if not (after.isascii() and after.isdecimal() and len(after) <= 16 and int(after) <= CURSOR_MAX):
        raise Invalid("`after` is not the `cursor` of a page; `0` is before the oldest", pointer="/after")
    return int(after)
