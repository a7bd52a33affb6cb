"""`yett policy suggest`: a policy to begin with, from what a server's tools can do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import CommandError, inert_json, plain, print_json, say
from yett.cli.policy_source import FILES

if TYPE_CHECKING:
    from yett.catalog.model import ServerSuggestion, ToolDefinition


@click.command("suggest")
@click.argument("server", required=False)
@click.option(
    "--tools", type=FILES, metavar="FILE", help="Tools from a file instead: the answer of tools/list, or one definition a line."
)
@click.option("--tool", "only", metavar="NAME", help="Only for this tool.")
@click.option(
    "--with-conditions",
    "conditions",
    is_flag=True,
    help="Put the conditions proposed for arguments into the rules; edit their values.",
)
@click.option(
    "--report", is_flag=True, help="Print each tool's class, rule, reasons and proposed conditions as JSON instead of the policy."
)
@pass_context
def suggest(
    context: CliContext, /, server: str | None, tools: Path | None, only: str | None, conditions: bool, report: bool
) -> None:
    """Print a recommended policy for SERVER, which is asked for its tools, or for the tools of a file.

    Reads are allowed, writes 30 times a minute, runs 10 times a minute; what removes is hidden, what moves money needs
    approval.
    The policy goes to stdout, what is proposed beyond it to stderr. It is a start: read it before you publish it.
    """
    from yett.catalog.classify import classify_tools
    from yett.catalog.definition import suggestion_json
    from yett.catalog.suggest import Classified, TooManyToolsError, suggest_server
    from yett.policy.canonical import canonical_document, json_ready
    from yett.policy.layout import laid_out
    from yett.policy.parse import parse_policy

    if (server is None) == (tools is None):
        raise click.UsageError("say whose tools: SERVER, or `--tools FILE`")
    found = _from_file(tools, server) if tools is not None else _live(context, server or "")
    classified = [Classified.of(tool, verdict) for tool, verdict in zip(found, classify_tools(found), strict=True)]
    wanted = [each for each in classified if only is None or each.tool.name == only]
    if not wanted:
        raise CommandError(f"there is no tool `{only}`" if only is not None else "there are no tools to suggest a policy for")
    try:
        suggestion = suggest_server(wanted, conditions=conditions)
    except TooManyToolsError as error:
        raise CommandError(str(error)) from error
    if report:
        print_json({"policy": suggestion.policy, "tools": [suggestion_json(each) for each in suggestion.tools]})
        return
    document = json_ready(canonical_document(parse_policy(suggestion.policy)))
    click.echo(inert_json(laid_out(document)))
    if not context.json:
        _tell(suggestion, conditions=conditions)


def _from_file(path: Path, _: str | None) -> list[ToolDefinition]:
    from yett.cli.tool_files import read_tool_list

    found = read_tool_list(path)
    servers = sorted({tool.server or "" for tool in found})
    if len(servers) > 1:
        named = ", ".join(f"`{plain(name)}`" if name else "one without a name" for name in servers[:8])
        raise CommandError(f"`{path}` holds tools of {len(servers)} servers ({named}); a policy belongs to one: divide the file")
    return found


def _live(context: CliContext, name: str) -> list[ToolDefinition]:
    """The tools as the server lists them now."""
    from yett.catalog.definition import DefinitionError, tool_definition
    from yett.cli.live_tools import live_tools

    listed = live_tools(context, name)
    try:
        return [tool_definition(tool, name) for tool in listed]
    except DefinitionError as error:
        raise CommandError(f"the server `{name}` lists something that is no tool: {error}") from error


def _tell(suggestion: ServerSuggestion, *, conditions: bool) -> None:
    """What a person should know beside the policy."""
    counts: dict[str, int] = {}
    for each in suggestion.tools:
        counts[each.risk.value] = counts.get(each.risk.value, 0) + 1
    say(", ".join(f"{count} {risk}" for risk, count in counts.items()))
    if conditions:
        say("the values of the conditions are examples: edit them, or every call is denied")
        return
    for each in suggestion.tools:
        for proposal in each.proposals:
            say(f"{plain(each.name)}: {plain(proposal.path)}: {proposal.why}")
    if any(each.proposals for each in suggestion.tools):
        say("`--with-conditions` puts these into the policy, with examples for their values")
