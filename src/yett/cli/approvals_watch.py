"""`yett approvals watch`: requests as they come, and a person's answer to each."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click

from yett.cli.approvals_show import left, print_call, print_decided, who
from yett.cli.context import CliContext, pass_context
from yett.cli.output import local_time, plain, print_json_line, say
from yett.errors import YettError

if TYPE_CHECKING:
    from yett.admin.approvals_views import ApprovalLine
    from yett.app.approvals_both import BothApprovals

EVERY_S: Final = 1.0
"""How often is looked."""


@click.command("watch")
@click.option("--ask/--no-ask", default=None, help="Whether to ask for each. Default: at a terminal.")
@click.option("--once", is_flag=True, help="Only what waits now; exits with 1 if anything does.")
@pass_context
def watch(context: CliContext, /, ask: bool | None, once: bool) -> int:
    """Show requests as they come, and ask for each what to do. Ends with ctrl-c."""
    from yett.app.approvals_both import both_approvals
    from yett.app.approvals_changes import Changes
    from yett.stores.state_file import STATE_FILE

    asks = ask if ask is not None else not context.json and sys.stdin.isatty() and sys.stdout.isatty()
    changes = Changes(context.settings.state_dir / STATE_FILE, lambda: both_approvals(context.settings), time.time_ns)
    seen: dict[str, str] = {}
    if not once and not context.json:
        say("waiting for calls that need a person; ctrl-c ends this")
    while True:
        for one in changes.look():
            if seen.get(one.id) != one.state and (one.id in seen or one.state == "pending"):
                _tell(context, one)
                if asks and one.decidable and one.state == "pending" and not context.json:
                    with both_approvals(context.settings) as both:
                        _ask(context, both, one.id)
            seen[one.id] = one.state
        if once:
            return int("pending" in seen.values())
        time.sleep(EVERY_S)


def _tell(context: CliContext, one: ApprovalLine) -> None:
    if context.json:
        print_json_line(asdict(one))
        return
    now = local_time(time.time_ns())
    if one.state != "pending":
        click.echo(plain(f"{now}  {one.id}  is {one.state}: {one.tool} of {one.server}"))
        return
    click.echo(
        plain(
            f"{now}  {one.id}  {who(one)} wants {one.tool} of {one.server} ({one.risk or 'unknown risk'}), {left(one.expires_at)}"
        )
    )


def _ask(context: CliContext, both: BothApprovals, id: str) -> None:
    print_call(context, both.view(id))
    choice = click.prompt("approve, deny, or later", type=click.Choice(["a", "d", "l"]), default="l")
    try:
        if choice == "a":
            print_decided(context, both.approve(id, "", None, ()))
        elif choice == "d":
            print_decided(context, both.deny(id, click.prompt("why")))
    except YettError as error:  # it was decided elsewhere meanwhile, or its time is over: the watch goes on
        say(plain(str(error)))
