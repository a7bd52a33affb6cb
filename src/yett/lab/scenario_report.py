"""Results of scenario files for machines: JSON and JUnit. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from yett.lab.scenario_run import Result
from yett.policy.decision import Decision
from yett.policy.errors import PolicyError


@dataclass(frozen=True, slots=True)
class FileReport:
    """What came of one file: results, or the defects for which it could not be run."""

    path: str
    results: tuple[Result, ...] = ()
    errors: tuple[PolicyError, ...] = ()


def as_json(reports: Sequence[FileReport]) -> dict[str, object]:
    """Totals, and every scenario with its decisions."""
    results = [result for report in reports for result in report.results]
    return {
        "passed": sum(result.passed for result in results),
        "failed": sum(not result.passed for result in results),
        "bad_files": sum(bool(report.errors) for report in reports),
        "files": [_file(report) for report in reports],
    }


def _file(report: FileReport) -> dict[str, object]:
    return {
        "path": report.path,
        "errors": [{"pointer": error.pointer, "message": error.message, "hint": error.hint} for error in report.errors],
        "scenarios": [
            {
                "name": result.name,
                "passed": result.passed,
                "failures": list(result.failures),
                "decisions": [decision_as_json(decision) for decision in result.decisions],
            }
            for result in report.results
        ],
    }


def decision_as_json(decision: Decision) -> dict[str, object]:
    """The members of a decision that a client or a log would see; absent ones left out."""
    members: dict[str, object] = {
        "decision": decision.effect.value,
        "code": None if decision.code is None else decision.code.value,
        "rule": decision.rule,
        "message": decision.message,
        "retry_after_s": decision.retry_after_s,
    }
    return {name: value for name, value in members.items() if value is not None}


def as_junit(reports: Sequence[FileReport]) -> str:
    """JUnit XML: a suite for each file, a case for each scenario; a bad file is a suite with an error."""
    suites = "".join(_suite(report) for report in reports)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="yett policy test">\n{suites}</testsuites>\n'


def _suite(report: FileReport) -> str:
    failed = sum(not result.passed for result in report.results)
    count = len(report.results) + bool(report.errors)
    head = f'name={_attribute(report.path)} tests="{count}" failures="{failed}" errors="{int(bool(report.errors))}"'
    cases = "".join(_case(report.path, result) for result in report.results)
    if report.errors:
        lines = "\n".join(str(error) for error in report.errors)
        body = f'<error message="not a scenario file">{_text(lines)}</error>'
        cases += f'    <testcase classname={_attribute(report.path)} name="file">{body}</testcase>\n'
    return f"  <testsuite {head}>\n{cases}  </testsuite>\n"


def _case(path: str, result: Result) -> str:
    head = f"    <testcase classname={_attribute(path)} name={_attribute(result.name)}"
    if result.passed:
        return f"{head}/>\n"
    lines = "\n".join(result.failures)
    return f"{head}><failure message={_attribute(result.failures[0])}>{_text(lines)}</failure></testcase>\n"


_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _text(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text), quote=False)


def _attribute(text: str) -> str:
    value = escape(_NOT_XML.sub("\ufffd", text)).replace("\n", "&#10;")
    return f'"{value}"'
