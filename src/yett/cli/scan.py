"""`yett scan`: the MCP servers of a repository and of this user's clients, and what to do about them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import CommandError, Exit, inert_json, plain, print_json, say
from yett.cli.policy_source import FILES

if TYPE_CHECKING:
    from yett.app.scanning import Fault
    from yett.catalog.model import Severity, ToolDefinition
    from yett.scan.model import FoundServer, Identity, Scanned, Tools

SEVERITIES = ("low", "medium", "high", "critical")


@dataclass(frozen=True, slots=True)
class _Consent:
    """Whether programs may be started, and addresses asked."""

    start: bool
    contact: bool
    question: bool
    """Whether a person is there who can be asked."""


@click.command("scan")
@click.argument("path", required=False, default=".", type=click.Path(path_type=Path, exists=True))
@click.option("--repository-only", "alone", is_flag=True, help="Leave out the configuration of this user's clients.")
@click.option("--tools", type=FILES, metavar="FILE", help="Tools of servers: one definition a line, each with its `server`.")
@click.option("--start", is_flag=True, help="Start the programs that are found, and ask them for their tools.")
@click.option("--contact", is_flag=True, help="Ask the addresses that are found for their tools. No secret is sent.")
@click.option("--gateway", "gateways", multiple=True, metavar="URL", help="Base url of a Yett gateway, beside the one of here.")
@click.option("--rules", type=click.Choice(["claude-code", "codex"]), help="Print deny rules for this client instead.")
@click.option("--policies", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Write recommended policies.")
@click.option("--fail-on", type=click.Choice(SEVERITIES, case_sensitive=False), help="Exit with 1 from this severity on.")
@pass_context
def command(
    context: CliContext, /, path: Path, alone: bool, start: bool, contact: bool, gateways: tuple[str, ...], **rest: object
) -> int:
    """Find the MCP servers in PATH and in the configuration of this user's clients; say what each is and what to do.

    Only reads. Nothing is started or contacted without --start or --contact, or a yes at the terminal. Values of variables,
    headers, arguments and addresses are never shown or kept. Exits with 3 if a file could not be read.
    """
    tools, rules, policies, fail_on = (rest[name] for name in ("tools", "rules", "policies", "fail_on"))
    assert tools is None or isinstance(tools, Path)
    assert policies is None or isinstance(policies, Path)
    talks = not context.json and rules is None and sys.stdin.isatty() and sys.stderr.isatty()
    found, faults = _found(context, path, alone=alone)
    told = _from_file(tools, found) if tools is not None else {}
    scanned = _scanned(context, found, told, _Consent(start, contact, talks), gateways)
    if policies is not None:
        _write_policies(policies, scanned)
    _print(context, scanned, faults, str(rules) if rules else None)
    for fault in faults:
        say(f"not read: {plain(fault.file)}: {plain(fault.message)}")
    if fail_on is not None and _reaches(scanned, str(fail_on)):
        return Exit.FAILED
    return Exit.NOT_RUN if faults else Exit.OK


def _found(context: CliContext, path: Path, *, alone: bool) -> tuple[list[FoundServer], list[Fault]]:
    """Every server once a file, of each file once."""
    from yett.app.scanning import Fault, files_of, own_files, servers_of

    files = [*files_of(path), *([] if alone else own_files(context.environment, sys.platform))]
    once = {file.path.absolute(): file for file in reversed(files)}
    found: list[FoundServer] = []
    faults: list[Fault] = []
    for file in reversed(once.values()):
        said = servers_of(file)
        if isinstance(said, Fault):
            faults.append(said)
        else:
            found.extend(said)
    return found, faults


def _from_file(path: Path, found: list[FoundServer]) -> dict[str, list[ToolDefinition]]:
    """Tools by the server's name; where only one server was found, all are its own."""
    from yett.cli.tool_files import read_tool_list

    told: dict[str, list[ToolDefinition]] = {}
    alone = found[0].name if len({server.name for server in found}) == 1 else None
    for tool in read_tool_list(path):
        name = tool.server or alone
        if name is None:
            raise CommandError(f"`{path}`: the tool `{plain(tool.name)}` names no server; give each definition the key `server`")
        told.setdefault(name, []).append(tool)
    return told


