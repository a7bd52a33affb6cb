"""`yett doctor`: what is wrong with this installation, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import Exit, plain, print_json

if TYPE_CHECKING:
    from yett.app.doctor import Finding

COLORS: Final = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command("doctor")
@pass_context
def command(context: CliContext) -> int:
    """Look for what is wrong with this installation. Exits with 1 if anything fails. Starts and changes nothing."""
    from yett.app.doctor import Finding, Level, examine
    from yett.errors import OperatorFault
    from yett.settings import read_settings

    findings: list[Finding] = []
    try:
        settings = read_settings(context.config, context.environment)
        source = str(settings.config_path) if settings.config_path else "no file, defaults only"
        findings.append(Finding("settings", Level.OK, source))
        _print(context, findings[-1])
    except OperatorFault as error:
        findings.append(Finding("settings", Level.FAIL, str(error)))
        _print(context, findings[-1])
    else:
        for finding in examine(settings):
            findings.append(finding)
            _print(context, finding)
    if context.json:
        print_json([_as_json(finding) for finding in findings])
    return Exit.FAILED if any(finding.level is Level.FAIL for finding in findings) else Exit.OK


def _print(context: CliContext, finding: Finding) -> None:
    """At once: a check may take a while."""
    if context.json:
        return
    level = click.style(f"{finding.level.value:<4}", fg=COLORS[finding.level.value], bold=True)
    click.echo(f"{level}  {finding.check:<16}  {plain(finding.message)}", color=context.color())
    if finding.remedy is not None:
        click.echo(f"{'':24}→ {plain(finding.remedy)}", color=context.color())


def _as_json(finding: Finding) -> dict[str, str | None]:
    return {
        "check": finding.check,
        "level": finding.level.value,
        "message": finding.message,
        "remedy": finding.remedy,
    }
