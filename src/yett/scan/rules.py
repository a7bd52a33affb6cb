"""Deny rules in the words of a client, for servers that do not go through Yett."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Final

from yett.catalog.model import RiskClass, Severity
from yett.scan.model import Advice, Client, Scanned

DENIED: Final = frozenset({RiskClass.DESTRUCTIVE, RiskClass.FINANCIAL})
_UNFIT: Final = re.compile(r"[^a-zA-Z0-9_-]")
_SURROGATES: Final = re.compile(r"[\ud800-\udfff]")
_PLAIN_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_BOTH: Final = Client.ANY


def denied_tools(scanned: Scanned) -> list[str] | None:
    """Tools to deny; None for all of them, because too little is known or a definition is hostile."""
    if scanned.tools.listed is None or (scanned.judgement.grade is not None and scanned.judgement.grade.letter == "F"):
        return None if scanned.judgement.advice is Advice.ASK else []
    names = [tool.verdict.name for tool in scanned.judged if tool.risk in DENIED or tool.severity is Severity.CRITICAL]
    names += [flag.tool for flag in scanned.tools.flags if flag.severity.rank >= Severity.HIGH.rank]
    return list(dict.fromkeys(name for name in names if not _SURROGATES.search(name)))


def claude_code(found: Iterable[Scanned]) -> dict[str, object]:
    """What belongs into a settings file of Claude Code."""
    deny: list[str] = []
    for one in _of(found, Client.CLAUDE_CODE):
        prefix = f"mcp__{_UNFIT.sub('_', one.server.name)}"
        names = denied_tools(one)
        deny += [prefix] if names is None else [f"{prefix}__{_UNFIT.sub('_', name)}" for name in names]
    return {"permissions": {"deny": list(dict.fromkeys(deny))}}


def codex(found: Iterable[Scanned]) -> str:
    """What belongs into the `config.toml` of Codex, under the tables of its servers."""
    tables: dict[str, str] = {}
    for one in _of(found, Client.CODEX):
        names = denied_tools(one)
        if names is None:
            said = "enabled = false"
        elif names:
            said = f"disabled_tools = [{', '.join(_toml(name) for name in names)}]"
        else:
            continue
        key = one.server.name if _PLAIN_KEY.fullmatch(one.server.name) else _toml(one.server.name)
        tables.setdefault(f"[mcp_servers.{key}]", said)
    return "\n".join(f"{head}\n{said}\n" for head, said in tables.items())


def _of(found: Iterable[Scanned], client: Client) -> list[Scanned]:
    """Servers of this client, and of files that any may read."""
    return [
        one
        for one in found
        if one.server.client in {client, _BOTH} and not one.governed and not _SURROGATES.search(one.server.name)
    ]


def _toml(text: str) -> str:
    """A basic string: JSON's escapes are TOML's too, but for one character that JSON leaves as it is."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
