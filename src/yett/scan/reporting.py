"""What was found as plain values, for JSON and for pages. Without secrets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from yett.scan.findings import RULES, Code
from yett.scan.model import Advice, Changes, Finding, Scanned

REMEDIES: Final = {
    Advice.PROCEED: "",
    Advice.RULE: "put it behind Yett with a policy (`yett wrap`, or `--policies DIR`), or deny what it should not do (`--rules`)",
    Advice.ASK: "ask whoever configured it before an agent uses it",
}
"""What to do, for each advice."""


def as_json(one: Scanned) -> dict[str, object]:
    """Everything of one server that may be shown."""
    server, grade = one.server, one.judgement.grade
    return {
        "name": server.name,
        "client": server.client.value,
        "file": None if server.file is None else str(server.file),
        "line": server.line,
        "project": server.scope or None,
        "transport": server.transport,
        "shown": server.shown,
        "package": None if server.package is None else _package(server.package.kind, server.package.name, server.package.version),
        "host": server.host,
        "authentication": server.authentication,
        "disabled": server.disabled,
        "through_yett": one.governed,
        "identity": {"standing": one.identity.standing.value, "name": one.identity.name, "why": one.identity.why},
        "advice": one.judgement.advice.value,
        "remedy": REMEDIES[one.judgement.advice] or None,
        "severity": one.judgement.severity.value,
        "grade": None if grade is None else grade.letter,
        "reasons": list(one.judgement.reasons),
        "findings": [_finding(finding) for finding in one.judgement.findings],
        "tools_from": one.tools.source,
        "freshness": one.tools.freshness,
        "tools": None if one.tools.listed is None else [_tool(one, at) for at in range(len(one.judged))],
        "changes": _changes(one.changes),
    }


def report(scanned: Sequence[Scanned], not_read: Iterable[tuple[Path, str]]) -> dict[str, object]:
    """The whole of a scan."""
    return {
        "servers": [as_json(one) for one in scanned],
        "not_read": [{"file": str(file), "message": message} for file, message in not_read],
    }


def _finding(finding: Finding) -> dict[str, str]:
    values = {"code": finding.code.value, "severity": finding.severity.value, "text": finding.text}
    return values if finding.code is Code.REMARK else {**values, "remedy": RULES[finding.code].remedy}


def _package(kind: str, name: str, version: str | None) -> dict[str, str | None]:
    return {"kind": kind, "name": name, "version": version}


def _tool(one: Scanned, at: int) -> dict[str, object]:
    shown = one.judged[at]
    flags = [flag for flag in one.tools.flags if flag.tool == shown.verdict.name]
    return {
        "name": shown.verdict.name,
        "class": shown.risk.value,
        "severity": shown.severity.value,
        "signals": list(shown.verdict.codes),
        "flags": [{"code": flag.code, "place": flag.place, "quote": flag.quote} for flag in flags],
    }


def _changes(changes: Changes) -> dict[str, object]:
    return {
        "first_seen": changes.first,
        "added": list(changes.added),
        "removed": list(changes.removed),
        "changed": list(changes.changed),
        "moved_from": changes.moved_from,
        "turned": list(changes.turned),
    }
