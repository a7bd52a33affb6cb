"""The classifier: what a tool can do at worst, judged by everything that its definition says. Deterministic; no I/O.

What counts, in this order: the name (its verb with its object), the operations that its schema offers, and what the description
says that it does. A description, a title or a hint can raise the class that the name gives, and never lower it: they are the
server's word. Where the name says nothing, the description has to do, and the verdict says how unsure that is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from yett.catalog import raising
from yett.catalog.act import Act, worst
from yett.catalog.listed import listed
from yett.catalog.model import Evidence, Place, RiskClass, ToolDefinition, Verdict
from yett.catalog.name_reading import read_name
from yett.catalog.neighbours import Neighbours, Trade
from yett.catalog.raising import Raise
from yett.catalog.rationale import rationale
from yett.catalog.schema_reading import Field, fields, read_schema, takes_money
from yett.catalog.severity import severity_of
from yett.catalog.signals import contradiction, find_signals, in_order, speaks_of_money
from yett.catalog.text_reading import begins_with_unknown_verb, read_text

UNSURE_BELOW: Final = 0.65
"""Confidence under which a verdict calls itself unsure."""
EVIDENCE_MAX: Final = 6


@dataclass(frozen=True, slots=True)
class Readings:
    """What each part of a definition says."""

    tool: ToolDefinition
    name: tuple[Act, ...]
    text: tuple[Act, ...]
    schema: tuple[Act, ...]
    fields: tuple[Field, ...]
    neighbours: Neighbours

    @property
    def lead(self) -> Act | None:
        """What the description is about."""
        return next((act for act in self.text if act.leads), None)


@dataclass(frozen=True, slots=True)
class _Basis:
    """The class before anything raises it, what it rests on, and how sure that is."""

    risk: RiskClass
    acts: tuple[Act, ...]
    confidence: float


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
    basis = _basis(readings)
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


def _verdict(readings: Readings, basis: _Basis, raises: Sequence[Raise], final: RiskClass, confidence: float) -> Verdict:
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


def _evidence(readings: Readings, basis: _Basis, raises: Sequence[Raise], final: RiskClass) -> tuple[Evidence, ...]:
    """What speaks for the class first, then the rest; one for each place and class."""
    told = [*(each.evidence for each in raises), *(act.evidence() for act in basis.acts)]
    told.extend(act.evidence() for act in (*readings.name, *readings.text[:2]))
    told.sort(key=lambda evidence: evidence.risk is not final)
    kept: dict[tuple[Place, str, RiskClass | None], Evidence] = {}
    for evidence in told:
        kept.setdefault((evidence.place, evidence.quote, evidence.risk), evidence)
    return tuple(kept.values())[:EVIDENCE_MAX]


# --- the basis ------------------------------------------------------------------------------------------------------------------


def _basis(readings: Readings) -> _Basis:
    name, lead = worst(readings.name), readings.lead
    if name is None:
        return _without_name(readings, lead)
    if lead is None:
        return _Basis(name.risk, (name,), (0.85 if name.certain and not name.noun_too else 0.68 if name.certain else 0.55))
    if not name.certain:
        return _by_both(name, lead)
    if _is_no_money(readings, name, lead):
        return _Basis(lead.risk, (lead, name), 0.7)
    if name.noun_too:
        return _by_noun(readings, name, lead)
    agreed = lead.risk is name.risk
    return _Basis(name.risk, (name, lead) if agreed else (name,), 0.95 if agreed else 0.82)


_OTHER_SENSES: Final = listed("""
    transfer exchange bridge trade swap order book reserve fund settle claim offer charge bill lend loan stake hedge mint
    deposit withdraw checkout redeem invest lease tip escrow borrow cash sponsor
""")
"""Verbs of money that are also said of other things."""


def _is_no_money(readings: Readings, name: Act, lead: Act) -> bool:
    """Whether a verb like `transfer` is used of something else: the description says so, and nothing speaks of money."""
    if name.risk is not RiskClass.FINANCIAL or name.by_object or name.word not in _OTHER_SENSES or not lead.certain:
        return False
    if lead.risk in {RiskClass.READ, RiskClass.FINANCIAL}:
        return False
    texts = f"{readings.tool.title} {readings.tool.description}"
    about_money = speaks_of_money(texts) or takes_money(readings.fields) is not None or Trade.MONEY in readings.neighbours.trades
    return not about_money


def _by_both(name: Act, lead: Act) -> _Basis:
    """A name whose verb says little: the description says what is meant, if it says anything certain."""
    if lead.certain:
        higher = lead.risk.rank >= name.risk.rank
        return _Basis(lead.risk, (lead, name), 0.8 if higher else 0.7)
    top = lead if lead.risk.rank > name.risk.rank else name
    return _Basis(top.risk, (top, lead if top is name else name), 0.6)


def _by_noun(readings: Readings, name: Act, lead: Act) -> _Basis:
    """A name whose word may be a noun (`order_pizza`, `order_status`): with a description that says less, the stricter counts."""
    if lead.risk is name.risk:
        return _Basis(name.risk, (name, lead), 0.92)
    if lead.risk.rank > name.risk.rank or not lead.certain:
        return _Basis(name.risk, (name,), 0.7)
    same_verb = lead.word.rstrip("s") == name.word.rstrip("s")
    if name.risk is RiskClass.WRITE or name.word == name.quote.lower() or same_verb:
        return _Basis(lead.risk, (lead, name), 0.75)
    return _Basis(name.risk, (name, lead), 0.55)


def _without_name(readings: Readings, lead: Act | None) -> _Basis:
    """The name has no verb that we know."""
    if lead is not None:
        confidence = 0.78 if lead.certain and not lead.noun_too else 0.6
        return _Basis(lead.risk, (lead,), confidence)
    stated = worst(readings.text)
    if stated is not None:
        return _Basis(stated.risk, (stated,), 0.6)
    hidden = raising.mentioned(readings.tool)
    if hidden is not None:
        return _Basis(hidden.risk, (hidden,), 0.4)
    if readings.tool.description.strip() and not begins_with_unknown_verb(readings.tool.description):
        return _Basis(RiskClass.READ, (), 0.5)
    return _Basis(RiskClass.WRITE, (), 0.3)
