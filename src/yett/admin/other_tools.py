"""What is known of the tools of an organisation's other servers, where the texts of one are judged: kept, since reading all lists
anew for each page would take seconds.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from yett.catalog.crossing import Others, others_of
from yett.stores.control.records import Server

if TYPE_CHECKING:
    from yett.admin.desk import Desk

ORGANISATIONS_MAX: Final = 16
"""Of which anything is kept; the one used longest ago gives way."""
AT_ONCE: Final = 64
"""Lists that are read in one transaction."""

_Known = dict[str, tuple[int, Mapping[str, tuple[str, str]]]]
"""By server id: when it was looked at, and its tools."""


class OtherTools:
    """One for a process. INVARIANT: nothing of one organisation is told to another. For any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Known] = OrderedDict()

    def beside(self, desk: Desk, organisation: str, server: Server, only: Collection[str] | None = None) -> Others:
        """The tools of all servers of the organisation that surely are others than this one; `only` of those ids.

        Not to be called within a transaction.
        """
        with self._lock:
            known = self._kept.setdefault(organisation, {})
            self._kept.move_to_end(organisation)
            while len(self._kept) > ORGANISATIONS_MAX:
                self._kept.popitem(last=False)
            present = self._renew(desk, organisation, known)
            others: dict[str, tuple[str, str]] = {}
            for other in present:
                if (only is None or other.id in only) and not _is_same(server, other):
                    others |= known[other.id][1]
            return others

    def _renew(self, desk: Desk, organisation: str, known: _Known) -> list[Server]:
        """Have `known` be what all servers said last; those that said something."""
        asked = desk.read(organisation, lambda read: read.servers.last_asked_before(2**63 - 1))
        at = {server.id: at_ns for server, at_ns in asked if at_ns is not None}
        for gone in known.keys() - at.keys():
            del known[gone]
        stale = [id for id, at_ns in at.items() if known.get(id, (None,))[0] != at_ns]
        for start in range(0, len(stale), AT_ONCE):
            part = stale[start : start + AT_ONCE]
            texts = desk.read(organisation, lambda read, part=part: [(id, read.servers.look_text(id)) for id in part])  # type: ignore[misc]  # bound now
            for id, text in texts:
                said: dict[str, Any] = {} if text is None else json.loads(text.said)
                known[id] = at[id], others_of(said.get("tools", ()))
        return [server for server, _ in asked if server.id in known]


def _is_same(one: Server, other: Server) -> bool:
    """One server may be there under several names: its tools are the same tools."""
    if one.id == other.id:
        return True
    if one.url is not None and other.url is not None:
        return urlsplit(one.url).netloc.lower() == urlsplit(other.url).netloc.lower()
    return one.command is not None and (
        one.command == other.command or (one.program is not None and one.program == other.program)
    )
