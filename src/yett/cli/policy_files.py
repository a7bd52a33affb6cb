"""`yett policy check|fmt|test|schema` on files; `lint` and `explain` have modules of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import click

from yett.cli.context import CliContext, pass_context
from yett.cli.output import CommandError, Exit, plain, print_json, say
from yett.cli.policy_explain import explain
from yett.cli.policy_lint import lint
from yett.cli.policy_source import (
    FILES,
    STDIN,
    PolicySource,
    errors_as_json,
    read_bytes,
    read_source,
    show_errors,
    yaml_option,
)

if TYPE_CHECKING:
    from yett.lab.scenario_report import FileReport
    from yett.policy.model import Policy


@click.command("check")
@click.argument("files", nargs=-1, required=True, type=FILES, metavar="FILE...")
@yaml_option
@pass_context
def check(context: CliContext, files: tuple[Path, ...], yaml: bool) -> int:
    """Report every error of policy files (`-` for standard input), each with its place and what to write instead.

    Exit status 1 if one has an error.
    """
    from yett.policy.errors import PolicyErrors

    reports, failed = [], False
    for source in [read_source(path, yaml=yaml) for path in files]:
        report: dict[str, object] = {"path": source.label, "errors": []}
        try:
            said = _summary(source.policy())
            if not context.json:
                click.echo(f"{plain(source.label)}: {click.style('ok', fg='green')} ({said})", color=context.color())
        except PolicyErrors as refused:
            failed = True
            report["errors"] = errors_as_json(source, refused.errors)
            if not context.json:
                show_errors(context, source, refused.errors)
        reports.append(report)
    if context.json:
        print_json({"ok": not failed, "files": reports})
    return Exit.FAILED if failed else Exit.OK


def _summary(policy: Policy) -> str:
    rules = [*policy.tools.values(), *(policy.risk or {}).values(), *policy.resources.values(), *policy.prompts.values()]
    counters = {limit.counter for rule in rules for limit in rule.limits}
    counters |= {limit.counter for limit in policy.all_tools.limits} if policy.all_tools is not None else set()
    default = "allow" if policy.default_allows else "deny"
    return f"default {default}, {_count(len(rules), 'rule')}, {_count(len(counters), 'counter')}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


@click.command("fmt")
@click.argument("files", nargs=-1, required=True, type=FILES, metavar="FILE...")
@click.option("--write", is_flag=True, help="Rewrite the files in place.")
@click.option("--check", "check_only", is_flag=True, help="Change nothing; exit status 1 if a file is not in canonical form.")
@click.option("--drop-comments", is_flag=True, help="Let YAML comments below the first line of content go.")
@yaml_option
@pass_context
def fmt(context: CliContext, files: tuple[Path, ...], write: bool, check_only: bool, drop_comments: bool, yaml: bool) -> int:
    """Print policy files in canonical form: sugar rewritten, keys in order, defaults left out. JSON stays JSON, YAML YAML."""
    from yett.cli.policy_text import CommentsLostError, canonical_text

    if write and check_only:
        raise click.UsageError("`--write` and `--check` do not stand together")
    changed = []
    for source in [read_source(path, yaml=yaml) for path in files]:
        try:
            text = canonical_text(_policy_of(source), source, keep_comments=not (drop_comments or check_only))
        except CommentsLostError as error:
            hint = "`--drop-comments` lets them go"
            raise CommandError(f"{source.label}: {error}; {hint}", exit_code=Exit.FAILED) from error
        if text != source.text:
            changed.append(source.label)
        if write and text != source.text:
            _rewrite(source, text)
        elif not write and not check_only:
            click.echo(text, nl=False)
    if check_only or write:
        _tell_changes(context, changed, write=write)
    return Exit.FAILED if check_only and changed else Exit.OK


def _policy_of(source: PolicySource) -> Policy:
    """The policy, or an error that holds all of its defects."""
    from yett.policy.errors import PolicyErrors

    try:
        return source.policy()
    except PolicyErrors as refused:
        count = _count(len(refused.errors), "error")
        details = [{"path": source.label, **error} for error in errors_as_json(source, refused.errors)]
        message = f"{source.label} is no policy ({count})"
        raise CommandError(message, exit_code=Exit.FAILED, code="policy", details=details) from None


def _rewrite(source: PolicySource, text: str) -> None:
    """Replace the file in one step, with its permissions; a link stays a link."""
    if str(source.path) == STDIN:
        click.echo(text, nl=False)
        return
    target = source.path.resolve()
    new = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        with new.open("x", encoding="utf-8") as file:
            file.write(text)
        new.chmod(target.stat().st_mode & 0o7777)
        new.replace(target)
    except OSError as error:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        raise CommandError(f"cannot write `{source.path}`: {error.strerror}") from error


def _tell_changes(context: CliContext, changed: list[str], *, write: bool) -> None:
    if context.json:
        print_json({"changed": changed})
        return
    for label in changed:
        click.echo(f"{plain(label)}: {'rewritten' if write else 'not in canonical form'}")
    if not changed:
        say("in canonical form already")


@click.command("test")
@click.argument("files", nargs=-1, required=True, type=FILES, metavar="FILE...")
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write the results as JUnit XML.")
@click.option("--verbose", "-v", is_flag=True, help="Name the scenarios that pass, too.")
@yaml_option
@pass_context
def test(context: CliContext, files: tuple[Path, ...], junit: Path | None, verbose: bool, yaml: bool) -> int:
    """Run scenario files, or every .json and .yaml file of a folder: a policy, calls, and what must become of each.

    Exit status 0 when all hold, 1 when one does not, 3 for a bad file.
    """
    from yett.lab.scenario_report import as_json, as_junit

    ran = [_run_file(path, yaml=yaml) for path in _expanded(files)]
    reports = [report for report, _ in ran]
    if junit is not None:
        try:
            junit.write_text(as_junit(reports), encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise CommandError(f"cannot write `{junit}`: {error.strerror}") from error
    if context.json:
        print_json(as_json(reports))
    else:
        for report, source in ran:
            show_errors(context, source, report.errors)
            for line in _tell_results(report, verbose=verbose):
                click.echo(line, color=context.color())
    if any(report.errors for report in reports):
        return Exit.NOT_RUN
    return Exit.OK if all(result.passed for report in reports for result in report.results) else Exit.FAILED


def _expanded(files: tuple[Path, ...]) -> Iterator[Path]:
    for path in files:
        if not path.is_dir():
            yield path
            continue
        inside = sorted(file for file in path.iterdir() if file.suffix in {".json", ".yaml", ".yml"})
        if not inside:
            raise CommandError(f"`{path}` holds no .json and no .yaml file")
        yield from inside


def _run_file(path: Path, *, yaml: bool) -> tuple[FileReport, PolicySource]:
    from yett.lab.scenario import FILE_BYTES_MAX, BadScenarioFile, read_scenarios
    from yett.lab.scenario_report import FileReport
    from yett.lab.scenario_run import run_scenario
    from yett.policy.document import looks_like_yaml

    source = PolicySource(path, read_bytes(path, FILE_BYTES_MAX + 1), yaml or looks_like_yaml(path.name))
    try:
        scenarios = read_scenarios(source.data, yaml=source.yaml)
    except BadScenarioFile as bad:
        return FileReport(source.label, errors=bad.errors), source
    return FileReport(source.label, tuple(run_scenario(scenario) for scenario in scenarios)), source


def _tell_results(report: FileReport, *, verbose: bool) -> Iterator[str]:
    failed = [result for result in report.results if not result.passed]
    if report.results:
        count = f"{len(report.results) - len(failed)} of {len(report.results)}"
        yield f"{plain(report.path)}: {click.style(count, fg='red' if failed else 'green')} scenarios hold"
    for result in report.results if verbose else failed:
        mark = click.style("ok  ", fg="green") if result.passed else click.style("FAIL", fg="red", bold=True)
        yield f"  {mark} {plain(result.name)}"
        yield from (f"       {plain(failure)}" for failure in result.failures)


@click.command("schema")
def schema() -> None:
    """Print the JSON Schema (draft-07) of policies, for editors.

    In a JSON policy, name the file it is saved in under `$schema`; in YAML, begin with
    `# yaml-language-server: $schema=FILE`.
    """
    from yett.policy.schema import policy_schema

    print_json(policy_schema())


commands: Final[Mapping[str, click.Command]] = MappingProxyType(
    {"check": check, "fmt": fmt, "lint": lint, "test": test, "explain": explain, "schema": schema}
)
"""By name, as `yett.cli.main` looks them up."""
