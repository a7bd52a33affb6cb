"""`yett server pins`: which tools are as they were accepted, what changed, and accepting it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, cast

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.pin_commands import PinDesk, accept_command, diff_command, tell_changed
from yett.cli.pin_printing import print_pins

if TYPE_CHECKING:
    from yett.admin.pin_views import Mode


class _OrList(click.Group):
    """`yett server pins SERVER` is short for `yett server pins list SERVER`."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        named = args and (args[0] in self.commands or args[0].startswith("-"))
        return super().resolve_command(ctx, args if named else ["list", *args])


@click.group("pins", cls=_OrList, subcommand_metavar="[list|diff|accept|mode] SERVER …")
def pins() -> None:
    """Tools as they were accepted: one that changed, or is new, is suspended until somebody accepts it."""


def _there(context: CliContext) -> AbstractContextManager[PinDesk]:
    from yett.app.control import connect

    return connect(context.settings)


@pins.command("list")
@click.argument("server")
@pass_context
def list_(context: CliContext, server: str) -> None:
    """List the tools of SERVER, those that are suspended first."""
    with _there(context) as desk:
        print_pins(context, desk.pins(server))


pins.add_command(diff_command("SERVER", _there))
pins.add_command(accept_command("SERVER", _there))


@pins.command("mode")
@click.argument("server")
@click.argument("mode", type=click.Choice(["strict", "grave", "off"]))
@pass_context
def mode(context: CliContext, server: str, mode: str) -> None:
    """Say how strictly SERVER is held to its pins.

    strict: whatever changed waits (the default). grave: only what is High or Critical does; the rest is accepted when the control
    plane sees it. off: nothing waits.
    """
    from yett.admin.pin_views import NewPinMode
    from yett.app.control import connect

    with connect(context.settings) as control:
        changed = control.set_pin_mode(server, NewPinMode(mode=cast("Mode", mode)))
    tell_changed(context, changed, f"the pins of `{changed.pins.server}` are `{mode}`")
