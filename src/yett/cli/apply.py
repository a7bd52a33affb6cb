"""`yett apply` and `yett export`: servers, policies and grants as files."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import CommandError, Exit, plain, print_json, print_table, say, tell_note

if TYPE_CHECKING:
    from yett.admin.apply_views import ApplyResult, Step

SIGNS: Final = {"create": "+", "update": "~", "remove": "-", "unmanaged": "?"}
_DIRECTORY = click.Path(path_type=Path, file_okay=False)


@click.command("apply")
@click.option("-f", "directory", required=True, type=_DIRECTORY, help="The directory of the documents.")
@click.option("--dry-run", is_flag=True, help="Only show what would change; exit 1 if anything would (drift).")
@click.option("--prune", is_flag=True, help="Remove servers, policies and grants that no document names.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask before changing things.")
@click.option("--message", "-m", default="", help="For the revisions of policies.")
@click.option("--tokens", type=click.Path(path_type=Path, dir_okay=False), help="Write new tokens to this file (0600).")
@pass_context
def apply(context: CliContext, /, directory: Path, dry_run: bool, yes: bool, tokens: Path | None, **options: Any) -> None:
    """Make servers, policies and grants as the documents say: plan, ask, then all or nothing."""
    from yett.admin.apply_views import ApplyWanted
    from yett.app.control import connect
    from yett.cli.apply_files import read_directory

    if not directory.is_dir():
        raise CommandError(f"there is no directory `{directory}`", exit_code=Exit.NOT_RUN)
    documents = read_directory(directory)
    with connect(context.settings) as control:
        planned = control.apply(ApplyWanted(documents=documents, dry_run=True, **options))
        changes = [step for step in planned.steps if step.action != "unmanaged"]
        if dry_run or not changes:
            _show(context, planned)
            if dry_run and planned.steps:
                raise click.exceptions.Exit(Exit.FAILED)
            return
        if not yes:
            _ask(context, planned)
        if tokens is not None and tokens.exists():
            raise CommandError(f"`{tokens}` exists already; name another file for the tokens", exit_code=Exit.NOT_RUN)
        done = control.apply(ApplyWanted(documents=documents, plan=planned.plan, **options))
    if tokens is not None:
        _write_tokens(tokens, done)
    _tell(context, done, tokens)


@click.command("export")
@click.argument("directory", type=_DIRECTORY, required=False)
@pass_context
def export(context: CliContext, directory: Path | None) -> None:
    """Write everything as documents below DIRECTORY, which `yett apply` finds unchanged. No secrets, no tokens."""
    from yett.app.control import connect
    from yett.cli.apply_files import write_directory

    with connect(context.settings) as control:
        exported = control.export()
    if directory is None:
        if not context.json:
            raise click.UsageError("name a directory, or say --json")
        print_json(asdict(exported))
        return
    written = write_directory(directory, exported.documents)
    if context.json:
        print_json({"written": [str(path) for path in written], "left_out": exported.left_out})
        return
    click.echo(f"{len(written)} documents below {directory}")
    for sentence in exported.left_out:
        say(f"left out: {plain(sentence)}")


def _show(context: CliContext, planned: ApplyResult) -> None:
    """The plan, as a table of steps and what differs."""
    if context.json:
        print_json(asdict(planned))
        return
    rows = [(SIGNS[step.action], step.kind, step.name, _differences(step)) for step in planned.steps]
    print_table(context, ("", "KIND", "NAME", "WHAT DIFFERS"), rows, empty="nothing differs")
    unmanaged = sum(step.action == "unmanaged" for step in planned.steps)
    if unmanaged:
        say(f"{unmanaged} marked ? have no document and stay; `--prune` would remove them")


def _differences(step: Step) -> str:
    """In a few words."""
    if step.action == "unmanaged":
        return "no document names it"
    if step.action != "update":
        return {"create": "new", "remove": "goes"}[step.action]
    return "; ".join(f"{key}: {_short(step.before[key])} → {_short(step.after[key])}" for key in step.after)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _ask(context: CliContext, planned: ApplyResult) -> None:
    """Go on only if a person agrees."""
    if context.json or not sys.stdin.isatty():
        raise CommandError(
            "nobody is there to agree to the plan; say `--yes`, or `--dry-run` to look at it", exit_code=Exit.NOT_RUN
        )
    _show(context, planned)
    if not click.confirm("do this?", err=True):
        raise CommandError("nothing was changed", exit_code=Exit.FAILED)


def _write_tokens(path: Path, done: ApplyResult) -> None:
    from yett.private_files import write_private

    write_private(path, json.dumps({one.grant: one.token for one in done.tokens}, indent=2).encode() + b"\n")


def _tell(context: CliContext, done: ApplyResult, tokens: Path | None) -> None:
    told = asdict(done)
    if tokens is not None:
        told["tokens"] = [{**one, "token": "***"} for one in told["tokens"]]
    if context.json:
        print_json(told)
        return
    _show(context, done)
    if done.tokens and tokens is None:
        print_table(context, ("GRANT", "TOKEN"), [(one.grant, one.token) for one in done.tokens], empty="")
        say("the tokens are shown this once")
    elif done.tokens:
        click.echo(plain(f"{len(done.tokens)} tokens in {tokens}"))
    for note in (done.note, *done.remarks):
        tell_note(note)
