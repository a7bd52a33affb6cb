"""`yett mcp`: Yett's own MCP server, on standard input and output."""

from __future__ import annotations

import asyncio
import signal

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import CommandError, tell_who_types


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
    tell_who_types()
    # It only reads, so Ctrl-C may end it at once: the thread that waits for a line would keep it until there is one.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    asyncio.run(serve_stdio(Place(settings, lambda: installation(settings))))
