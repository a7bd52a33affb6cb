"""How `yett scan` shows what it found: a table with the reasons below it, or JSON. Both without secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click
from rich.text import Text

from yett.cli.context import CliContext
from yett.cli.output import plain, print_table
from yett.scan.model import Advice, Scanned

if TYPE_CHECKING:
    from yett.scan.model import Changes

STYLES: Final = {
    "proceed": "green", "connect-with-rule": "yellow", "ask-first": "bold red",
    "Low": "green", "Medium": "yellow", "High": "red", "Critical": "bold red",
}  # fmt: skip


def print_report(context: CliContext, scanned: list[Scanned]) -> None:
    """The table, then the reasons for each server."""
    headings = ("ADVICE", "SEVERITY", "GRADE", "SERVER", "CLIENT", "THROUGH YETT", "COMMAND OR ORIGIN")
    rows = [
        (
            _styled(one.judgement.advice.value),
            _styled(one.judgement.severity.value),
            one.judgement.grade.letter if one.judgement.grade else "-",
            one.server.name,
            one.server.client.value,
            "yes" if one.governed else "no",
            one.server.shown,
        )
        for one in scanned
    ]
    print_table(context, headings, rows, empty="no MCP server is configured here", whole=headings[:4], below=headings[-1])
    for one in scanned:
        scope = f" for {plain(one.server.scope)}" if one.server.scope else ""
        click.echo(f"\n{plain(one.server.name)}: {one.judgement.advice.value} ({plain(one.server.file)}{scope})")
        for reason in one.judgement.reasons:
            click.echo(f"  {plain(reason)}")
        remedy = _remedy(one)
        if remedy:
            click.echo(f"  → {remedy}")


def _styled(text: str) -> Text:
    return Text(text, style=STYLES[text])


def _remedy(one: Scanned) -> str:
    if one.judgement.advice is Advice.PROCEED:
        return ""
    if one.judgement.advice is Advice.ASK:
        return "ask whoever configured it before an agent uses it"
    return "put it behind Yett with a policy (`--policies DIR` writes one), or deny what it should not do (`--rules`)"


def as_json(one: Scanned) -> dict[str, object]:
    """Everything of one server that may be shown."""
    server, grade = one.server, one.judgement.grade
    return {
        "name": server.name,
        "client": server.client.value,
        "file": str(server.file),
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
        "severity": one.judgement.severity.value,
        "grade": None if grade is None else grade.letter,
        "reasons": list(one.judgement.reasons),
        "tools_from": one.tools.source,
        "tools": None if one.tools.listed is None else [_tool(one, at) for at in range(len(one.judged))],
        "changes": _changes(one.changes),
    }


def _package(kind: str, name: str, version: str | None) -> dict[str, str | None]:
    return {"kind": kind, "name": name, "version": version}


def _tool(one: Scanned, at: int) -> dict[str, object]:
    shown = one.judged[at]
    signals = list(shown.verdict.codes)
    return {"name": shown.verdict.name, "class": shown.risk.value, "severity": shown.severity.value, "signals": signals}


def _changes(changes: Changes) -> dict[str, object]:
    return {
        "first_seen": changes.first,
        "added": list(changes.added),
        "removed": list(changes.removed),
        "changed": list(changes.changed),
        "moved_from": changes.moved_from,
    }
