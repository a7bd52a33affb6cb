"""A verdict as JSON, for the command line and for models. Pure."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from yett.precheck.verdict import Facts, Precheck


def as_json(found: Precheck) -> dict[str, Any]:
    """Everything of a verdict that may be shown."""
    return {
        "server": found.server,
        "shown": found.shown,
        "slug": found.slug,
        "verdict": found.action.value,
        "severity": found.severity.value,
        "reasons": [
            {"code": one.code.value, "action": one.advice.value, "severity": one.severity.value, "text": one.text}
            for one in found.reasons
        ],
        "facts": facts_json(found.facts),
        "rules": {"claude_code": found.deny, "codex": found.disable},
    }


def facts_json(facts: Facts) -> dict[str, Any]:
    """What a verdict rests on."""
    since = facts.since
    return {
        "identity": {
            "verification": facts.identity.verification.value,
            "confidence": facts.identity.confidence.value,
            "evidence": facts.identity.evidence,
            "name": facts.identity.name,
        },
        "grade": None if facts.grade is None else asdict(facts.grade),
        "capabilities": {
            "tools": facts.tools,
            "by_class": {risk.value: number for risk, number in facts.by_class.items()},
            "dangerous": list(facts.dangerous),
        },
        "authentication": {
            "auth": facts.posture.auth,
            "rate_limited": facts.posture.rate_limited,
            "evidence": facts.posture.evidence,
            "documented": facts.documented or None,
        },
        "freshness": {"source": facts.source, "seen_on": facts.seen_on, "version": facts.version},
        "changes": {
            "last_seen": since.last,
            "added": list(since.tools.added),
            "removed": list(since.tools.removed),
            "changed": list(since.tools.changed),
            "moved_from": since.tools.moved_from,
            "grade": since.grade,
            "identity": since.identity,
            "authentication": since.auth,
            "lately": [{"at": one.at, "severity": one.severity.value, "text": one.text} for one in facts.lately],
        },
    }
