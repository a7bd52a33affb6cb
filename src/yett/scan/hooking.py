"""What an agent is about to add to a client's configuration, and what to tell its user. Pure; for the hooks of Claude Code.

An answer never forbids: it is a note, a question to the user, or the visible remark that nothing was looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from yett.catalog.quoting import quoted
from yett.scan.adding import Unclear, added_by
from yett.scan.dialects import format_of
from yett.scan.formats import BadFile, Entry, entries_of
from yett.scan.model import Advice, Client, ConfigFile, FoundServer, Scanned
from yett.scan.places import client_of
from yett.scan.servers import found_server

EVENT: Final = "PreToolUse"
MATCHER: Final = "Write|Edit|MultiEdit|Bash"
"""The tools that change files or run `claude mcp add`."""
_SAID_MAX: Final = 4
"""Servers and reasons that one answer names."""
_REASON_MAX: Final = 400
"""Characters of one. All is on one line: what somebody named must not look like a sentence of ours."""
_SAID: Final = "yett scan"

__all__ = ["EVENT", "MATCHER", "Unclear", "answer", "proposed", "skipped", "unclear"]


@dataclass(frozen=True, slots=True)
class _Change:
    """What a file is, and what it would be."""

    file: ConfigFile
    before: bytes
    after: str


def proposed(call: Mapping[str, Any], read: Callable[[Path], bytes]) -> list[FoundServer]:
    """The servers that the call of a tool would add or change. `read`: the content of a file now, empty where there is none.

    Errors: `Unclear` where that cannot be told; `BadFile` where the file would be none that can be read; `OSError` of `read`.
    """
    tool, given = call.get("tool_name"), call.get("tool_input")
    if not isinstance(given, dict):
        return []
    if tool == "Bash":
        entries = added_by(str(given.get("command", "")))
        return [replace(found_server(ConfigFile(Client.CLAUDE_CODE, Path()), entry), file=None) for entry in entries]
    path = Path(str(given.get("file_path", "")))
    folder = call.get("cwd")
    path = Path(folder) / path if isinstance(folder, str) else path
    client = client_of(path)
    if client is None:
        return []
    before = read(path)
    after = _after(given, before)
    return [] if after is None else _new(_Change(ConfigFile(client, path), before, after))


def _after(given: Mapping[str, Any], before: bytes) -> str | None:
    """The content after the tool has run; None where the tool will fail by itself."""
    if isinstance(given.get("content"), str):
        return str(given["content"])
    edits = given["edits"] if isinstance(given.get("edits"), list) else [given]
    try:
        text = before.decode("utf-8")
    except UnicodeDecodeError:
        raise Unclear("the file is not UTF-8") from None
    for edit in edits:
        old, new = (edit.get("old_string"), edit.get("new_string")) if isinstance(edit, dict) else (None, None)
        if not isinstance(old, str) or not isinstance(new, str):
            raise Unclear("the edit is none that is known here")
        if old and old not in text:
            return None
        text = text.replace(old, new, -1 if edit.get("replace_all") is True else 1) if old else new
    return text


def _new(change: _Change) -> list[FoundServer]:
    form, client = format_of(change.file.path), change.file.client
    try:
        known = {(entry.scope, entry.name): entry.value for entry in entries_of(change.before, form, client)}
    except BadFile:
        known = {}
    entries = entries_of(change.after.encode("utf-8", "surrogatepass"), form, client)
    return [found_server(change.file, entry) for entry in entries if _differs(entry, known)]


def _differs(entry: Entry, known: Mapping[tuple[str, str], Any]) -> bool:
    key = (entry.scope, entry.name)
    return key not in known or known[key] != entry.value


def answer(scanned: Sequence[Scanned]) -> dict[str, object]:
    """A note where there is nothing against the servers, else a question; empty where there are none."""
    if not scanned:
        return {}
    if all(one.judgement.advice is Advice.PROCEED for one in scanned):
        return {"systemMessage": f"{_SAID}: {_told(scanned)}"}
    flagged = [one for one in scanned if one.judgement.advice is not Advice.PROCEED]
    return _question(_told(flagged))


def unclear(why: str) -> dict[str, object]:
    """A question, because it cannot be told what would be added."""
    return _question(f"it cannot be told which MCP server this adds: {quoted(why, _REASON_MAX)}")


def skipped(why: str) -> dict[str, object]:
    """That nothing was looked at, so that nobody takes silence for consent."""
    return {"systemMessage": f"{_SAID}: skipped: {quoted(why, _REASON_MAX)}"}


def _question(text: str) -> dict[str, object]:
    decision = {"hookEventName": EVENT, "permissionDecision": "ask", "permissionDecisionReason": f"{_SAID}: {text}"}
    return {"hookSpecificOutput": decision}


def _told(scanned: Sequence[Scanned]) -> str:
    told = [
        f"`{quoted(one.server.name)}` ({quoted(one.server.shown)}): {one.judgement.advice.value}; "
        + "; ".join(quoted(reason, _REASON_MAX) for reason in one.judgement.reasons[:_SAID_MAX])
        for one in scanned[:_SAID_MAX]
    ]
    more = f". And {len(scanned) - _SAID_MAX} more" if len(scanned) > _SAID_MAX else ""
    return ". ".join(told) + more
