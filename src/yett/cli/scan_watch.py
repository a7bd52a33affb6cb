"""`yett scan --watch`: looks again when a file changes, and now and then, and tells what is different."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from yett.cli.context import CliContext
from yett.cli.output import CommandError, Exit, plain, print_json_line, say
from yett.cli.scan import Wanted, form_of
from yett.cli.scan_output import put, text_of, write_whole

if TYPE_CHECKING:
    from yett.app.scan_stack import Found
    from yett.scan.model import Scanned

LOOK_S: Final = 2.0
"""Between looks at the files."""
REFRESH_S: Final = 5
"""How often a browser reads the page again."""
NEWS_MAX: Final = 50
Look = Callable[[], "tuple[Found, list[Scanned]]"]


def watch(context: CliContext, wanted: Wanted, look: Look, ticks: Iterator[float] | None = None) -> int:
    """Until it is interrupted. `ticks` are moments (monotonic seconds) at which the files are looked at."""
    from yett.scan.differing import differences

    form = form_of(context, wanted)
    if form == "html" and wanted.output is None:
        raise CommandError("a page needs a file; say --output FILE", exit_code=Exit.USAGE, code="usage")
    found, scanned = look()
    news: list[str] = []
    _show(context, wanted, form, (found, scanned), [])
    asked, state = None, _state(context, wanted)
    for now in ticks if ticks is not None else _ticks():
        asked = now if asked is None else asked
        here = _state(context, wanted)
        if here == state and now - asked < wanted.every:
            continue
        state, asked = here, now
        before, (found, scanned) = (found, scanned), look()
        fresh = differences(before[1], scanned, [fault.file for fault in before[0].faults], [one.file for one in found.faults])
        if fresh:
            news = [*(f"{datetime.now().strftime('%H:%M:%S')} {line}" for line in fresh), *news][:NEWS_MAX]
            _show(context, wanted, form, (found, scanned), news)
            _tell(context, wanted, fresh)
    return Exit.OK


def _ticks() -> Iterator[float]:
    pause = threading.Event()
    while True:
        pause.wait(LOOK_S)
        yield time.monotonic()


def _state(context: CliContext, wanted: Wanted) -> dict[Path, tuple[int, int] | None]:
    """Which files there are, and when they were last written."""
    from yett.app.scanning import files_of, own_files

    files = [*files_of(Path(wanted.target)), *([] if wanted.alone else own_files(context.environment, sys.platform))]
    return {file.path: _written(file.path) for file in files}


def _written(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _show(context: CliContext, wanted: Wanted, form: str, now: tuple[Found, list[Scanned]], news: list[str]) -> None:
    """The page or file as a whole each time; on the terminal the report once."""
    found, scanned = now
    if form == "html":
        assert wanted.output is not None
        write_whole(wanted.output, text_of("html", scanned, found, refresh_s=REFRESH_S, news=news))
        if not news:
            say(f"written: {plain(wanted.output)}; ends with Ctrl-C")
    elif wanted.output is not None or not news:
        put(context, form, wanted.output, scanned, found)


def _tell(context: CliContext, wanted: Wanted, fresh: list[str]) -> None:
    for line in fresh:
        if context.json or wanted.form == "json":
            print_json_line({"changed": line})
        else:
            click.echo(plain(line))
