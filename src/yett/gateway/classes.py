"""Which class a tool has: the one of the snapshot, as long as the server lists the very definition that it was given for."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

import msgspec

from yett.catalog.fingerprint import fingerprint
from yett.gateway.snapshot import ToolClass
from yett.protocol.lists import ToolDefinition

PRINTS_MAX: Final = 20_000
"""Definitions whose fingerprint is remembered: each session reads the same list again."""


class Classes:
    """The classes of all servers' tools."""

    def __init__(self) -> None:
        self._given: dict[str, Mapping[str, ToolClass]] = {}
        self._prints: dict[bytes, str | None] = {}

    def give(self, server: str, tools: Mapping[str, ToolClass]) -> bool:
        """Have a server's tools have these classes; whether that is news."""
        if self._given.get(server, {}) == tools:
            return False
        if tools:
            self._given[server] = tools
        else:
            del self._given[server]
        return True

    def still(self, server: str, name: str, risk: str | None) -> str | None:
        """The class of a tool that had `risk` when it was last listed, before it is listed again."""
        named = self._given.get(server, {}).get(name)
        return None if named is None or (named.definition is not None and named.risk != risk) else named.risk

    def of(self, server: str, tool: ToolDefinition) -> str | None:
        """The class of a tool as its server lists it; None where it has none, and is judged as `Unknown`."""
        given = self._given.get(server)
        named = None if given is None else given.get(tool.name)
        if named is None:
            return None
        return named.risk if named.definition is None or named.definition == self.print_of(tool) else None

    def print_of(self, tool: ToolDefinition) -> str | None:
        """The fingerprint of a definition; None for one that cannot be read."""
        key = blake2b(tool.raw, digest_size=16).digest()
        if key not in self._prints:
            if len(self._prints) >= PRINTS_MAX:
                self._prints.clear()
            self._prints[key] = fingerprint_of_text(tool.raw)
        return self._prints[key]


def fingerprint_of_text(raw: bytes) -> str | None:
    """That of a definition as it stood on the wire, read as whoever classifies it reads it; None where it cannot be read."""
    try:
        return fingerprint(msgspec.json.decode(raw))
    except (msgspec.DecodeError, RecursionError):
        return None
