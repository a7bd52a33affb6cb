"""`yett up`: both processes, supervised."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import Exit, plain, print_json_line, say

if TYPE_CHECKING:
    from yett.app.supervisor import Event, Listens, Part, Said
    from yett.settings import Settings

DATA_PLANE: Final = "data plane"
CONTROL_PLANE: Final = "control plane"
BEYOND_DRAIN_S: Final = 5.0
"""How much longer than its calls in work a process may take to end; then it is killed."""


@click.command("up")
@pass_context
def command(context: CliContext) -> int:
    """Start the gateway and keep it running: a data plane that judges calls, and a control plane to administer it.

    Ends on Ctrl-C or SIGTERM, when the calls in work are done; a second one ends it at once. So does `yett down`.
    """
    import asyncio

    from yett.app.running import being_the_gateway

    settings = context.settings
    with being_the_gateway(settings.state_dir):
        _greet(context, settings)
        ended_in_time = asyncio.run(_supervise(context, settings))
    return Exit.OK if ended_in_time else Exit.INTERRUPTED


async def _supervise(context: CliContext, settings: Settings) -> bool:
    import asyncio
    import signal

    from yett.app.supervisor import Supervisor

    grace_s = settings.data_plane.drain_s + BEYOND_DRAIN_S
    supervisor = Supervisor(_parts(settings), lambda event: _tell(context, settings, event), grace_s)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, supervisor.stop)
    return await supervisor.run()


def _parts(settings: Settings) -> list[Part]:
    from yett.app.supervisor import Part

    config = ["--config", str(settings.config_path)] if settings.config_path else []
    modules = {DATA_PLANE: "yett.app.data_plane", CONTROL_PLANE: "yett.app.control_plane"}
    return [Part(name, [sys.executable, "-m", module, *config]) for name, module in modules.items()]


def _greet(context: CliContext, settings: Settings) -> None:
    from yett import __version__

    if context.json:
        return
    _line(context, f"Yett {__version__}", bold=True)
    _line(context, f"  configuration  {settings.config_path or 'none, defaults only'}")
    _line(context, f"  state          {settings.state_dir}")


def _tell(context: CliContext, settings: Settings, event: Event) -> None:
    """One line for each thing that happens."""
    from yett.app.supervisor import Crashed, Listens, Said

    if context.json:
        import dataclasses

        print_json_line({"event": type(event).__name__.lower(), **dataclasses.asdict(event)})
    elif isinstance(event, Listens):
        _tell_address(context, settings, event)
    elif isinstance(event, Crashed):
        how = f"was killed by signal {-event.status}" if event.status < 0 else f"ended with status {event.status}"
        say(click.style(f"the {event.part} {how}; it is started again in {event.restart_s:g} s", fg="yellow"))
    elif isinstance(event, Said):
        _tell_line(context, event)


def _tell_line(context: CliContext, said: Said) -> None:
    from yett.app.process import FIRST

    if not said.line.startswith(FIRST):
        say(f"{said.part}: {plain(said.line)}")
        return
    once = click.style("makes the first admin, once; `yett link` gives another", dim=True)
    _line(context, f"  first admin    {plain(said.line.removeprefix(FIRST))}  {once}")


def _tell_address(context: CliContext, settings: Settings, event: Listens) -> None:
    from yett.app.address import scheme_of, url_of

    ready = click.style(f"ready in {event.after_s:.1f} s", dim=True)
    if event.part == DATA_PLANE:
        here = url_of(settings.data_plane.host, event.port, scheme_of(settings))
        base = (settings.data_plane.public_url or here).rstrip("/")
        _line(context, f"  agents         {base}/mcp/{{server}}  {ready}")
    else:
        _line(context, f"  admin API      {url_of(settings.control_plane.host, event.port, scheme_of(settings))}/api/v1  {ready}")
        _line(context, click.style("  Ctrl-C stops it; `yett status` shows how it does, `yett log --follow` each call", dim=True))


def _line(context: CliContext, text: str, *, bold: bool = False) -> None:
    click.secho(text, bold=bold or None, color=context.color())
    sys.stdout.flush()
