"""How tools are abused, which rule stops it, and how far: the values, and which attacks concern a tool. Rows: `attack_rows`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from yett.catalog.model import RiskClass
from yett.policy.json_value import JsonObject

SHOWN_MAX: Final = 5
"""Attacks on the page of one tool."""

Reach = Literal["stops", "limits", "shows"]
"""`stops`: the call does not happen. `limits`: less of it happens. `shows`: it is recorded, so that people notice."""


@dataclass(frozen=True, slots=True)
class Countermeasure:
    """Something that Yett does about it."""

    reach: Reach
    what: str
    policy: JsonObject | None = None
    """An example document; None for what needs no rule."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where to read on."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Attack:
    """One way in which access to tools is abused."""

    slug: str
    name: str
    kind: Literal["protocol", "agent", "supply chain", "credentials", "arguments"]
    owasp: tuple[str, ...]
    """Codes of `owasp.OWASP`: those of MCP first."""
    summary: str
    works: tuple[str, ...]
    """Step by step."""
    counters: tuple[Countermeasure, ...]
    beyond: str
    """What no gateway does about it."""
    sources: tuple[Source, ...]
    risks: frozenset[RiskClass] = frozenset()
    """Classes of tools that it abuses most."""
    signals: frozenset[str] = frozenset()
    """Codes of signals that invite it."""


def concerning(attacks: Sequence[Attack], risk: RiskClass, signals: Sequence[str]) -> tuple[Attack, ...]:
    """The attacks that abuse a tool of this class with these signals: those that its signals invite first."""
    ranked = [(2 * len(attack.signals & set(signals)) + (risk in attack.risks), attack) for attack in attacks]
    fitting = sorted((one for one in ranked if one[0] > 0), key=lambda one: -one[0])
    return tuple(attack for _, attack in fitting[:SHOWN_MAX])
