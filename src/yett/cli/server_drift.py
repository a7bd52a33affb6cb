"""`yett server drift`: how the tools of servers changed."""

from __future__ import annotations

from dataclasses import asdict

import click

from yett.cli.catalog_find import COLOURS, LEVELS
from yett.cli.context import CliContext, pass_context
from yett.cli.output import print_json, print_table, say


@click.command("drift")
@click.argument("server", required=False)
@click.option("--severity", type=click.Choice(LEVELS, case_sensitive=False), help="Of this severity, or a graver one.")
@click.option("--after", metavar="CURSOR", help="Oldest first, from this place; 0 is the beginning.  [default: newest first]")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="How many at most.")
@pass_context
def drift(context: CliContext, server: str | None, severity: str | None, after: str | None, limit: int) -> None:
    """Show how the tools of SERVER, or of all servers, changed from look to look."""
    from rich.text import Text

    from yett.app.control import connect

    with connect(context.settings) as control:
        page = control.tool_changes(server, severity, after, limit)
    if context.json:
        print_json(asdict(page))
        return
    headings = ("AT", "SERVER", "TOOL", "KIND", "SEVERITY", "WHAT")
    rows = [
        (one.at, one.server, one.tool, one.kind, Text(one.severity, style=COLOURS[one.severity]), one.what) for one in page.items
    ]
    print_table(context, headings, rows, empty="no tool changed since its server was first looked at", below="WHAT")
    if page.more:
        say("there are more: raise `--limit`, or go on from a place with `--after`")
