"""How `yett scan` shows what it found to a person: a table with the reasons below it. Without secrets."""

from __future__ import annotations

from typing import Final

import click
from rich.text import Text

from yett.cli.context import CliContext
from yett.cli.output import plain, print_table
from yett.scan.model import FoundServer, Scanned
from yett.scan.reporting import REMEDIES

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
        click.echo(f"\n{plain(one.server.name)}: {one.judgement.advice.value} ({plain(_place(one.server))}{scope})")
        for reason in one.judgement.reasons:
            click.echo(f"  {plain(reason)}")
        remedy = REMEDIES[one.judgement.advice]
        if remedy:
            click.echo(f"  → {remedy}")


def _styled(text: str) -> Text:
    return Text(text, style=STYLES[text])


def _place(server: FoundServer) -> str:
    if server.file is None:
        return "as given"
    return f"{server.file}:{server.line}" if server.line else str(server.file)
