"""How `yett scan` shows what it found to a person: a table with the reasons below it. Without secrets."""

from __future__ import annotations

from typing import Final

import click
from rich.text import Text

from yett.catalog.model import RiskClass
from yett.cli.context import CliContext
from yett.cli.output import plain, print_table
from yett.scan.model import FoundServer, Scanned
from yett.scan.reporting import REMEDIES

NAMED_MAX: Final = 30
"""Tools of one class that the report of several servers names."""
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
        if len(scanned) > 1:
            _tell_tools(one)
        remedy = REMEDIES[one.judgement.advice]
        if remedy:
            click.echo(f"  → {remedy}")
    if len(scanned) == 1 and scanned[0].judged:
        click.echo()
        _print_tools(context, scanned[0])


def _tell_tools(one: Scanned) -> None:
    """Its tools by class, the worst first."""
    if one.judged:
        click.echo(f"  {len(one.judged)} tools ({plain(one.tools.source)}):")
    for risk in reversed(RiskClass):
        names = [f"`{shown.verdict.name}`" for shown in one.judged if shown.risk is risk]
        more = f" and {len(names) - NAMED_MAX} more (`--json` has all)" if len(names) > NAMED_MAX else ""
        if names:
            click.echo(f"    {risk.value}: {plain(', '.join(names[:NAMED_MAX]))}{more}")


def _print_tools(context: CliContext, one: Scanned) -> None:
    """Every tool on a line of its own, the worst first."""
    flags = {
        tool: [flag.code for flag in one.tools.flags if flag.tool == tool] for tool in {flag.tool for flag in one.tools.flags}
    }
    ordered = sorted(one.judged, key=lambda shown: (-shown.severity.rank, -shown.risk.rank))
    rows = [
        (
            shown.verdict.name,
            shown.risk.value,
            _styled(shown.severity.value),
            ", ".join(dict.fromkeys((*flags.get(shown.verdict.name, ()), *shown.verdict.codes))),
        )
        for shown in ordered
    ]
    print_table(context, ("TOOL", "CLASS", "SEVERITY", "SIGNALS"), rows, whole=("CLASS", "SEVERITY"))


def _styled(text: str) -> Text:
    return Text(text, style=STYLES[text])


def _place(server: FoundServer) -> str:
    if server.file is None:
        return "as given"
    return f"{server.file}:{server.line}" if server.line else str(server.file)
