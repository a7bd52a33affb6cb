"""What was seen of servers last time: names and digests, nothing else."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

from yett.catalog.model import ToolDefinition
from yett.scan.model import Changes, FoundServer, Tools

VERSION: Final = 1
REMEMBERED_MAX: Final = 10_000
"""Servers; where there are more, only those of the last scan are kept."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """One server as it was seen."""

    shown: str
    tools: Mapping[str, str] | None
    """Digest by name; None where they were not known."""


def key_of(server: FoundServer) -> str:
    """The name of an entry in the memory: one client's entry of one file."""
    text = "\0".join((server.client, str(server.file), server.scope, server.name))
    return blake2b(text.encode("utf-8", "backslashreplace"), digest_size=16, person=b"yett scan").hexdigest()


def digests(tools: Tools) -> dict[str, str] | None:
    """Digest of each tool's definition."""
    return None if tools.listed is None else {tool.name: _digest(tool) for tool in tools.listed}


def _digest(tool: ToolDefinition) -> str:
    said = [tool.name, tool.title, tool.description, tool.input_schema, dict(tool.annotations)]
    text = json.dumps(said, sort_keys=True, default=str)
    return blake2b(text.encode(), digest_size=16, person=b"yett scan").hexdigest()


def changes(server: FoundServer, tools: Tools, before: Remembered | None) -> Changes:
    """What is different from `before`."""
    if before is None:
        return Changes(first=True)
    moved = before.shown if before.shown != server.shown else None
    now = digests(tools)
    if now is None or before.tools is None:
        return Changes(first=False, moved_from=moved)
    return Changes(
        first=False,
        added=tuple(sorted(now.keys() - before.tools.keys())),
        removed=tuple(sorted(before.tools.keys() - now.keys())),
        changed=tuple(sorted(name for name in now.keys() & before.tools.keys() if now[name] != before.tools[name])),
        moved_from=moved,
    )


def remember(server: FoundServer, tools: Tools, before: Remembered | None) -> Remembered:
    """What is kept; tools that are not known this time are kept as they were."""
    now = digests(tools)
    return Remembered(server.shown, now if now is not None or before is None else before.tools)


def bounded(memory: Mapping[str, Remembered], now: Collection[str]) -> dict[str, Remembered]:
    """What is kept of a memory; `now`: the servers of this scan."""
    return {key: one for key, one in memory.items() if len(memory) <= REMEMBERED_MAX or key in now}


def written(memory: Mapping[str, Remembered]) -> bytes:
    """The memory as the content of a file."""
    servers = {key: {"shown": one.shown, "tools": one.tools} for key, one in sorted(memory.items())}
    return json.dumps({"version": VERSION, "servers": servers}, indent=1, default=dict).encode()


def read_memory(content: bytes | None) -> dict[str, Remembered] | None:
    """The memory of a file's content; None where it cannot be read as one."""
    if content is None:
        return {}
    try:
        value = json.loads(content)
        return {key: _remembered(one) for key, one in value["servers"].items()} if value["version"] == VERSION else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _remembered(one: Any) -> Remembered:
    tools = one["tools"]
    return Remembered(str(one["shown"]), None if tools is None else {str(name): str(digest) for name, digest in tools.items()})
