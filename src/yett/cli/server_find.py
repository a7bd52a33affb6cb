"""`yett server known` and `yett server import`: servers that others describe."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import print_json, print_table, tell_note

if TYPE_CHECKING:
    from yett.admin.views import ServerChanged


@click.command("known")
@click.argument("search", required=False, default="")
@pass_context
def known(context: CliContext, search: str) -> None:
    """List well-known servers, or those whose name or notes hold SEARCH. `yett server add NAME` takes its url from here.

    Of those under CATALOGUE, `yett catalog show NAME` shows what the tools of a published server of that name can do.
    """
    from yett.admin.picker import known_servers

    found = known_servers(search)
    if context.json:
        print_json(asdict(found))
        return
    rows = [
        (one.name, one.title, one.auth.replace("_", " "), "yes" if one.catalog else "", one.url or one.command)
        for one in found.items
    ]
    headings = ("NAME", "TITLE", "AUTH", "CATALOGUE", "URL OR COMMAND")
    print_table(context, headings, rows, empty=f"no well-known server is like `{search}`", whole=("NAME",), below=headings[-1])


@click.command("import")
@click.argument("name", required=False)
@click.option("--version", default="latest", show_default=True, help="As the registry has it.")
@click.option("--as", "slug", metavar="SLUG", help="What it is to be called here.  [default: the last part of its name]")
@click.option("--search", metavar="TEXT", help="List what the registry has instead.")
@click.option("--cursor", default="", help="For the next page of that list.")
@pass_context
def import_(context: CliContext, name: str | None, version: str, slug: str | None, search: str | None, cursor: str) -> None:
    """Add the server that an entry of the MCP registry describes. The settings name the registry (`registry.url`)."""
    from yett.admin.server_views import Import
    from yett.app.control import connect

    if (name is None) == (search is None):
        raise click.UsageError("say which server: NAME as the registry has it, or --search TEXT to find it")
    if name is None:
        _search(context, search or "", cursor)
        return
    with connect(context.settings) as control:
        changed = control.import_server(Import(name=name, version=version, slug=slug))
    tell_change(context, changed, f"the server `{changed.server.name}` is added")


def _search(context: CliContext, search: str, cursor: str) -> None:
    from yett.app.control import connect

    with connect(context.settings) as control:
        page = control.registry_servers(search, cursor)
    if context.json:
        print_json(asdict(page))
        return
    rows = [(one.name, one.version, one.description, one.url or one.command or one.problem) for one in page.items]
    headings = ("NAME", "VERSION", "DESCRIPTION", "URL OR COMMAND")
    print_table(context, headings, rows, empty="the registry has no such server", whole=("NAME",), below=headings[-1])
    if page.next is not None:
        tell_note(f"there are more: say --cursor {shlex.quote(page.next)}")


def tell_change(context: CliContext, changed: ServerChanged, sentence: str) -> None:
    """Print what became of a server, and what to remark."""
    if context.json:
        print_json(asdict(changed))
        return
    click.echo(sentence)
    for note in (changed.note, *changed.remarks):
        tell_note(note)
