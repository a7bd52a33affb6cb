"""`yett server pins`: which tools are as they were accepted, what changed, and accepting it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import CommandError, Exit, plain, print_json, tell_note
from yett.cli.pin_printing import agree, chosen, print_changes, print_pins, tell_standing

if TYPE_CHECKING:
    from yett.admin.pin_views import Mode, PinsChanged


class _OrList(click.Group):
    """`yett server pins SERVER` is short for `yett server pins list SERVER`."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        named = args and (args[0] in self.commands or args[0].startswith("-"))
        return super().resolve_command(ctx, args if named else ["list", *args])


@click.group("pins", cls=_OrList, subcommand_metavar="[list|diff|accept|mode] SERVER …")
def pins() -> None:
    """Tools as they were accepted: one that changed, or is new, is suspended until somebody accepts it."""


@pins.command("list")
@click.argument("server")
@pass_context
def list_(context: CliContext, server: str) -> None:
    """List the tools of SERVER, those that are suspended first."""
    from yett.app.control import connect

    with connect(context.settings) as control:
        print_pins(context, control.pins(server))


@pins.command("diff")
@click.argument("server")
@click.argument("tool", required=False)
@pass_context
def diff(context: CliContext, server: str, tool: str | None) -> None:
    """Show what changed since it was accepted, of one TOOL or of all that wait, with what their texts try."""
    from yett.app.control import connect

    with connect(context.settings) as control:
        kept = control.pins(server)
    shown = chosen(kept, [tool], all_of_them=False) if tool else [one for one in kept.items if one.state != "accepted"]
    if context.json:
        print_json([asdict(one) for one in shown])
        return
    print_changes(shown)
    tell_standing(kept)


@pins.command("accept")
@click.argument("server")
@click.argument("tools", nargs=-1, metavar="TOOL…")
@click.option("--all", "all_of_them", is_flag=True, help="All tools that changed or are new.")
@click.option("--fingerprint", metavar="F", help="Accept one tool only if it is the definition of this fingerprint.")
@click.option("--reason", default="", help="Why, for the admin log.")
@click.option("--yes", "-y", is_flag=True, help="Do not show the changes and ask.")
@pass_context
def accept(context: CliContext, /, server: str, tools: tuple[str, ...], fingerprint: str | None, **given: Any) -> None:
    """Let TOOLs of SERVER be called as they are now. Refused where one changed again since it was shown."""
    from yett.admin.pin_views import AcceptedTool, AcceptPins
    from yett.app.control import connect

    if fingerprint is not None and len(tools) != 1:
        raise CommandError("`--fingerprint` is of one tool; name that tool", exit_code=Exit.USAGE, code="usage")
    with connect(context.settings) as control:
        shown = chosen(control.pins(server), tools, all_of_them=given["all_of_them"])
        agree(shown, yes=given["yes"] or fingerprint is not None)
        wanted = [AcceptedTool(tool=one.tool, fingerprint=fingerprint or one.fingerprint) for one in shown]
        changed = control.accept_pins(server, AcceptPins(tools=wanted, reason=given["reason"]))
    _tell(context, changed, f"accepted: {', '.join(one.tool for one in shown)}")


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
    _tell(context, changed, f"the pins of `{changed.pins.server}` are `{mode}`")


def _tell(context: CliContext, changed: PinsChanged, sentence: str) -> None:
    if context.json:
        print_json(asdict(changed))
        return
    click.echo(plain(sentence))
    for note in (changed.note, *changed.remarks):
        tell_note(note)
    tell_standing(changed.pins)