def _scanned(
    context: CliContext,
    found: list[FoundServer],
    told: dict[str, list[ToolDefinition]],
    consent: _Consent,
    gateways: tuple[str, ...],
) -> list[Scanned]:
    from yett.app.address import scheme_of, url_of
    from yett.app.scanning import known_list, read_seen, write_seen
    from yett.catalog.classify import classify_tools
    from yett.catalog.overriding import shown
    from yett.scan.governing import is_governed
    from yett.scan.identity import identify
    from yett.scan.judging import judge
    from yett.scan.model import Scanned
    from yett.scan.seen import changes, key_of, remember

    plane = context.settings.data_plane
    bases = (*gateways, url_of(plane.host, plane.port, scheme_of(context.settings)))
    known, memory, scanned = known_list(), read_seen(context.settings), []
    for server in found:
        governed, identity, key = is_governed(server, bases), identify(server, known), key_of(server)
        tools = _tools(context, server, identity, told, consent if not governed else _Consent(False, False, False))
        judged = tuple(shown(verdict) for verdict in classify_tools(tools.listed or ()))
        changed = changes(server, tools, memory.get(key))
        judgement = judge(server, identity, tools, judged, changed, governed=governed)
        memory[key] = remember(server, tools, memory.get(key))
        scanned.append(Scanned(server, governed, identity, tools, judged, changed, judgement))
    write_seen(context.settings, memory)
    return scanned


def _tools(
    context: CliContext, server: FoundServer, identity: Identity, told: dict[str, list[ToolDefinition]], consent: _Consent
) -> Tools:
    """From the file, else from the server itself, else from the catalogue."""
    from yett.app.scanning import ask
    from yett.scan.model import Standing, Tools
    from yett.site.known import known_servers

    if server.name in told:
        return Tools(tuple(told[server.name]), "the file of tools")
    if _may(server, consent):
        return ask(context.settings, server)
    if identity.standing is Standing.KNOWN:
        for one in known_servers():
            if one.slug == identity.name:
                return Tools(tuple(tool for tool, _ in one.tools), "the catalogue of Yett")
    return Tools(None, "not asked: " + ("--start starts it" if server.launch.url is None else "--contact asks it"))


def _may(server: FoundServer, consent: _Consent) -> bool:
    is_program = server.launch.url is None
    if consent.start if is_program else consent.contact:
        return True
    if not consent.question:
        return False
    text = f"start `{plain(server.shown)}`" if is_program else f"ask `{plain(server.shown)}`"
    return click.confirm(f"{plain(server.name)} ({plain(server.file)}): {text} for its tools?", default=False, err=True)


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


def _print(context: CliContext, scanned: list[Scanned], faults: list[Fault], rules: str | None) -> None:
    from yett.cli.scan_report import as_json, print_report
    from yett.scan.rules import claude_code, codex, denied_tools

    if rules is not None:
        for one in scanned:
            if not one.governed and one.tools.listed is None and denied_tools(one) == []:
                say(f"{plain(one.server.name)}: its tools are not known, so none is denied ({one.tools.source})")
    if rules == "claude-code":
        print_json(claude_code(scanned))
    elif rules == "codex":
        click.echo(inert_json(codex(scanned)), nl=False)
    elif context.json:
        not_read = [{"file": str(fault.file), "message": fault.message} for fault in faults]
        print_json({"servers": [as_json(one) for one in scanned], "not_read": not_read})
    else:
        print_report(context, scanned)


def _reaches(scanned: list[Scanned], least: str) -> bool:
    return any(SEVERITIES.index(_name(one.judgement.severity)) >= SEVERITIES.index(least.lower()) for one in scanned)


def _name(severity: Severity) -> str:
    return severity.value.lower()
