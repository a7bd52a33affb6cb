"""The tools of each server, as the gateway knows them: what may be called at all, and by which schema."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias
from weakref import WeakValueDictionary

from yett.errors import UpstreamFault
from yett.gateway.active import Snapshot, Touched
from yett.gateway.classes import Classes
from yett.gateway.pins import Pins
from yett.gateway.snapshot import ToolClass
from yett.policy.arguments import compile_check
from yett.policy.decision import ArgumentCheck, ToolFacts
from yett.policy.json_value import JsonObject
from yett.ports import Clock
from yett.protocol.lists import ToolDefinition
from yett.protocol.parameter_fields import ParameterFields, parameter_fields

REFRESH_S: Final = 1.0
"""A list is asked for again at most this often."""
TOOLS_MAX: Final = 10_000
"""Tools of one server; a list past it is refused rather than kept in part."""
SCOPES_MAX: Final = 20_000
"""Lists that are remembered; the one used longest ago gives way."""
TOOLS_TOTAL_MAX: Final = 500_000
"""Tools in all of them, some two hundred megabytes: a client may open many sessions with a server that lists much."""

Scope: TypeAlias = tuple[str, str] | tuple[str, str, str]
"""Whose list it is: the server, the session or grant it was read for, and what clients can be asked, if anything, where that is
not settled by a session."""
Fetch: TypeAlias = Callable[[], Awaitable[list[ToolDefinition]]]
"""Asks the server for its whole list."""
Classify: TypeAlias = Callable[[Sequence[ToolDefinition]], Mapping[str, ToolClass]]
"""Classes by name, of what was just listed and of what was listed before. Must not raise."""
Pinned: TypeAlias = Callable[[Sequence[ToolDefinition], bool], Mapping[str, str] | None]
"""What tools are held to, told what was just listed and whether that was the end of a list. Must not raise."""

GONE: Final = -1
UNKNOWN: Final = ToolFacts(known=False)
_NEVER: Final = float("-inf")


@dataclass(slots=True, weakref_slot=True, eq=False)
class _LazyCheck:
    """A schema, compiled when the first call needs it. One for all lists that hold the same bytes: each session has a list."""

    schema: bytes
    compiled: ArgumentCheck | None = None
    done: bool = False
    _fields: ParameterFields | None = None

    @property
    def fields(self) -> ParameterFields:
        """The HTTP fields that repeat arguments of this schema."""
        if self._fields is None:
            self._fields = parameter_fields(self.schema)
        return self._fields

    def __call__(self, arguments: JsonObject) -> str | None:
        if not self.done:
            self.compiled = compile_check(self.schema)
            self.done = True
        if self.compiled is None:
            return "the tool's input schema cannot be used, and the policy demands that arguments are checked against it"
        return self.compiled(arguments)


@dataclass(slots=True)
class _Known:
    """One list as it was last seen."""

    server: str
    tools: dict[str, ToolFacts] = field(default_factory=dict)
    schemas: dict[str, bytes | None] = field(default_factory=dict)
    asked_at_s: float = _NEVER
    whole: bool = False
    """Whether it was ever seen whole: only then is a tool that is not in it unknown."""
    stale: bool = True
    changes: int = 0
    """How often it became stale."""
    counted: int = 0
    """Tools that are counted among those of all lists; `GONE` for a list that was forgotten while it was being read."""
    failed: bool = False
    """Whether the last attempt to read it failed: what it held before is not gone by then."""
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)


class ToolBook:
    """The only owner of what is known of tools."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: OrderedDict[Scope, _Known] = OrderedDict()
        self._total = 0
        self._apart: dict[tuple[str, str], set[Scope]] = {}
        """Lists for clients that can be asked something, by whose they are else."""
        self._checks: WeakValueDictionary[bytes, _LazyCheck] = WeakValueDictionary()
        self._classes = Classes()
        self._pins = Pins()
        self.classify: Classify | None = None
        """Who judges what is listed, where no control plane does."""
        self.pinned: Pinned | None = None
        """Who knows what was accepted, where no control plane does."""
        self.on_changed: Callable[[str], None] = lambda _: None
        """Told of each server (id) that lists a tool otherwise than it was accepted. Must not raise."""

    def known(self, scope: Scope, name: str) -> ToolFacts | None:
        """What is known of a tool as long as nobody has to be asked; None where somebody has."""
        known = self._known.get(scope)
        if known is None or known.stale:
            return None
        self._known.move_to_end(scope)
        return known.tools.get(name)

    async def facts(self, scope: Scope, name: str, fetch: Fetch) -> ToolFacts:
        """What is known of a tool; asks the server on a miss, after a change, and at most once a second.

        Errors: whatever `fetch` raises; `UpstreamFault` until a list that could not be read may be asked for again.
        """
        found = self.known(scope, name)
        if found is not None:
            return found
        known = self._of(scope)
        async with known.asking:
            fresh = name in known.tools and not known.stale
            if not fresh and self._clock.monotonic() - known.asked_at_s >= REFRESH_S:
                await self._ask(known, fetch)
        facts = known.tools.get(name)
        if (facts is None and not known.whole) or (known.stale and known.failed):
            raise UpstreamFault("the server did not tell its tools a moment ago; try again in a second")
        return UNKNOWN if facts is None else facts

    async def _ask(self, known: _Known, fetch: Fetch) -> None:
        known.asked_at_s, known.failed, changes = self._clock.monotonic(), True, known.changes
        try:
            definitions = await fetch()
        except asyncio.CancelledError:
            known.asked_at_s = _NEVER  # one client that leaves does not keep the others waiting
            raise
        self._replace(known, definitions)
        known.stale = known.changes != changes  # what was said meanwhile may be about something later

    def parameter_fields(self, scope: Scope, name: str) -> ParameterFields:
        """The HTTP fields that repeat arguments of a tool; none where it is not known."""
        known = self._known.get(scope)
        schema = None if known is None else known.schemas.get(name)
        check = None if schema is None else self._checks.get(schema)
        return {} if check is None else check.fields

    def learn(self, scope: Scope, definitions: Iterable[ToolDefinition], *, whole: bool, last: bool = False) -> None:
        """Take note of a list, or a page of one, that passed by on its way to a client; `last` for a page without another one.

        Errors: `UpstreamFault` for more tools than anybody has.
        """
        known = self._of(scope)
        if whole:
            self._replace(known, list(definitions))
            known.asked_at_s = self._clock.monotonic()
        else:
            self._judge(known.server, listed := list(definitions), last=last)
            self._add_all(known, listed)

    def changed(self, scope: Scope) -> None:
        """The server says that its list is not what it was."""
        for one in self._all(scope):
            if one in self._known:
                self._known[one].stale = True
                self._known[one].changes += 1

    def follow(self, snapshot: Snapshot, touched: Touched) -> None:
        """A snapshot became active: tools may have other classes or pins by it, unless they are judged here."""
        if self.classify is not None or self.pinned is not None:
            return
        news = {server for server in touched.classes if self._classes.give(server, snapshot.classes.get(server, {}))}
        for server in news | {server for server in touched.pins if self._pins.give(server, snapshot.pins.get(server))}:
            self.read_again(server)

    def read_again(self, server: str) -> None:
        """Have each list of a server read before its next call: its tools are judged otherwise now."""
        for scope, known in self._known.items():
            if scope[0] == server:
                known.stale, known.asked_at_s = True, _NEVER
                known.changes += 1

    def class_of(self, server: str, tool: ToolDefinition) -> str | None:
        """The class of a tool as its server lists it; None where it has none."""
        return self._classes.of(server, tool)

    def is_changed(self, server: str, tool: ToolDefinition) -> bool:
        """Whether a tool, as its server lists it, is not the one that was accepted."""
        return self._pins.changed(server, tool)

    def risk(self, scope: Scope, name: str) -> str | None:
        """The class of a tool, as far as it can be told without asking its server."""
        for one in self._all(scope) if len(scope) == 2 else (scope,):
            known = self._known.get(one)
            facts = None if known is None else known.tools.get(name)
            if facts is not None:
                return self._classes.still(scope[0], name, facts.risk)
        return None

    def forget(self, scope: Scope) -> None:
        """Drop a list, because its session is over."""
        known = self._known.pop(scope, None)
        if known is not None:
            self._total, known.counted = self._total - known.counted, GONE
        apart = self._apart.get(scope[:2], set())
        apart.discard(scope)
        if not apart:
            self._apart.pop(scope[:2], None)

    def _all(self, scope: Scope) -> tuple[Scope, ...]:
        """The lists that are as this one, but for what clients can be asked."""
        return (scope[:2], *self._apart.get(scope[:2], ()))

    def _of(self, scope: Scope) -> _Known:
        known = self._known.get(scope)
        if known is None:
            known = self._known[scope] = _Known(scope[0])
            if len(scope) == 3:
                self._apart.setdefault(scope[:2], set()).add(scope)
            if len(self._known) > SCOPES_MAX:
                self.forget(next(iter(self._known)))
        else:
            self._known.move_to_end(scope)
        return known

    def _judge(self, server: str, definitions: Sequence[ToolDefinition], *, last: bool) -> None:
        if self.classify is not None:
            self._classes.give(server, self.classify(definitions))
        if self.pinned is not None:
            self._pins.give(server, self.pinned(definitions, last))

    def _replace(self, known: _Known, definitions: list[ToolDefinition]) -> None:
        self._judge(known.server, definitions, last=True)
        for gone in known.tools.keys() - {definition.name for definition in definitions}:
            del known.tools[gone], known.schemas[gone]
        self._add_all(known, definitions)
        known.stale = known.failed = False
        known.whole = True

    def _add_all(self, known: _Known, definitions: Iterable[ToolDefinition]) -> None:
        try:
            for definition in definitions:
                self._add(known, definition)
        finally:
            self._count(known)

    def _count(self, known: _Known) -> None:
        """Have the lists that were used longest ago give way to what was learned now."""
        if known.counted != GONE:
            self._total, known.counted = self._total + len(known.tools) - known.counted, len(known.tools)
        while self._total > TOOLS_TOTAL_MAX and len(self._known) > 1:
            self.forget(next(iter(self._known)))

    def _add(self, known: _Known, definition: ToolDefinition) -> None:
        name, schema, changed = definition.name, definition.input_schema, self._pins.changed(known.server, definition)
        risk, print_ = self._classes.of(known.server, definition), self._classes.print_of(definition)
        if name in known.tools:
            before = known.tools[name]
            if known.schemas[name] == schema and (before.risk, before.definition, before.changed) == (risk, print_, changed):
                return
        elif len(known.tools) >= TOOLS_MAX:
            raise UpstreamFault(f"the server lists more than {TOOLS_MAX} tools; have it list fewer")
        if changed:
            self.on_changed(known.server)
        check = None if schema is None else self._check(schema)
        known.tools[name] = ToolFacts(changed=changed, risk=risk, check=check, definition=print_)
        known.schemas[name] = None if check is None else check.schema

    def _check(self, schema: bytes) -> _LazyCheck:
        check = self._checks.get(schema)
        if check is None:
            check = self._checks[schema] = _LazyCheck(schema)
        return check
