"""The classifier: what a tool can do at worst, judged by everything that its definition says. Deterministic; no I/O.

What counts, in this order: the name (its verb with its object), the operations that its schema offers, and what the description
says that it does. A description, a title or a hint can raise the class that the name gives, and never lower it: they are the
server's word. Where the name says nothing, the description has to do, and the verdict says how unsure that is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from yett.catalog import raising
from yett.catalog.act import Act
from yett.catalog.basis import Basis, basis_of
from yett.catalog.model import Evidence, Place, RiskClass, ToolDefinition, Verdict
from yett.catalog.name_reading import read_name
from yett.catalog.neighbours import Neighbours
from yett.catalog.raising import Raise
from yett.catalog.rationale import rationale
from yett.catalog.readings import Readings
from yett.catalog.schema_reading import fields, read_schema
from yett.catalog.severity import severity_of
from yett.catalog.signals import contradiction, find_signals, in_order
from yett.catalog.text_reading import read_text

UNSURE_BELOW: Final = 0.65
"""Confidence under which a verdict calls itself unsure."""
EVIDENCE_MAX: Final = 6


def classify_tools(tools: Iterable[ToolDefinition]) -> tuple[Verdict, ...]:
    """A verdict for each tool; those of one server are each other's siblings."""
    listed = list(tools)
    by_server: dict[str | None, list[ToolDefinition]] = {}
    for tool in listed:
        by_server.setdefault(tool.server, []).append(tool)
    neighbours = {server: Neighbours.of(siblings) for server, siblings in by_server.items()}
    return tuple(classify(tool, neighbours[tool.server]) for tool in listed)


def classify(tool: ToolDefinition, neighbours: Neighbours | None = None) -> Verdict:
    """The verdict on one tool, given its siblings. Never fails, whatever the definition holds."""
    neighbours = Neighbours.of([tool]) if neighbours is None else neighbours
    found = fields(tool.input_schema)
    readings = Readings(
        tool=tool,
        name=read_name(tool.name, neighbours.server_words, neighbours.prefix),
        text=_told(tool),
        schema=read_schema(found),
        fields=found,
        neighbours=neighbours,
    )
    basis = basis_of(readings)
    raises = raising.raises(readings, basis.risk, basis.acts)
    final, confidence = basis.risk, basis.confidence
    for each in raises:
        if each.risk.rank > final.rank:
            final, confidence = each.risk, each.confidence
    return _verdict(readings, basis, raises, final, confidence)


def _told(tool: ToolDefinition) -> tuple[Act, ...]:
    """What the description says, or the title where that says nothing."""
    acts = read_text(tool.description)
    title = read_text(tool.title, Place.TITLE) if tool.title else ()
    if any(act.leads for act in acts):
        return (*acts, *(replace(act, leads=False) for act in title))
    return (*title, *acts)


def _verdict(readings: Readings, basis: Basis, raises: Sequence[Raise], final: RiskClass, confidence: float) -> Verdict:
    tool = readings.tool
    evidence = _evidence(readings, basis, raises, final)
    signals = find_signals(tool, readings.fields)
    hint = raising.contradicting_hint(tool, final)
    signals = in_order([*signals, contradiction(hint)]) if hint is not None else signals
    if any(signal.code in {"hidden_text", "instructions"} for signal in signals):
        confidence = min(confidence, 0.8)
    severity, why = severity_of(final, signals, readings.name)
    unsure = confidence < UNSURE_BELOW
    return Verdict(
        name=tool.name,
        server=tool.server,
        risk=final,
        severity=severity,
        confidence=round(confidence, 2),
        signals=signals,
        evidence=evidence,
        rationale=rationale(tool, final, severity, evidence, why, unsure=unsure),
        unsure=unsure,
    )


def _evidence(readings: Readings, basis: Basis, raises: Sequence[Raise], final: RiskClass) -> tuple[Evidence, ...]:
    """What speaks for the class first, then the rest; one for each place and class."""
    told = [*(each.evidence for each in raises), *(act.evidence() for act in basis.acts)]
    told.extend(act.evidence() for act in (*readings.name, *readings.text[:2]))
    told.sort(key=lambda evidence: (evidence.risk is not final, _WEIGHT.index(evidence.place)))
    kept: dict[tuple[Place, str, RiskClass | None], Evidence] = {}
    for evidence in told:
        kept.setdefault((evidence.place, evidence.quote, evidence.risk), evidence)
    return tuple(kept.values())[:EVIDENCE_MAX]


_WEIGHT: Final = (Place.NAME, Place.SCHEMA, Place.DESCRIPTION, Place.TITLE, Place.SIBLINGS, Place.ANNOTATIONS)
"""What is quoted first: what a server can least easily say for show."""
