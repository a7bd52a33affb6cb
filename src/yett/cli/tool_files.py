"""Files of tool definitions: one a line, a list, or the answer of `tools/list`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from yett.cli.output import CommandError
from yett.cli.policy_source import STDIN, read_bytes

if TYPE_CHECKING:
    from yett.catalog.model import ToolDefinition
    from yett.policy.json_value import JsonValue

FILE_BYTES_MAX: Final = 256 * 1024 * 1024
LINE_BYTES_MAX: Final = 4 * 1024 * 1024
"""As much as the gateway takes for one message."""
SHOWN_MAX: Final = 20
"""Bad lines that are told apart; the rest is counted."""


def read_definitions(path: Path) -> list[ToolDefinition]:
    """The definitions of a file with one a line. Errors: `CommandError` with each bad line's number."""
    return _definitions(path, list(_lines(path, _bytes(path))))


def read_tool_list(path: Path) -> list[ToolDefinition]:
    """The definitions of a file that is a list, the answer of `tools/list`, or has one a line. Errors: `CommandError`."""
    from yett.policy.document import read_json
    from yett.policy.errors import PolicyErrors

    data = _bytes(path)
    try:
        value = read_json(data)
    except PolicyErrors as refused:
        if b"\n" not in data.strip():
            raise CommandError(f"`{path}`: {refused.errors[0].message}") from refused
        return _definitions(path, list(_lines(path, data)))
    if isinstance(value, dict) and "name" in value:
        return _definitions(path, [("1", value)])
    for key in ("result", "tools"):
        if isinstance(value, dict) and key in value:
            value = value[key]
    if not isinstance(value, list):
        raise CommandError(f'`{path}` holds no tools; expected the answer of tools/list (`{{"tools": [...]}}`) or one a line')
    return _definitions(path, [(f"element {index}", element) for index, element in enumerate(value)])


def _bytes(path: Path) -> bytes:
    data = read_bytes(path, FILE_BYTES_MAX + 1)
    if len(data) > FILE_BYTES_MAX:
        raise CommandError(f"`{path}` is larger than {FILE_BYTES_MAX:,} bytes; divide it")
    return data


def _lines(path: Path, data: bytes) -> Iterator[tuple[str, JsonValue | CommandError]]:
    from yett.policy.document import read_json
    from yett.policy.errors import PolicyErrors

    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        if len(line) > LINE_BYTES_MAX:
            yield f"line {number}", CommandError(f"longer than {LINE_BYTES_MAX:,} bytes")
            continue
        try:
            yield f"line {number}", read_json(line)
        except PolicyErrors as refused:
            yield f"line {number}", CommandError(_without_position(refused.errors[0].message))


def _without_position(message: str) -> str:
    """The parser counts lines within the line."""
    return message.replace(" at line 1 column ", " at column ")


def _definitions(path: Path, placed: list[tuple[str, JsonValue | CommandError]]) -> list[ToolDefinition]:
    from yett.catalog.definition import DefinitionError, tool_definition

    found, bad = [], []
    for place, value in placed:
        if isinstance(value, CommandError):
            bad.append(f"{place}: {value}")
            continue
        try:
            found.append(tool_definition(value))
        except DefinitionError as error:
            bad.append(f"{place}: {error}")
    if bad:
        more = [f"and {len(bad) - SHOWN_MAX} more"] if len(bad) > SHOWN_MAX else []
        label = "<stdin>" if str(path) == STDIN else str(path)
        said = bad[0] if len(bad) == 1 else f"{bad[0]}, and {len(bad) - 1} more"
        raise CommandError(f"`{label}`: {said}", code="definition", details=[*bad[:SHOWN_MAX], *more])
    return found
