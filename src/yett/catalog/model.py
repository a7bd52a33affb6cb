"""The values of the catalogue: what a tool says of itself, what we make of it, and what we propose. Frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from yett.policy.json_value import JsonObject, JsonValue


class RiskClass(StrEnum):
    """What a tool can do at worst. The order is that of precedence: the last that fits counts."""

    READ = "Read"
    WRITE = "Write"
    EXECUTE = "Execute"
    DESTRUCTIVE = "Destructive"
    FINANCIAL = "Financial"

    @property
    def rank(self) -> int:
        """0 for Read to 4 for Financial."""
        return _CLASSES[self]


_CLASSES = {risk: rank for rank, risk in enumerate(RiskClass)}


class Severity(StrEnum):
    """How bad a wrong call is."""

    LOW = "Low"
    MEDIUM = "Medium"
    HIGH = "High"
    CRITICAL = "Critical"

    @property
    def rank(self) -> int:
        """0 for Low to 3 for Critical."""
        return _SEVERITIES[self]


_SEVERITIES = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True)
class ToolDefinition:
    """A tool as its server lists it. Everything in it is the server's word, and may be hostile."""

    name: str
    title: str = ""
    description: str = ""
    input_schema: JsonValue = None
    """None where it has none; anything may be in it."""
    annotations: Mapping[str, JsonValue] = field(default_factory=dict)
    server: str | None = None


class Place(StrEnum):
    """Which part of a definition a piece of evidence was found in."""

    NAME = "name"
    TITLE = "title"
    DESCRIPTION = "description"
    SCHEMA = "inputSchema"
    ANNOTATIONS = "annotations"
    SIBLINGS = "siblings"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A quotation, and what it shows."""

    place: Place
    quote: str
    """Verbatim and bounded; invisible characters are written out (`\\u200b`)."""
    shows: str
    """As in: the verb `delete` removes something."""
    risk: RiskClass | None = None
    """The class that it speaks for; None where it speaks for none."""


@dataclass(frozen=True, slots=True)
class Signal:
    """Something in a definition that is worth knowing beside its class. Codes and their meaning: `signals.SIGNALS`."""

    code: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the classifier makes of one tool."""

    name: str
    server: str | None
    risk: RiskClass
    severity: Severity
    confidence: float
    """0 to 1."""
    signals: tuple[Signal, ...]
    evidence: tuple[Evidence, ...]
    """What the class rests on, the weightiest first."""
    rationale: str
    """Sentences for people, with the quotations."""
    unsure: bool = False
    """Whether the class is the stricter of two that the evidence leaves open."""

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the signals, each once, in the order of their table."""
        return tuple(dict.fromkeys([signal.code for signal in self.signals]))


class Brief(NamedTuple):
    """What counts of a tool for its server as a whole."""

    name: str
    title: str
    risk: RiskClass
    severity: Severity
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Override:
    """An administrator's word on a tool's class. It is kept when the tool is classified anew."""

    risk: RiskClass
    by: str
    at: str
    """RFC 3339, UTC."""
    reason: str = ""
    severity: Severity | None = None
    """None: the base of the class."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a language model says of a tool's class, or why it said nothing."""

    model: str
    risk: RiskClass | None = None
    """None where it gave no usable answer."""
    reason: str = ""
    failure: str | None = None
    """Why there is no answer; the verdict then stands as it was."""


@dataclass(frozen=True, slots=True)
class ShownVerdict:
    """What is shown, enforced and exported: the verdict with what was said about it."""

    verdict: Verdict
    risk: RiskClass
    severity: Severity
    override: Override | None = None
    opinion: Opinion | None = None

    @property
    def overridden(self) -> bool:
        """Whether the class is an administrator's."""
        return self.override is not None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A condition that an operator may want on an argument; never part of the recommended rule by itself."""

    path: str
    """As in policies: `args.path`."""
    kind: str
    """`path`, `url`, `sql`, `amount`, `branch`, `recipient`, `command` …"""
    condition: JsonObject
    """For `require`; its literal is an example to be edited."""
    why: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The recommended policy of one tool."""

    name: str
    risk: RiskClass
    policy: JsonObject
    """A whole document with this one tool."""
    rule: JsonObject | None
    """What stands under `tools`; None where the tool is hidden."""
    why: str
    proposals: tuple[Proposal, ...] = ()


@dataclass(frozen=True, slots=True)
class ServerSuggestion:
    """The recommended policy of a server."""

    policy: JsonObject
    tools: tuple[Suggestion, ...]
