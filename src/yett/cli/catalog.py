"""`yett catalog`: what tools can do, and how risky that is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from yett.cli.catalog_find import CLASSES, COLOURS, LEVELS, import_, list_, search
from yett.cli.context import CliContext, pass_context
from yett.cli.output import CommandError, plain, print_json, print_json_line, print_table, say, tell_note, waiting
from yett.cli.policy_source import FILES

if TYPE_CHECKING:
    from rich.text import Text

    from yett.admin.catalogue_views import ToolVerdict
    from yett.catalog.model import Opinion, ShownVerdict, ToolDefinition, Verdict
    from yett.catalog.page_model import CataloguedServer

KEY_VARIABLE: Final = "YETT_OPINION_KEY"
WHY_MAX: Final = 100
"""Characters of a rationale in the table."""


@click.group("catalog")
def command() -> None:
    """Classify tools by the worst that a call can do."""


for _found in (import_, search, list_):
    command.add_command(_found)


@command.command("classify")
@click.argument("file", type=FILES, metavar="FILE.jsonl")
@click.option(
    "--opinion-url",
    metavar="URL",
    help="Endpoint of an OpenAI-compatible API that gives a second opinion, such as https://HOST/v1.",
)
@click.option("--opinion-model", metavar="NAME", help="The model to ask there.")
@pass_context
def classify(context: CliContext, /, file: Path, opinion_url: str | None, opinion_model: str | None) -> None:
    """Classify the tool definitions in FILE (`-` for standard input): one a line, with an optional key `server`.

    Tools of one server are judged beside each other. Needs no network, unless you ask for a second opinion: that is recorded
    beside the verdict and can only raise it. Its API key is read from the environment variable YETT_OPINION_KEY.
    """
    from yett.catalog.classify import classify_tools
    from yett.catalog.definition import verdict_json
    from yett.cli.tool_files import read_definitions

    if (opinion_url is None) != (opinion_model is None):
        raise click.UsageError("`--opinion-url` and `--opinion-model` go together")
    tools = read_definitions(file)
    verdicts = classify_tools(tools)
    shown = _with_opinions(context, tools, verdicts, opinion_url, opinion_model)
    if context.json:
        for each in shown:
            print_json_line(verdict_json(each))
        return
    rows = [_row(each) for each in shown]
    headings = ("CLASS", "SEVERITY", "SURE", "SERVER", "TOOL", "SIGNALS", "WHY")
    print_table(
        context, headings, rows, empty="the file holds no tools", whole=("CLASS", "SEVERITY", "SURE", "TOOL"), below="WHY"
    )


@command.command("show")
@click.argument("server")
@pass_context
def show(context: CliContext, server: str) -> None:
    """Show what the tools of SERVER can do, the riskiest first: as they were last seen, or as the catalogue has them.

    A server of the control plane comes first, then one that comes with Yett, then one of the index.
    """
    from dataclasses import asdict

    from yett.admin.errors import NotFound
    from yett.app.control import connect
    from yett.cli.catalog_find import show_catalogued
    from yett.cli.catalog_record import record_json, say_record

    try:
        with connect(context.settings) as control:
            found = control.catalogue(server)
            record = control.record(found.server)
    except NotFound as error:
        if not show_catalogued(context, server):
            raise CommandError(f"{error}, `yett catalog list` those that come with Yett", code=error.code) from error
        return
    if context.json:
        print_json({**asdict(found), "record": record_json(record)})
        return
    rows = [_verdict_row(tool) for tool in found.tools]
    headings = ("CLASS", "SEVERITY", "SURE", "TOOL", "RECOMMENDED", "SIGNALS", "SET BY")
    print_table(context, headings, rows, empty="no tools: the server was not asked yet, or has none; `yett server look` asks it")
    say_record(record)
    say(f"`yett policy suggest {plain(server)}` writes the recommended policy")


@command.command("set-class")
@click.argument("server")
@click.argument("tool")
@click.argument("risk", type=click.Choice(CLASSES, case_sensitive=False), metavar="[CLASS]", required=False)
@click.option("--severity", type=click.Choice(LEVELS, case_sensitive=False), help="Another one than goes with the class.")
@click.option("--reason", default="", help="For the admin log, and shown beside the class.")
@click.option("--clear", is_flag=True, help="Let the classifier's class count again.")
@pass_context
def set_class(context: CliContext, /, server: str, tool: str, risk: str | None, clear: bool, **said: Any) -> None:
    """Say what class TOOL of SERVER has: Read, Write, Execute, Destructive or Financial. Kept when the list is read again."""
    from dataclasses import asdict

    from yett.admin.catalogue_views import NewToolClass
    from yett.app.control import connect

    if (risk is None) is not clear:
        raise click.UsageError("name a class, or say --clear")
    with connect(context.settings) as control:
        if risk is None:
            changed = control.clear_tool_class(server, tool)
        else:
            changed = control.set_tool_class(server, tool, NewToolClass(risk=risk, **said))  # type: ignore[arg-type]  # click chose
    if context.json:
        print_json(asdict(changed))
        return
    click.echo(plain(f"`{tool}` is {changed.tool.risk}, {changed.tool.severity}; the classifier says {changed.tool.classifier}"))
    tell_note(changed.note)


def _verdict_row(tool: ToolVerdict) -> tuple[str | Text | None, ...]:
    from rich.text import Text

    style = COLOURS[tool.severity]
    return (
        Text(tool.risk, style=style),
        Text(tool.severity, style=style),
        f"{tool.confidence:.2f}",
        tool.name,
        tool.recommended,
        ", ".join(tool.signals),
        tool.set_by,
    )


@command.command("export")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option("--tools", "files", multiple=True, type=FILES, metavar="FILE.jsonl", help="Tools to catalogue beside, one a line.")
@click.option("--servers", is_flag=True, help="Also the servers of the control plane, by their tools as they were last seen.")
@pass_context
def export(context: CliContext, /, directory: Path, files: tuple[Path, ...], servers: bool) -> None:
    """Write the catalogue to DIRECTORY as a site: pages, Markdown, JSON, a search, and llms.txt. It needs no server."""
    from yett.cli.tool_files import read_definitions
    from yett.site.export import export_site
    from yett.site.known import by_server, known_servers

    found = by_server(tool for file in files for tool in read_definitions(file))
    if servers:
        found += _configured(context)
    taken = {server.slug for server in found}
    found = [*(server for server in known_servers() if server.slug not in taken), *found]
    slugs = [server.slug for server in found]
    twice = sorted({slug for slug in slugs if slugs.count(slug) > 1})
    if twice:
        raise CommandError(f"two servers are called `{twice[0]}`; rename one in the file, or leave one out")
    with waiting(context, f"writing pages about {len(found)} servers"):
        pages = export_site(directory, found)
    if context.json:
        print_json({"pages": pages, "servers": slugs, "directory": str(directory)})
        return
    click.echo(plain(f"{pages} pages about {len(found)} servers in {directory}; open {directory / 'index.html'}"))


def _configured(context: CliContext) -> list[CataloguedServer]:
    """The servers of the control plane."""
    from yett.app.control import connect
    from yett.catalog.definition import tool_definition
    from yett.site.known import catalogued

    with connect(context.settings) as control:
        views = control.servers()
        lists = [control.server_tools(view.name) for view in views]
    return [
        catalogued(view.name, view.name, view.notes, [tool_definition(tool.definition, view.name) for tool in seen.tools])
        for view, seen in zip(views, lists, strict=True)
    ]


def _with_opinions(
    context: CliContext, tools: list[ToolDefinition], verdicts: tuple[Verdict, ...], url: str | None, model: str | None
) -> list[ShownVerdict]:
    from yett.catalog.overriding import shown

    if url is None or model is None:
        return [shown(verdict) for verdict in verdicts]
    from yett.app.second_opinion import Endpoint, second_opinions

    opinions = second_opinions(tools, Endpoint(url, model, context.environment.get(KEY_VARIABLE)))
    _tell_failures(opinions)
    return [shown(verdict, None, opinion) for verdict, opinion in zip(verdicts, opinions, strict=True)]


def _tell_failures(opinions: list[Opinion]) -> None:
    failures = [opinion.failure for opinion in opinions if opinion.failure is not None]
    if failures:
        say(f"note: {len(failures)} of {len(opinions)} tools have no second opinion; their verdicts stand: {plain(failures[0])}")


def _row(shown: ShownVerdict) -> tuple[str | Text, ...]:
    from rich.text import Text

    verdict = shown.verdict
    style = COLOURS[shown.severity]
    why = verdict.rationale if len(verdict.rationale) <= WHY_MAX else f"{verdict.rationale[: WHY_MAX - 1]}…"
    sure = f"{verdict.confidence:.2f}{'?' if verdict.unsure else ''}"
    return (
        Text(shown.risk.value, style=style),
        Text(shown.severity.value, style=style),
        sure,
        verdict.server or "-",
        verdict.name,
        ", ".join(verdict.codes),
        why,
    )
