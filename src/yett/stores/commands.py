"""commands.json: the programs that somebody on this host said a server may be. Never written on behalf of the API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Final

import msgspec

from yett.errors import OperatorFault
from yett.private_files import read_private, write_private

COMMANDS_FILE: Final = "commands.json"
MARK_DIGITS: Final = 32
SEALED: Final = "sealed:"
"""Stands for a word or a value that is kept, sealed, beside this list (`yett.sealing.host_file`)."""


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A program that speaks MCP on stdin and stdout; started without a shell, with a minimal environment and `env`."""

    argv: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    """A word `sealed:` stands for one that is kept sealed."""
    env: dict[str, str] = {}
    """A value `env:NAME` or `file:/PATH` is a reference, resolved when the program starts, and `sealed:` is kept sealed."""
    cwd: Annotated[str, msgspec.Meta(min_length=1)] | None = None


def read_commands(state_dir: Path) -> Mapping[str, Command]:
    """What the command line on this host added, by name.

    Errors: `OperatorFault` where the file is unreadable or others may use it: nothing is started then.
    """
    path = state_dir / COMMANDS_FILE
    content = read_private(path)
    if content is None:
        return {}
    try:
        return msgspec.json.decode(content, type=dict[str, Command])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OperatorFault(f"the list of commands `{path}` is unreadable: {error}; mend or remove it") from error


def add_command(state_dir: Path, name: str, command: Command) -> None:
    """Add or replace one. Errors: `OperatorFault`."""
    _write(state_dir, {**read_commands(state_dir), name: command})


def remove_command(state_dir: Path, name: str) -> None:
    """Forget one, if it is there. Errors: `OperatorFault`."""
    commands = read_commands(state_dir)
    if name in commands:
        _write(state_dir, {other: command for other, command in commands.items() if other != name})


def mark_of(command: Command) -> str:
    """By which a program is known again: its words, and the folder that they are of.

    What is sealed, and the variables, are no part of it: a credential may change, and the program is the same one.
    """
    text = json.dumps([command.argv, command.cwd], separators=(",", ":"))
    return sha256(text.encode("ascii")).hexdigest()[:MARK_DIGITS]


def _write(state_dir: Path, commands: Mapping[str, Command]) -> None:
    write_private(state_dir / COMMANDS_FILE, msgspec.json.format(msgspec.json.encode(commands), indent=2))
