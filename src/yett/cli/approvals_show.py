"""How requests for approval look in a terminal. What callers wrote comes here inert already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click

from yett.cli.context import CliContext
from yett.cli.output import plain, print_fields, print_json, print_table, say

if TYPE_CHECKING:
    from rich.text import Text

    from yett.admin.approvals_views import ApprovalLine, ApprovalView, ExemptionView

COLORS: Final = {
    **dict.fromkeys(("pending", "unknown"), "yellow"),
    **dict.fromkeys(("approved", "running", "done"), "green"),
    **dict.fromkeys(("denied", "expired", "withdrawn"), "red"),
}
RISKS: Final = {"Destructive": "red", "Financial": "red", "Execute": "yellow", "Write": "cyan", "Read": "green"}


def print_calls(context: CliContext, found: Sequence[ApprovalLine]) -> None:
    """A table of requests."""
    rows = [
        (
            one.id,
            _colored(one.state, COLORS),
            one.server,
            one.tool,
            _colored(one.risk or "-", RISKS),
            who(one),
            left(one.expires_at) if one.state in {"pending", "approved"} else "-",
        )
        for one in found
    ]
    headings = ("ID", "STATE", "SERVER", "TOOL", "RISK", "ASKED BY", "OPEN FOR")
    print_table(context, headings, rows, empty="no call waits for a person", whole=("ID",))


def who(one: ApprovalLine | ApprovalView) -> str:
    """Who asks, for people."""
    label = one.grant_label or one.grant
    return label if one.owner is None else f"{label} ({one.owner})"


def left(expires_at: str) -> str:
    """How much time there is until then."""
    seconds = int((datetime.fromisoformat(expires_at) - datetime.now(UTC)).total_seconds())
    if seconds <= 0:
        return "over"
    minutes, hours = seconds // 60, seconds // 3_600
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min" if minutes else f"{seconds} s"


def print_call(context: CliContext, view: ApprovalView) -> None:
    """One request with everything a person needs to decide."""
    print_fields(context, _fields(view))
    click.echo("\narguments:")
    click.echo(view.arguments)
    if view.marks:
        click.echo("\nbeware: these characters do not show themselves, or are taken for others:")
    for mark in view.marks:
        click.echo(f"  {plain(mark)}")
    for ask in view.asks:
        named = " or ".join(ask.approvers) or "an admin or policy manager"
        short = f"{ask.missing} more of {ask.quorum}" if ask.missing else "approved"
        click.echo("\n" + plain(f"asks: {ask.rule} ({named}): {short}" + (f": {ask.message}" if ask.message else "")))
    if view.limits:
        click.echo("\nlimits, as they stand now:")
        rows = [(one.counter, one.window, one.amount, one.used, one.maximum, one.remaining) for one in view.limits]
        print_table(context, ("COUNTER", "WINDOW", "THIS CALL", "USED", "MAXIMUM", "LEFT AFTER IT"), rows)
    click.echo(
        "\nearlier calls of this grant with this tool:" if view.history else "\nthis grant has not called this tool before"
    )
    if view.history:
        past = [(one.at, one.decision, one.result or one.code or "-") for one in view.history]
        print_table(context, ("WHEN", "DECISION", "RESULT"), past)
    for line in _decide_with(view):
        say(line)


def _fields(view: ApprovalView) -> Iterator[tuple[str, object]]:
    yield "request", view.id
    yield "state", _colored(view.state, COLORS)
    yield "tool", f"{view.tool} of {view.server}"
    yield "risk", _colored(view.risk or "unknown", RISKS)
    yield "asked by", who(view)
    yield "policy", None if view.policy is None else f"{view.policy} {view.policy_revision or ''}".rstrip()
    yield "open until", f"{view.expires_at} ({left(view.expires_at)})"
    if view.times_asked > 1:
        yield "asked", f"{view.times_asked} times"
    for vote in view.votes:
        in_place = f" for {vote.on_behalf}" if vote.on_behalf else ""
        why = f": {vote.reason}" if vote.reason else ""
        yield "approved by" if vote.approve else "denied by", f"{vote.name}{in_place} at {vote.at} ({vote.via}){why}"
    for exemption in view.exemptions:
        yield "exempt", f"{exemption.id} until {exemption.until}"
    if view.note:
        yield "note", view.note


def _decide_with(view: ApprovalView) -> Iterator[str]:
    if view.state == "pending" and view.decidable:
        yield f"\ndecide: `yett approvals approve {view.id}` or `yett approvals deny {view.id} --reason TEXT`"
    elif view.why_not and view.state == "pending":
        yield f"\nyou cannot decide: {plain(view.why_not)}"


def print_decided(context: CliContext, view: ApprovalView) -> None:
    """What a decision came to."""
    if context.json:
        print_json(asdict(view))
        return
    missing = sum(ask.missing for ask in view.asks)
    told = {
        "approved": f"approved: {view.tool} of {view.server} runs once, when the same call comes until {view.expires_at}",
        "denied": f"denied: {view.tool} of {view.server} does not run",
        "pending": f"noted: {missing} more must approve",
    }
    click.echo(plain(told.get(view.state, f"the request is {view.state}")))
    for exemption in view.exemptions:
        free = f", whatever {', '.join(exemption.free)} is" if exemption.free else ""
        click.echo(plain(f"the same call needs no approval until {exemption.until}{free} ({exemption.id})"))


def print_exemptions(context: CliContext, found: Sequence[ExemptionView]) -> None:
    """A table of exemptions."""
    rows = [
        (
            one.id,
            one.server,
            one.tool,
            one.grant_label or one.grant,
            ", ".join(one.free) or "-",
            ", ".join(one.given_by),
            left(one.until),
        )
        for one in found
    ]
    headings = ("ID", "SERVER", "TOOL", "GRANT", "MAY DIFFER", "GIVEN BY", "FOR")
    print_table(context, headings, rows, empty="every call that needs a person asks for one", whole=("ID",))


def _colored(word: str, colors: dict[str, str]) -> Text:
    from rich.text import Text

    return Text(word, style=colors.get(word, ""))
