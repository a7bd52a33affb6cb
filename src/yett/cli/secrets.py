"""`yett secrets`: the master key that seals the credentials of servers."""

from __future__ import annotations

from dataclasses import asdict

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import CommandError, print_fields, print_json, tell_note


@click.group("secrets")
def command() -> None:
    """Show and rotate the master key that seals the credentials of servers."""


@command.command("status")
@pass_context
def status(context: CliContext) -> None:
    """Show where the master key is, its versions, and how much it seals."""
    from yett.app.control import connect

    with connect(context.settings) as control:
        view = control.secrets()
    if context.json:
        print_json(asdict(view))
    else:
        fields: list[tuple[str, object]] = [
            ("master key", view.place),
            ("seals with version", view.version),
            ("versions kept", ", ".join(map(str, view.versions))),
            ("secrets", view.secrets),
            ("sealed with older ones", view.behind),
        ]
        print_fields(context, [(name, value) for name, value in fields if value not in {None, ""}])
    if view.problem is not None:
        raise CommandError(view.problem)


@command.command("rotate")
@pass_context
def rotate(context: CliContext) -> None:
    """Seal everything with a new master key while everything goes on, and retire the old one."""
    from yett.app.control import connect

    with connect(context.settings) as control:
        done = control.rotate_secrets()
    if context.json:
        print_json(asdict(done))
        return
    if done.finished_earlier:
        tell_note("an earlier rotation was not finished; it is now, and no other key was made")
    click.echo(f"{done.resealed} secrets are sealed anew, with version {done.version} of the master key")
    tell_note(done.note)
