"""An entry's text with another launch in it: what says how its server is started or reached goes, all else stays as it is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from yett.scan.dialects import DIALECTS
from yett.scan.model import Client
from yett.wrap.located import Located, ReadFile
from yett.wrap.spans import Member, line_break, line_start
from yett.wrap.toml_spans import shown_key

LAUNCH: Final = frozenset(
    {
        "command", "cmd", "args", "env", "envs", "environment", "envFile", "env_vars", "cwd", "type", "transport",
        "url", "serverUrl", "httpUrl", "uri", "headers", "http_headers", "env_http_headers", "bearer_token_env_var",
        "headersHelper", "auth", "oauth", "oauth_resource", "requestInit", "requestOptions",
    }
)  # fmt: skip
"""Members that say how a server is started or reached, of all clients."""


@dataclass(frozen=True, slots=True)
class _Edit:
    """Another text from `start` to `end`."""

    start: int
    end: int
    text: str = ""


def rewritten(file: ReadFile, located: Located, argv: Sequence[str]) -> str:
    """The text of the entry when the client is to start `argv` in its server's place."""
    launch = launch_members(file.file.client, located.entry.value, argv)
    edits = (
        _in_table(file, located, launch) if located.object is None else _in_object(file, located, located.object.members, launch)
    )
    text = file.text
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    grown = len(text) - len(file.text)
    region = text[located.start : located.end + grown]
    return region if located.object is not None else region.rstrip()


def launch_members(client: Client, before: Mapping[str, Any], argv: Sequence[str]) -> dict[str, Any]:
    """The members that have a client start `argv`, as it writes them."""
    dialect, program = DIALECTS[client], list(argv)
    members: dict[str, Any] = {}
    if "type" in before:
        members["type"] = dialect.stdio_type or "stdio"
    elif dialect.args is None and dialect.stdio_type is not None:
        members["type"] = dialect.stdio_type
    if isinstance(before.get("command"), dict):
        members["command"] = {"path": program[0], "args": program[1:]}
    elif dialect.args is None:
        members[dialect.command] = program
    else:
        members[dialect.command] = program[0]
        members[dialect.args] = program[1:]
    return members


def _in_object(file: ReadFile, located: Located, members: Sequence[Member] | None, launch: Mapping[str, Any]) -> list[_Edit]:
    assert members, "an entry without members starts nothing"
    old = [member for member in members if member.key in LAUNCH]
    kept = [member for member in members if member.key not in LAUNCH] or old[:1]
    first = old[0]
    indent = file.text[line_start(file.text, first.start) : first.start]
    own_line = not indent.strip()
    separator = f",{line_break(file.text)}{indent}" if own_line else ", "
    sign = " = " if file.toml else ": "
    text = separator.join(f"{_key(key, toml=file.toml)}{sign}{_value(value, toml=file.toml)}" for key, value in launch.items())
    edits = [_Edit(first.start, first.end, text)]
    edits += [_removal(file.text, member) for member in old[1:]]
    staying = max([first, *kept], key=lambda member: member.start)
    if members[-1].comma is None and staying is not members[-1] and staying.comma is not None:
        edits.append(_Edit(staying.comma, staying.comma + 1))
    return edits


def _removal(text: str, member: Member) -> _Edit:
    """Without a member and the comma after it; without their line, where nothing else stands on it."""
    end = member.end if member.comma is None else member.comma + 1
    return _whole_lines(text, member.start, end)


def _whole_lines(text: str, start: int, end: int) -> _Edit:
    before = line_start(text, start)
    after = text.find("\n", end)
    if after != -1 and not text[before:start].strip() and not text[end:after].strip():
        return _Edit(before, after + 1)
    return _Edit(len(text[:start].rstrip(" ")), end)


def _in_table(file: ReadFile, located: Located, launch: Mapping[str, Any]) -> list[_Edit]:
    length = len(located.entry.at)
    old = [one for one in located.table if len(one.way) > length and one.way[length] in LAUNCH]
    first = next((one for one in old if one.value is not None and one.table == one.way[: len(one.table)][:length]), None)
    edits = [_whole_lines(file.text, one.start, one.end) for one in old if one is not first]
    if first is None:  # it is started or reached from subtables alone, which no client writes
        return [_Edit(located.table[0].end, located.table[0].end, _lines(file, located, launch)), *edits]
    prefix = [str(step) for step in first.way[len(first.table) : length]]
    lines = [_line(prefix, key, value) for key, value in launch.items()]
    return [_Edit(first.start, first.end, line_break(file.text).join(lines)), *edits]


def _lines(file: ReadFile, located: Located, launch: Mapping[str, Any]) -> str:
    ends = line_break(file.text)
    return "".join(f"{ends}{_line((), key, value)}" for key, value in launch.items())


def _line(prefix: Sequence[str], key: str, value: Any) -> str:
    return f"{'.'.join(shown_key(part) for part in (*prefix, key))} = {_value(value, toml=True)}"


def _key(key: str, *, toml: bool) -> str:
    return shown_key(key) if toml else json.dumps(key)


def _value(value: Any, *, toml: bool) -> str:
    """Strings and lists of strings read alike in JSON and in TOML; of objects only JSON has some here."""
    assert not (toml and isinstance(value, dict)), "TOML's only client writes programs as strings"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
