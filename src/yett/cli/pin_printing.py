"""Pins on a terminal: as a table, as what changed, and the question whether that may be so."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from yett.cli.catalog_find import COLOURS
from yett.cli.context import CliContext
from yett.cli.output import CommandError, Exit, plain, print_json, print_table, say

if TYPE_CHECKING:
    from yett.admin.pin_views import PinList, PinView

HOW = {"first": "with the first list", "upgrade": "before there were pins", "accepted": "by", "setting": "by its setting"}


def print_pins(context: CliContext, pins: PinList) -> None:
    """All tools, those that wait first."""
    from rich.text import Text

    if context.json:
        print_json(asdict(pins))
        return
    rows = [
        (
            one.tool,
            Text(state_of(one), style="bold" if one.suspended else ""),
            Text(one.severity or "", style=COLOURS[one.severity] if one.severity else ""),
            _accepted_on(one),
            "; ".join(filter(None, [one.what, *(flag.what for flag in one.flags)])),
        )
        for one in sorted(pins.items, key=lambda one: not one.suspended)
    ]
    headings = ("TOOL", "STATE", "SEVERITY", "ACCEPTED", "WHAT")
    print_table(context, headings, rows, empty=f"the server `{pins.server}` has no tools", below="WHAT")
    tell_standing(pins)


def tell_standing(pins: PinList) -> None:
    """What is to be known of the server as a whole."""
    if pins.since is None:
        say(f"`{pins.server}` never told its tools, and is held to nothing; the first list that it tells is pinned")
    elif pins.mode == "off":
        say("nothing is suspended: the server is not held to its pins (mode `off`)")
    if pins.moved_at is not None:
        say(f"it moved at {pins.moved_at}: what was accepted before was of another server, and counts no more")
    if pins.waiting:
        count = "1 tool is" if pins.waiting == 1 else f"{pins.waiting} tools are"
        say(f"{count} suspended, until somebody accepts what changed")
    if pins.problem is not None:
        say(f"the server could not be asked at {pins.seen_at}: {plain(pins.problem)}")


def state_of(one: PinView) -> str:
    """A state as it is shown."""
    return f"{one.state}, suspended" if one.suspended else one.state


def accepted(one: PinView) -> str:
    """When and how it was accepted."""
    if one.how is None:
        return "never"
    return " ".join(filter(None, [one.accepted_at, HOW[one.how], one.accepted_by if one.how == "accepted" else None]))


def _accepted_on(one: PinView) -> str:
    """The same to the day, so that a row fits a terminal."""
    day = (one.accepted_at or "").partition("T")[0]
    return accepted(one) if one.accepted_at is None else accepted(one).replace(one.accepted_at, day)


def print_changes(shown: Iterable[PinView]) -> None:
    """What changed of each, and what it tries, with quotations."""
    for number, one in enumerate(shown):
        if number:
            click.echo()
        click.echo(plain(f"{one.tool}: {state_of(one)}" + (f" ({one.severity})" if one.severity else "")))
        if one.meanings:
            click.echo(plain(f"  {', '.join(one.meanings)}: {one.what}"))
        for line in one.diff.splitlines():
            click.echo(plain(f"  {line}"))
        for flag in one.flags:
            click.echo(plain(f"  ! {flag.code} at {flag.place}: {flag.what}: {flag.quote}"))
        if one.fingerprint is not None and one.state != "accepted":
            click.echo(f"  fingerprint {one.fingerprint}")


def chosen(pins: PinList, tools: Sequence[str], *, all_of_them: bool) -> list[PinView]:
    """The tools that are meant. Errors: `CommandError` for one that is not there, or cannot be accepted."""
    if all_of_them == bool(tools):
        raise CommandError("name the tools that you accept, or say `--all`", exit_code=Exit.USAGE, code="usage")
    if all_of_them:
        found = [one for one in pins.items if one.state in {"changed", "moved", "new"}]
        if not found:
            raise CommandError(f"no tool of `{pins.server}` waits to be accepted")
        return found
    by_name = {one.tool: one for one in pins.items}
    for tool in tools:
        if tool not in by_name:
            raise CommandError(f"the server `{pins.server}` has no tool `{tool}`", code="not_found")
    return [by_name[tool] for tool in dict.fromkeys(tools)]


def agree(shown: Sequence[PinView], *, yes: bool) -> None:
    """Show what is to be accepted, and ask. Errors: `CommandError` where nobody says yes."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise CommandError("nobody is there to agree; look at the changes first, then say `--yes`", exit_code=Exit.NOT_RUN)
    print_changes(shown)
    if not click.confirm("accept this?", err=True):
        raise CommandError("nothing was accepted")
