"""`yett limits`: what the counters of limits hold, and emptying them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import CommandError, local_time, plain, print_json, print_table, say

if TYPE_CHECKING:
    from yett.quota.windows import Window
    from yett.stores.state_figures import CounterFigures

HEADINGS: Final = ("COUNTER", "SCOPE", "OF", "WINDOW", "USED", "MAX", "FREE AGAIN", "RULE")
WHOLE: Final = ("SCOPE", "USED", "MAX", "FREE AGAIN")
SCOPES: Final = ("grant", "session", "server", "organisation")
LISTED_MAX: Final = 10
"""Counters that are named where several fit."""
_OWNER_PLACES: Final = {"server": 1, "grant": 2, "session": 3}
"""Where in a counter's owner the id stands."""


@click.group("limits")
def command() -> None:
    """Show and reset the counters of limits."""


def _filters(function: Any) -> Any:
    """Options that say which counters are meant."""
    for option in (
        click.option("--scope", type=click.Choice(SCOPES), help="Only counters of this scope."),
        click.option("--server", metavar="NAME", help="Only counters charged by calls to this server."),
        click.option("--grant", metavar="ID|LABEL", help="Only counters of this grant."),
    ):
        function = option(function)
    return function


@command.command("show")
@click.option("--counter", metavar="NAME", help="Only counters of this name.")
@click.option("--all", "everything", is_flag=True, help="Also counters that hold nothing now.")
@_filters
@pass_context
def show(context: CliContext, /, everything: bool, **wanted: str | None) -> None:
    """Show what is used of each limit in its present window. MAX and RULE are those of the call that last used it."""
    found = [figures for figures in _counters(_path(context), **wanted) if everything or figures.used]
    if context.json:
        print_json([as_json(figures) for figures in found])
    else:
        print_table(context, HEADINGS, map(cells_of, found), empty="no counter holds anything", whole=WHOLE, below=HEADINGS[-1])


@command.command("reset")
@click.argument("counter")
@click.option("--all", "everything", is_flag=True, help="Reset all counters that fit, where several do.")
@_filters
@pass_context
def reset(context: CliContext, /, counter: str, everything: bool, **wanted: str | None) -> None:
    """Empty a counter. The log records who did it. A running gateway sees it at its next call."""
    from yett.app.clock import SystemClock
    from yett.stores.state_reset import reset_counters

    path = _path(context)
    found = _counters(path, counter=counter, **wanted)
    if not found:
        raise CommandError(_unknown(counter, [figures.key.name for figures in _counters(path)]), code="not_found")
    if len(found) > 1 and not everything:
        raise CommandError(
            f"{len(found)} counters fit `{counter}`; say which with --grant, --server or --scope, or --all for all of them",
            code="ambiguous",
            details=[" ".join(map(str, cells_of(figures)[:4])) for figures in found[:LISTED_MAX]],
        )
    reset_counters(path, found, actor=_actor(), now_ns=SystemClock().now_ns())
    if context.json:
        print_json([as_json(figures) for figures in found])
    for figures in found:
        name, scope, owner, *_ = cells_of(figures)
        say(plain(f"`{name}` of {scope} {owner} is empty; it held {figures.used}"))


def as_json(figures: CounterFigures) -> dict[str, Any]:
    """A counter for machines. Amounts are text: they are exact decimals."""
    from yett.admin.checks import show_moment

    key = figures.key
    return {
        "counter": key.name,
        "scope": key.scope,
        "owner": list(key.owner),
        "server": figures.server,
        "grant_label": figures.grant,
        "window": key.window.name,
        "sliding": key.window.sliding,
        "shadow": key.shadow,
        "used": str(figures.used),
        "max": str(figures.maximum),
        "share": round(figures.share, 4),
        "free_again": None if figures.opens_at_ns is None else show_moment(_up_to_second(figures.opens_at_ns)),
        "rule": figures.rule,
    }


def cells_of(figures: CounterFigures) -> tuple[object, ...]:
    """A counter for people, by `HEADINGS`."""
    key = figures.key
    return (
        f"{key.name} (shadow)" if key.shadow else key.name,
        key.scope,
        _owner(figures),
        _window(key.window),
        figures.used,
        figures.maximum,
        None if figures.opens_at_ns is None else local_time(_up_to_second(figures.opens_at_ns)),
        figures.rule,
    )


def _path(context: CliContext) -> Path:
    from yett.stores.state_file import STATE_FILE

    return context.settings.state_dir / STATE_FILE


def _counters(
    path: Path, *, counter: str | None = None, grant: str | None = None, server: str | None = None, scope: str | None = None
) -> list[CounterFigures]:
    """The counters that fit; none where nothing was recorded yet."""
    from yett.app.clock import SystemClock
    from yett.stores.state_figures import counters
    from yett.stores.state_reader import StateReader

    if not path.exists():
        return []
    with StateReader(path) as reader:
        found = list(counters(reader, SystemClock().now_ns()))
    return [
        figures
        for figures in found
        if counter in {None, figures.key.name}
        and scope in {None, figures.key.scope}
        and server in {None, figures.server, _owner_id(figures, "server")}
        and grant in {None, _grant_label(figures), _owner_id(figures, "grant")}
    ]


def _owner_id(figures: CounterFigures, part: str) -> str | None:
    owner, place = figures.key.owner, _OWNER_PLACES[part]
    return owner[place] if place < len(owner) else None


def _grant_label(figures: CounterFigures) -> str | None:
    """The grant's label, where the counter belongs to a grant at all."""
    return figures.grant if _owner_id(figures, "grant") is not None else None


def _owner(figures: CounterFigures) -> str:
    key = figures.key
    if key.scope == "organisation":
        return key.owner[0]
    if key.scope == "server":
        return figures.server
    grant = f"{figures.grant or key.owner[2]} on {figures.server}"
    return f"{grant}, session {key.owner[3]}" if key.scope == "session" else grant


def _window(window: Window) -> str:
    name = f"{window.name} s" if window.name.isdecimal() else window.name
    return f"{name}, sliding" if window.sliding else name


def _up_to_second(at_ns: int) -> int:
    """Rounded up: a second earlier, the counter would still be closed."""
    return -(-at_ns // 1_000_000_000) * 1_000_000_000


def _actor() -> str:
    """Who resets: the user of this machine."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user without a name
        import os

        return f"uid {os.getuid()}"


def _unknown(counter: str, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(counter, names, n=1, cutoff=0.5)
    hint = f", did you mean `{near[0]}`?" if near else "; `yett limits show --all` lists them"
    return f"no such counter `{counter}`{hint}"
