"""`yett server edit`."""

from __future__ import annotations

from typing import Any

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.server_find import tell_change


@click.command("edit")
@click.argument("name")
@click.option("--name", "new_name", metavar="NEW", help="Clients reach it under this name from now on; its address by id stays.")
@click.option("--url", help="At another origin, a credential has to be given again.")
@click.option("--transport", type=click.Choice(["http", "sse"]), help="What it speaks at its url.")
@click.option("--command", metavar="NAME", help="Another program that the host lists.")
@click.option("--notes", help="For people.")
@click.option("--credential", metavar="REF", help="env:NAME or file:/PATH; empty for none.")
@click.option("--credential-header", metavar="FIELD", help="Header field that carries it.")
@click.option("--credential-scheme", metavar="WORD", help="Word before it; empty for none.")
@click.option("--revision", help="Edit only if the server still has this revision, as `yett server show` tells it.")
@pass_context
def edit(context: CliContext, /, name: str, new_name: str | None, revision: str | None, **said: Any) -> None:
    """Change a server. What is not said stays as it is."""
    from yett.admin.server_views import ServerChanges
    from yett.app.control import connect

    changes = ServerChanges(name=new_name, **said)
    if changes == ServerChanges():
        raise click.UsageError("say what is to change, such as --url or --notes")
    with connect(context.settings) as control:
        changed = control.edit_server(name, changes, revision)
    tell_change(context, changed, f"the server `{changed.server.name}` is edited")
