"""`yett grant`: who may call which server, under which policy."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from yett.cli import grant_request
from yett.cli.context import CliContext, pass_context
from yett.cli.grant_token import named, tell_token
from yett.cli.output import plain, print_fields, print_json, print_table, say, tell_note

if TYPE_CHECKING:
    from yett.admin.views import GrantChanged, GrantView


@click.group("grant")
def command() -> None:
    """Mint, list, edit, rotate and revoke grants, or ask for one. GRANT is an id, or a label that only one live grant has."""


@command.command("mint")
@click.option("--server", required=True, help="The server that it opens.")
@click.option("--policy", help="The policy that judges its calls; without one, every call is denied.")
@click.option("--label", default="", help="What people call it.")
@click.option("--owner", help="Who answers for it: a member's address, or any text.")
@click.option("--reason", default="", help="What it is for.")
@click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="For conditions on `grant.tags.KEY`.")
@click.option("--expires", metavar="WHEN", help="30d, 12h, 90m, a day (2027-01-31) or a moment (2027-01-31T12:00:00Z).")
@pass_context
def mint(context: CliContext, /, tags: tuple[str, ...], **attributes: Any) -> None:
    """Mint a grant and print its token, this once, with what to paste into a client."""
    from yett.admin.views import NewGrant
    from yett.app.control import connect

    new = NewGrant(tags=_tags(tags), **attributes)
    with connect(context.settings) as control:
        minted = control.mint_grant(new)
    tell_token(context, minted)


def _tags(pairs: tuple[str, ...]) -> dict[str, str]:
    tags = {}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not separator or not key:
            raise click.UsageError(f"`{pair}` is no tag: write KEY=VALUE")
        if key in tags:
            raise click.UsageError(f"the tag `{key}` is given twice")
        tags[key] = value
    return tags


@command.command("list")
@click.option("--server", help="Only those of this server.")
@click.option("--all", "show_all", is_flag=True, help="Revoked and expired ones too.")
@click.option("--policy", help="Only those that have this policy.")
@click.option("--owner", help="Only those of this owner: a member's address, or the text.")
@click.option("--search", default="", help="Only those whose id, label, owner or tags hold this.")
@pass_context
def list_(context: CliContext, server: str | None, show_all: bool, policy: str | None, owner: str | None, search: str) -> None:
    """List the grants."""
    from yett.admin.grant_views import GrantFilter
    from yett.app.control import connect

    wanted = GrantFilter(server=server, policy=policy, owner=owner)
    with connect(context.settings) as control:
        grants = [grant for grant in control.grants(None, search, wanted) if show_all or grant.status in {"live", "stopped"}]
    if context.json:
        print_json([asdict(grant) for grant in grants])
        return
    rows = [
        (
            *(grant.id, grant.label, grant.server, grant.policy or "none", grant.owner, grant.status, grant.expires_at),
            grant.used_at or "never",
        )
        for grant in grants
    ]
    headings = ("ID", "LABEL", "SERVER", "POLICY", "OWNER", "STATUS", "EXPIRES", "LAST USED")
    print_table(context, headings, rows, empty="no grants yet; mint one with `yett grant mint`")


@command.command("show")
@click.argument("grant")
@pass_context
def show(context: CliContext, grant: str) -> None:
    """Show one grant, without its token."""
    from yett.app.control import connect

    with connect(context.settings) as control:
        view = control.grant(grant)
    if context.json:
        print_json(asdict(view))
        return
    _print_grant(context, view)


def _print_grant(context: CliContext, view: GrantView) -> None:
    tags = " ".join(f"{key}={value}" for key, value in view.tags.items())
    moments = {"expires": view.expires_at, "rotated": view.rotated_at, "old token good until": view.previous_until}
    moments |= {"stopped": view.stopped_at, "revoked": view.revoked_at}
    fields = [
        ("id", view.id),
        ("label", view.label or None),
        ("status", view.status),
        ("server", view.server),
        ("policy", view.policy or "none: every call is denied"),
        ("owner", view.owner),
        ("tags", tags or None),
        *([("reason", view.reason)] if view.reason else []),
        ("url", view.endpoint),
        ("minted", view.created_at),
        ("last used", view.used_at or "never"),
        *((name, moment) for name, moment in moments.items() if moment),
    ]
    print_fields(context, fields)


@command.command("rotate")
@click.argument("grant")
@click.option("--overlap", metavar="DURATION", help="For how long the old token stays good beside the new one: 10m, 24h.")
@pass_context
def rotate(context: CliContext, grant: str, overlap: str | None) -> None:
    """Give a grant a new token. The old one opens nothing from the next call on, or from the end of --overlap; counters stay."""
    from yett.admin.grant_views import Rotation
    from yett.app.control import connect

    with connect(context.settings) as control:
        minted = control.rotate_grant(grant, None if overlap is None else Rotation(overlap=overlap))
    tell_token(context, minted)
    if minted.grant.previous_until is not None:
        say(f"note: the old token stays good until {minted.grant.previous_until}")


@command.command("reveal")
@click.argument("grant")
@pass_context
def reveal(context: CliContext, grant: str) -> None:
    """Print a grant's token again, if this installation keeps tokens; the admin log tells of it."""
    from yett.app.control import connect

    with connect(context.settings) as control:
        shown = control.reveal_grant(grant)
    if context.json:
        print_json(asdict(shown))
        return
    print_fields(context, [("grant", shown.grant.id), *named(shown.grant), ("url", shown.grant.endpoint), ("token", shown.token)])


