"""`yett demo`: the gate at work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import Exit, plain, print_json

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from yett.demo.show import Played, Shown
    from yett.demo.story import Scenario

SHEET: Final = "yett-demo.png"
_COLUMN: Final = 23
_ARGUMENT_CHARS_MAX: Final = 40


@click.command("demo")
@click.option("--check", is_flag=True, help="Do the same, then exit: 0 only if every decision and effect was as stated.")
@click.option(
    "--pictures",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Where to put the pictures of the run, on one sheet. Default: yett-demo.png in a new temporary directory, which stays.",
)
@pass_context
def command(context: CliContext, check: bool, pictures: Path | None) -> int:
    """Show the gate at work: a real server for image notes, real MCP clients, and every kind of decision."""
    import signal
    import tempfile

    from yett.demo import stage
    from yett.demo.agent import Agent  # noqa: F401 - says at once if the extra is missing

    stage.require_server()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    # A directory of our own: by a known name in a shared one, another user could have us write elsewhere.
    sheet = pictures or Path(tempfile.mkdtemp(prefix="yett-demo-pictures-")) / SHEET
    with tempfile.TemporaryDirectory(prefix="yett-demo-") as directory, stage.raised(Path(directory)) as raised:
        played = _perform(context, raised, sheet)
        if context.json:
            print_json(_as_json(played, sheet))
        if check:
            return Exit.FAILED if played.wrong else Exit.OK
        if not context.json:
            _stay(context, raised)
        return Exit.OK


def _leave(number: int, _frame: object) -> NoReturn:
    """Whoever ends the demonstration, or closes its terminal, leaves no gateway behind."""
    raise SystemExit(128 + number)


class _Audience:
    """Prints each scene as it happens."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def begin(self, scenario: Scenario) -> None:
        self._console.print(f"\n{scenario.title}", style="bold")

    def wait(self, seconds: int) -> None:
        self._console.print(
            f"  This minute is nearly over; the limit counts by the minute, so {seconds} s are waited for the next."
        )

    def see(self, shown: Shown) -> None:
        self._console.print(_line(shown), soft_wrap=True)


def _perform(context: CliContext, raised: Any, sheet: Path) -> Played:
    import asyncio

    from yett.app.clock import SystemClock
    from yett.demo.sheet import draw_sheet
    from yett.demo.show import client_configuration, play, set_up

    console = context.console(stderr=context.json)
    console.print("Agents get keys to a server that draws image notes. This is what the gate lets them do.\n", style="bold")
    grants = set_up(raised, lambda line: console.print(f"  $ {line}", style="dim", soft_wrap=True))
    played = asyncio.run(play(raised, grants, _Audience(console), SystemClock()))
    draw_sheet(raised, played.project_id, sheet)
    _verdict(console, played)
    console.print(f"  The pictures of the first note are on one sheet: {sheet}", soft_wrap=True)
    if not context.json:
        console.print("\nTo let your own MCP client in, paste this into its configuration:\n")
        click.echo(client_configuration(raised, next(iter(grants.values()))))
    return played


def _line(shown: Shown) -> Text:
    from rich.text import Text

    allowed = shown.scene.decision == "allow"
    mark, style = ("✓ allowed", "green") if allowed else ("✗ " + (shown.scene.code or "denied"), "red")
    if shown.scene.decision == "approval":
        mark, style = f"… {shown.scene.code}", "yellow"
    if shown.entry is not None and not shown.as_promised:
        mark, style = f"? {shown.entry.decision} {shown.entry.code or ''}", "yellow"
    arguments = ", ".join(f"{name}={_short(value)}" for name, value in shown.scene.arguments.items())
    line = Text("") if shown.scene.person is None else _person(shown)
    line.append("  ").append(f"{mark:<{_COLUMN - 2}}", style=f"bold {style}").append(f"{shown.scene.tool}({plain(arguments)})")
    line.append("   ").append(shown.scene.what, style="dim")
    next_line = "\n" + _COLUMN * " "
    if not allowed:
        line.append(next_line).append(plain(shown.reply.text), style="italic")
    for failure in shown.failures:
        line.append(next_line).append(f"not as promised: {plain(failure)}", style="yellow")
    return line


def _person(shown: Shown) -> Text:
    """What a person did before the call."""
    from rich.text import Text

    from yett.demo.story import REASON

    command = "approve ID" if shown.scene.person == "approves" else f'deny ID --reason "{REASON}"'
    return Text("  ").append(f"$ yett approvals {command}\n", style="dim")


def _short(value: object) -> str:
    """A value as it fits into a line; a text that does not is known by its beginning."""
    text = value if isinstance(value, str) else repr(value)
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= _ARGUMENT_CHARS_MAX else one_line[: _ARGUMENT_CHARS_MAX - 1] + "…"


def _verdict(console: Console, played: Played) -> None:
    from yett.demo.story import ARGUMENTS, HIDDEN_TOOL

    shown = len(played.tools[ARGUMENTS.policy])
    console.print(f"\n  That agent is shown {shown} tools; {HIDDEN_TOOL} is {'not ' if played.hidden else ''}among them.")
    if played.wrong:
        console.print(f"  {played.wrong} of {len(played.scenes) + 1} were not as promised.", style="bold yellow")
    else:
        console.print(
            "  Every decision is in the log, and the server holds every picture that it should, and no other.", style="green"
        )


def _as_json(played: Played, sheet: Path) -> dict[str, object]:
    return {
        "passed": not played.wrong,
        "tools": {policy: list(tools) for policy, tools in played.tools.items()},
        "pictures": str(sheet),
        "scenes": [_scene_as_json(shown) for shown in played.scenes],
    }


def _scene_as_json(shown: Shown) -> dict[str, object]:
    entry = shown.entry
    return {
        "policy": shown.scenario.policy,
        "tool": shown.scene.tool,
        "arguments": dict(shown.scene.arguments),
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
    console.print("Ctrl-C ends the demonstration and removes everything but the sheet.")
    try:
        signal.pause()
    except KeyboardInterrupt:
        console.print()
