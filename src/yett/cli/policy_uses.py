"""`yett policy attach|detach|uses|edit|remove`: who has a policy, and what stands around its text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import plain, print_json, print_table, tell_note

if TYPE_CHECKING:
    from yett.admin.control import Control
    from yett.admin.policy_views import GrantsChanged
    from yett.admin.views import GrantView


@click.command("attach")
@click.argument("name")
@click.argument("grants", nargs=-1, required=True, metavar="GRANT...")
@pass_context
def attach(context: CliContext, name: str, grants: tuple[str, ...]) -> None:
    """Let a policy judge the calls of grants, by id or label: of all of them, or of none if one cannot have it."""
    from yett.admin.policy_views import GrantList
    from yett.app.control import connect

    with connect(context.settings) as control:
        changed = control.attach_all(name, GrantList(grants=list(grants)))
    _tell(context, changed, f"has the policy `{name}`")


@click.command("detach")
@click.argument("name")
@click.argument("grants", nargs=-1, metavar="GRANT...")
@click.option("--all", "every", is_flag=True, help="From every live grant that has it.")
@pass_context
def detach(context: CliContext, name: str, grants: tuple[str, ...], every: bool) -> None:
    """Take a policy away from grants, whose every call is denied then."""
    from yett.admin.policy_views import REFERENCES_MAX, GrantList, GrantsChanged
    from yett.app.control import connect

    if bool(grants) is every:
        raise click.UsageError("name grants, or say --all")
    with connect(context.settings) as control:
        wanted = [view.id for view in _users(control, name)] if every else list(grants)
        parts = [wanted[start : start + REFERENCES_MAX] for start in range(0, len(wanted), REFERENCES_MAX)]
        answers = [control.detach_all(name, GrantList(grants=part)) for part in parts]
    views = [view for answer in answers for view in answer.grants]
    notes = [answer.note for answer in answers if answer.note is not None]
    done = GrantsChanged(grants=views, applied=all(one.applied for one in answers), note=notes[-1] if notes else None)
    _tell(context, done, "has no policy: every call is denied")


def _tell(context: CliContext, changed: GrantsChanged, sentence: str) -> None:
    if context.json:
        print_json(asdict(changed))
        return
    for grant in changed.grants:
        click.echo(plain(f"the grant {grant.id}{f' ({grant.label})' if grant.label else ''} {sentence}"))
    tell_note(changed.note)


@click.command("uses")
@click.argument("name")
@pass_context
def uses(context: CliContext, name: str) -> None:
    """List the live grants that have a policy."""
    from yett.app.control import connect

    with connect(context.settings) as control:
        found = list(_users(control, name))
    if context.json:
        print_json([asdict(grant) for grant in found])
        return
    rows = [(grant.id, grant.label, grant.server, grant.owner, grant.status, grant.used_at or "never") for grant in found]
    headings = ("ID", "LABEL", "SERVER", "OWNER", "STATUS", "LAST USED")
    print_table(context, headings, rows, empty=f"no live grant has the policy `{name}`")


def _users(control: Control, name: str) -> Iterator[GrantView]:
    from yett.admin.listing import PAGE_MAX, Listing

    after: str | None = ""
    while after is not None:
        page = control.policy_uses(name, Listing(limit=PAGE_MAX, after=after))
        yield from page.items
        after = page.next


@click.command("edit")
@click.argument("name")
@click.option("--rename", metavar="NAME", help="What it is called from now on.")
@click.option("--server", help="Only grants of this server may have it; empty for any.")
@pass_context
def edit(context: CliContext, name: str, rename: str | None, server: str | None) -> None:
    """Rename a policy, or bind it to a server."""
    from yett.admin.policy_views import PolicyEdit
    from yett.app.control import connect

    if rename is None and server is None:
        raise click.UsageError("say --rename or --server")
    with connect(context.settings) as control:
        changed = control.edit_policy(name, PolicyEdit(name=rename, server=server))
    if context.json:
        print_json(asdict(changed))
        return
    called = f" is called `{changed.policy.name}` now, and" if rename is not None else ""
    whose = f"for grants of `{changed.policy.server}`" if changed.policy.server else "for any grant"
    click.echo(plain(f"the policy `{name}`{called} is {whose}"))
    tell_note(changed.note)


@click.command("remove")
@click.argument("name")
@pass_context
def remove(context: CliContext, name: str) -> None:
    """Remove a policy that no live grant has."""
    from yett.app.control import connect

    with connect(context.settings) as control:
        removed = control.remove_policy(name)
    if context.json:
        print_json(asdict(removed))
        return
    click.echo(plain(f"the policy `{removed.policy.name}` is removed"))
    tell_note(removed.note)


commands: Final = {"attach": attach, "detach": detach, "uses": uses, "edit": edit, "remove": remove}
