"""`yett precheck`: whether to connect a server, before anybody does."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import CommandError, Exit, inert_json, plain, print_json, waiting
from yett.cli.policy_source import FILES

if TYPE_CHECKING:
    from yett.catalog.model import ToolDefinition
    from yett.precheck.verdict import Precheck
    from yett.scan.model import FoundServer

COLOURS: Final = {"proceed": "green", "connect-with-rule": "yellow", "ask-first": "red"}
EXITS: Final = {"proceed": Exit.OK, "connect-with-rule": Exit.FAILED, "ask-first": Exit.REFUSED}


@click.command("precheck")
@click.argument("server")
@click.option("--rules", type=click.Choice(["claude-code", "codex"]), help="Print deny rules for this client instead.")
@click.option("--as", "name", metavar="NAME", help="What the client calls the server, for the rules.")
@click.option("--tools", type=FILES, metavar="FILE", help="Its tools: one definition a line.")
@click.option("--contact", is_flag=True, help="Ask the address for its tools. No secret is sent.")
@click.option("--start", is_flag=True, help="Start the package on this machine, and ask it for its tools.")
@pass_context
def command(context: CliContext, /, server: str, rules: str | None, contact: bool, start: bool, **more: object) -> int:
    """Say whether to connect SERVER: proceed, connect-with-rule or ask-first, with every reason.

    SERVER is a package (npm:NAME, pypi:NAME, docker:IMAGE), a url, or a name of this installation or the catalogue. Nothing is
    started or contacted unless you say so. Exit status: 0 proceed, 1 connect-with-rule, 4 ask-first.
    """
    from datetime import UTC, datetime

    from yett.app.prechecking import Asking, check, installation
    from yett.precheck.naming import NotNamed

    name, tools = more["name"], more["tools"]
    assert name is None or isinstance(name, str)
    assert tools is None or isinstance(tools, Path)

    def may(found: FoundServer) -> bool:
        return contact if found.launch.url is not None else start and bool(found.launch.argv)

    asking = Asking(may, None if tools is None else _told(tools), name)
    try:
        with waiting(context, f"looking at `{server}`"), installation(context.settings) as control:
            found = check(context.settings, server, control, asking, datetime.now(UTC))
    except NotNamed as error:
        raise CommandError(str(error), exit_code=Exit.USAGE, code="not_named") from error
    _print(context, found, rules)
    return EXITS[found.action.value]


def _told(path: Path) -> list[ToolDefinition]:
    from yett.cli.tool_files import read_tool_list

    told = read_tool_list(path)
    servers = {tool.server for tool in told}
    if len(servers) > 1:
        raise CommandError(f"`{path}` has tools of {len(servers)} servers; give those of one")
    return told


def _print(context: CliContext, found: Precheck, rules: str | None) -> None:
    if rules == "claude-code":
        print_json(found.deny)
    elif rules == "codex":
        click.echo(inert_json(found.disable), nl=False)
    elif context.json:
        from yett.precheck.showing import as_json

        print_json(as_json(found))
    else:
        for line in _lines(found):
            click.echo(line, color=context.color())
    if rules is not None and found.facts.tools is None and not found.disable:
        click.echo("its tools are not known, so no rule names any", file=sys.stderr)


def _lines(found: Precheck) -> list[str]:
    facts = found.facts
    action = click.style(found.action.value, fg=COLOURS[found.action.value], bold=True)
    grade = "not known" if facts.grade is None else f"{facts.grade.letter} ({facts.grade.why})"
    tools = "not known" if facts.tools is None else f"{facts.tools}"
    counts = ", ".join(f"{number} {risk.value}" for risk, number in facts.by_class.items() if number)
    rows = {
        "identity": f"{facts.identity.verification.value} ({facts.identity.confidence.value}): {facts.identity.evidence}",
        "grade": grade,
        "tools": f"{tools}{f': {counts}' if counts else ''}; from {facts.source}",
        "authentication": f"{facts.posture.auth or 'not known'}: {facts.posture.evidence}",
        "freshness": facts.seen_on or "-",
        "last seen": facts.since.last or "never",
    }
    lines = [f"{plain(found.server)}: {action}", *(f"  {name:<15}{plain(text)}" for name, text in rows.items())]
    return [*lines, *(f"  - {one.advice.value}: {plain(one.text)}" for one in found.reasons)]
