"""`yett wrap`: has the servers of this user's clients go through Yett."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import CommandError, Exit, plain, print_json, say

if TYPE_CHECKING:
    from yett.app.wrap_plan import Here, Planned, Unread


@click.command("wrap")
@click.argument("words", nargs=-1, metavar="[CLIENT|FILE]…")
@click.option("--all", "everything", is_flag=True, help="All configuration files of this user's clients.")
@click.option("--only", multiple=True, metavar="NAME", help="Only the entry of this name. Repeatable.")
@click.option(
    "--policy", default="recommended", show_default=True, metavar="POLICY",
    help="What judges: `recommended`, `observe` (recommended, but nothing is denied), or a policy that is there.",
)  # fmt: skip
@click.option("--look/--no-look", default=True, help="Start or ask each server once, for its tools.  [default: look]")
@click.option("--dry-run", is_flag=True, help="Show what would become of each entry, secrets masked, and do nothing.")
@click.option("--status", is_flag=True, help="Show which entries go through Yett, and how they stand.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@pass_context
def command(context: CliContext, /, words: tuple[str, ...], everything: bool, **options: Any) -> int:
    """Have the servers of MCP clients go through Yett: their entries, in place, start `yett connect` from now on.

    CLIENT is a client's name (claude-code, cursor, codex …), FILE the path of a configuration file. What an entry held is kept,
    sealed: `yett unwrap` puts it back to the byte. Names of entries stay, and so does everything else in the file.
    A `yett.toml` in this folder does not count: clients start elsewhere.
    Exits with 1 if an entry was left as it is, with 3 if a file could not be read.
    """
    from yett.app.wrap_plan import planned
    from yett.cli.wrap_files import files_for, here
    from yett.cli.wrap_report import print_status

    context.local = False
    if options["status"]:
        return print_status(context, words, options["only"])
    if not words and not everything:
        raise click.UsageError("say whose servers: a client, a file, or `--all`")
    around = here(context)
    found = [planned(around, file) for file in files_for(context, words, everything=everything)]
    unread = [one for one in found if not isinstance(one, list)]
    entries = _chosen([entry for one in found if isinstance(one, list) for entry in one], options["only"])
    if options["dry_run"]:
        return _show(context, around, entries, unread)
    return _wrap(context, around, entries, unread, options)


def _chosen(entries: list[Planned], only: tuple[str, ...]) -> list[Planned]:
    missing = set(only) - {entry.name for entry in entries}
    if missing:
        raise click.UsageError(f"there is no entry `{sorted(missing)[0]}` in these files")
    return [entry for entry in entries if not only or entry.name in only]


def _show(context: CliContext, around: Here, entries: list[Planned], unread: list[Unread]) -> int:
    from yett.app.wrap_plan import State, entry_argv
    from yett.wrap.masking import difference
    from yett.wrap.naming import slug_of

    shown: list[dict[str, Any]] = []
    for entry in entries:
        ready = entry.state is State.READY
        argv = entry_argv(around.settings, slug_of(entry.name), entry.id)
        lines = difference(entry.client, entry.located.entry.value, argv) if ready else []
        shown.append({**_identity(entry), "state": entry.state.value, "why": entry.why or None, "difference": lines})
    if context.json:
        print_json({"entries": shown, "not_read": _not_read(unread)})
    else:
        for one in shown:
            click.echo(
                f"{plain(one['file'])}: {plain(one['name'])}: {one['state']}{': ' + plain(one['why']) if one['why'] else ''}"
            )
            for line in one["difference"]:
                color = {"-": "red", "+": "green"}.get(line[0])
                click.secho(f"  {plain(line)}", fg=color, color=context.color())
        if not shown:
            say("no MCP server is configured there")
    return _exit(unread, left=False)


def _wrap(context: CliContext, around: Here, entries: list[Planned], unread: list[Unread], options: dict[str, Any]) -> int:
    from yett.app.wrap_plan import State
    from yett.app.wrapping import wrap
    from yett.cli.wrap_report import outcome_json, print_outcomes

    ready = [entry for entry in entries if entry.state is State.READY]
    if ready and not options["yes"]:
        _ask(context, ready, look=options["look"])
    if ready and options["look"] and not context.json and sys.stderr.isatty():
        say("asking each server for its tools: one that has to be fetched first takes its time")
    outcomes = []
    for outcome in wrap(around, entries, options["policy"], look=options["look"]) if entries else ():
        if not context.json and outcome.state is State.WRAPPED and outcome.prepared is not None:
            say(f"wrapped: {plain(outcome.entry.name)} ({outcome.entry.client.value})")
        outcomes.append(outcome)
    if context.json:
        print_json({"entries": [outcome_json(one) for one in outcomes], "not_read": _not_read(unread)})
    else:
        print_outcomes(context, outcomes)
    return _exit(unread, left=any(one.state is State.LEFT for one in outcomes))


def _ask(context: CliContext, ready: list[Planned], *, look: bool) -> None:
    """Errors: `CommandError` where nobody can be asked."""
    if context.json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise CommandError(
            f"{len(ready)} entries would go through Yett; say `--yes`, or look first with `--dry-run`",
            exit_code=Exit.USAGE, code="usage",
        )  # fmt: skip
    for entry in ready:
        say(f"{plain(entry.file.file.path)}: {plain(entry.name)}")
    asked = " Each is started or asked once for its tools" if look else ""
    click.confirm(f"have these go through Yett?{asked}", abort=True, err=True)


def _identity(entry: Planned) -> dict[str, Any]:
    scope = entry.located.entry.scope or None
    return {"name": entry.name, "client": entry.client.value, "file": str(entry.file.file.path), "project": scope}


def _not_read(unread: list[Unread]) -> list[dict[str, str]]:
    return [{"file": str(one.file.path), "message": one.why} for one in unread]


def _exit(unread: list[Unread], *, left: bool) -> int:
    for one in unread:
        say(f"not read: {plain(one.file.path)}: {plain(one.why)}; nothing in it was changed")
    if unread:
        return Exit.NOT_RUN
    return Exit.FAILED if left else Exit.OK
