"""`yett org`: the organisations of this installation, which share nothing."""

from __future__ import annotations

from dataclasses import asdict

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import print_fields, print_json, print_table


@click.group("org")
def command() -> None:
    """List and add organisations. Each has its own servers, policies, grants, members and logs."""


@command.command("list")
@pass_context
def list_(context: CliContext) -> None:
    """List the organisations, the oldest first."""
    from yett.app.people_control import connect_people

    with connect_people(context.settings) as people:
        found = people.organisations()
    if context.json:
        print_json([asdict(one) for one in found])
        return
    print_table(context, ("NAME", "ID", "SINCE"), [(one.name, one.id, one.created_at) for one in found])


@command.command("add")
@click.argument("name")
@click.option("--admin", metavar="EMAIL", help="Who is invited as its first admin.")
@pass_context
def add(context: CliContext, name: str, admin: str | None) -> None:
    """Add an organisation, and print the link of its first admin."""
    from yett.admin.people.views import NewOrganisation
    from yett.app.people_control import connect_people

    with connect_people(context.settings) as people:
        added = people.add_organisation(NewOrganisation(name=name, admin=admin))
    if context.json:
        print_json(asdict(added))
        return
    shown = [("name", added.organisation.name), ("id", added.organisation.id)]
    if added.invitation is not None:
        shown += [("admin", added.invitation.invitation.email), ("link", added.invitation.link)]
    print_fields(context, shown)
