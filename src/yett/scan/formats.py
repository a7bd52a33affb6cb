"""Configuration files as entries, whatever they are written in. What is wrong with one entry spoils no other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from yett.scan.dialects import DIALECTS, MIXED, Format, keys_of
from yett.scan.document import BadFile, lines_of, read_document
from yett.scan.model import Client

FILE_BYTES_MAX: Final = 64 * 1024 * 1024
"""Claude Code keeps more than servers in its file."""
ENTRIES_MAX: Final = 1000
NAME_MAX: Final = 200
Place = tuple[str | int, ...]
_OWN: Final = frozenset({"command", "cmd", "url", "uri"})
"""What one of these members has is a server, where others may stand beside it."""
_ALONE: Final = "server"

__all__ = ["ENTRIES_MAX", "FILE_BYTES_MAX", "NAME_MAX", "BadFile", "Entry", "Place", "entries_of"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One server as it stands in the file."""

    name: str
    value: dict[str, Any]
    scope: str = ""
    at: Place = ()
    """The way to it: keys of objects, and numbers in lists."""
    line: int | None = None


class _Misplaced(Exception):
    """Something in the file is not as it should be; `at` is the way to it."""

    def __init__(self, at: Place, message: str) -> None:
        super().__init__(message)
        self.at = at


def entries_of(data: bytes, form: Format = Format.JSON, client: Client = Client.ANY) -> list[Entry]:
    """The servers of a file. Errors: `BadFile`."""
    if len(data) > FILE_BYTES_MAX:
        raise BadFile(f"it is larger than {FILE_BYTES_MAX:,} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadFile("it is not UTF-8") from None
    value = read_document(text, form)
    if value is None:
        return []
    if not isinstance(value, dict):
        raise BadFile("it is no object")
    try:
        found = list(_entries(value, client, listed=DIALECTS[client].listed or form is Format.YAML))
    except _Misplaced as wrong:
        line = lines_of(text, form, {wrong.at}).get(wrong.at)
        raise BadFile(f"{wrong}{f' (line {line})' if line else ''}") from None
    if len(found) > ENTRIES_MAX:
        raise BadFile(f"it has more than {ENTRIES_MAX:,} servers")
    lines = lines_of(text, form, {entry.at for entry in found}) if found else {}
    return [Entry(entry.name, entry.value, entry.scope, entry.at, lines.get(entry.at)) for entry in found]


def _entries(value: dict[str, Any], client: Client, *, listed: bool) -> Iterator[Entry]:
    for keys in keys_of(client):
        servers = _below(value, keys)
        if keys in MIXED:
            servers = _only_servers(servers)
        elif listed and isinstance(servers, list):
            yield from (_entry(_name_in(one, at), one, "", (*keys, at)) for at, one in enumerate(servers))
            continue
        yield from _named(servers, keys, "")
    projects = value.get("projects")
    if isinstance(projects, dict):
        for path, project in projects.items():
            if isinstance(project, dict):
                yield from _named(project.get("mcpServers"), ("projects", path, "mcpServers"), path)
    if DIALECTS[client].listed and "mcpServers" not in value and _OWN & value.keys():
        yield Entry(_ALONE, value)


def _below(value: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _only_servers(value: Any) -> Any:
    if not isinstance(value, dict):
        return None
    return {name: one for name, one in value.items() if isinstance(one, dict) and _OWN & one.keys()}


def _named(servers: Any, keys: tuple[str, ...], scope: str) -> Iterator[Entry]:
    if servers is None:
        return
    if not isinstance(servers, dict):
        raise _Misplaced(keys, f"`{keys[-1]}` is no object")
    for name, entry in servers.items():
        yield _entry(name, entry, scope, (*keys, name))


def _entry(name: str, entry: Any, scope: str, at: Place) -> Entry:
    if len(name) > NAME_MAX:
        raise _Misplaced(at, f"the name of a server is longer than {NAME_MAX} characters")
    return Entry(name, entry if isinstance(entry, dict) else {}, scope, at)


def _name_in(entry: Any, at: int) -> str:
    name = entry.get("name") if isinstance(entry, dict) else None
    return name if isinstance(name, str) and name else f"{_ALONE} {at + 1}"
