"""`yett mcp`: Yett's own MCP server, on standard input and output."""

from __future__ import annotations

import asyncio

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import CommandError


@click.command("mcp")
@pass_context
def command(context: CliContext) -> None:
    """Serve what is known of MCP servers and tools to a client, as an MCP server on standard input and output.

    Put it behind the gateway as any other: `yett server add yett -- yett mcp`. It starts and contacts nothing.
    """
    try:
        from yett.registry_server.server import serve_stdio
    except ImportError as error:
        raise CommandError(f"the MCP SDK is not installed ({error.name}); install `yett[demo]`") from error
    from yett.app.prechecking import installation
    from yett.registry_server.tools import Place

    settings = context.settings
    asyncio.run(serve_stdio(Place(settings, lambda: installation(settings))))
