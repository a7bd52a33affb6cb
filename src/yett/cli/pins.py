"""`yett pins`: the tools of servers that `yett run` stands before, as they were accepted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import CommandError, plain, print_json, print_table
from yett.cli.pin_printing import agree, chosen, print_changes, print_pins, tell_standing

if TYPE_CHECKING:
    from yett.admin.pin_views import PinList, PinView
    from yett.app.local_pins import Kept


@click.group("pins")
def command() -> None:
    """What tools behind `yett run` were accepted as. For servers of the gateway: `yett server pins`."""


@command.command("list")
@click.argument("name", required=False)
@pass_context
def list_(context: CliContext, name: str | None) -> None:
    """List the tools of the run called NAME, or the runs that have pins."""
    if name is not None:
        print_pins(context, _found(context, name))
        return
    from yett.app.local_pins import pin_files

    runs = pin_files(context.settings.state_dir)
    if context.json:
        print_json([{"name": kept.name, "tools": len(kept.tools), "waiting": len(kept.waiting)} for kept in runs])
        return
    rows = [(kept.name, len(kept.tools), len(kept.waiting)) for kept in runs]
    print_table(context, ("NAME", "TOOLS", "WAITING"), rows, empty="no server was run with pins yet")


@command.command("diff")
@click.argument("name")
@click.argument("tool", required=False)
@pass_context
def diff(context: CliContext, name: str, tool: str | None) -> None:
    """Show what changed since it was accepted, of one TOOL or of all that wait."""
    pins = _found(context, name)
    shown = chosen(pins, [tool], all_of_them=False) if tool else [one for one in pins.items if one.state != "accepted"]
    if context.json:
        print_json([asdict(one) for one in shown])
        return
    print_changes(shown)
    tell_standing(pins)


@command.command("accept")
@click.argument("name")
@click.argument("tools", nargs=-1, metavar="TOOL…")
@click.option("--all", "all_of_them", is_flag=True, help="All tools that changed or are new.")
@click.option("--reason", default="", help="Why, kept beside the pin.")
@click.option("--yes", "-y", is_flag=True, help="Do not show the changes and ask.")
@pass_context
def accept(context: CliContext, name: str, tools: tuple[str, ...], *, all_of_them: bool, reason: str, yes: bool) -> None:
    """Let TOOLs be called as they were listed last. A run that goes on sees it within a second."""
    shown = chosen(_found(context, name), tools, all_of_them=all_of_them)
    agree(shown, yes=yes)
    _keep(context, name, shown, reason)
    if context.json:
        print_json([asdict(one) for one in _found(context, name).items])
    else:
        click.echo(plain(f"accepted: {', '.join(one.tool for one in shown)}"))


def _keep(context: CliContext, name: str, shown: Sequence[PinView], reason: str) -> None:
    """Errors: `CommandError` where a tool is not what was shown by now."""
    from yett.app.clock import SystemClock
    from yett.app.local_pins import KeptPin, PinFile
    from yett.catalog.pins import pin_of

    with PinFile(context.settings.state_dir, name).changing() as kept:
        for one in shown:
            pin = pin_of(kept.waiting.get(one.tool))
            if one.state == "accepted":
                continue
            if pin is None or pin.fingerprint != one.fingerprint:
                raise CommandError(
                    f"the tool `{one.tool}` is not what was shown; look at what it is now: `yett pins diff`", code="stale"
                )
            marks, at_ns = " ".join(pin.marks), SystemClock().now_ns()
            kept.tools[one.tool] = KeptPin(pin.fingerprint, marks, dict(pin.definition), "accepted", at_ns, reason)
            del kept.waiting[one.tool]


def _found(context: CliContext, name: str) -> PinList:
    from yett.app.local_pins import PinFile, path_of

    state_dir = context.settings.state_dir
    if not path_of(state_dir, name).exists():
        raise CommandError(
            f"nothing that is called `{name}` was run with pins; `yett pins list` shows what was", code="not_found"
        )
    return shown_pins(PinFile(state_dir, name).read())


def shown_pins(kept: Kept) -> PinList:
    """What is kept of a run, as the control plane shows pins."""
    from yett.admin.pins import pin_list
    from yett.stores.control.pins import STRICT
    from yett.stores.control.records import ToolPin

    pinned = {
        tool: ToolPin(
            server_id="",
            tool=tool,
            fingerprint=pin.fingerprint,
            marks=tuple(pin.marks.split(" ")),
            definition=pin.definition,
            how=pin.how,
            set_by="",
            reason=pin.reason,
            at_ns=pin.at_ns,
        )
        for tool, pin in kept.tools.items()
    }
    listed: list[Any] = [
        *(pin.definition for tool, pin in kept.tools.items() if tool not in kept.waiting),
        *kept.waiting.values(),
    ]
    return pin_list(kept.name, listed, (STRICT, kept.since_ns), pinned)
