"""`yett policy set|list|show`: published policies. Checking, testing and explaining files is in `policy_files`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import CommandError, plain, print_fields, print_json, print_table, say, tell_note

if TYPE_CHECKING:
    from yett.admin.control import Control
    from yett.admin.views import PolicyChanged, PolicyText, PolicyView, RevisionLine


@click.command("set")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option(
    "--grant", "grants", multiple=True, metavar="GRANT", help="Let this policy judge the calls of a grant, by id or label."
)
@click.option("--message", "-m", default="", help="Why; kept with the revision.")
@click.option("--yaml", "yaml", is_flag=True, help="FILE is YAML though its name does not say so.")
@click.option("--draft", is_flag=True, help="Save it without having it judge.")
@click.option("--server", help="Only grants of this server may have it; empty for any.")
@click.option(
    "--base",
    type=click.IntRange(min=0),
    help="The newest revision that you know of (0: none); if there is a newer one, save nothing.",
)
@pass_context
def set_(context: CliContext, /, name: str, file: Path, grants: tuple[str, ...], **options: Any) -> None:
    """Publish FILE (`-` for standard input) as the policy NAME: a new revision, if it means something else than the last."""
    from yett.admin.views import NewRevision
    from yett.app.control import connect
    from yett.policy.document import looks_like_yaml

    document, yaml = _read(file), options.pop("yaml") or looks_like_yaml(file.name)
    with connect(context.settings) as control:
        changed = control.set_policy(name, NewRevision(document=document, yaml=yaml, grants=list(grants), **options))
    if context.json:
        print_json(asdict(changed))
        return
    click.echo(f"the policy `{name}` {_outcome(changed, draft=options['draft'])}")
    for grant in changed.attached:
        click.echo(f"it judges the calls of {plain(grant.id)}{plain(f' ({grant.label})') if grant.label else ''}")
    tell_warnings(changed)
    if changed.policy.grants == 0 and not options["draft"]:
        tell_note(f"no grant has it yet; `yett grant mint --server SERVER --policy {name}` mints one")
    tell_note(changed.note)


def _outcome(changed: PolicyChanged, *, draft: bool) -> str:
    policy = changed.policy
    if not changed.changed:
        return f"says the same already, revision {policy.revision}"
    number = policy.draft or policy.number
    return f"is saved as a draft, revision {number}" if draft else f"is published, revision {policy.revision}"


def tell_warnings(changed: PolicyChanged) -> None:
    """What the text surely does not mean, on stderr."""
    for one in changed.warnings:
        where = f"{one.pointer or '/'}{f' on {one.server}' if one.server else ''}"
        hint = f" ({one.hint})" if one.hint else ""
        say(plain(f"{one.severity}: {where}: {one.message}{hint} [{one.code}]"))


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
@click.option("--server", help="Only those that grants of this server may have.")
@click.option("--search", default="", help="Only those whose name holds this.")
@pass_context
def list_(context: CliContext, server: str | None, search: str) -> None:
    """List the policies, with the revision that judges, or the newest draft where none does."""
    from yett.app.control import connect

    with connect(context.settings) as control:
        policies = control.policies(search, server)
    if context.json:
        print_json([asdict(policy) for policy in policies])
        return
    rows = [
        (
            *(policy.name, policy.server or "any", _shown_revision(policy), policy.grants, policy.author, policy.created_at),
            policy.message or policy.source,
        )
        for policy in policies
    ]
    headings = ("NAME", "SERVER", "REVISION", "GRANTS", "AUTHOR", "SINCE", "MESSAGE")
    print_table(context, headings, rows, empty="no policies yet; publish one with `yett policy set NAME FILE`")


def _shown_revision(policy: PolicyView) -> str:
    if policy.status == "draft":
        return f"{policy.revision} (draft)"
    return policy.revision if policy.draft is None else f"{policy.revision} (draft {policy.draft})"


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
        lines = list(_all_revisions(control, name)) if history else []
    if context.json:
        print_json({**asdict(found), "document": json.loads(found.document)})
    elif history:
        rows = [
            (line.revision, "published" if line.published else "", line.author, line.created_at, line.message) for line in lines
        ]
        print_table(context, ("REVISION", "STATUS", "AUTHOR", "AT", "MESSAGE"), rows)
    else:
        if sys.stdout.isatty():
            print_fields(context, [("revision", found.revision.revision), ("source", found.policy.source or "set by command")])
        print_json(json.loads(found.document))
        tell_exemptions(found)


def tell_exemptions(found: PolicyText) -> None:
    """Calls that people need not approve meanwhile, on stderr."""
    for one in found.exemptions:
        free = f", whatever {', '.join(one.free)} is" if one.free else ""
        what = f"{one.tool} at {one.server} for {one.grant_label or one.grant}{free}"
        say(plain(f"exempt until {one.until}: {what}, by {', '.join(one.given_by)} ({one.id})"))


def _all_revisions(control: Control, name: str) -> Iterator[RevisionLine]:
    from yett.admin.listing import PAGE_MAX, Listing

    after: str | None = ""
    while after is not None:
        page = control.policy_revisions(name, Listing(limit=PAGE_MAX, after=after))
        yield from page.items
        after = page.next


commands: Final = {"set": set_, "list": list_, "show": show}
