"""`yett run`: one stdio server behind a policy."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import tell_who_types


@click.command(
    "run",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog="Everything after `--` is the command, started without a shell: yett run --policy p.json -- npx -y SERVER DIR",
)
@click.option("--policy", "policy_path", required=True, type=click.Path(path_type=Path, dir_okay=False), help="Policy file.")
@click.option("--name", help="Name of the local grant, which owns the quota; default: the command line.")
@click.option("--no-pins", is_flag=True, help="Do not hold tools to what was accepted when they were first listed.")
@click.argument("argv", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND…")
@pass_context
def command(context: CliContext, policy_path: Path, name: str | None, argv: tuple[str, ...], *, no_pins: bool) -> None:
    """Put one stdio server behind a policy, without a gateway.

    Speaks MCP on stdin and stdout, so that an MCP client can start it in the place of the server. Tools are pinned as they are
    listed first; one that changes later is refused until it is accepted (`yett pins`).
    """
    import asyncio
    import logging
    import sys

    from yett.app.data_plane import run_loop
    from yett.app.local import LocalRun, environment, run_local
    from yett.app.pipes import require_streams

    context.local = False
    require_streams()
    tell_who_types()
    logging.basicConfig(level=logging.WARNING, format="yett: %(message)s", stream=sys.stderr)
    name = name or shlex.join(argv).encode("utf-8", "backslashreplace").decode()  # the log holds no other bytes
    run = LocalRun(policy_path, name, argv, environment(), pinned=not no_pins)
    try:
        run_loop(lambda: run_local(context.settings, run))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
