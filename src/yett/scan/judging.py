"""What to do about a server, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from yett.catalog.grade import DANGEROUS, Grade, grade
from yett.catalog.model import RiskClass, Severity, ShownVerdict
from yett.scan.model import Advice, Changes, FoundServer, Identity, Judgement, Standing, Tools

_ADVICE: Final = (Advice.PROCEED, Advice.RULE, Advice.ASK)
Remark = tuple[Advice, Severity, str]
_TRUSTED: Final = frozenset({Standing.KNOWN, Standing.KNOWN_HOST})
_NAMED_MAX: Final = 5
"""Tools that a sentence names."""


def judge(
    server: FoundServer, identity: Identity, tools: Tools, judged: Sequence[ShownVerdict], changes: Changes, *, governed: bool
) -> Judgement:
    """The strictest advice that anything gives, and the worst severity; every reason is told."""
    graded = grade(judged) if tools.listed is not None else None
    if governed:
        reasons = ("its calls go through Yett, whose policy judges them", *_changed_lines(changes))
        return Judgement(Advice.PROCEED, Severity.LOW, reasons, graded)
    remarks = [*_identity(identity), *_capabilities(identity, tools, judged, graded), *_written(server, identity)]
    remarks += _changes(changes, judged)
    advice = max((remark[0] for remark in remarks), key=_ADVICE.index, default=Advice.PROCEED)
    severity = max((remark[1] for remark in remarks), key=lambda one: one.rank, default=Severity.LOW)
    ordered = sorted(remarks, key=lambda remark: (-_ADVICE.index(remark[0]), -remark[1].rank))
    return Judgement(advice, severity, tuple(dict.fromkeys(remark[2] for remark in ordered)), graded)


def _identity(identity: Identity) -> list[Remark]:
    if identity.standing is Standing.IMPOSTOR:
        return [(Advice.ASK, Severity.CRITICAL, f"possible impostor: {identity.why}")]
    if identity.standing is Standing.UNKNOWN:
        return [(Advice.RULE, Severity.LOW, identity.why)]
    return [(Advice.PROCEED, Severity.LOW, identity.why)]


def _capabilities(identity: Identity, tools: Tools, judged: Sequence[ShownVerdict], graded: Grade | None) -> list[Remark]:
    if graded is None:
        if identity.standing in _TRUSTED:
            return [(Advice.RULE, Severity.MEDIUM, f"its tools are not known ({tools.source})")]
        return [(Advice.ASK, Severity.HIGH, f"neither who it is nor what its tools can do is known ({tools.source})")]
    text = f"grade {graded.letter}: {graded.why}"
    if graded.letter == "F":
        return [(Advice.ASK, Severity.CRITICAL, text)]
    worst = max((tool.severity for tool in judged), key=lambda one: one.rank, default=Severity.LOW)
    remarks = [(Advice.PROCEED if graded.letter == "A" else Advice.RULE, worst, text)]
    counts = Counter(tool.risk for tool in judged)
    for risk in reversed(RiskClass):
        if risk in DANGEROUS and counts[risk]:
            names = _names([one.verdict.name for one in judged if one.risk is risk])
            remarks.append((Advice.RULE, Severity.LOW, f"{counts[risk]} {risk.value}: {names}"))
    return remarks


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED_MAX} more" if len(names) > _NAMED_MAX else ""
    return ", ".join(f"`{name}`" for name in names[:_NAMED_MAX]) + more


def _written(server: FoundServer, identity: Identity) -> list[Remark]:
    remarks: list[Remark] = []
    for note in server.notes:
        is_secret = "secret" in note
        remarks.append((Advice.RULE if is_secret else Advice.PROCEED, Severity.MEDIUM if is_secret else Severity.LOW, note))
    remarks.extend((Advice.ASK, Severity.HIGH, warning) for warning in server.warnings)
    if server.disputed is not None:
        remarks.append((Advice.ASK, Severity.HIGH, server.disputed))
    if server.disabled:
        remarks.append((Advice.PROCEED, Severity.LOW, "it is switched off in this file"))
    if server.host is not None and identity.standing is not Standing.LOCAL:
        remarks.append((Advice.PROCEED, Severity.LOW, _authentication(server, identity)))
    return remarks


def _authentication(server: FoundServer, identity: Identity) -> str:
    asked = "" if identity.authentication is None else f"; it asks for {identity.authentication.replace('_', ' ')}"
    return f"authentication: {server.authentication}{asked}"


def _changes(changes: Changes, judged: Sequence[ShownVerdict]) -> list[Remark]:
    dangerous = {tool.verdict.name for tool in judged if tool.risk in DANGEROUS}
    worse = dangerous & {*changes.added, *changes.changed}
    advice, severity = (Advice.ASK, Severity.HIGH) if worse or changes.moved_from else (Advice.RULE, Severity.MEDIUM)
    return [(advice, severity, line) for line in _changed_lines(changes)]


def _changed_lines(changes: Changes) -> list[str]:
    lines = [
        f"since last seen {word}: {_names(names)}"
        for word, names in (("added", changes.added), ("removed", changes.removed), ("changed", changes.changed))
        if names
    ]
    return [*lines, f"since last seen it is another one: it was `{changes.moved_from}`"] if changes.moved_from else lines
