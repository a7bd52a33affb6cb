"""`yett scan`: the MCP servers of a repository and of this user's clients, and what to do about them."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import CommandError, Exit, inert_json, plain, print_json, say, waiting
from yett.cli.policy_source import FILES
from yett.cli.scan_comment import comment
from yett.cli.scan_hook import hook, install_hook

if TYPE_CHECKING:
    from yett.app.scan_stack import Asking, Found
    from yett.catalog.model import Severity, ToolDefinition
    from yett.scan.model import FoundServer, Scanned

SEVERITIES: Final = ("low", "medium", "high", "critical")
FORMATS: Final = ("table", "json", "sarif", "html", "markdown")
_SUFFIXES: Final = {".json": "json", ".sarif": "sarif", ".html": "html", ".htm": "html", ".md": "markdown"}
_URL: Final = re.compile(r"(https?|wss?)://", re.IGNORECASE)
_ARGV: Final = "yett.scan.argv"
_FIND: Final = "find"


class _Unnamed(click.Context):
    """Of a command that goes by the name of its parent."""

    @property
    def command_path(self) -> str:
        return super().command_path.strip()


class _Find(click.Command):
    """What stands behind `--` is a command line of its own."""

    context_class = _Unnamed

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            at = args.index("--")
            ctx.meta[_ARGV] = tuple(args[at + 1 :])
            args = args[:at]
        return super().parse_args(ctx, args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, "[OPTIONS] [PATH | URL | -- COMMAND…]")


class _Scan(click.Group):
    """`yett scan …` scans, but for the few words that are commands below it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] in self.commands and args[0] != _FIND:
            return super().parse_args(ctx, args)
        return super().parse_args(ctx, [_FIND, *args])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] == _FIND:
            return "", self.commands[_FIND], args[1:]
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        return self.commands.get(cmd_name, self.commands[_FIND])


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for."""

    target: str
    argv: tuple[str, ...] | None
    """A command line given instead of a path."""
    alone: bool
    tools: Path | None
    start: bool
    contact: bool
    yes: bool
    gateways: tuple[str, ...]
    rules: str | None
    policies: Path | None
    fail_on: str | None
    form: str | None
    output: Path | None
    watch: bool
    every: float

    @property
    def is_one(self) -> bool:
        """Whether one server is given, rather than files to look into."""
        return self.argv is not None or _URL.match(self.target) is not None


@click.command(
    _FIND, cls=_Find, hidden=True,
    epilog="`yett scan install-hook` has Claude Code look at servers before they are added.",
)  # fmt: skip
@click.argument("target", required=False, default=".", metavar="[PATH | URL | -- COMMAND…]")
@click.option("--repository-only", "alone", is_flag=True, help="Leave out the configuration of this user's clients.")
@click.option("--tools", type=FILES, metavar="FILE", help="Tools of servers: one definition a line, each with its `server`.")
@click.option("--start", is_flag=True, help="Start the programs that are found, and ask them for their tools.")
@click.option("--contact", is_flag=True, help="Ask the addresses that are found for their tools. No secret is sent.")
@click.option("--yes", "-y", is_flag=True, help="Both: start programs, and ask addresses.")
@click.option("--gateway", "gateways", multiple=True, metavar="URL", help="Base url of a Yett gateway, beside the one of here.")
@click.option("--rules", type=click.Choice(["claude-code", "codex"]), help="Print deny rules for this client instead.")
@click.option("--policies", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Write recommended policies.")
@click.option("--fail-on", type=click.Choice(SEVERITIES, case_sensitive=False), help="Exit with 1 from this severity on.")
@click.option(
    "--format", "form", type=click.Choice(FORMATS, case_sensitive=False), help="How to report; else by --output's name."
)
@click.option("--output", "-o", type=FILES, metavar="FILE", help="Write the report there.")
@click.option("--watch", is_flag=True, help="Go on, and tell what changes; with --format html and --output, on a page.")
@click.option(
    "--every", type=click.FloatRange(min=1), default=300.0, metavar="SECONDS", show_default=True,
    help="How often --watch asks servers again.",
)  # fmt: skip
@pass_context
def find(context: CliContext, /, **given: Any) -> int:
    """Find the MCP servers in PATH and in the configuration of this user's clients; say what each is and what to do.

    Or look at one server: at URL, or started by COMMAND.

    Only reads. Nothing is started or contacted without --start, --contact or --yes, or a yes at the terminal. Values of
    variables, headers, arguments and addresses are never shown or kept.

    Exits with 1 if a server reaches --fail-on, with 3 if a file could not be read, or the one server did not tell its tools.
    """
    wanted = Wanted(**given, argv=click.get_current_context().meta.get(_ARGV))
    _refuse_conflicts(context, wanted)
    if wanted.watch:
        from yett.cli.scan_watch import watch

        return watch(context, wanted, lambda: scan_once(context, wanted))
    found, scanned = scan_once(context, wanted)
    if wanted.policies is not None:
        _write_policies(wanted.policies, scanned)
    _print(context, wanted, scanned, found)
    return _status(wanted, scanned, found)


@click.group("scan", cls=_Scan, params=[one for one in find.params if isinstance(one, click.Option)], help=find.help)
def command(**_: object) -> None:
    pass


for _member in (find, install_hook, hook, comment):
    command.add_command(_member)


def _refuse_conflicts(context: CliContext, wanted: Wanted) -> None:
    if wanted.argv is not None and (wanted.target != "." or not wanted.argv):
        raise click.UsageError("give a path or a URL, or a command behind `--`")
    if wanted.form is not None and wanted.form != "json" and context.json:
        raise click.UsageError(f"--json and --format {wanted.form} do not go together")
    if wanted.rules is not None and (wanted.form is not None or wanted.output is not None):
        raise click.UsageError("--rules prints rules and no report; leave out --format and --output")
    if wanted.watch and (wanted.rules or wanted.policies or wanted.fail_on or wanted.is_one):
        raise click.UsageError("--watch goes with neither --rules, --policies, --fail-on nor a single server")
    if not wanted.is_one and not Path(wanted.target).exists():
        raise click.UsageError(f"path `{wanted.target}` does not exist")


def form_of(context: CliContext, wanted: Wanted) -> str:
    """How to report: as the options say, else as the file's name does."""
    if wanted.form is not None:
        return wanted.form
    if context.json:
        return "json"
    return _SUFFIXES.get(wanted.output.suffix.lower(), "table") if wanted.output is not None else "table"


