"""`yett token`: keys for programs that use the admin API."""

from __future__ import annotations

from dataclasses import asdict

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.member import ORGANISATION
from yett.cli.output import print_fields, print_json, print_table, say


@click.group("token")
def command() -> None:
    """Make, list and revoke API tokens: keys for programs that use the admin API. TOKEN is an id, or a label."""


@command.command("create")
@click.argument("label")
@click.option(
    "--scope", "scopes", multiple=True, required=True, help="What it may, as `view` or `policies:edit`; an error lists all."
)
@click.option("--server", "servers", multiple=True, help="A server that it reaches; all by default.")
@click.option("--expires", metavar="WHEN", help="30d, 12h, 90m, a day (2027-01-31) or a moment (2027-01-31T12:00:00Z).")
@ORGANISATION
@pass_context
def create(
    context: CliContext,
    label: str,
    scopes: tuple[str, ...],
    servers: tuple[str, ...],
    expires: str | None,
    organisation: str | None,
) -> None:
    """Make a token and print it, this once."""
    from yett.admin.people.views import NewToken
    from yett.app.people_control import connect_people

    new = NewToken(label=label, scopes=list(scopes), servers=list(servers) or None, expires=expires)
    with connect_people(context.settings, organisation) as people:
        made = people.make_token(new)
    if context.json:
        print_json(asdict(made))
        return
    view = made.token_view
    shown = [("id", view.id), ("scopes", " ".join(view.scopes)), ("expires", view.expires_at), ("token", made.token)]
    print_fields(context, shown)
    say("the token is shown this once; send it as `Authorization: Bearer …` to `/api/v1`")


@command.command("list")
@click.option("--all", "show_all", is_flag=True, help="Revoked and expired ones too.")
@ORGANISATION
@pass_context
def list_(context: CliContext, show_all: bool, organisation: str | None) -> None:
    """List the API tokens."""
    from yett.app.people_control import connect_people

    with connect_people(context.settings, organisation) as people:
        tokens = [one for one in people.tokens() if show_all or one.status == "live"]
    if context.json:
        print_json([asdict(one) for one in tokens])
        return
    rows = [(one.id, one.label, " ".join(one.scopes), one.created_by, one.status, one.used_at, one.expires_at) for one in tokens]
    headings = ("ID", "LABEL", "SCOPES", "MADE BY", "STATUS", "USED", "EXPIRES")
    print_table(context, headings, rows, empty="no API tokens; make one with `yett token create`")


@command.command("revoke")
@click.argument("token")
@ORGANISATION
@pass_context
def revoke(context: CliContext, token: str, organisation: str | None) -> None:
    """End a token, for its next request."""
    from yett.app.people_control import connect_people

    with connect_people(context.settings, organisation) as people:
        view = people.revoke_token(token)
    if context.json:
        print_json(asdict(view))
        return
    say(f"the API token `{view.label}` ({view.id}) opens nothing any more")
