"""Asking a configured server for its tools now, as `yett server tools` does."""

from __future__ import annotations

from typing import Any

from yett.cli.context import CliContext
from yett.cli.output import waiting


def live_tools(context: CliContext, name: str) -> list[dict[str, Any]]:
    """The tools of the server `name`, as it lists them itself. Errors: `AdminFault` for an unknown one, `CommandError`."""
    from yett.app.control import connect
    from yett.cli.server_look import answered

    with waiting(context, f"asking `{name}` for its tools"), connect(context.settings) as control:
        told = answered(name, control.look_server(name))
    return [dict(tool.definition) for tool in told.tools]
