"""`yett server tools` and `yett server look`: what a server says of itself."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import CommandError, print_fields, print_json, print_table, waiting

if TYPE_CHECKING:
    from yett.admin.server_views import ToolList

DESCRIPTION_MAX: Final = 80
"""Characters of a tool's description in the table."""


@click.command("tools")
@click.argument("name")
@click.option("--kept", is_flag=True, help="As it told them when it was last asked, without asking it now.")
@pass_context
def tools(context: CliContext, name: str, kept: bool) -> None:
    """List the tools that a server offers, as it says itself: no policy is applied."""
    from yett.app.control import connect

    with waiting(context, f"asking `{name}` for its tools"), connect(context.settings) as control:
        told = control.server_tools(name) if kept else answered(name, control.look_server(name))
    definitions = [tool.definition for tool in told.tools]
    if context.json:
        print_json(definitions)
        return
    rows = [(tool.get("name"), ", ".join(_arguments(tool)), _summary(tool)) for tool in definitions]
    print_table(context, ("TOOL", "ARGUMENTS", "DESCRIPTION"), rows, empty=f"the server `{name}` offers no tools")


@click.command("look")
@click.argument("name")
@pass_context
def look(context: CliContext, name: str) -> None:
    """Ask a server now what it is, and keep its answer."""
    from yett.app.control import connect

    with waiting(context, f"asking `{name}` for its tools"), connect(context.settings) as control:
        told = control.look_server(name)
    if context.json:
        print_json(asdict(told))
    answered(name, told)
    if not context.json:
        fields = [("calls itself", told.name), ("version", told.version), ("protocol", told.protocol)]
        print_fields(context, [("server", told.server), *fields, ("tools", len(told.tools))])


def answered(name: str, told: ToolList) -> ToolList:
    """What a server told. Errors: `CommandError` where it could not be asked."""
    if told.health is not None and told.health.problem is not None:
        raise CommandError(f"server `{name}` did not tell its tools: {told.health.problem}")
    return told


def _arguments(tool: dict[str, Any]) -> list[str]:
    """Names of the arguments, with a question mark where they may be left out. Anything may be in a server's schema."""
    schema = tool.get("inputSchema")
    properties = schema.get("properties") if isinstance(schema, dict) else None
    required = schema.get("required") if isinstance(schema, dict) else None
    if not isinstance(properties, dict):
        return []
    needed = {name for name in required if isinstance(name, str)} if isinstance(required, list) else set()
    return [name if name in needed else f"{name}?" for name in properties]


def _summary(tool: dict[str, Any]) -> str:
    """The first sentence or so of the description."""
    text = str(tool.get("description") or "").strip().partition("\n")[0]
    return text if len(text) <= DESCRIPTION_MAX else f"{text[: DESCRIPTION_MAX - 1]}…"
