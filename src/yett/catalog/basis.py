"""The class that name and description give together, before anything else raises it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from yett.catalog.act import Act, worst
from yett.catalog.listed import listed
from yett.catalog.model import RiskClass
from yett.catalog.neighbours import Trade
from yett.catalog.raising import REGULAR_PAYMENTS, is_of_events, mentioned
from yett.catalog.readings import Readings
from yett.catalog.schema_reading import takes_money
from yett.catalog.signals import speaks_of_money
from yett.catalog.unknown_verbs import begins_with_unknown_verb
from yett.catalog.verbs import THINGS


@dataclass(frozen=True, slots=True)
class Basis:
    """The class before anything raises it, what it rests on, and how sure that is."""

    risk: RiskClass
    acts: tuple[Act, ...]
    confidence: float


def basis_of(readings: Readings) -> Basis:
    name, lead = worst(readings.name), readings.lead
    if name is None:
        return _without_name(readings, lead)
    if lead is None:
        return Basis(name.risk, (name,), (0.85 if name.certain and not name.noun_too else 0.68 if name.certain else 0.55))
    if not name.certain:
        return _by_both(name, lead)
    if name.shows == REGULAR_PAYMENTS and is_of_events(readings):
        events = replace(name, risk=RiskClass.WRITE, shows="subscribes to events, which cost nothing")
        return Basis(events.risk, (events,), 0.75)
    if _is_no_money(readings, name, lead):
        return Basis(lead.risk, (lead, name), 0.7)
    if name.noun_too:
        return _by_noun(readings, name, lead)
    agreed = lead.risk is name.risk
    return Basis(name.risk, (name, lead) if agreed else (name,), 0.95 if agreed else 0.82)


_OTHER_SENSES: Final = listed("""
    transfer exchange bridge trade swap order book reserve fund settle claim offer charge bill lend loan stake hedge mint deposit
    withdraw checkout redeem invest lease tip escrow borrow cash sponsor
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


def _by_both(name: Act, lead: Act) -> Basis:
    """A name whose verb says little: the description says what is meant, if it says anything certain."""
    if lead.certain:
        higher = lead.risk.rank >= name.risk.rank
        return Basis(lead.risk, (lead, name), 0.8 if higher else 0.7)
    top = lead if lead.risk.rank > name.risk.rank else name
    return Basis(top.risk, (top, lead if top is name else name), 0.6)


def _by_noun(readings: Readings, name: Act, lead: Act) -> Basis:
    """A name whose word may be a noun (`order_pizza`, `order_status`): with a description that says less, the stricter counts."""
    if lead.risk is name.risk:
        return Basis(name.risk, (name, lead), 0.92)
    if lead.risk.rank > name.risk.rank or not lead.certain:
        return Basis(name.risk, (name,), 0.7)
    same_verb = lead.word.rstrip("s") == name.word.rstrip("s") and lead.by_object
    if (name.risk is RiskClass.WRITE and name.word in THINGS) or same_verb:
        return Basis(lead.risk, (lead, name), 0.75)
    return Basis(name.risk, (name, lead), 0.55)


def _without_name(readings: Readings, lead: Act | None) -> Basis:
    """The name has no verb that we know."""
    if lead is not None:
        confidence = 0.78 if lead.certain and not lead.noun_too else 0.6
        return Basis(lead.risk, (lead,), confidence)
    stated = worst(readings.text)
    if stated is not None:
        return Basis(stated.risk, (stated,), 0.6)
    hidden = mentioned(readings.tool)
    if hidden is not None:
        return Basis(hidden.risk, (hidden,), 0.4)
    if readings.tool.description.strip() and not begins_with_unknown_verb(readings.tool.description):
        return Basis(RiskClass.READ, (), 0.5)
    return Basis(RiskClass.WRITE, (), 0.3)
