"""Which tools are not as people accepted them: compared when a list is learned or shown, never with a call."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

import msgspec

from yett.catalog.marks import fits, marks_of
from yett.protocol.lists import ToolDefinition

MARKS_MAX: Final = 20_000
"""Definitions whose marks are remembered: each session reads the same list again."""


class Pins:
    """What the tools of all servers are held to."""

    def __init__(self) -> None:
        self._given: dict[str, Mapping[str, str]] = {}
        self._marks: dict[bytes, tuple[str, ...] | None] = {}

    def give(self, server: str, tools: Mapping[str, str] | None) -> bool:
        """Have a server's tools held to these marks, by name; None: to nothing. Whether that is news."""
        if self._given.get(server) == tools:
            return False
        if tools is None:
            del self._given[server]
        else:
            self._given[server] = tools
        return True

    def changed(self, server: str, tool: ToolDefinition) -> bool:
        """Whether a tool, as its server lists it, is another one than was accepted, or was never accepted."""
        given = self._given.get(server)
        if given is None:
            return False
        pinned, marks = given.get(tool.name), self._marks_of(tool)
        return pinned is None or marks is None or not fits(marks, pinned.split(" "))

    def _marks_of(self, tool: ToolDefinition) -> tuple[str, ...] | None:
        key = blake2b(tool.raw, digest_size=16).digest()
        if key not in self._marks:
            if len(self._marks) >= MARKS_MAX:
                self._marks.clear()
            self._marks[key] = marks_of_text(tool.raw)
        return self._marks[key]


def marks_of_text(raw: bytes) -> tuple[str, ...] | None:
    """Those of a definition as it stood on the wire; None where it cannot be read, which fits no pin."""
    try:
        return marks_of(msgspec.json.decode(raw))
    except (msgspec.DecodeError, RecursionError):
        return None
