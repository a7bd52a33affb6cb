"""`yett issuer`: whose access tokens (OAuth) are taken beside the tokens of grants."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import plain, print_fields, print_json, print_table, tell_note

if TYPE_CHECKING:
    from yett.admin.issuer_views import IssuerChanged, IssuerRuleView, IssuerView


@click.group("issuer")
def command() -> None:
    """Take access tokens of an authorization server, and map their claims to grants. ISSUER is a url, or an id."""


@command.command("add")
@click.argument("issuer")
@click.option("--audience", "audiences", multiple=True, help="What a token must be for; the server's own address by default.")
@click.option("--algorithm", "algorithms", multiple=True, help="RS256 and ES256 by default.")
@click.option("--keys-url", help="Where its keys are; by default where its metadata says.")
@click.option(
    "--rule",
    "rules",
    nargs=2,
    multiple=True,
    metavar="GRANT CLAIM=VALUE[,…]",
    help="Tokens with these claims act as this grant; `*` fits every token. The first rule that fits counts.",
)
@pass_context
def add(
    context: CliContext, /, issuer: str, rules: tuple[tuple[str, str], ...], audiences: tuple[str, ...], **options: Any
) -> None:
    """Take the access tokens of ISSUER."""
    from yett.admin.issuer_views import NewIssuer
    from yett.app.control import connect

    said: dict[str, Any] = {name: list(value) if isinstance(value, tuple) else value for name, value in options.items() if value}
    new = NewIssuer(issuer=issuer, audiences=list(audiences), rules=[_rule(*rule) for rule in rules], **said)
    with connect(context.settings) as control:
        changed = control.add_issuer(new)
    _tell(context, changed, f"access tokens of `{issuer}` are taken")


@command.command("list")
@pass_context
def list_(context: CliContext) -> None:
    """List the issuers."""
    from yett.app.control import connect

    with connect(context.settings) as control:
        issuers = control.issuers()
    if context.json:
        print_json([asdict(issuer) for issuer in issuers])
        return
    rows = [(one.issuer, len(one.keys), one.keys_at, len(one.rules), one.problem) for one in issuers]
    print_table(
        context, ("ISSUER", "KEYS", "FETCHED", "RULES", "PROBLEM"), rows, empty="no issuers: only tokens of grants are taken"
    )


@command.command("show")
@click.argument("issuer")
@pass_context
def show(context: CliContext, issuer: str) -> None:
    """Show one issuer and its rules."""
    from yett.app.control import connect

    with connect(context.settings) as control:
        view = control.issuer(issuer)
    if context.json:
        print_json(asdict(view))
        return
    _print(context, view)


@command.command("remove")
@click.argument("issuer")
@pass_context
def remove(context: CliContext, issuer: str) -> None:
    """Take the access tokens of ISSUER no more."""
    from yett.app.control import connect

    with connect(context.settings) as control:
        changed = control.remove_issuer(issuer)
    _tell(context, changed, f"access tokens of `{changed.issuer.issuer}` are taken no more")


def _rule(grant: str, claims: str) -> IssuerRuleView:
    from yett.admin.issuer_views import IssuerRuleView

    found: dict[str, str | int | bool] = {}
    for pair in [] if claims == "*" else claims.split(","):
        name, separator, value = pair.partition("=")
        if not separator or not name:
            raise click.UsageError(f"`{pair}` is no claim: write CLAIM=VALUE, several with commas, or `*` for every token")
        found[name] = _scalar(value)
    return IssuerRuleView(claims=found, grant=grant)


def _scalar(text: str) -> str | int | bool:
    """A whole number, true or false as what they are; everything else as text."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, int) else text


def _print(context: CliContext, view: IssuerView) -> None:
    rules = [f"{rule.grant}: {_claims(rule)}" for rule in view.rules]
    fields = [
        ("id", view.id),
        ("issuer", view.issuer),
        ("audiences", ", ".join(view.audiences) or "the server's own address"),
        ("algorithms", ", ".join(view.algorithms)),
        ("keys", ", ".join(view.keys) or "none yet"),
        ("fetched", view.keys_at),
        ("problem", view.problem),
        *(("rule", rule) for rule in rules or ["none: no token is taken"]),
    ]
    print_fields(context, fields)


def _claims(rule: IssuerRuleView) -> str:
    return ", ".join(f"{name}={json.dumps(value)}" for name, value in rule.claims.items()) or "every token"


def _tell(context: CliContext, changed: IssuerChanged, sentence: str) -> None:
    if context.json:
        print_json(asdict(changed))
        return
    click.echo(plain(sentence))
    tell_note(changed.note)
