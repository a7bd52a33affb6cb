"""`yett policy lint`: findings as text, JSON, SARIF or GitHub annotations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import click

from yett import __version__
from yett.cli.context import CliContext, pass_context
from yett.cli.output import CommandError, Exit, plain, print_json, say
from yett.cli.policy_source import FILES, PolicySource, read_bytes, read_source, told, yaml_option

if TYPE_CHECKING:
    from yett.cli.policy_places import Place
    from yett.policy.lint_findings import Finding
    from yett.policy.lint_tools import ToolShape
    from yett.policy.model import Policy

LEVELS: Final = ("note", "warning", "error", "never")
TOOLS_BYTES_MAX: Final = 16 * 1024 * 1024
INVALID: Final = "invalid"
"""The code of an error for which the file is no policy at all."""


@dataclass(frozen=True)
class Found:
    """One finding in one file."""

    source: PolicySource
    finding: Finding

    @property
    def place(self) -> Place:
        """Where it stands in the text."""
        return self.source.place(self.finding.pointer, self.finding.message)


@click.command("lint")
@click.argument("files", nargs=-1, required=True, type=FILES, metavar="FILE...")
@click.option("--tools", type=FILES, metavar="FILE", help="The answer of tools/list (`-` for standard input).")
@click.option("--previous", type=FILES, metavar="FILE", help="The revision before, to find counters that start anew.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif", "github"], case_sensitive=False),
    default="text",
    show_default=True,
    help="How findings are printed.",
)
@click.option(
    "--fail-on",
    type=click.Choice(LEVELS, case_sensitive=False),
    default="error",
    show_default=True,
    help="Exit status 1 from this severity on.",
)
@yaml_option
@pass_context
def lint(context: CliContext, /, files: tuple[Path, ...], form: str, fail_on: str, **options: object) -> int:
    """Warn about what policy files surely do not mean; more so with the server's tools at hand."""
    yaml, tools, previous = bool(options["yaml"]), options["tools"], options["previous"]
    shapes = read_tools(tools) if isinstance(tools, Path) else None
    before = _previous(previous) if isinstance(previous, Path) else None
    found = [each for path in files for each in _lint(read_source(path, yaml=yaml), shapes, before)]
    _PRINTERS["json" if context.json else form.lower()](context, found)
    ranks = {level: rank for rank, level in enumerate(LEVELS)}
    failing = any(ranks[each.finding.severity.value] >= ranks[fail_on.lower()] for each in found)
    return Exit.FAILED if failing else Exit.OK


def _lint(source: PolicySource, tools: Sequence[ToolShape] | None, before: Policy | None) -> Iterator[Found]:
    from yett.policy.errors import PolicyErrors
    from yett.policy.lint import lint_document
    from yett.policy.lint_findings import Finding, Severity

    try:
        findings = lint_document(source.document(), tools, before)
    except PolicyErrors as refused:
        findings = tuple(Finding(INVALID, Severity.ERROR, error.pointer, error.message, error.hint) for error in refused.errors)
    return (Found(source, finding) for finding in findings)


def _previous(path: Path) -> Policy:
    from yett.policy.errors import PolicyErrors

    try:
        return read_source(path).policy()
    except PolicyErrors as refused:
        raise CommandError(f"`{path}`, the revision before, is no policy: {refused.errors[0]}") from refused


