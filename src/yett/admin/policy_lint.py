"""What the linter says of a text that is saved, with the tools of the servers whose grants it judges. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from yett.admin.views import PolicyWarning
from yett.policy.lint import lint_policy
from yett.policy.lint_findings import Finding
from yett.policy.lint_tools import ToolShape
from yett.policy.model import Policy

ABSENT_THERE: Final = frozenset({"unknown-tool", "unknown-argument"})
"""Where a policy judges grants of several servers, what one of them does not have is told only if none has it."""


def warnings(policy: Policy, previous: Policy | None, tools: Mapping[str, Sequence[ToolShape]]) -> list[PolicyWarning]:
    """Findings about `policy`, which follows `previous`; `tools` of each server, by its name."""
    alone = lint_policy(policy, None, previous)
    by_server = {server: lint_policy(policy, shapes, previous) for server, shapes in tools.items()}
    told = [_warning(finding, None) for finding in alone]
    for server, findings in by_server.items():
        told += [_warning(one, server) for one in findings if one not in alone and _counts(one, by_server)]
    return told


def tool_shapes(said: Mapping[str, Any]) -> list[ToolShape] | None:
    """The tools that a server listed when it was last asked; None if that is not known."""
    tools = said.get("tools")
    if not isinstance(tools, list):
        return None
    named = [tool for tool in tools if isinstance(tool, dict) and isinstance(tool.get("name"), str)]
    return [ToolShape(tool["name"], tool.get("inputSchema")) for tool in named]


def _counts(finding: Finding, by_server: Mapping[str, Sequence[Finding]]) -> bool:
    if finding.code not in ABSENT_THERE:
        return True
    same = finding.code, finding.pointer
    return all(any((one.code, one.pointer) == same for one in findings) for findings in by_server.values())


def _warning(finding: Finding, server: str | None) -> PolicyWarning:
    return PolicyWarning(
        code=finding.code,
        severity=finding.severity.value,
        pointer=finding.pointer,
        message=finding.message,
        hint=finding.hint,
        server=server,
    )
