"""`yett demo`: the gate at work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import Exit, plain, print_json

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from yett.demo.show import Shown


@click.command("demo")
@click.option("--check", is_flag=True, help="Do the same, then exit: 0 only if every decision and effect was as stated.")
@pass_context
def command(context: CliContext, check: bool) -> int:
    """Show the gate at work: a real git server, a real MCP client, and every kind of decision."""
    import signal
    import tempfile
    from pathlib import Path

    from yett.demo import stage
    from yett.demo.agent import Agent  # noqa: F401 - says at once if the extra is missing

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    with tempfile.TemporaryDirectory(prefix="yett-demo-") as directory, stage.raised(Path(directory)) as raised:
        shown, tools = _perform(context, raised)
        passed = all(scene.as_promised for scene in shown) and _hidden(tools)
        if context.json:
            print_json({"passed": passed, "tools": tools, "scenes": [_as_json(scene) for scene in shown]})
        if check:
            return Exit.OK if passed else Exit.FAILED
        if not context.json:
            _stay(context, raised)
        return Exit.OK


def _leave(number: int, _frame: object) -> NoReturn:
    """Whoever ends the demonstration, or closes its terminal, leaves no gateway behind."""
    raise SystemExit(128 + number)


def _hidden(tools: list[str]) -> bool:
    from yett.demo.story import HIDDEN_TOOL

    return bool(tools) and HIDDEN_TOOL not in tools


def _perform(context: CliContext, raised: Any) -> tuple[list[Shown], list[str]]:
    import asyncio

    from yett.demo.show import client_configuration, play, set_up

    console = context.console(stderr=context.json)
    console.print("An agent gets a key to a git repository. This is what the gate lets it do.\n", style="bold")
    minted = set_up(raised, lambda line: console.print(f"  $ {line}", style="dim", soft_wrap=True))
    console.print()
    shown: list[Shown] = []

    def each(scene: Shown) -> None:
        shown.append(scene)
        console.print(_line(scene), soft_wrap=True)

    tools = asyncio.run(play(raised, minted, each))
    console.print(f"\n  The agent is shown {len(tools)} tools; git_reset is {'not ' if _hidden(tools) else ''}among them.")
    _verdict(console, shown, tools)
    if not context.json:
        console.print("\nTo let your own MCP client in, paste this into its configuration:\n")
        click.echo(client_configuration(raised, minted))
    return shown, tools


_NEXT_LINE = "\n" + 21 * " "


def _line(shown: Shown) -> Text:
    from rich.text import Text

    allowed = shown.scene.decision == "allow"
    mark, style = ("✓ allowed", "green") if allowed else ("✗ " + (shown.scene.code or "denied"), "red")
    if shown.entry is not None and not shown.as_promised:
        mark, style = f"? {shown.entry.decision} {shown.entry.code or ''}", "yellow"
    arguments = ", ".join(f"{name}={value}" for name, value in shown.scene.arguments.items())
    line = Text("  ").append(f"{mark:<19}", style=f"bold {style}").append(f"{shown.scene.tool}({plain(arguments)})")
    line.append("   ").append(shown.scene.what, style="dim")
    if not allowed:
        line.append(_NEXT_LINE).append(plain(shown.reply.text), style="italic")
    for failure in shown.failures:
        line.append(_NEXT_LINE).append(f"not as promised: {plain(failure)}", style="yellow")
    return line


def _verdict(console: Console, shown: list[Shown], tools: list[str]) -> None:
    wrong = sum(not scene.as_promised for scene in shown) + (not _hidden(tools))
    if wrong:
        console.print(f"\n  {wrong} of {len(shown) + 1} were not as promised.", style="bold yellow")
    else:
        console.print("  Every decision is in the log, and the repository shows every effect, or its absence.", style="green")


def _as_json(shown: Shown) -> dict[str, object]:
    entry = shown.entry
    return {
        "tool": shown.scene.tool,
        "arguments": shown.scene.arguments,
        "decision": None if entry is None else entry.decision,
        "code": None if entry is None else entry.code,
        "rule": None if entry is None else entry.rule,
        "reply": shown.reply.text,
        "as_promised": shown.as_promised,
        "failures": list(shown.failures),
    }


def _stay(context: CliContext, raised: Any) -> None:
    """Keep the gate open until Ctrl-C."""
    import shutil
    import signal
    import sys

    console = context.console()
    program = "yett" if shutil.which("yett") else sys.argv[0]
    console.print(f"\nThe gate stays open at {raised.data_plane}. Watch it from another terminal:", style="bold")
    console.print(f"  $ {program} --config {raised.settings.config_path} log --follow", style="dim", soft_wrap=True)
    console.print("Ctrl-C ends the demonstration and removes everything.")
    try:
        signal.pause()
    except KeyboardInterrupt:
        console.print()