def read_tools(path: Path) -> list[ToolShape]:
    """The tools in a list, in a `tools/list` result, or in the JSON-RPC answer around it. Errors: `CommandError`."""
    from yett.policy.document import read_json
    from yett.policy.errors import PolicyErrors
    from yett.policy.lint_tools import ToolShape

    data = read_bytes(path, TOOLS_BYTES_MAX + 1)
    if len(data) > TOOLS_BYTES_MAX:
        raise CommandError(f"`{path}` is larger than {TOOLS_BYTES_MAX} bytes")
    try:
        listed = read_json(data)
    except PolicyErrors as refused:
        raise CommandError(f"`{path}`: {refused.errors[0].message}") from refused
    for key in ("result", "tools"):
        if isinstance(listed, dict) and key in listed:
            listed = listed[key]
    if not isinstance(listed, list):
        raise CommandError(f'`{path}` holds no list of tools; expected the answer of tools/list: `{{"tools": [...]}}`')
    shapes = []
    for index, tool in enumerate(listed):
        name = tool.get("name") if isinstance(tool, dict) else None
        if not isinstance(tool, dict) or not isinstance(name, str):
            raise CommandError(f"`{path}`: element {index} of the list is no tool: it has no name")
        shapes.append(ToolShape(name, tool.get("inputSchema")))
    return shapes


# --- printing -----------------------------------------------------------------------------------------------------------------


def _as_text(context: CliContext, found: Sequence[Found]) -> None:
    for each in found:
        finding, place = each.finding, each.place
        where = f"{each.source.label}:{place.line}:{place.column}"
        message = f"{finding.message} [{finding.code}]"
        for line in told(where, finding.severity.value, message, finding.pointer, finding.hint):
            click.echo(line, color=context.color())
    counts = {level: sum(each.finding.severity.value == level for each in found) for level in ("error", "warning", "note")}
    say(", ".join(f"{count} {level}{'' if count == 1 else 's'}" for level, count in counts.items() if count) or "no findings")


def _as_json(_: CliContext, found: Sequence[Found]) -> None:
    print_json(
        [
            {
                "path": each.source.label,
                "code": each.finding.code,
                "severity": each.finding.severity.value,
                "pointer": each.finding.pointer,
                "line": each.place.line,
                "column": each.place.column,
                "message": each.finding.message,
                "hint": each.finding.hint,
            }
            for each in found
        ]
    )


def _as_github(_: CliContext, found: Sequence[Found]) -> None:
    commands = {"error": "error", "warning": "warning", "note": "notice"}
    for each in found:
        finding, place = each.finding, each.place
        members = {"file": each.source.label, "line": place.line, "col": place.column, "title": finding.code}
        listed = ",".join(f"{name}={_escaped(str(value), members=True)}" for name, value in members.items())
        message = _escaped(f"{finding.message}{f'; {finding.hint}' if finding.hint else ''} ({finding.pointer or '/'})")
        click.echo(f"::{commands[finding.severity.value]} {listed}::{message}")


def _escaped(text: str, *, members: bool = False) -> str:
    """As workflow commands want it: nothing in a message may end it, nothing in a member may begin another, nothing acts on a
    terminal."""
    for character, code in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"), *(((":", "%3A"), (",", "%2C")) if members else ())):
        text = text.replace(character, code)
    return plain(text)


def _as_sarif(_: CliContext, found: Sequence[Found]) -> None:
    from yett.policy.lint import CODES

    rules = {INVALID: "the file is no policy", **CODES}
    driver = {
        "name": "yett",
        "version": __version__,
        "rules": [{"id": code, "shortDescription": {"text": meaning}} for code, meaning in rules.items()],
    }
    results = [_sarif_result(each, list(rules)) for each in found]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    print_json({"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]})


_SARIF_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def _sarif_result(each: Found, codes: Sequence[str]) -> dict[str, object]:
    finding, place = each.finding, each.place
    file = {"uri": Path(each.source.label).as_posix()}
    region = {"startLine": place.line, "startColumn": place.column}
    return {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": finding.severity.value,
        "message": {"text": f"{finding.message}{f'; {finding.hint}' if finding.hint else ''}"},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": file, "region": region},
                "logicalLocations": [{"fullyQualifiedName": finding.pointer or "/"}],
            }
        ],
    }


_PRINTERS: Final[Mapping[str, Callable[[CliContext, Sequence[Found]], None]]] = MappingProxyType(
    {"text": _as_text, "json": _as_json, "sarif": _as_sarif, "github": _as_github}
)
