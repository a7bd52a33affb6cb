"""`yett link`: a link for somebody who cannot come in."""

from __future__ import annotations

from dataclasses import asdict

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.member import ORGANISATION
from yett.cli.output import print_json, say


@click.command("link")
@click.argument("member", required=False)
@ORGANISATION
@pass_context
def command(context: CliContext, member: str | None, organisation: str | None) -> None:
    """Print a link that works once: for the first admin while there is none, or for MEMBER to choose a new password."""
    from yett.admin.people.views import LinkWanted
    from yett.app.people_control import connect_people

    with connect_people(context.settings, organisation) as people:
        made = people.make_link(LinkWanted(email=member))
    if context.json:
        print_json(asdict(made))
        return
    click.echo(made.link)
    say(f"it works once, until {made.expires_at}; whoever opens it comes in")