def scan_once(context: CliContext, wanted: Wanted) -> tuple[Found, list[Scanned]]:
    """What is configured, and everything about it."""
    from yett.app.scan_stack import Asking, Found, find, given_command, given_url, scan

    if wanted.argv is not None:
        found = Found([given_command(wanted.argv)], [])
    elif wanted.is_one:
        found = Found([given_url(wanted.target)], [])
    else:
        found = find(Path(wanted.target), context.environment, sys.platform, alone=wanted.alone)
    told = _from_file(wanted.tools, found.servers) if wanted.tools is not None else {}
    asking: Asking = Asking(_consent(context, wanted), told, wanted.gateways)
    agreed = wanted.yes or (wanted.is_one and (wanted.contact if wanted.argv is None else wanted.start))  # no question then
    with waiting(context, "asking for tools") if agreed and not wanted.watch else nullcontext():
        return found, scan(context.settings, found.servers, asking)


def _consent(context: CliContext, wanted: Wanted) -> Callable[[FoundServer], bool]:
    talks = not context.json and wanted.rules is None and not wanted.watch and sys.stdin.isatty() and sys.stderr.isatty()

    def may(server: FoundServer) -> bool:
        is_program = server.launch.url is None
        if wanted.yes or (wanted.start if is_program else wanted.contact):
            return True
        if not talks:
            return False
        text = f"start `{plain(server.shown)}`" if is_program else f"ask `{plain(server.shown)}`"
        place = f" ({plain(server.file)})" if server.file is not None else ""
        return click.confirm(f"{plain(server.name)}{place}: {text} for its tools?", default=False, err=True)

    return may


def _from_file(path: Path, found: list[FoundServer]) -> dict[str, Sequence[ToolDefinition]]:
    """Tools by the server's name; where only one server was found, all are its own."""
    from yett.cli.tool_files import read_tool_list

    told: dict[str, list[ToolDefinition]] = {}
    alone = found[0].name if len({server.name for server in found}) == 1 else None
    for tool in read_tool_list(path):
        name = tool.server or alone
        if name is None:
            raise CommandError(f"`{path}`: the tool `{plain(tool.name)}` names no server; give each definition the key `server`")
        told.setdefault(name, []).append(tool)
    return dict(told)


def _write_policies(folder: Path, scanned: list[Scanned]) -> None:
    """One file for each server whose tools are known. What is there already stays as it is."""
    from yett.scan.starting import file_name, starting_policy

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one in scanned:
            text = starting_policy(one)
            if text is None:
                continue
            path = folder / file_name(one.server.name)
            try:
                with path.open("x", encoding="utf-8") as file:
                    file.write(inert_json(text))
                say(f"written: {plain(path)}")
            except FileExistsError:
                say(f"kept as it is: {plain(path)}")
    except OSError as error:
        raise CommandError(f"cannot write to `{folder}`: {error.strerror}") from error


def _print(context: CliContext, wanted: Wanted, scanned: list[Scanned], found: Found) -> None:
    from yett.cli.scan_output import put
    from yett.scan.rules import claude_code, codex, denied_tools

    if wanted.rules is None:
        put(context, form_of(context, wanted), wanted.output, scanned, found)
        if wanted.output is not None and str(wanted.output) != "-":
            say(f"written: {plain(wanted.output)}")
    else:
        for one in scanned:
            if not one.governed and one.tools.listed is None and denied_tools(one) == []:
                say(f"{plain(one.server.name)}: its tools are not known, so none is denied ({one.tools.source})")
        if wanted.rules == "claude-code":
            print_json(claude_code(scanned))
        else:
            click.echo(inert_json(codex(scanned)), nl=False)
    for fault in found.faults:
        say(f"not read: {plain(fault.file)}: {plain(fault.message)}")


def _status(wanted: Wanted, scanned: list[Scanned], found: Found) -> Exit:
    if wanted.fail_on is not None and any(_reaches(one.judgement.severity, wanted.fail_on) for one in scanned):
        return Exit.FAILED
    if wanted.is_one and scanned[0].tools.listed is None:
        say(f"its tools are not known: {plain(scanned[0].tools.source)}")
        return Exit.NOT_RUN
    return Exit.NOT_RUN if found.faults else Exit.OK


def _reaches(severity: Severity, least: str) -> bool:
    return SEVERITIES.index(severity.value.lower()) >= SEVERITIES.index(least.lower())