@command.command("revoke")
@click.argument("grant")
@pass_context
def revoke(context: CliContext, grant: str) -> None:
    """End a grant, from its next call on."""
    from yett.app.control import connect

    with connect(context.settings) as control:
        changed = control.revoke_grant(grant)
    _tell_change(context, changed, f"the grant {_name(changed.grant)} is revoked")


@command.command("edit")
@click.argument("grant")
@click.option("--label", help="What people call it.")
@click.option("--owner", help="Who answers for it: a member's address, or any text; empty for nobody.")
@click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="Its tags from now on, all of them.")
@click.option("--no-tags", is_flag=True, help="It has no tags any more.")
@click.option("--reason", help="What it is for.")
@click.option("--expires", metavar="WHEN", help="30d, 12h, 90m, a day or a moment; `never` for no end.")
@pass_context
def edit(context: CliContext, /, grant: str, tags: tuple[str, ...], no_tags: bool, **attributes: Any) -> None:
    """Change what is said of a grant, or its end, from its next call on. Its token and counters stay."""
    from yett.admin.grant_views import GrantEdit
    from yett.app.control import connect

    if tags and no_tags:
        raise click.UsageError("say --tag or --no-tags, not both")
    said = GrantEdit(tags=_tags(tags) if tags or no_tags else None, **attributes)
    if said == GrantEdit():
        raise click.UsageError("say what is to change; `yett grant edit --help` lists what can")
    with connect(context.settings) as control:
        changed = control.edit_grant(grant, said)
    if context.json:
        print_json(asdict(changed))
        return
    _print_grant(context, changed.grant)
    tell_note(changed.note)


@command.command("set-policy")
@click.argument("grant")
@click.argument("policy", required=False)
@click.option("--none", "none", is_flag=True, help="Take its policy away: every call is denied.")
@pass_context
def set_policy(context: CliContext, grant: str, policy: str | None, none: bool) -> None:
    """Let another policy judge the calls of a grant. Counters stay."""
    from yett.admin.views import Attachment
    from yett.app.control import connect

    if (policy is None) is not none:
        raise click.UsageError("name a policy, or say --none")
    with connect(context.settings) as control:
        changed = control.attach(grant, Attachment(policy=policy))
    judge = f"the policy `{policy}`" if policy is not None else "no policy: every call is denied"
    _tell_change(context, changed, f"the grant {_name(changed.grant)} has {judge}")


def _name(grant: GrantView) -> str:
    return f"{grant.id} ({grant.label})" if grant.label else grant.id


def _tell_change(context: CliContext, changed: GrantChanged, sentence: str) -> None:
    if context.json:
        print_json(asdict(changed))
        return
    click.echo(plain(sentence))
    tell_note(changed.note)


for _command in grant_request.commands:
    command.add_command(_command)
