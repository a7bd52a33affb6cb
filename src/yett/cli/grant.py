"""`yett grant`: who may call which server, under which policy."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from yett.cli.client_configuration import as_text, client_configurations
from yett.cli.context import CliContext, pass_context
from yett.cli.output import plain, print_fields, print_json, print_table, say, tell_note

if TYPE_CHECKING:
    from yett.admin.views import GrantChanged, GrantMinted, GrantView


@click.group("grant")
def command() -> None:
    """Mint, list, show, rotate and revoke grants. GRANT is an id, or a label that only one live grant has."""


@command.command("mint")
@click.option("--server", required=True, help="The server that it opens.")
@click.option("--policy", help="The policy that judges its calls; without one, every call is denied.")
@click.option("--label", default="", help="What people call it.")
@click.option("--owner", help="Who answers for it.")
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
    _tell_token(context, minted)


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


def _tell_token(context: CliContext, minted: GrantMinted) -> None:
    """The token, and what to do with it."""
    grant = minted.grant
    configurations = client_configurations(grant.server, grant.endpoint, minted.token)
    if context.json:
        print_json({**asdict(minted), "configuration": next(iter(configurations.values()))})
        return
    print_fields(context, [("grant", grant.id), *_named(grant), ("url", grant.endpoint), ("token", minted.token)])
    for client, configuration in configurations.items():
        click.echo(f"\n{client}\n{as_text(configuration)}")
    click.echo(f"\nA client that only starts programs: `yett connect {grant.server}` with YETT_TOKEN in its environment\n")
    say("the token is shown this once; if it is lost, `yett grant rotate` gives another")
    if grant.policy is None:
        say(
            f"note: the grant has no policy, so every call is denied; `yett policy set NAME FILE --grant {grant.id}` gives it one"
        )
    tell_note(minted.note)


def _named(grant: GrantView) -> list[tuple[str, str]]:
    """What is set of label, policy and expiry."""
    fields = [("label", grant.label), ("policy", grant.policy), ("expires", grant.expires_at)]
    return [(name, value) for name, value in fields if value]


@command.command("list")
@click.option("--server", help="Only those of this server.")
@click.option("--all", "show_all", is_flag=True, help="Revoked and expired ones too.")
@pass_context
def list_(context: CliContext, server: str | None, show_all: bool) -> None:
    """List the grants."""
    from yett.app.control import connect

    with connect(context.settings) as control:
        grants = [grant for grant in control.grants(server) if show_all or grant.status == "live"]
    if context.json:
        print_json([asdict(grant) for grant in grants])
        return
    rows = [
        (grant.id, grant.label, grant.server, grant.policy or "none", grant.owner, grant.status, grant.expires_at)
        for grant in grants
    ]
    headings = ("ID", "LABEL", "SERVER", "POLICY", "OWNER", "STATUS", "EXPIRES")
    print_table(context, headings, rows, empty="no grants yet; mint one with `yett grant mint`")


@command.command("show")
@click.argument("grant")
@pass_context
def show(context: CliContext, grant: str) -> None:
    """Show one grant. Its token is not known any more."""
    from yett.app.control import connect

    with connect(context.settings) as control:
        view = control.grant(grant)
    if context.json:
        print_json(asdict(view))
        return
    _print_grant(context, view)


def _print_grant(context: CliContext, view: GrantView) -> None:
    tags = " ".join(f"{key}={value}" for key, value in view.tags.items())
    moments = {"expires": view.expires_at, "rotated": view.rotated_at, "revoked": view.revoked_at}
    fields = [
        ("id", view.id),
        ("label", view.label or None),
        ("status", view.status),
        ("server", view.server),
        ("policy", view.policy or "none: every call is denied"),
        ("owner", view.owner),
        ("tags", tags or None),
        ("url", view.endpoint),
        ("minted", view.created_at),
        *((name, moment) for name, moment in moments.items() if moment),
    ]
    print_fields(context, fields)


@command.command("rotate")
@click.argument("grant")
@pass_context
def rotate(context: CliContext, grant: str) -> None:
    """Give a grant a new token. The old one opens nothing from the next call on; counters stay."""
    from yett.app.control import connect

    with connect(context.settings) as control:
        minted = control.rotate_grant(grant)
    _tell_token(context, minted)


@command.command("revoke")
@click.argument("grant")
@pass_context
def revoke(context: CliContext, grant: str) -> None:
    """End a grant, from its next call on."""
    from yett.app.control import connect

    with connect(context.settings) as control:
        changed = control.revoke_grant(grant)
    _tell_change(context, changed, f"the grant {_name(changed.grant)} is revoked")


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
