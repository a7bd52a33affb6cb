"""`yett pins`: the tools of servers that `yett run` stands before, as they were accepted."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import print_json, print_table
from yett.cli.pin_commands import PinDesk, accept_command, diff_command
from yett.cli.pin_printing import print_pins


@click.group("pins")
def command() -> None:
    """What tools behind `yett run` were accepted as. For servers of the gateway: `yett server pins`."""


def _here(context: CliContext) -> AbstractContextManager[PinDesk]:
    from yett.app.local_pin_desk import LocalPinDesk

    return nullcontext(LocalPinDesk(context.settings.state_dir))


@command.command("list")
@click.argument("name", required=False)
@pass_context
def list_(context: CliContext, name: str | None) -> None:
    """List the tools of the run called NAME, or the runs that have pins."""
    if name is not None:
        with _here(context) as desk:
            print_pins(context, desk.pins(name))
        return
    from yett.app.local_pins import pin_files

    runs = pin_files(context.settings.state_dir)
    if context.json:
        print_json([{"name": kept.name, "tools": len(kept.tools), "waiting": len(kept.waiting)} for kept in runs])
        return
    rows = [(kept.name, len(kept.tools), len(kept.waiting)) for kept in runs]
    print_table(context, ("NAME", "TOOLS", "WAITING"), rows, empty="no server was run with pins yet")


command.add_command(diff_command("NAME", _here))
command.add_command(accept_command("NAME", _here))
