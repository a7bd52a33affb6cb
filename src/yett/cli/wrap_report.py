"""How `yett wrap` says what it did: a table, what a person should know of each entry, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click
from rich.text import Text

from yett.cli.context import CliContext
from yett.cli.output import Exit, plain, print_json, print_table, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from yett.app.unwrapping import Looked
    from yett.app.wrapping import Outcome

NAMED_MAX: Final = 8
"""Hidden tools that are named."""


def print_outcomes(context: CliContext, outcomes: Sequence[Outcome]) -> None:
    """The table, then the details."""
    from yett.app.wrap_plan import State

    headings = ("NAME", "CLIENT", "RESULT", "SERVER", "POLICY", "TOOLS")
    rows = [
        (
            one.entry.name,
            one.entry.client.value,
            _styled(one.state.value),
            one.prepared.server if one.prepared else one.entry.record.server if one.entry.record else "-",
            one.prepared.policy if one.prepared else one.entry.record.policy if one.entry.record else "-",
            _tools(one),
        )
        for one in outcomes
    ]
    print_table(context, headings, rows, empty="no MCP server is configured there", whole=headings[:3], below=headings[-1])
    _tell_remarks(outcomes)
    if any(one.state is State.WRAPPED and one.prepared is not None for one in outcomes):
        _tell_next(context)


def _tell_remarks(outcomes: Sequence[Outcome]) -> None:
    """Each thing once: many entries may share a server, and the first of them brought its policy."""
    brought = {one.prepared.policy for one in outcomes if one.prepared is not None and one.prepared.new_policy}
    told: set[tuple[str, str]] = set()
    for one in outcomes:
        shared = one.prepared.server if one.prepared is not None else f"{one.entry.id}"
        here = one.prepared is not None and one.prepared.policy in brought
        for line in remarks(one):
            if (shared, line) not in told and not (here and line == _was_there(one)):
                click.echo(f"{plain(one.entry.name)}: {plain(line)}")
            told.add((shared, line))


def _was_there(one: Outcome) -> str:
    return f"the policy `{one.prepared.policy}` was there already, and judges" if one.prepared is not None else ""


def remarks(one: Outcome) -> list[str]:
    """What a person should know of an entry."""
    found = [one.why] if one.why else []
    if one.prepared is None:
        return found
    if one.prepared.hidden:
        named = ", ".join(one.prepared.hidden[:NAMED_MAX])
        more = f" and {len(one.prepared.hidden) - NAMED_MAX} more" if len(one.prepared.hidden) > NAMED_MAX else ""
        found.append(f"hidden, since they remove or end something: {named}{more}")
    if not one.prepared.new_policy:
        found.append(_was_there(one))
    return [*found, *one.prepared.attention]


def _tools(one: Outcome) -> str:
    counts = one.prepared.tools if one.prepared is not None else None
    if counts is None:
        return "not known" if one.prepared is not None else "-"
    return ", ".join(f"{count} {risk}" for risk, count in sorted(counts.items())) or "none"


def _styled(state: str) -> Text:
    return Text(state, style="green" if state.startswith(("wrapped", "as it was", "through")) else "yellow")


def _tell_next(context: CliContext) -> None:
    from yett.app.address import read_address
    from yett.app.wrap_plan import starts_gateway
    from yett.stores.control.lock import is_held

    directory = context.settings.state_dir
    running = read_address(directory) is not None and is_held(directory)
    say("")
    if not running and starts_gateway(context.settings):
        say("no gateway is running: the first client starts one in the background, or run `yett up`")
    elif not running:
        say("no gateway is running: start it with `yett up`, and keep it running")
    say("restart the clients; `yett log --follow` shows each call, `yett policy show NAME` what judges it")
    say("`yett unwrap --all` puts every entry back as it was")


def outcome_json(one: Outcome) -> dict[str, Any]:
    """Everything about an entry that may be shown."""
    prepared, entry = one.prepared, one.entry
    return {
        "id": entry.id,
        "name": entry.name,
        "client": entry.client.value,
        "file": str(entry.file.file.path),
        "project": entry.located.entry.scope or None,
        "state": one.state.value,
        "why": one.why or None,
        "server": prepared.server if prepared else entry.record.server if entry.record else None,
        "grant": prepared.grant if prepared else entry.record.grant if entry.record else None,
        "policy": prepared.policy if prepared else entry.record.policy if entry.record else None,
        "tools": dict(prepared.tools) if prepared and prepared.tools is not None else None,
        "hidden": list(prepared.hidden) if prepared else [],
        "attention": remarks(one),
    }


def print_status(context: CliContext, words: Sequence[str], only: Sequence[str]) -> int:
    """Which entries go through Yett, and how they stand."""
    from yett.app.unwrapping import Standing, look
    from yett.cli.wrap_files import records_for
    from yett.stores.wrapped import read_wrapped

    found = look(context.settings, records_for(read_wrapped(context.settings.state_dir), words, only))
    if context.json:
        print_json([looked_json(one) for one in found])
    else:
        headings = ("NAME", "CLIENT", "STATE", "SERVER", "POLICY", "FILE")
        rows = [
            (
                one.record.name,
                one.record.client,
                _styled(one.standing.value),
                one.record.server,
                one.record.policy,
                one.record.file,
            )
            for one in found
        ]
        empty = "no entry of a client's configuration goes through Yett; `yett wrap --all` changes that"
        print_table(context, headings, rows, empty=empty, whole=headings[:3], below=headings[-1])
    return Exit.OK if all(one.standing is Standing.WRAPPED for one in found) else Exit.FAILED


def looked_json(one: Looked) -> dict[str, Any]:
    """A wrapped entry as JSON."""
    record = one.record
    return {
        "id": one.id,
        "name": record.name,
        "client": record.client,
        "file": record.file,
        "state": one.standing.value,
        "why": one.why or None,
        "server": record.server,
        "policy": record.policy,
        "grant": record.grant,
    }
