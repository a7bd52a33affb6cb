"""Printing: data on stdout as tables or JSON, errors on stderr, exit codes."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

import click

from yett.cli.context import CliContext
from yett.errors import YettError

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

GAP: Final = "  "
"""Between two columns."""
BELOW: Final = "    "
"""Before a line that belongs to the one above."""


class Exit(IntEnum):
    """What the exit status says. Stable."""

    OK = 0
    FAILED = 1
    """The check ran and found something."""
    USAGE = 2
    NOT_RUN = 3
    """Bad configuration, a missing thing, a server that cannot be reached."""
    REFUSED = 4
    """Forbidden by policy or authorisation."""
    INTERRUPTED = 130


class CommandError(YettError):
    """An error with an exit code and a stable code of its own; `details` are further lines or JSON values."""

    def __init__(self, message: str, *, exit_code: int = Exit.NOT_RUN, code: str = "error", details: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.code = code
        self.details = tuple(details)


_REORDERING: Final = (0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
"""Marks that reorder or break text: a name must not look like another one."""
_CONTROLS: Final = {
    **{number: f"\\x{number:02x}" for number in (*range(0x20), *range(0x7F, 0xA0))},
    **{number: f"\\u{number:04x}" for number in _REORDERING},
}
_JSON_CONTROLS: Final = {number: f"\\u{number:04x}" for number in (*range(0x7F, 0xA0), *_REORDERING)}


def plain(text: object) -> str:
    """`text` on one line, without anything that a terminal would act upon. Names come from servers nobody trusts."""
    return _encodable(str(text).translate(_CONTROLS))


def inert_json(text: str) -> str:
    """JSON text that means the same and that no terminal acts upon: what JSON leaves as it is, is escaped as JSON allows."""
    return _encodable(text.translate(_JSON_CONTROLS))


def is_utf8(text: str) -> bool:
    """Whether `text`, a word of the command line, was UTF-8: what was not, Python keeps as lone surrogates."""
    return _encodable(text) == text


def _encodable(text: str) -> str:
    """`text` with lone surrogates as `\\udcff`: no stream takes them."""
    return text.encode("utf-8", "backslashreplace").decode()


def local_time(at_ns: int) -> str:
    """For people: a moment of this year or so, on this machine's clock, to the second."""
    return datetime.fromtimestamp(at_ns // 1_000_000_000).strftime("%m-%d %H:%M:%S")


def print_json(value: object) -> None:
    """One JSON document on stdout."""
    click.echo(_json(value, indent=2))


def print_json_line(value: object) -> None:
    """One line of JSON on stdout: for answers without an end."""
    click.echo(_json(value, separators=(",", ":")))


def _json(value: object, **style: Any) -> str:
    return inert_json(json.dumps(value, ensure_ascii=False, default=str, **style))


def print_table(
    context: CliContext,
    headings: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    empty: str = "",
    whole: Collection[str] = (),
    below: str | None = None,
) -> None:
    """A table on stdout. Without rows, `empty` goes to stderr. An element of a row may be a rich `Text` for colour.

    Where the terminal is too narrow, cells go on in further lines. With `below`, the heading of the last column, that one moves
    below each row instead, and the others are cut off, but for those under the headings `whole`.
    """
    from rich.text import Text

    shown = [[cell if isinstance(cell, Text) else Text("" if cell is None else plain(cell)) for cell in row] for row in rows]
    if not shown:
        if empty:
            say(plain(empty))
        return
    widths = [max(map(len, column)) for column in zip(headings, *shown, strict=True)]
    if below is not None and sum(widths) + 2 * (len(widths) - 1) > context.console().width:
        assert below == headings[-1]
        _print_with_below(context, headings, shown, whole)
    else:
        _print(context, _table(headings, shown, whole))


def _table(headings: Sequence[str], rows: Iterable[Sequence[Text]], whole: Collection[str]) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for heading in headings:
        table.add_column(heading, no_wrap=heading in whole)
    for row in rows:
        table.add_row(*row)
    return table


def _print_with_below(
    context: CliContext, headings: Sequence[str], rows: Sequence[Sequence[Text]], whole: Collection[str]
) -> None:
    """Two lines a row: what stands in the last column is long, and mostly what is looked for."""
    for row in rows:
        for cell in row:
            cell.no_wrap, cell.overflow = True, "ellipsis"
    lines = _lines(context, _table(headings[:-1], [row[:-1] for row in rows], whole))
    click.echo(next(lines), color=context.color())
    for line, (*_, last) in zip(lines, rows, strict=True):
        click.echo(line, color=context.color())
        if last:
            click.echo(f"{BELOW}{last.plain}")


def print_fields(context: CliContext, fields: Iterable[tuple[str, object]]) -> None:
    """Names and values, one a line, on stdout. None is printed as a dash.

    A word is never broken, however narrow the terminal is: a link that goes on in a second line cannot be taken from there.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False, show_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    least = 0
    rows = [(name, value if isinstance(value, Text) else Text("-" if value is None else plain(value))) for name, value in fields]
    names = max((len(name) for name, _ in rows), default=0)
    for name, shown in rows:
        table.add_row(name, shown)
        least = max(least, *(names + len(GAP) + len(word) for word in shown.plain.split()), 0)
    _print(context, table, least)


def _print(context: CliContext, table: Table, least: int = 0) -> None:
    """Without the blanks that fill a table's last column: they would only wrap lines. `least` columns, though there be fewer."""
    for line in _lines(context, table, least):
        click.echo(line, color=context.color())


def _lines(context: CliContext, table: Table, least: int = 0) -> Iterator[str]:
    console = context.console()
    console.width = max(console.width, least)
    with console.capture() as captured:
        console.print(table)
    return (line.rstrip() for line in captured.get().splitlines())


def say(message: str) -> None:
    """One line for a person, on stderr, so that stdout stays data."""
    click.echo(message, err=True)


@contextmanager
def waiting(context: CliContext, what: str) -> Iterator[None]:
    """A sign of life on stderr while a person waits for `what`; nothing where nobody looks."""
    if context.json or not sys.stderr.isatty():
        yield
        return
    from rich.text import Text

    with context.console(stderr=True).status(Text(plain(what))):
        yield


def tell_who_types() -> None:
    """For who starts at a terminal what an MCP client is to start, and sees nothing happen."""
    if sys.stdin.isatty():
        say("this speaks MCP on standard input and output, for a client to start it; Ctrl-C ends it")


def tell_note(note: str | None) -> None:
    """A remark beside an answer, such as why a change does not count yet. On stderr."""
    if note is not None:
        say(f"note: {plain(note)}")


def print_error(context: CliContext, error: BaseException) -> int:
    """Print `error` on stderr, in one red line or as JSON, and return the exit code."""
    code, details = getattr(error, "code", "error"), getattr(error, "details", ())
    if context.json:
        body: dict[str, object] = {"code": code, "message": str(error)}
        if details:
            body["details"] = list(details)
        click.echo(_json({"error": body}), err=True)
    else:
        label = click.style("error:", fg="red", bold=True)
        click.echo(f"{label} {plain(error)}", err=True, color=context.color(stderr=True))
        lines = [line if isinstance(line, str) else _detail(line) for line in details]
        for line in () if _is_said(str(error), details) else lines:
            click.echo(f"  {plain(line)}", err=True)
    sys.stderr.flush()
    exit_code: int = getattr(error, "exit_code", Exit.NOT_RUN)
    return exit_code


def _is_said(message: str, details: Sequence[Any]) -> bool:
    """Whether the error's own line has all of it."""
    texts = [
        text for one in details for text in ((one.get("message"), one.get("hint") or "") if isinstance(one, dict) else (one,))
    ]
    return all(isinstance(text, str) and text in message for text in texts)


def _detail(value: object) -> str:
    """A detail of an error as a line: place, message and hint where it has them."""
    if isinstance(value, dict) and "message" in value:
        place = value.get("pointer")
        hint = f" ({value['hint']})" if value.get("hint") else ""
        return f"{place + ': ' if place else ''}{value['message']}{hint}"
    return json.dumps(value, ensure_ascii=False, default=str)
