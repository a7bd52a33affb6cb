"""What the classifier says of the tools that servers listed, kept: to judge a list of thousands takes a second or two.

Rows come in, as they stand in the store; no transaction is open while they are read and judged.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any, Final

from yett.admin.catalogue_tools import definitions_of, override_of
from yett.catalog.classify import classify
from yett.catalog.model import ShownVerdict, ToolDefinition, Verdict
from yett.catalog.neighbours import Neighbours
from yett.catalog.overriding import shown
from yett.catalog.page_model import CataloguedServer
from yett.stores.control.records import Look, LookText, Server, ToolClass

BYTES_MAX: Final = 128 * 1024 * 1024
"""What is kept of all lists together, roughly; the one used longest ago gives way."""
VERDICT_BYTES: Final = 4_096
"""What is reckoned for a tool beside its definition, which takes some `TIMES` of its text."""
TIMES: Final = 4
AT_ONCE: Final = 500
"""Tools that somebody waits for, a quarter of a second."""
UNLISTED_MAX: Final = 2_000
"""Of one list: verdicts on tools that only an admin named."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A server, what it said, and what admins said of its tools."""

    server: Server
    text: LookText | None
    """Of the last look at it; None before the first."""
    given: Mapping[str, ToolClass]
    """By tool."""

    @property
    def said(self) -> str:
        """JSON text."""
        return "{}" if self.text is None else self.text.said

    @property
    def digest(self) -> bytes:
        """Of all that the classifier's word on listed tools depends on."""
        return blake2b(f"{self.server.name}\0{self.said}".encode("utf-8", "surrogatepass"), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class _List:
    """The tools of one server, judged as each other's siblings. What an admin names beside them does not change what they are."""

    digest: bytes
    size: int
    name: str
    said: Mapping[str, Any]
    """What the server said beside them."""
    tools: tuple[ToolDefinition, ...]
    neighbours: Neighbours
    verdicts: tuple[Verdict, ...] = ()
    unlisted: dict[str, Verdict] = field(default_factory=dict)

    def verdict_on(self, name: str) -> tuple[ToolDefinition, Verdict]:
        """Of a tool that is not listed."""
        tool = ToolDefinition(name, server=self.name)
        found = self.unlisted.get(name)
        if found is None:
            if len(self.unlisted) >= UNLISTED_MAX:
                self.unlisted.clear()
            found = self.unlisted[name] = classify(tool, self.neighbours)
        return tool, found


class Verdicts:
    """The only owner of verdicts. For any number of threads; one judges a list at a time, since they share a processor anyway."""

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._lists: OrderedDict[str, _List] = OrderedDict()
        """By server id."""
        self._lock = threading.Lock()
        self._judging = threading.Lock()

    def catalogued(self, heard: Heard) -> CataloguedServer:
        """A server with its tools judged, an admin's word above the classifier's."""
        found = self._list(heard)
        server, listed = heard.server, {tool.name for tool in found.tools}
        unlisted = (found.verdict_on(name) for name in heard.given if name not in listed)
        given = {name: override_of(one) for name, one in heard.given.items()}
        judged = (*zip(found.tools, found.verdicts, strict=True), *unlisted)
        tools = tuple((tool, shown(verdict, given.get(tool.name))) for tool, verdict in judged)
        return CataloguedServer(server.name, server.name, server.notes, tools)

    def listed_at_once(self, heard: Heard) -> list[ShownVerdict] | None:
        """The verdicts on the tools that the server lists; None where they are not kept, and too many to be judged at once."""
        found = self._kept(heard) or _read(heard)
        if not found.verdicts:
            if len(found.tools) > AT_ONCE:
                return None
            found = self._list(heard)
        given = {name: override_of(one) for name, one in heard.given.items()}
        return [shown(verdict, given.get(verdict.name)) for verdict in found.verdicts]

    def look(self, heard: Heard) -> Look | None:
        """The last look at a server, but for its tools."""
        text = heard.text
        if text is None:
            return None
        return Look(server_id=heard.server.id, at_ns=text.at_ns, problem=text.problem, said=self._list(heard).said)

    def verdict_on(self, heard: Heard, name: str) -> tuple[ToolDefinition, Verdict, bool]:
        """One tool, and whether it is listed. No other one is judged for it."""
        found = self._kept(heard) or _read(heard)
        place = next((place for place, tool in enumerate(found.tools) if tool.name == name), None)
        if place is None:
            return (*found.verdict_on(name), False)
        tool = found.tools[place]
        return tool, found.verdicts[place] if found.verdicts else classify(tool, found.neighbours), True

    def _list(self, heard: Heard) -> _List:
        found = self._kept(heard)
        if found is None:
            with self._judging:
                found = self._kept(heard) or self._keep(heard.server.id, _judged(_read(heard)))
        return found

    def _kept(self, heard: Heard) -> _List | None:
        digest = heard.digest
        with self._lock:
            found = self._lists.get(heard.server.id)
            if found is None or found.digest != digest:
                return None
            self._lists.move_to_end(heard.server.id)
            return found

    def _keep(self, server_id: str, judged: _List) -> _List:
        with self._lock:
            self._lists[server_id] = judged
            self._lists.move_to_end(server_id)
            while len(self._lists) > 1 and sum(one.size for one in self._lists.values()) > self._bytes_max:
                self._lists.popitem(last=False)
        return judged


def _read(heard: Heard) -> _List:
    """The tools that can be read; what is no definition is none of the server's tools."""
    said: dict[str, Any] = json.loads(heard.said)
    name = heard.server.name
    tools = definitions_of(said.get("tools", ()), name)
    size = TIMES * len(heard.said) + VERDICT_BYTES * len(tools)
    beside = {key: value for key, value in said.items() if key != "tools"}
    return _List(heard.digest, size, name, beside, tuple(tools), Neighbours.of(tools))


def _judged(found: _List) -> _List:
    return replace(found, verdicts=tuple(classify(tool, found.neighbours) for tool in found.tools))
