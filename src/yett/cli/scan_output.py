"""The report of `yett scan` in each of its formats, on stdout or in a file."""

from __future__ import annotations

import contextlib
import io
import json
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from yett import __version__
from yett.cli.context import CliContext
from yett.cli.output import CommandError, inert_json
from yett.cli.policy_source import STDIN

if TYPE_CHECKING:
    from yett.app.scan_stack import Found
    from yett.scan.model import Scanned


def put(context: CliContext, form: str, output: Path | None, scanned: list[Scanned], found: Found) -> None:
    """Print the report, or write it to a file, whole or not at all. Errors: `CommandError`."""
    if output is None or str(output) == STDIN:
        _show(context, form, scanned, found)
        return
    with contextlib.redirect_stdout(io.StringIO()) as text:
        _show(context, form, scanned, found)
    write_whole(output, text.getvalue())


def _show(context: CliContext, form: str, scanned: list[Scanned], found: Found) -> None:
    from yett.cli.scan_report import print_report

    if form == "table":
        print_report(context, scanned)
    else:
        click.echo(text_of(form, scanned, found))


def text_of(form: str, scanned: list[Scanned], found: Found, *, refresh_s: int | None = None, news: Sequence[str] = ()) -> str:
    """The report as JSON, SARIF, Markdown or HTML; for HTML, what changed, and how often a browser looks again."""
    from yett.scan.markdown import scan_markdown
    from yett.scan.reporting import report
    from yett.scan.sarif import sarif
    from yett.site.scan_page import scan_html

    not_read = [(fault.file, fault.message) for fault in found.faults]
    if form == "sarif":
        return _json(sarif(scanned, not_read, version=__version__, root=Path.cwd()))
    if form == "json":
        return _json(report(scanned, not_read))
    if form == "markdown":
        return scan_markdown(scanned, not_read).rstrip("\n").encode("utf-8", "backslashreplace").decode()
    at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    page = scan_html(report(scanned, not_read), at=at, refresh_s=refresh_s, news=news)
    return page.encode("utf-8", "backslashreplace").decode()


def _json(value: Any) -> str:
    return inert_json(json.dumps(value, indent=2, ensure_ascii=False))


def write_whole(path: Path, text: str) -> None:
    """Put `text` in the place of a file, so that no reader sees half of it. Errors: `CommandError`.

    INVARIANT: no link that lies in the directory is followed. It may be a repository that somebody else wrote.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.new")
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
            return
        with beside.open("x", encoding="utf-8") as file:
            file.write(text)
        beside.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise CommandError(f"cannot write `{path}`: {error.strerror}") from error
