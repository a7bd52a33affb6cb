"""`yett down`: ends the gateway of this host, also one that a client started in the background."""

from __future__ import annotations

from typing import Final

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import CommandError, Exit, print_json, say

BEYOND_S: Final = 5.0
"""How much longer than `yett up` gives its parts this waits."""


@click.command("down")
@click.option("--now", is_flag=True, help="Do not wait for calls in work.")
@pass_context
def command(context: CliContext, *, now: bool) -> None:
    """End the gateway, whoever started it: `yett up`, or `yett connect --start` in the background.

    Calls in work are done first. Ends with status 0 when the gateway has ended, 3 where none runs, and 1 where it still ends.
    """
    from yett.app.running import end_gateway
    from yett.cli.up import BEYOND_DRAIN_S

    settings = context.settings
    within_s = settings.data_plane.drain_s + BEYOND_DRAIN_S + BEYOND_S
    found = end_gateway(settings.state_dir, within_s, now=now)
    if found is None:
        raise CommandError(f"no gateway runs on the state in `{settings.state_dir}`", code="not_running")
    pid, ended = found
    if not ended:
        still = f"the gateway, process {pid}, still has work; `yett down --now` does not wait for it"
        raise CommandError(still, exit_code=Exit.FAILED, code="still_running")
    if context.json:
        print_json({"pid": pid, "ended": ended})
    else:
        say(f"the gateway, process {pid}, has ended")
