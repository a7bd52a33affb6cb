"""`yett approvals list|show|approve|deny|watch|exemptions|delegate|delegations`: calls that wait for a person.

Works with and without a running gateway, and for `yett run`: requests stand in this installation's state.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click

from yett.cli.approvals_show import print_call, print_calls, print_decided, print_exemptions
from yett.cli.approvals_watch import watch
from yett.cli.context import CliContext, pass_context
from yett.cli.output import CommandError, Exit, plain, print_json, print_table

if TYPE_CHECKING:
    from yett.app.approvals_both import BothApprovals

STATES: Final = ("pending", "approved", "running", "done", "unknown", "denied", "expired", "withdrawn")


@contextmanager
def approvals(context: CliContext) -> Iterator[BothApprovals]:
    """The requests of this installation: of its organisation, and of this user's own runs."""
    from yett.app.approvals_both import both_approvals

    with both_approvals(context.settings) as both:
        yield both


@click.group("approvals")
def command() -> None:
    """Decide on calls that a policy lets run only when a person has approved them."""


@command.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only requests that stand so.")
@click.option("--all", "show_all", is_flag=True, help="Also those that are over. Without it: what waits, and what may run.")
@pass_context
def list_(context: CliContext, /, state: str | None, show_all: bool) -> None:
    """List requests, the newest first."""
    with approvals(context) as both:
        shown = both.lines(state) if state or show_all else both.open_lines()  # type: ignore[arg-type]  # a choice of the same words
    if context.json:
        print_json([asdict(one) for one in shown])
        return
    print_calls(context, shown)


@command.command("show")
@click.argument("request")
@pass_context
def show(context: CliContext, /, request: str) -> None:
    """Show a call in full: arguments, the rules that ask, earlier calls, what would remain of limits."""
    with approvals(context) as both:
        view = both.view(request)
    if context.json:
        print_json(asdict(view))
        return
    print_call(context, view)


@command.command("approve")
@click.argument("request")
@click.option("--reason", default="", help="Why; it stands in the log.")
@click.option("--exempt-for", metavar="DURATION", help="Let the same call pass unasked for a while, too: 30m, 8h.")
@click.option("--free", multiple=True, metavar="ARGUMENT", help="An argument that may differ then. Repeat for several.")
@pass_context
def approve(context: CliContext, /, request: str, reason: str, exempt_for: str | None, free: tuple[str, ...]) -> None:
    """Let a call run, once."""
    with approvals(context) as both:
        view = both.approve(request, reason, exempt_for, free)
    print_decided(context, view)


@command.command("deny")
@click.argument("request")
@click.option("--reason", help="Why; the caller reads it.")
@pass_context
def deny(context: CliContext, /, request: str, reason: str | None) -> None:
    """Keep a call from running; also one that was approved and has not run."""
    if not (reason or "").strip():
        raise CommandError("a denial needs a reason, which the caller reads: --reason TEXT", exit_code=Exit.USAGE, code="usage")
    with approvals(context) as both:
        view = both.deny(request, str(reason))
    print_decided(context, view)


@command.command("exemptions")
@click.option("--end", metavar="EXEMPTION", help="Have people be asked again from now on.")
@pass_context
def exemptions(context: CliContext, /, end: str | None) -> None:
    """List the calls that need not be asked for until a time, or end one."""
    with approvals(context) as both:
        found = both.exemptions() if end is None else [both.end_exemption(end)]
    if context.json:
        print_json([asdict(one) for one in found] if end is None else asdict(found[0]))
    elif end is None:
        print_exemptions(context, found)
    else:
        click.echo(plain(f"{found[0].tool} of {found[0].server} is asked for again, each time"))


@command.command("delegate")
@click.argument("member")
@click.option("--for", "duration", required=True, metavar="DURATION", help="For how long: 8h, 14d.")
@pass_context
def delegate(context: CliContext, /, member: str, duration: str) -> None:
    """Have another MEMBER decide in your place for a while. For members, with an API token of their own."""
    from yett.admin.approvals_views import NewDelegation
    from yett.app.control import connect

    with connect(context.settings) as control:
        view = control.delegate(NewDelegation(to=member, duration=duration))
    if context.json:
        print_json(asdict(view))
        return
    click.echo(plain(f"{view.to} decides in the place of {view.by} until {view.until}"))


@command.command("delegations")
@click.option("--end", metavar="DELEGATION", help="End one.")
@pass_context
def delegations(context: CliContext, /, end: str | None) -> None:
    """List who decides in whose place, or end that."""
    from yett.app.control import connect

    with connect(context.settings) as control:
        found = control.delegations() if end is None else [control.end_delegation(end)]
    if context.json:
        print_json([asdict(one) for one in found])
    elif end is not None:
        click.echo(plain(f"{found[0].to} no longer decides in the place of {found[0].by}"))
    else:
        rows = [(one.id, one.by, one.to, one.until) for one in found]
        print_table(context, ("ID", "OF", "BY", "UNTIL"), rows, empty="nobody decides in another's place", whole=("ID",))


command.add_command(watch)
