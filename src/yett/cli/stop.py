"""`yett stop` and `yett resume`: the kill switch."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import plain, print_json, print_table, tell_note

if TYPE_CHECKING:
    from yett.admin.stop_views import Scope, StopView

NAMED = frozenset({"grant", "server"})
_SCOPES = click.Choice(["grant", "server", "organisation", "everything"])


@click.command("stop")
@click.argument("scope", type=_SCOPES, required=False)
@click.argument("name", required=False)
@click.option("--reason", default="", help="For the admin log.")
@pass_context
def stop(context: CliContext, scope: Scope | None, name: str | None, reason: str) -> None:
    """Refuse every call at once, of a grant, to a server, of the organisation, or all; open streams end.

    What is stopped keeps its tokens, policies and counters. Without an argument: list what is stopped.
    """
    if scope is None:
        _list(context)
    else:
        _switch(context, scope, name, reason, on=False)


@click.command("resume")
@click.argument("scope", type=_SCOPES)
@click.argument("name", required=False)
@click.option("--reason", default="", help="For the admin log.")
@pass_context
def resume(context: CliContext, scope: Scope, name: str | None, reason: str) -> None:
    """Let go on what was stopped."""
    _switch(context, scope, name, reason, on=True)


def _list(context: CliContext) -> None:
    from yett.app.control import connect

    with connect(context.settings) as control:
        stops = control.stops()
    if context.json:
        print_json([asdict(one) for one in stops])
        return
    rows = [(one.scope, one.name, one.id, one.since) for one in stops]
    print_table(context, ("WHAT", "NAME", "ID", "SINCE"), rows, empty="nothing is stopped")


def _switch(context: CliContext, scope: Scope, name: str | None, reason: str, *, on: bool) -> None:
    from yett.admin.stop_views import StopWanted
    from yett.app.control import connect

    if (scope in NAMED) is (name is None):
        raise click.UsageError(f"name the {scope}" if scope in NAMED else f"`{scope}` takes no name")
    wanted = StopWanted(scope=scope, name=name or "", reason=reason)
    with connect(context.settings) as control:
        changed = control.resume(wanted) if on else control.stop(wanted)
    if context.json:
        print_json(asdict(changed))
        return
    click.echo(plain(f"{_what(changed.stop)} {'goes on' if on else 'is stopped'}"))
    tell_note(changed.note)


def _what(view: StopView) -> str:
    match view.scope:
        case "everything":
            return "every call"
        case "organisation":
            return f"the organisation `{view.name}`"
        case scope:
            return f"the {scope} `{view.name or view.id}`"
