"""`yett scan install-hook`, and `yett scan hook`, which Claude Code runs before it changes files or runs commands."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import CommandError, Exit, inert_json, plain, say
from yett.errors import YettError

if TYPE_CHECKING:
    from yett.scan.model import Scanned

INPUT_CHARS_MAX: Final = 64 * 1024 * 1024
_CONFIGURATION: Final = re.compile(r"\.(json|jsonc|toml|yaml|yml|code-workspace)\b", re.IGNORECASE)


@click.command("install-hook")
@click.option("--project", is_flag=True, help="For the project here (.claude/settings.json), not for this user everywhere.")
@click.option("--remove", is_flag=True, help="Take the hook out again.")
@pass_context
def install_hook(context: CliContext, /, project: bool, remove: bool) -> int:
    """Have Claude Code look at each MCP server that is about to be configured.

    The hook never forbids: nothing against a server is a note, anything else a question to you, and what goes wrong is said.
    """
    from yett.app.claude_hooks import SUFFIX, install, settings_file
    from yett.app.claude_hooks import remove as take_out

    home = Path(context.environment.get("HOME") or Path.home())
    path = settings_file(context.environment, home, project=project)
    if remove:
        done = take_out(path)
        say(f"removed from {plain(path)}" if done else f"it was not in {plain(path)}")
        return Exit.OK
    program = "yett" if project else shlex.quote(shutil.which("yett") or "yett")
    done = install(path, f"{program}{SUFFIX}")
    say(f"installed in {plain(path)}" if done else f"it is in {plain(path)} already")
    return Exit.OK


@click.command("hook", hidden=True)
@pass_context
def hook(context: CliContext, /) -> int:
    """Read what Claude Code is about to do from standard input, and answer on standard output."""
    try:
        said = _answer(context, sys.stdin.read(INPUT_CHARS_MAX + 1))
    except (YettError, OSError, ValueError) as error:
        said = _skipped(str(error))
    except Exception as error:  # noqa: BLE001 - a hook that fails silently would be taken for consent
        said = _skipped(type(error).__name__)
    if said:
        click.echo(inert_json(json.dumps(said, ensure_ascii=False)))
    return Exit.OK


def _skipped(why: str) -> dict[str, object]:
    from yett.scan.hooking import skipped

    return skipped(why)


def _answer(context: CliContext, text: str) -> dict[str, object]:
    if len(text) > INPUT_CHARS_MAX:
        raise CommandError("what it is about to do is too large to be looked at")
    call: Any = json.loads(text)
    if not isinstance(call, dict):
        raise CommandError("what it is about to do is no object")
    if not _may_configure(call):
        return {}
    from yett.scan.hooking import Unclear, answer, proposed, unclear

    try:
        servers = proposed(call, _present)
    except Unclear as doubt:
        return unclear(str(doubt))
    return answer(_looked_at(context, servers))


def _may_configure(call: dict[str, Any]) -> bool:
    """Whether it is worth reading on: this runs before every edit and every command, mostly for nothing."""
    given = call.get("tool_input")
    if not isinstance(given, dict):
        return False
    path, command = given.get("file_path"), given.get("command")
    if isinstance(command, str):
        return "mcp" in command or _CONFIGURATION.search(command) is not None
    return isinstance(path, str) and _CONFIGURATION.search(path) is not None


def _present(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _looked_at(context: CliContext, servers: list[Any]) -> list[Scanned]:
    from yett.app.scan_stack import Asking, never, scan

    return scan(context.settings, servers, Asking(never, {}, remember=False)) if servers else []
