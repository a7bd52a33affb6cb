"""`yett policy set|list|show`: published policies. Checking, testing and explaining files is in `policy_files`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Final

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import CommandError, plain, print_fields, print_json, print_table, tell_note


@click.command("set")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option(
    "--grant", "grants", multiple=True, metavar="GRANT", help="Let this policy judge the calls of a grant, by id or label."
)
@click.option("--message", "-m", default="", help="Why; kept with the revision.")
@click.option("--yaml", "yaml", is_flag=True, help="FILE is YAML though its name does not say so.")
@pass_context
def set_(context: CliContext, name: str, file: Path, grants: tuple[str, ...], message: str, yaml: bool) -> None:
    """Publish FILE (`-` for standard input) as the policy NAME: a new revision, if it means something else than the last."""
    from yett.admin.views import NewRevision
    from yett.app.control import connect
    from yett.policy.document import looks_like_yaml

    document = _read(file)
    new = NewRevision(document=document, yaml=yaml or looks_like_yaml(file.name), message=message, grants=list(grants))
    with connect(context.settings) as control:
        changed = control.set_policy(name, new)
    if context.json:
        print_json(asdict(changed))
        return
    what = "is published" if changed.changed else "says the same already"
    click.echo(f"the policy `{name}` {what}, revision {changed.policy.revision}")
    for grant in changed.attached:
        click.echo(f"it judges the calls of {plain(grant.id)}{plain(f' ({grant.label})') if grant.label else ''}")
    if changed.policy.grants == 0:
        tell_note(f"no grant has it yet; `yett grant mint --server SERVER --policy {name}` mints one")
    tell_note(changed.note)


def _read(file: Path) -> str:
    from yett.policy.vocabulary import DOCUMENT_BYTES_MAX

    try:
        if str(file) == "-":
            data = sys.stdin.buffer.read(DOCUMENT_BYTES_MAX + 1)
        else:
            with file.open("rb") as stream:
                data = stream.read(DOCUMENT_BYTES_MAX + 1)
        return data.decode("utf-8")
    except OSError as error:
        raise CommandError(f"cannot read `{file}`: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"`{file}` is not UTF-8 text: {error.reason} at byte {error.start}", exit_code=1) from error


@click.command("list")
@pass_context
def list_(context: CliContext) -> None:
    """List the published policies."""
    from yett.app.control import connect

    with connect(context.settings) as control:
        policies = control.policies()
    if context.json:
        print_json([asdict(policy) for policy in policies])
        return
    rows = [
        (policy.name, policy.revision, policy.grants, policy.author, policy.created_at, policy.message or policy.source)
        for policy in policies
    ]
    headings = ("NAME", "REVISION", "GRANTS", "AUTHOR", "SINCE", "MESSAGE")
    print_table(context, headings, rows, empty="no policies yet; publish one with `yett policy set NAME FILE`")


@click.command("show")
@click.argument("name")
@click.option("--revision", type=click.IntRange(min=1), help="The text of this revision instead of the last one.")
@click.option("--history", is_flag=True, help="List the revisions instead.")
@pass_context
def show(context: CliContext, name: str, revision: int | None, history: bool) -> None:
    """Print a published policy, canonical JSON on stdout."""
    import json

    from yett.app.control import connect

    with connect(context.settings) as control:
        found = control.policy(name, revision)
    if context.json:
        print_json({**asdict(found), "document": json.loads(found.document)})
    elif history:
        rows = [(line.revision, line.author, line.created_at, line.message) for line in found.revisions]
        print_table(context, ("REVISION", "AUTHOR", "AT", "MESSAGE"), rows)
    else:
        if sys.stdout.isatty():
            print_fields(context, [("revision", found.revision.revision), ("source", found.policy.source or "set by command")])
        print_json(json.loads(found.document))


commands: Final = {"set": set_, "list": list_, "show": show}
