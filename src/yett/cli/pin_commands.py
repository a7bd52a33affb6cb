"""The commands that `yett pins` and `yett server pins` have in common: only where pins are kept is another place."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import CommandError, Exit, plain, print_json, tell_note
from yett.cli.pin_printing import agree, chosen, print_changes, tell_standing

if TYPE_CHECKING:
    from yett.admin.pin_views import AcceptPins, PinList, PinsChanged


class PinDesk(Protocol):
    """Where people see and accept tools."""

    def pins(self, reference: str) -> PinList:
        """The tools of what is called so."""
        ...

    def accept_pins(self, reference: str, wanted: AcceptPins) -> PinsChanged:
        """Let these definitions count from now on."""
        ...


Opened: TypeAlias = Callable[[CliContext], AbstractContextManager[PinDesk]]


def diff_command(argument: str, opened: Opened) -> click.Command:
    """`diff` of what `argument` names."""

    @click.command("diff", help=f"Show what changed since it was accepted, of one TOOL of {argument} or of all that wait.")
    @click.argument("name", metavar=argument)
    @click.argument("tool", required=False)
    @pass_context
    def diff(context: CliContext, name: str, tool: str | None) -> None:
        with opened(context) as desk:
            kept = desk.pins(name)
        shown = chosen(kept, [tool], all_of_them=False) if tool else [one for one in kept.items if one.state != "accepted"]
        if context.json:
            print_json([asdict(one) for one in shown])
            return
        print_changes(shown)
        tell_standing(kept)

    return diff


def accept_command(argument: str, opened: Opened) -> click.Command:
    """`accept` for what `argument` names."""

    @click.command(
        "accept", help=f"Let TOOLs of {argument} be called as they are now. Refused where one changed since it was shown."
    )
    @click.argument("name", metavar=argument)
    @click.argument("tools", nargs=-1, metavar="TOOL…")
    @click.option("--all", "all_of_them", is_flag=True, help="All tools that changed, moved or are new.")
    @click.option("--fingerprint", metavar="F", help="Accept one tool only if it is the definition of this fingerprint.")
    @click.option("--reason", default="", help="Why, kept with the pin.")
    @click.option("--yes", "-y", is_flag=True, help="Do not show the changes and ask.")
    @pass_context
    def accept(context: CliContext, /, name: str, tools: tuple[str, ...], fingerprint: str | None, **given: Any) -> None:
        from yett.admin.pin_views import AcceptedTool, AcceptPins

        if fingerprint is not None and len(tools) != 1:
            raise CommandError("`--fingerprint` is of one tool; name that tool", exit_code=Exit.USAGE, code="usage")
        with opened(context) as desk:
            shown = chosen(desk.pins(name), tools, all_of_them=given["all_of_them"])
            agree(shown, yes=given["yes"] or fingerprint is not None)
            wanted = [AcceptedTool(tool=one.tool, fingerprint=fingerprint or one.fingerprint) for one in shown]
            changed = desk.accept_pins(name, AcceptPins(tools=wanted, reason=given["reason"]))
        tell_changed(context, changed, f"accepted: {', '.join(one.tool for one in shown)}")

    return accept


def tell_changed(context: CliContext, changed: PinsChanged, sentence: str) -> None:
    """What became of a change, and what still waits."""
    if context.json:
        print_json(asdict(changed))
        return
    click.echo(plain(sentence))
    for note in (changed.note, *changed.remarks):
        tell_note(note)
    tell_standing(changed.pins)
