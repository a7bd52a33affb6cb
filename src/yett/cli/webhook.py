"""`yett webhook`: programs elsewhere that are told how servers change."""

from __future__ import annotations

from dataclasses import asdict

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import plain, print_fields, print_json, print_table, say

LEVELS = ("Low", "Medium", "High", "Critical")
KINDS = ("added", "removed", "changed", "grade", "posture", "identity")


@click.group("webhook")
def command() -> None:
    """Tell programs elsewhere how servers change: their tools, grades, postures, identities. WEBHOOK is an id."""


@command.command("add")
@click.argument("url")
@click.option(
    "--severity", type=click.Choice(LEVELS, case_sensitive=False), default="Low", show_default=True, help="This or a graver one."
)
@click.option("--kind", "kinds", multiple=True, type=click.Choice(KINDS), help="Only these kinds of changes; all by default.")
@click.option("--after", metavar="CURSOR", help="Also what came after this place in the feed; `0` for everything.")
@pass_context
def add(context: CliContext, url: str, severity: str, kinds: tuple[str, ...], after: str | None) -> None:
    """Have URL told of changes, signed as Standard Webhooks says. Prints the secret, this once."""
    from yett.admin.webhook_views import NewWebhook
    from yett.app.control import connect

    new = NewWebhook(url=url, severity=severity, kinds=list(kinds), after=after)  # type: ignore[arg-type]  # click chose
    with connect(context.settings) as control:
        made = control.add_webhook(new)
    if context.json:
        print_json(asdict(made))
        return
    print_fields(context, [("id", made.webhook.id), ("url", made.webhook.url), ("secret", made.secret)])
    say("the secret is shown this once; check `webhook-signature` with it")


@command.command("list")
@pass_context
def list_(context: CliContext) -> None:
    """List who is told, and how that goes."""
    from yett.app.control import connect

    with connect(context.settings) as control:
        webhooks = control.webhooks()
    if context.json:
        print_json([asdict(one) for one in webhooks])
        return
    headings = ("ID", "URL", "SEVERITY", "KINDS", "STATE", "FAILURES", "DELIVERED", "PROBLEM")
    rows = [
        (one.id, one.url, one.severity, " ".join(one.kinds) or "all", one.state, str(one.failures), one.delivered_at, one.problem)
        for one in webhooks
    ]
    print_table(context, headings, rows, empty="nobody is told; add one with `yett webhook add`", below=headings[-1])


@command.command("remove")
@click.argument("webhook")
@pass_context
def remove(context: CliContext, webhook: str) -> None:
    """Tell WEBHOOK nothing more."""
    from yett.app.control import connect

    with connect(context.settings) as control:
        gone = control.remove_webhook(webhook)
    print_json(asdict(gone)) if context.json else click.echo(plain(f"{gone.url} is told nothing more"))


@command.command("resume")
@click.argument("webhook")
@pass_context
def resume(context: CliContext, webhook: str) -> None:
    """Try WEBHOOK again now, from where it stopped, also when it is dead."""
    from yett.app.control import connect

    with connect(context.settings) as control:
        found = control.resume_webhook(webhook)
    print_json(asdict(found)) if context.json else click.echo(plain(f"{found.url} is told from {found.cursor} on"))
