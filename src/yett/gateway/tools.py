"""The tools of each server, as the gateway knows them: what may be called at all, and by which schema."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from yett.policy.arguments import compile_check
from yett.policy.decision import ArgumentCheck, ToolFacts
from yett.policy.json_value import JsonObject
from yett.ports import Clock
from yett.protocol.lists import ToolDefinition

REFRESH_S: Final = 1.0
"""A list is asked for again at most this often."""
TOOLS_MAX: Final = 10_000
"""Tools of one server; a list past it is refused rather than kept in part."""
SCOPES_MAX: Final = 20_000
"""Lists that are remembered; the one used longest ago gives way."""

Scope: TypeAlias = tuple[str, str]
"""Whose list it is: the server, and the session or grant it was read for."""
Fetch: TypeAlias = Callable[[], Awaitable[list[ToolDefinition]]]
"""Asks the server for its whole list."""

UNKNOWN: Final = ToolFacts(known=False)


@dataclass(slots=True)
class _LazyCheck:
    """A tool's schema, compiled when the first call needs it."""

    schema: bytes
    compiled: ArgumentCheck | None = None
    done: bool = False

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

    tools: dict[str, ToolFacts] = field(default_factory=dict)
    schemas: dict[str, bytes | None] = field(default_factory=dict)
    asked_at_s: float = float("-inf")
    stale: bool = True
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)


class ToolBook:
    """The only owner of what is known of tools."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: OrderedDict[Scope, _Known] = OrderedDict()

    async def facts(self, scope: Scope, name: str, fetch: Fetch) -> ToolFacts:
        """What is known of a tool; asks the server on a miss, after a change, and at most once a second.

        Errors: whatever `fetch` raises.
        """
        known = self._of(scope)
        facts = known.tools.get(name)
        if facts is not None and not known.stale:
            return facts
        async with known.asking:
            facts = known.tools.get(name)
            fresh = facts is not None and not known.stale
            if not fresh and self._clock.monotonic() - known.asked_at_s >= REFRESH_S:
                known.asked_at_s = self._clock.monotonic()
                definitions = await fetch()
                self._replace(known, definitions)
        return known.tools.get(name, UNKNOWN)

    def learn(self, scope: Scope, definitions: Iterable[ToolDefinition], *, whole: bool) -> None:
        """Take note of a list, or a page of one, that passed by on its way to a client."""
        known = self._of(scope)
        if whole:
            self._replace(known, definitions)
            known.asked_at_s = self._clock.monotonic()
        else:
            for definition in definitions:
                self._add(known, definition)

    def changed(self, scope: Scope) -> None:
        """The server says that its list is not what it was."""
        if scope in self._known:
            self._known[scope].stale = True

    def forget(self, scope: Scope) -> None:
        """Drop a list, because its session is over."""
        self._known.pop(scope, None)

    def _of(self, scope: Scope) -> _Known:
        known = self._known.get(scope)
        if known is None:
            known = self._known[scope] = _Known()
            if len(self._known) > SCOPES_MAX:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(scope)
        return known

    def _replace(self, known: _Known, definitions: Iterable[ToolDefinition]) -> None:
        definitions = list(definitions)
        for gone in known.tools.keys() - {definition.name for definition in definitions}:
            del known.tools[gone], known.schemas[gone]
        for definition in definitions:
            self._add(known, definition)
        known.stale = False

    def _add(self, known: _Known, definition: ToolDefinition) -> None:
        if definition.name in known.tools and known.schemas[definition.name] == definition.input_schema:
            return
        check = None if definition.input_schema is None else _LazyCheck(definition.input_schema)
        known.tools[definition.name] = ToolFacts(check=check)
        known.schemas[definition.name] = definition.input_schema
