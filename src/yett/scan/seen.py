"""What was seen of servers last time: names and digests, nothing else."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final

from yett.catalog.grade import Grade
from yett.catalog.model import ToolDefinition
from yett.scan.model import Changes, FoundServer, Identity, Tools

VERSION: Final = 1
REMEMBERED_MAX: Final = 10_000
"""Servers; where there are more, only those of the last scan are kept."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """One server as it was seen."""

    shown: str
    tools: Mapping[str, str] | None
    """Digest by name; None where they were not known."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What was made of it: see `facts_of`."""


def key_of(server: FoundServer) -> str:
    """The name of an entry in the memory: one client's entry of one file."""
    text = "\0".join((server.client, str(server.file), server.scope, server.name))
    return blake2b(text.encode("utf-8", "backslashreplace"), digest_size=16, person=b"yett scan").hexdigest()


def digests(tools: Tools) -> dict[str, str] | None:
    """Digest of each tool's definition; None where the server did not tell them now, for then they are no news of it."""
    return None if tools.listed is None or tools.freshness is not None else {tool.name: _digest(tool) for tool in tools.listed}


def _digest(tool: ToolDefinition) -> str:
    said = [tool.name, tool.title, tool.description, tool.input_schema, dict(tool.annotations)]
    text = json.dumps(said, sort_keys=True, default=str)
    return blake2b(text.encode(), digest_size=16, person=b"yett scan").hexdigest()


def facts_of(server: FoundServer, identity: Identity, tools: Tools, grade: Grade | None) -> dict[str, str]:
    """What is made of a server, by what it is about; its grade only where it told its tools now."""
    facts = {"identity": identity.standing.value, "authentication": server.authentication}
    return facts if grade is None or tools.freshness is not None else {"grade": grade.letter, **facts}


_NONE: Final[Mapping[str, str]] = {}


def changes(server: FoundServer, tools: Tools, before: Remembered | None, facts: Mapping[str, str] = _NONE) -> Changes:
    """What is different from `before`."""
    if before is None:
        return Changes(first=True)
    moved = before.shown if before.shown != server.shown else None
    turned = tuple(
        f"{kind} {before.facts[kind]} → {fact}" for kind, fact in facts.items() if before.facts.get(kind, fact) != fact
    )
    now = digests(tools)
    if now is None or before.tools is None:
        return Changes(first=False, moved_from=moved, turned=turned)
    return Changes(
        first=False,
        turned=turned,
        added=tuple(sorted(now.keys() - before.tools.keys())),
        removed=tuple(sorted(before.tools.keys() - now.keys())),
        changed=tuple(sorted(name for name in now.keys() & before.tools.keys() if now[name] != before.tools[name])),
        moved_from=moved,
    )


def remember(server: FoundServer, tools: Tools, before: Remembered | None, facts: Mapping[str, str] = _NONE) -> Remembered:
    """What is kept; tools that are not known this time, and the grade with them, are kept as they were."""
    now = digests(tools)
    if before is None:
        return Remembered(server.shown, now, facts)
    return Remembered(server.shown, before.tools if now is None else now, {**before.facts, **facts})


def bounded(memory: Mapping[str, Remembered], now: Collection[str]) -> dict[str, Remembered]:
    """What is kept of a memory; `now`: the servers of this scan."""
    return {key: one for key, one in memory.items() if len(memory) <= REMEMBERED_MAX or key in now}


def written(memory: Mapping[str, Remembered]) -> bytes:
    """The memory as the content of a file."""
    servers = {key: {"shown": one.shown, "tools": one.tools, "facts": one.facts} for key, one in sorted(memory.items())}
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
    tools, facts = one["tools"], one.get("facts", {})
    digested = None if tools is None else {str(name): str(digest) for name, digest in tools.items()}
    return Remembered(str(one["shown"]), digested, {str(kind): str(fact) for kind, fact in facts.items()})
