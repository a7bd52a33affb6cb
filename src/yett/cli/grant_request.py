"""`yett grant request|requests|approve|deny|withdraw|collect`: grants for a while, which somebody asks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.grant_token import tell_token
from yett.cli.output import plain, print_json, print_table, say, tell_note

if TYPE_CHECKING:
    from yett.admin.control import Control
    from yett.admin.grant_views import RequestChanged, RequestView


@click.command("request")
@click.option("--server", required=True, help="The server that it is to open.")
@click.option("--duration", required=True, metavar="DURATION", help="How long it is to live, once approved: 90m, 8h, 2d.")
@click.option("--reason", required=True, help="What it is for.")
@click.option("--policy", help="The policy that is to judge its calls; without one, whoever approves chooses.")
@click.option("--label", default="", help="What people call it.")
@pass_context
def request(context: CliContext, /, **attributes: Any) -> None:
    """Ask for a grant that lives for a while. An admin approves it, and you collect its token."""
    from yett.admin.grant_views import NewRequest
    from yett.app.control import connect

    with connect(context.settings) as control:
        view = control.request_grant(NewRequest(**attributes))
    if context.json:
        print_json(asdict(view))
        return
    click.echo(plain(f"asked as {view.id}; it waits until {view.expires_at}"))
    say(f"once it is approved, `yett grant collect {view.id}` shows the token, once")


@click.command("requests")
@click.option("--all", "show_all", is_flag=True, help="Decided and expired ones too.")
@pass_context
def requests(context: CliContext, show_all: bool) -> None:
    """List the requests that wait."""
    from yett.app.control import connect

    with connect(context.settings) as control:
        found = list(_requests(control, show_all=show_all))
    if context.json:
        print_json([asdict(view) for view in found])
        return
    rows = [
        (view.id, view.requester, view.server, view.policy or "any", _span(view.duration_s), view.status, view.reason)
        for view in found
    ]
    headings = ("ID", "WHO", "SERVER", "POLICY", "FOR", "STATUS", "REASON")
    print_table(context, headings, rows, empty="nobody waits for a grant", whole=("ID",), below="REASON")


def _requests(control: Control, *, show_all: bool) -> Iterator[RequestView]:
    from yett.admin.listing import PAGE_MAX, Listing

    after: str | None = ""
    while after is not None:
        page = control.request_page(Listing(limit=PAGE_MAX, after=after), "all" if show_all else "open")
        yield from page.items
        after = page.next


def _span(seconds: int) -> str:
    """As it is written: the largest unit that fits."""
    unit, length = next((unit, length) for unit, length in _UNITS if seconds % length == 0)
    return f"{seconds // length}{unit}"


_UNITS: Final = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


@click.command("approve")
@click.argument("request")
@click.option("--policy", help="Another policy than the one that was asked for.")
@click.option("--duration", metavar="DURATION", help="A shorter while.")
@click.option("--note", default="", help="What to say with it.")
@pass_context
def approve(context: CliContext, /, request: str, **attributes: Any) -> None:
    """Approve a request of somebody else: the grant lives from now on."""
    from yett.admin.grant_views import Approval
    from yett.app.control import connect

    with connect(context.settings) as control:
        changed = control.approve_request(request, Approval(**attributes))
    sentence = (
        f"the request {changed.request.id} is approved: the grant {changed.request.grant} waits for {changed.request.requester}"
    )
    _tell(context, changed, sentence)


@click.command("deny")
@click.argument("request")
@click.option("--note", default="", help="Why; the requester reads it.")
@pass_context
def deny(context: CliContext, request: str, note: str) -> None:
    """Deny a request."""
    from yett.admin.grant_views import Denial
    from yett.app.control import connect

    with connect(context.settings) as control:
        changed = control.deny_request(request, Denial(note=note))
    _tell(context, changed, f"the request {changed.request.id} is denied")


@click.command("withdraw")
@click.argument("request")
@pass_context
def withdraw(context: CliContext, request: str) -> None:
    """Take a request of your own back."""
    from yett.app.control import connect

    with connect(context.settings) as control:
        changed = control.withdraw_request(request)
    _tell(context, changed, f"the request {changed.request.id} is withdrawn")


@click.command("collect")
@click.argument("request")
@pass_context
def collect(context: CliContext, request: str) -> None:
    """Print the token of a request of your own that was approved, this once."""
    from yett.app.control import connect

    with connect(context.settings) as control:
        minted = control.collect_grant(request)
    tell_token(context, minted)


def _tell(context: CliContext, changed: RequestChanged, sentence: str) -> None:
    if context.json:
        print_json(asdict(changed))
        return
    click.echo(plain(sentence))
    tell_note(changed.note)


commands: Final = (request, requests, approve, deny, withdraw, collect)
