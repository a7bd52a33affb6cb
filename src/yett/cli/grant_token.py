"""How a grant's token is shown, with what to paste into a client."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from yett.cli.client_configuration import as_text, client_configurations
from yett.cli.context import CliContext
from yett.cli.output import print_fields, print_json, say, tell_note

if TYPE_CHECKING:
    from yett.admin.views import GrantMinted, GrantView


def tell_token(context: CliContext, minted: GrantMinted) -> None:
    """The token, and what to do with it."""
    grant = minted.grant
    configurations = client_configurations(grant.server, grant.endpoint, minted.token)
    if context.json:
        print_json({**asdict(minted), "configuration": next(iter(configurations.values()))})
        return
    print_fields(context, [("grant", grant.id), *named(grant), ("url", grant.endpoint), ("token", minted.token)])
    for client, configuration in configurations.items():
        click.echo(f"\n{client}\n{as_text(configuration)}")
    click.echo(f"\nA client that only starts programs: `yett connect {grant.server}` with YETT_TOKEN in its environment\n")
    if grant.revealable:
        say(f"the token is kept, sealed; `yett grant reveal {grant.id}` shows it again")
    else:
        say("the token is shown this once; if it is lost, `yett grant rotate` gives another")
    if grant.policy is None:
        say(
            f"note: the grant has no policy, so every call is denied; `yett policy set NAME FILE --grant {grant.id}` gives it one"
        )
    tell_note(minted.note)


def named(grant: GrantView) -> list[tuple[str, str]]:
    """What is set of label, policy and expiry."""
    fields = [("label", grant.label), ("policy", grant.policy), ("expires", grant.expires_at)]
    return [(name, value) for name, value in fields if value]
