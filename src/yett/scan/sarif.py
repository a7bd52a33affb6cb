"""A scan as SARIF 2.1.0, for code scanning. What is only a remark is left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from yett.catalog.model import Severity
from yett.scan.findings import RULES, Code, Rule
from yett.scan.model import Finding, Scanned
from yett.scan.seen import key_of

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT: Final = "%SRCROOT%"
_LEVELS: Final = {Severity.LOW: "note", Severity.MEDIUM: "warning", Severity.HIGH: "error", Severity.CRITICAL: "error"}
_SCORES: Final = {Severity.LOW: "3.0", Severity.MEDIUM: "5.5", Severity.HIGH: "8.0", Severity.CRITICAL: "9.5"}
"""As code scanning sorts alerts: from 9 on critical, from 7 high, from 4 medium."""
_CODES: Final[list[Code]] = [code for code in Code if code is not Code.REMARK]
_LINE: Final = re.compile(r" \(line (\d+)\)")


def sarif(scanned: Sequence[Scanned], not_read: Iterable[tuple[Path, str]], *, version: str, root: Path) -> dict[str, Any]:
    """The log of one run. `root` is absolute: where relative paths begin, and what paths below it are told relative to."""
    results = [_result(one, finding, root) for one in scanned for finding in one.judgement.findings if _counts(finding)]
    unread = list(not_read)
    results += [_unread(file, message, root) for file, message in unread]
    driver = {
        "name": "yett scan",
        "version": version,
        "rules": [_rule(code, RULES[code]) for code in _CODES],
    }
    run = {
        "tool": {"driver": driver},
        "originalUriBaseIds": {ROOT: {"uri": f"{root.as_uri().rstrip('/')}/"}},
        "invocations": [{"executionSuccessful": not unread}],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _counts(finding: Finding) -> bool:
    return finding.code is not Code.REMARK


def _rule(code: Code, rule: Rule) -> dict[str, Any]:
    return {
        "id": code.value,
        "name": "".join(word.capitalize() for word in code.value.split("-")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": f"{rule.why} {rule.remedy}", "markdown": f"{rule.why}\n\n**What to do:** {rule.remedy}"},
        "helpUri": rule.help_uri,
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": ["security", "mcp"], "security-severity": _SCORES[rule.severity]},
    }


def _result(one: Scanned, finding: Finding, root: Path) -> dict[str, Any]:
    server = one.server
    location: dict[str, Any] = {"logicalLocations": [{"name": _text(server.name), "kind": "object"}]}
    if server.file is not None:
        location["physicalLocation"] = _physical(server.file, server.line, root)
    text = f"{_text(server.name)} ({server.client.value}): {_text(finding.text)}"
    return {
        **_of(finding.code, finding.severity, text),
        "locations": [location],
        "partialFingerprints": {"yettScan/v1": _digest(key_of(server), finding.code.value, finding.text)},
    }


def _unread(file: Path, message: str, root: Path) -> dict[str, Any]:
    line = _LINE.search(message)
    place = _physical(file, int(line[1]) if line else None, root)
    return {
        **_of(Code.UNREADABLE_FILE, RULES[Code.UNREADABLE_FILE].severity, f"not read: {_text(message)}"),
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"yettScan/v1": _digest(str(file), Code.UNREADABLE_FILE.value, message)},
    }


def _of(code: Code, severity: Severity, text: str) -> dict[str, Any]:
    return {
        "ruleId": code.value,
        "ruleIndex": _CODES.index(code),
        "level": _LEVELS[severity],
        "message": {"text": text},
        "properties": {"severity": severity.value, "security-severity": _SCORES[severity]},
    }


def _physical(file: Path, line: int | None, root: Path) -> dict[str, Any]:
    path = root / file
    below = path.is_relative_to(root) and ".." not in path.parts
    artifact = {"uri": _uri(path.relative_to(root)), "uriBaseId": ROOT} if below else {"uri": path.as_uri()}
    return {"artifactLocation": artifact, **({"region": {"startLine": line}} if line else {})}


def _uri(path: Path) -> str:
    """A relative reference; `as_uri` takes absolute paths only."""
    return (Path("/") / path).as_uri().removeprefix("file:///")


def _text(text: str) -> str:
    """Of what no JSON reader takes, an escape."""
    return text.encode("utf-8", "backslashreplace").decode()


def _digest(*parts: str) -> str:
    return blake2b("\0".join(parts).encode("utf-8", "backslashreplace"), digest_size=16, person=b"yett sarif").hexdigest()
