"""`yett catalog import`, `search` and `list`: the servers that come with Yett, and an index of many more."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import CommandError, plain, print_json, print_table, say
from yett.cli.policy_source import FILES

if TYPE_CHECKING:
    from rich.text import Text

    from yett.app.catalogue_import import Phase, Progress
    from yett.catalog.finding import Found
    from yett.catalog.model import RiskClass, Severity, ShownVerdict
    from yett.catalog.page_model import CataloguedServer, Package

CLASSES: Final = ("Read", "Write", "Execute", "Destructive", "Financial")
LEVELS: Final = ("Low", "Medium", "High", "Critical")
COLOURS: Final = {"Low": "green", "Medium": "yellow", "High": "red", "Critical": "bold red"}
SHOWN_MAX: Final = 1_000
PHASES: Final = {"reading": "Reading", "judging": "Judging tools"}


@click.command("import")
@click.argument("file", type=FILES, metavar="FILE.jsonl")
@click.option("--into", type=click.Path(path_type=Path, dir_okay=False), help="The index.  [default: the control plane's]")
@pass_context
def import_(context: CliContext, file: Path, into: Path | None) -> None:
    """Make an index of the tool definitions in FILE: one a line, each with its `server`. It takes the place of the one before.

    The control plane shows and searches it at once. A bad line is told by its number, and then the index stays as it was.
    """
    from yett.app.catalogue_import import BadLines, import_catalogue

    path = into or _index(context)
    if str(file) == "-":
        raise click.UsageError("the file is read from its beginning to its end and its size is asked; name a file")
    try:
        with _progress(context) as progress:
            imported = import_catalogue(file, path, progress)
    except BadLines as error:
        raise CommandError(f"`{file}`: {error}; nothing was changed", code="definition", details=error.lines) from error
    if context.json:
        print_json({"servers": imported.servers, "tools": imported.tools, "index": str(path)})
        return
    tools, servers = _many(imported.tools, "tool"), _many(imported.servers, "server")
    are = "is" if imported.tools == 1 else "are"
    click.echo(plain(f"{tools} of {servers} {are} in {path}"))


@click.command("search")
@click.argument("words", nargs=-1)
@click.option("--class", "risk", type=click.Choice(CLASSES, case_sensitive=False), help="Only tools of this class.")
@click.option("--severity", type=click.Choice(LEVELS, case_sensitive=False), help="Only tools of this severity.")
@click.option("--server", metavar="NAME", help="Only tools of this server.")
@click.option("--limit", type=click.IntRange(1, SHOWN_MAX), default=20, show_default=True, help="At most so many.")
@click.option("--index", type=click.Path(path_type=Path, dir_okay=False), help="The index.  [default: the control plane's]")
@pass_context
def search(context: CliContext, /, words: tuple[str, ...], index: Path | None, **filters: Any) -> None:
    """Find tools by WORDS or their beginnings, the best first.

    Looks through the servers that come with Yett, and the index if there is one.
    """
    from yett.catalog.finding import Sought, words_of
    from yett.catalog.model import RiskClass, Severity

    sought = Sought(
        words=words_of(" ".join(words)),
        risk=None if filters["risk"] is None else RiskClass(filters["risk"]),
        severity=None if filters["severity"] is None else Severity(filters["severity"]),
        server=filters["server"],
        limit=filters["limit"],
    )
    if not sought.words and not any((sought.risk, sought.severity, sought.server)):
        raise click.UsageError("say what to look for: a word with a letter or a digit, or a filter")
    if index is not None and not index.exists():
        raise CommandError(f"there is no index `{index}`; `yett catalog import FILE --into {index}` makes one")
    found = _found(sought, index or _index(context))
    if context.json:
        print_json([_found_json(one) for one in found])
        return
    rows = [_row(one) for one in found]
    print_table(context, ("CLASS", "SEVERITY", "SERVER", "TOOL", "TITLE"), rows, empty="no tool is like that", whole=("TOOL",))


@click.command("list")
@pass_context
def list_(context: CliContext) -> None:
    """List the servers that come with Yett: each was installed, started, and asked for its tools."""
    from yett.site.known import known_packages, known_rows

    packages = {slug: package for slug, _, package in known_packages()}
    listed = [(row, packages.get(row.slug)) for row in known_rows()]
    if context.json:
        print_json([_server_json((row.slug, row.name), row.letter, row.tool_count, package) for row, package in listed])
        return
    rows = [
        (row.slug, row.letter, row.tool_count, _package(package), "" if package is None else package.listed)
        for row, package in listed
    ]
    print_table(context, ("SERVER", "GRADE", "TOOLS", "PACKAGE", "LISTED"), rows, whole=("SERVER",))
    say("`yett catalog show SERVER` shows what its tools can do")


def show_catalogued(context: CliContext, slug: str) -> bool:
    """Print what the tools of a server of the catalogue can do; whether it has one of this name."""
    from yett.catalog.grade import grade
    from yett.catalog.pages import RULE, record_of
    from yett.cli.catalog_record import record_json, say_record
    from yett.site.known import known_server
    from yett.stores.catalogue_index import CatalogueIndex

    index = CatalogueIndex(_index(context))
    server = known_server(slug) or index.server(slug)
    index.close()
    if server is None:
        return False
    ranked = sorted((shown for _, shown in server.tools), key=lambda one: (-one.risk.rank, one.verdict.name))
    graded = grade(ranked)
    if context.json:
        tools = [_tool_json(one) for one in ranked]
        record = record_json(record_of(server))
        shown = _server_json((server.slug, server.name), graded.letter, len(tools), server.package)
        print_json({**shown, "why": graded.why, "tools": tools, "record": record})
        return True
    rows = [(*_levels(one.risk, one.severity), one.verdict.name, RULE[one.risk], ", ".join(one.verdict.codes)) for one in ranked]
    print_table(context, ("CLASS", "SEVERITY", "TOOL", "RECOMMENDED", "SIGNALS"), rows, empty="no tools", whole=("TOOL",))
    say_record(record_of(server))
    say(plain(_origin(server)))
    return True


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _tool_json(shown: ShownVerdict) -> dict[str, object]:
    named = {"name": shown.verdict.name, "class": shown.risk.value, "severity": shown.severity.value}
    return {**named, "signals": list(shown.verdict.codes)}


def _origin(server: CataloguedServer) -> str:
    said = server.package
    if said is None:
        return "it is in the catalogue, and none of the control plane's servers"
    return f"listed on {said.listed} by `{' '.join(said.command)}`; none of the control plane's servers"


def _package(said: Package | None) -> str:
    return "-" if said is None else f"{said.name} {said.version} ({said.ecosystem})"


def _server_json(names: tuple[str, str], grade: str, tools: int, package: Package | None) -> dict[str, object]:
    from dataclasses import asdict

    said = None if package is None else asdict(package)
    return {"server": names[0], "name": names[1], "grade": grade, "tools": tools, "package": said}


def _found(sought: Any, path: Path) -> list[Found]:
    from yett.site.known import known_slugs, search_known
    from yett.stores.catalogue_index import CatalogueIndex

    index = CatalogueIndex(path)
    try:
        others = [one for one in index.search(sought) if one.slug not in known_slugs()]
    finally:
        index.close()
    return sorted([*search_known(sought), *others], key=lambda one: one.order)[: sought.limit]


def _found_json(one: Found) -> dict[str, object]:
    return {
        "server": one.server,
        "slug": one.slug,
        "name": one.name,
        "title": one.title,
        "class": one.risk.value,
        "severity": one.severity.value,
        "score": one.score,
    }


def _row(one: Found) -> tuple[object, ...]:
    return *_levels(one.risk, one.severity), one.slug, one.name, one.title


def _levels(risk: RiskClass, severity: Severity) -> tuple[Text, Text]:
    from rich.text import Text

    return Text(risk.value, style=COLOURS[severity]), Text(severity.value, style=COLOURS[severity])


def _index(context: CliContext) -> Path:
    from yett.stores.catalogue_index import FILE

    return context.settings.state_dir / FILE


@contextmanager
def _progress(context: CliContext) -> Iterator[Progress]:
    """A bar for each phase on standard error, where a person looks at it."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=context.console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bars:
        tasks: dict[Phase, Any] = {}

        def tell(phase: Phase, done: int, of: int) -> None:
            if phase not in tasks:
                tasks[phase] = bars.add_task(PHASES[phase], total=of)
            bars.update(tasks[phase], completed=done)

        yield tell
