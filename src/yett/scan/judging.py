"""What to do about a server, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from yett.catalog.grade import DANGEROUS, Grade, grade
from yett.catalog.model import RiskClass, Severity, ShownVerdict
from yett.scan.findings import Code
from yett.scan.model import Advice, Changes, Finding, FoundServer, Identity, Judgement, Standing, Tools
from yett.scan.servers import NOT_PINNED, NOTHING, PLAIN_HTTP, RUN_BY_SHELL

_ADVICE: Final = (Advice.PROCEED, Advice.RULE, Advice.ASK)
_TRUSTED: Final = frozenset({Standing.KNOWN, Standing.KNOWN_HOST})
_NAMED_MAX: Final = 5
"""Tools that a sentence names."""
_FLAGS_MAX: Final = 25
"""Flags that are told of one server."""
_NOTES: Final = {NOT_PINNED: Code.PACKAGE_NOT_PINNED, NOTHING: Code.NOTHING_TO_START}
_WARNINGS: Final = {PLAIN_HTTP: Code.INSECURE_TRANSPORT, RUN_BY_SHELL: Code.SHELL}


def judge(
    server: FoundServer, identity: Identity, tools: Tools, judged: Sequence[ShownVerdict], changes: Changes, *, governed: bool
) -> Judgement:
    """The strictest advice that anything gives, and the worst severity; every reason is told."""
    graded = grade(judged) if tools.listed is not None else None
    if governed:
        said = ("its calls go through Yett, whose policy judges them", *(line for _, line in _changed_lines(changes)))
        return Judgement(Advice.PROCEED, Severity.LOW, tuple(_remark(text) for text in said), graded)
    found = [*_identity(identity), *_capabilities(identity, tools, judged, graded), *_written(server, identity)]
    found += [*_poison(tools), *_changes(changes, judged)]
    found += [_remark(tools.freshness)] if tools.freshness else []
    advice = max((one.advice for one in found), key=_ADVICE.index, default=Advice.PROCEED)
    severity = max((one.severity for one in found), key=lambda one: one.rank, default=Severity.LOW)
    ordered = sorted(found, key=lambda one: (-_ADVICE.index(one.advice), -one.severity.rank))
    once = {one.text: one for one in reversed(ordered)}
    return Judgement(advice, severity, tuple(reversed(once.values())), graded)


def _remark(text: str) -> Finding:
    return Finding(Code.REMARK, Advice.PROCEED, Severity.LOW, text)


def _identity(identity: Identity) -> list[Finding]:
    if identity.standing is Standing.IMPOSTOR:
        text = f"possible impostor: {identity.why}"
        return [Finding(Code.POSSIBLE_IMPOSTOR, Advice.ASK, Severity.CRITICAL, text)]
    if identity.standing is Standing.UNKNOWN:
        return [Finding(Code.UNKNOWN_PUBLISHER, Advice.RULE, Severity.LOW, identity.why)]
    return [_remark(identity.why)]


def _capabilities(identity: Identity, tools: Tools, judged: Sequence[ShownVerdict], graded: Grade | None) -> list[Finding]:
    if graded is None:
        if identity.standing in _TRUSTED:
            text = f"its tools are not known ({tools.source})"
            return [Finding(Code.UNKNOWN_TOOLS, Advice.RULE, Severity.MEDIUM, text)]
        text = f"neither who it is nor what its tools can do is known ({tools.source})"
        return [Finding(Code.UNKNOWN_TOOLS, Advice.ASK, Severity.HIGH, text)]
    text = f"grade {graded.letter}: {graded.why}"
    if graded.letter == "F":
        return [Finding(Code.HOSTILE_DEFINITION, Advice.ASK, Severity.CRITICAL, text)]
    if graded.letter == "A":
        return [_remark(text)]
    worst = max((tool.severity for tool in judged), key=lambda one: one.rank, default=Severity.LOW)
    code = Code.WRITING_TOOLS if graded.letter == "B" else Code.DANGEROUS_TOOLS
    found = [Finding(code, Advice.RULE, worst, text)]
    for risk in reversed(RiskClass):
        named = [one for one in judged if one.risk is risk]
        if risk in DANGEROUS and named:
            worst = max((one.severity for one in named), key=lambda one: one.rank)
            line = f"{len(named)} {risk.value}: {_names([one.verdict.name for one in named])}"
            found.append(Finding(Code.DANGEROUS_TOOLS, Advice.RULE, worst, line))
    return found


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED_MAX} more" if len(names) > _NAMED_MAX else ""
    return ", ".join(f"`{name}`" for name in names[:_NAMED_MAX]) + more


def _poison(tools: Tools) -> list[Finding]:
    """Each flag, so that a person can read what is said there; the gravest where there are very many."""
    found = []
    for flag in sorted(tools.flags, key=lambda one: -one.severity.rank)[:_FLAGS_MAX]:
        advice = Advice.ASK if flag.severity.rank >= Severity.HIGH.rank else Advice.RULE
        quote = flag.quote.replace("`", "'")
        found.append(Finding(Code.POISONED_TOOL, advice, flag.severity, f"`{flag.tool}`: {flag.what}: `{quote}`"))
    return found


def _written(server: FoundServer, identity: Identity) -> list[Finding]:
    found: list[Finding] = []
    for note in server.notes:
        code = _NOTES.get(note, Code.SECRET_IN_FILE)
        advice = (Advice.RULE, Severity.MEDIUM) if code is Code.SECRET_IN_FILE else (Advice.PROCEED, Severity.LOW)
        found.append(Finding(code, *advice, note))
    found.extend(Finding(_WARNINGS[warning], Advice.ASK, Severity.HIGH, warning) for warning in server.warnings)
    if server.disputed is not None:
        found.append(Finding(Code.DIVERTED_LAUNCH, Advice.ASK, Severity.HIGH, server.disputed))
    if server.disabled:
        found.append(_remark("it is switched off in this file"))
    if server.host is not None and identity.standing is not Standing.LOCAL:
        found.append(_remark(_authentication(server, identity)))
    return found


def _authentication(server: FoundServer, identity: Identity) -> str:
    asked = "" if identity.authentication is None else f"; it asks for {identity.authentication.replace('_', ' ')}"
    return f"authentication: {server.authentication}{asked}"


def _changes(changes: Changes, judged: Sequence[ShownVerdict]) -> list[Finding]:
    dangerous = {tool.verdict.name for tool in judged if tool.risk in DANGEROUS}
    worse = dangerous & {*changes.added, *changes.changed}
    advice, severity = (Advice.ASK, Severity.HIGH) if worse or changes.moved_from else (Advice.RULE, Severity.MEDIUM)
    return [Finding(code, advice, severity, line) for code, line in _changed_lines(changes)]


def _changed_lines(changes: Changes) -> list[tuple[Code, str]]:
    lines = [
        (Code.CHANGED_TOOLS, f"since last seen {word}: {_names(names)}")
        for word, names in (("added", changes.added), ("removed", changes.removed), ("changed", changes.changed))
        if names
    ]
    if changes.turned:
        lines.append((Code.CHANGED_STANDING, f"since last seen: {', '.join(changes.turned)}"))
    if changes.moved_from:
        lines.append((Code.MOVED, f"since last seen it is another one: it was `{changes.moved_from}`"))
    return lines
