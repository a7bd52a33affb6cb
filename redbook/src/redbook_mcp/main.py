"""The command `redbook-mcp`: a server on standard input and output, or over HTTP; and what people do without a client."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from typing import BinaryIO, Final

from redbook_mcp import VERSION
from redbook_mcp.errors import RedBookError
from redbook_mcp.settings import Settings, SettingsError, load_settings

USAGE: Final = 2
"""Exit code for settings and arguments that cannot be used."""
FAILED: Final = 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    arguments = _parser().parse_args(argv)
    try:
        return _run_with(arguments, load_settings(os.environ))
    except SettingsError as error:
        for problem in error.problems:
            _tell(problem)
        return USAGE
    except RedBookError as error:
        _tell(f"{error.code}: {error.message}")
        return FAILED


def _run_with(arguments: argparse.Namespace, settings: Settings) -> int:
    logging.basicConfig(
        stream=sys.stderr, level=settings.log_level.upper(), format="redbook-mcp: %(levelname)s: %(name)s: %(message)s"
    )
    for warning in settings.warnings:
        _tell(f"note: {warning}")
    if arguments.command is not None:
        from redbook_mcp import commands  # noqa: PLC0415 - a server does not need them

        return commands.run(arguments, settings)
    if arguments.http is not None:
        return _serve_http(arguments.http, settings)
    return _serve_stdio(settings)


def _serve_stdio(settings: Settings) -> int:
    if sys.stdin is None or sys.stdout is None:
        _tell("standard input or standard output is closed; an MCP client starts this command with both")
        return USAGE
    if sys.stdin.isatty():
        _tell("waiting for an MCP client on standard input; redbook-mcp --help says what else there is")
    asyncio.run(_stdio(settings, _private_stdout()))
    return 0


def _private_stdout() -> BinaryIO:
    """Standard output for the protocol alone: what anybody prints from now on, also while modules load, goes elsewhere."""
    wire = os.dup(sys.stdout.fileno())
    try:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
    return os.fdopen(wire, "wb")


async def _stdio(settings: Settings, wire: BinaryIO) -> None:
    from redbook_mcp.server.running import run_stdio  # noqa: PLC0415 - `--help` is told without loading the server

    if await run_stdio(settings, wire):
        # A thread still waits for a line on standard input, which may never come: nothing else would end it.
        logging.shutdown()
        sys.stderr.flush()
        os._exit(0)


def _serve_http(text: str, settings: Settings) -> int:
    from redbook_mcp.server.http import parse_address  # noqa: PLC0415 - `--help` is told without loading the server
    from redbook_mcp.server.running import run_http  # noqa: PLC0415 - the same

    try:
        address = parse_address(text)
    except ValueError as error:
        _tell(f"--http: {error}")
        return USAGE
    if not address.is_loopback and settings.http_token is None:
        _tell(f"--http: others can reach {address.shown}; set REDBOOK_HTTP_TOKEN, which clients then send as a bearer token")
        return USAGE
    _tell(f"serving at http://{address.shown}/mcp")
    try:
        asyncio.run(run_http(settings, address))
    except OSError as error:
        _tell(f"--http: {address.shown}: {error.strerror or error}")
        return FAILED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="redbook-mcp",
        description="Xiaohongshu (RedBook) image notes over MCP.",
        epilog="Without arguments it serves one client on standard input and output. "
        "Settings are environment variables; the README lists them.",
    )
    parser.add_argument("--version", action="version", version=f"redbook-mcp {VERSION}")
    parser.add_argument("--http", metavar="[HOST:]PORT", help="serve Streamable HTTP at /mcp; HOST is 127.0.0.1 if left out")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    _command(commands, "list", "list the projects, newest first")
    _command(commands, "show", "show a project").add_argument("project", help="its id, or the beginning of it")
    export = _command(commands, "export", "write a project's zip: pages in order and note.json")
    export.add_argument("project", help="its id, or the beginning of it")
    export.add_argument("--to", metavar="DIR", help="copy the zip there")
    sheet = _command(commands, "sheet", "draw all pictures of a project on one")
    sheet.add_argument("project", help="its id, or the beginning of it")
    sheet.add_argument("--to", metavar="FILE", help="write it there; a PNG named by the project if left out")
    _command(commands, "themes", "list the themes of local cards")
    _command(commands, "doctor", "say how the server is set up and what would not work")
    legacy = _command(commands, "import", "take over projects of the original server")
    legacy.add_argument("folder", help="its DATA_DIR, which stays as it is")
    return parser


def _command(commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, about: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=about, description=about)
    parser.add_argument("--json", action="store_true", help="as JSON")
    return parser


def _tell(sentence: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(f"redbook-mcp: {sentence}\n")


if __name__ == "__main__":
    sys.exit(main())
