"""`yett policy diff|restore|publish|unpublish`: the history of a policy, and which revision judges."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import plain, print_json, say, tell_note

if TYPE_CHECKING:
    from yett.admin.views import PolicyChanged

NUMBER: Final = click.IntRange(min=1, max=2**31 - 1)
_SIGNS: Final = {"added": "+", "removed": "-", "changed": "~"}
_COLORS: Final = {"+": "green", "-": "red", "@": "cyan"}


@click.command("diff")
@click.argument("name")
@click.argument("earlier", required=False, type=click.IntRange(min=0, max=2**31 - 1), metavar="[FROM]")
@click.argument("later", required=False, type=NUMBER, metavar="[TO]")
@pass_context
def diff(context: CliContext, name: str, earlier: int | None, later: int | None) -> None:
    """Show how revision TO of a policy differs from FROM (0: nothing). Left out: the newest, and what judges."""
    from yett.app.control import connect

    with connect(context.settings) as control:
        found = control.policy_diff(name, earlier, later)
    if context.json:
        print_json(asdict(found))
        return
    for change in found.changes:
        click.echo(plain(f"{_SIGNS[change.kind]} {change.path}{_values(change.before, change.after)}"))
    if found.changes and found.text:
        click.echo()
    for line in found.text.split("\n") if found.text else ():
        click.echo(click.style(plain(line), fg=_COLORS.get(line[:1])), color=context.color())
    if not found.text:
        say("the two say the same")


def _values(before: object, after: object) -> str:
    """What a short value was and is."""
    if isinstance(before, dict | list) or isinstance(after, dict | list) or before is None or after is None:
        return ""
    return f": {json.dumps(before, ensure_ascii=False)} -> {json.dumps(after, ensure_ascii=False)}"


@click.command("restore")
@click.argument("name")
@click.argument("number", type=NUMBER)
@click.option("--message", "-m", default="", help="Why; kept with the revision.")
@click.option("--draft", is_flag=True, help="Save it without having it judge.")
@click.option(
    "--base", type=click.IntRange(min=0), help="The newest revision that you know of; if there is a newer one, do nothing."
)
@pass_context
def restore(context: CliContext, /, name: str, number: int, message: str, draft: bool, base: int | None) -> None:
    """Make the text of an old revision the newest one, and publish it."""
    from yett.admin.policy_views import Restoring
    from yett.app.control import connect

    with connect(context.settings) as control:
        changed = control.restore_policy(name, number, Restoring(message=message, draft=draft, base=base))
    what = f"has the text of revision {number} as revision {changed.policy.draft or changed.policy.number}"
    _tell(context, changed, f"{what}, a draft" if draft else what, "says that already")


@click.command("publish")
@click.argument("name")
@click.argument("number", required=False, type=NUMBER)
@pass_context
def publish(context: CliContext, name: str, number: int | None) -> None:
    """Have a revision judge from the next call on; the newest, if none is named."""
    from yett.admin.policy_views import Publishing
    from yett.app.control import connect

    with connect(context.settings) as control:
        changed = control.publish_policy(name, Publishing(number=number))
    _tell(context, changed, f"judges by revision {changed.policy.revision}", "does so already")


@click.command("unpublish")
@click.argument("name")
@click.option("--force", is_flag=True, help="Also while live grants have it: every call of theirs is denied then.")
@pass_context
def unpublish(context: CliContext, name: str, force: bool) -> None:
    """Have no revision of a policy judge."""
    from yett.admin.policy_views import Unpublishing
    from yett.app.control import connect

    with connect(context.settings) as control:
        changed = control.unpublish_policy(name, Unpublishing(force=force))
    _tell(context, changed, "judges no more; it is a draft", "is a draft already")


def _tell(context: CliContext, changed: PolicyChanged, done: str, same: str) -> None:
    if context.json:
        print_json(asdict(changed))
        return
    click.echo(plain(f"the policy `{changed.policy.name}` {done if changed.changed else same}"))
    tell_note(changed.note)


commands: Final = {"diff": diff, "restore": restore, "publish": publish, "unpublish": unpublish}
