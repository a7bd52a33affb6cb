"""`yett unwrap`: puts entries of clients' configuration back as they were."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import CommandError, Exit, plain, print_json, say

if TYPE_CHECKING:
    from yett.app.unwrapping import Looked, Unwrapped


@click.command("unwrap")
@click.argument("words", nargs=-1, metavar="[CLIENT|FILE]…")
@click.option("--all", "everything", is_flag=True, help="Everything that goes through Yett.")
@click.option("--only", multiple=True, metavar="NAME", help="Only the entry of this name. Repeatable.")
@click.option("--keep", is_flag=True, help="Keep the servers; only the entries' own grants end.")
@click.option("--force", is_flag=True, help="Replace entries that were edited since, too.")
@click.option("--forget", is_flag=True, help="Change no file: only take away what was made for the entries.")
@click.option("--show", metavar="NAME", help="Print what stood there, with its secrets, and do nothing.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@pass_context
def command(context: CliContext, /, words: tuple[str, ...], everything: bool, **options: Any) -> int:
    """Put entries of MCP clients back as they were before `yett wrap`, to the byte; other changes of their files stay.

    The entries' grants end, and servers that were made for them are removed. Policies stay: they may be a person's work.
    """
    from yett.app.unwrapping import look
    from yett.cli.wrap_files import records_for
    from yett.stores.wrapped import read_wrapped

    context.local = False
    records = read_wrapped(context.settings.state_dir)
    only = options["only"] if options["show"] is None else (options["show"],)
    chosen = look(context.settings, records_for(records, words, only))
    if options["show"] is not None:
        return _show(context, chosen)
    if not words and not everything and not only:
        raise click.UsageError("say whose entries: a client, a file, `--only NAME`, or `--all`")
    if chosen and not options["yes"]:
        _ask(context, chosen)
    return _unwrap(context, chosen, options)


def _show(context: CliContext, chosen: list[Looked]) -> int:
    from yett.app.unwrapping import original_of

    for one in chosen:
        click.echo(original_of(context.settings, one.id))
    return Exit.OK


def _ask(context: CliContext, chosen: list[Looked]) -> None:
    """Errors: `CommandError` where nobody can be asked."""
    if context.json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise CommandError(f"{len(chosen)} entries would be put back; say `--yes`", exit_code=Exit.USAGE, code="usage")
    for one in chosen:
        say(f"{plain(one.record.file)}: {plain(one.record.name)}: {one.standing.value}")
    click.confirm("put these back? Their calls are not judged any more", abort=True, err=True)


def _unwrap(context: CliContext, chosen: list[Looked], options: dict[str, Any]) -> int:
    from yett.app.unwrapping import forget_all, unwrap
    from yett.cli.wrap_report import looked_json

    if options["forget"]:
        done = list(forget_all(context.settings, chosen, keep=options["keep"]))
    else:
        done = list(unwrap(context.settings, chosen, keep=options["keep"], force=options["force"])) if chosen else []
    if context.json:
        print_json([{**looked_json(one.entry), "state": _state(one), "why": one.why or None} for one in done])
    else:
        for one in done:
            click.echo(f"{plain(one.entry.record.name)} ({one.entry.record.client}): {_state(one)}{_because(one)}")
        say("restart the clients" if any(one.done for one in done) else "nothing was changed")
    return Exit.OK if all(one.done for one in done) else Exit.FAILED


def _state(one: Unwrapped) -> str:
    return "as it was" if one.done else "left as it is"


def _because(one: Unwrapped) -> str:
    return f": {plain(one.why)}" if one.why else ""
