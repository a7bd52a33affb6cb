"""Configuration files as entries: JSON with or without comments, and TOML. What is wrong with one entry spoils no other."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from yett.errors import YettError

FILE_BYTES_MAX: Final = 64 * 1024 * 1024
"""Claude Code keeps more than servers in its file."""
ENTRIES_MAX: Final = 1000
NAME_MAX: Final = 200
_KEYS: Final = (("mcpServers",), ("servers",), ("mcp", "servers"), ("mcp_servers",), ("mcp.servers",))
"""Where clients keep their servers: most; VS Code's own file; its settings; Codex."""
_JSONC: Final = re.compile(r'("(?:[^"\\]|\\.)*+")|//[^\n]*|/\*.*?\*/|,(?=(?:\s|//[^\n]*|/\*.*?\*/)*+[\]}])', re.DOTALL)


class BadFile(YettError):
    """A file that cannot be read as what it should be. Says nothing of its content."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One server as it stands in the file."""

    name: str
    value: dict[str, Any]
    scope: str = ""


def entries_of(data: bytes, *, toml: bool) -> list[Entry]:
    """The servers of a file. Errors: `BadFile`."""
    if len(data) > FILE_BYTES_MAX:
        raise BadFile(f"it is larger than {FILE_BYTES_MAX:,} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadFile("it is not UTF-8") from None
    value = _toml(text) if toml else _json(text)
    if not isinstance(value, dict):
        raise BadFile("it is no object")
    found = list(_entries(value))
    if len(found) > ENTRIES_MAX:
        raise BadFile(f"it has more than {ENTRIES_MAX:,} servers")
    return found


def _entries(value: dict[str, Any]) -> Iterator[Entry]:
    for keys in _KEYS:
        yield from _named(_below(value, keys), keys[-1], "")
    projects = value.get("projects")
    if isinstance(projects, dict):
        for path, project in projects.items():
            if isinstance(project, dict):
                yield from _named(project.get("mcpServers"), "mcpServers", path)


def _below(value: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _named(servers: Any, key: str, scope: str) -> Iterator[Entry]:
    if servers is None:
        return
    if not isinstance(servers, dict):
        raise BadFile(f"`{key}` is no object")
    for name, entry in servers.items():
        if len(name) > NAME_MAX:
            raise BadFile(f"the name of a server is longer than {NAME_MAX} characters")
        yield Entry(name, entry if isinstance(entry, dict) else {}, scope)


def _toml(text: str) -> Any:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFile(f"it is no TOML{_position(error)}") from None


def _json(text: str) -> Any:
    try:
        return _loads(text)
    except json.JSONDecodeError:
        pass
    try:
        return _loads(_JSONC.sub(lambda found: found[1] or " ", text))
    except (ValueError, RecursionError) as error:
        raise BadFile(f"it is no JSON{_position(error)}") from None


def _loads(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_once)
    except RecursionError:
        raise BadFile("it is nested too deep") from None
    except json.JSONDecodeError:
        raise
    except ValueError:
        raise BadFile("it has a number that is too large") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two readers may take a name that stands twice differently."""
    value = dict(pairs)
    if len(value) < len(pairs):
        raise BadFile("a key stands twice in one object, and clients may read either")
    return value


def _position(error: Exception) -> str:
    """The line, which names nothing of the content."""
    line = getattr(error, "lineno", None)
    if line is None:
        found = re.search(r"at line (\d+)", str(error))
        line = found[1] if found else None
    return f" (line {line})" if line else ""
