"""Tool definitions as JSON values, and verdicts as JSON values."""

from __future__ import annotations

from typing import Final

from yett.catalog.model import Evidence, Opinion, Proposal, ShownVerdict, Suggestion, ToolDefinition
from yett.errors import YettError
from yett.policy.json_value import JsonObject, JsonValue, json_type

NAME_MAX: Final = 1024
"""Characters of a name; the specification recommends 128."""


class DefinitionError(YettError):
    """What should be a tool definition is none."""


def tool_definition(value: JsonValue, server: str | None = None) -> ToolDefinition:
    """The definition that a JSON object is, of `server` unless it names one itself (key `server`).

    What cannot be read as text where text belongs is an error; a strange schema or hint is not: it is judged as it is.
    Errors: `DefinitionError`, which says what is wrong.
    """
    if not isinstance(value, dict):
        raise DefinitionError(f"expected a tool definition, which is an object, not {_article(value)}")
    name = value.get("name")
    if not isinstance(name, str) or not name:
        raise DefinitionError("`name` is missing" if name is None else "`name` must be a text that is not empty")
    if len(name) > NAME_MAX:
        raise DefinitionError(f"`name` has {len(name):,} characters; at most {NAME_MAX:,} are read")
    annotations = value.get("annotations")
    if annotations is not None and not isinstance(annotations, dict):
        raise DefinitionError(f"`annotations` must be an object, not {_article(annotations)}")
    title = _text(value, "title") or _text(annotations or {}, "title")
    schema = value.get("inputSchema")
    return ToolDefinition(name, title, _text(value, "description"), schema, annotations or {}, _text(value, "server") or server)


def _text(value: JsonObject, key: str) -> str:
    text = value.get(key)
    if text is not None and not isinstance(text, str):
        raise DefinitionError(f"`{key}` must be a text, not {_article(text)}")
    return text or ""


def _article(value: JsonValue) -> str:
    kind = json_type(value)
    return kind if kind == "null" else f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def verdict_json(shown: ShownVerdict) -> dict[str, object]:
    """What is written of a verdict; `evidence`, `unsure` and what was said about it stand behind the promised keys."""
    verdict = shown.verdict
    written: dict[str, object] = {
        "name": verdict.name,
        "server": verdict.server,
        "class": shown.risk.value,
        "severity": shown.severity.value,
        "confidence": verdict.confidence,
        "signals": list(verdict.codes),
        "rationale": verdict.rationale,
        "unsure": verdict.unsure,
        "evidence": [_evidence_json(piece) for piece in verdict.evidence],
        "signal_evidence": {signal.code: signal.evidence.quote for signal in reversed(verdict.signals)},
    }
    if shown.override is not None:
        override = shown.override
        written["overridden"] = {"from": verdict.risk.value, "by": override.by, "at": override.at, "reason": override.reason}
    if shown.opinion is not None:
        written["classifier_class"] = verdict.risk.value
        written["opinion"] = opinion_json(shown.opinion)
    return written


def _evidence_json(piece: Evidence) -> dict[str, object]:
    risk = None if piece.risk is None else piece.risk.value
    return {"place": piece.place.value, "quote": piece.quote, "shows": piece.shows, "class": risk}


def opinion_json(opinion: Opinion) -> dict[str, object]:
    """What a model said, or why it said nothing."""
    risk = None if opinion.risk is None else opinion.risk.value
    return {"model": opinion.model, "class": risk, "reason": opinion.reason, "failure": opinion.failure}


def suggestion_json(suggestion: Suggestion) -> dict[str, object]:
    """A recommended policy with its reasons."""
    return {
        "name": suggestion.name,
        "class": suggestion.risk.value,
        "why": suggestion.why,
        "rule": suggestion.rule,
        "policy": suggestion.policy,
        "proposals": [proposal_json(proposal) for proposal in suggestion.proposals],
    }


def proposal_json(proposal: Proposal) -> dict[str, object]:
    """A proposed condition."""
    return {"path": proposal.path, "kind": proposal.kind, "condition": proposal.condition, "why": proposal.why}
