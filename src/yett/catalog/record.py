"""What is known of a server, in one value: who it is, how risky, whom it lets in, what its tools can do, how it changed. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final, Literal

from yett.catalog.attack_arguments import ALL_ATTACKS
from yett.catalog.attacks import concerning
from yett.catalog.grade import FORMULA, Letter, Terms, graded
from yett.catalog.model import Brief, RiskClass, Severity, ShownVerdict, ToolDefinition

Auth = Literal["open", "gated", "asks"]
Source = Literal["installation", "catalogue", "index"]
RULE: Final = {
    RiskClass.READ: "allowed",
    RiskClass.WRITE: "30 a minute",
    RiskClass.EXECUTE: "10 a minute",
    RiskClass.DESTRUCTIVE: "hidden",
    RiskClass.FINANCIAL: "by approval",
}
"""The recommended rule for a tool of a class, in a few words."""


class Verification(StrEnum):
    """How far it is known who a server is."""

    OFFICIAL = "official"
    """It stands at the address, or is the package, that the maker of the service names."""
    WELL_KNOWN = "well-known"
    """It is on a well-known host, or a package that the catalogue lists."""
    UNKNOWN = "unknown"
    """Which does not mean bad."""
    IMPOSTOR = "impostor"
    """It only resembles a well-known one."""


class Confidence(StrEnum):
    """How sure that is."""

    VERIFIED = "verified"
    """TLS shows that the host is that one."""
    LIKELY = "likely"
    """By a name that a package registry or the catalogue vouches for."""
    SUSPECTED = "suspected"
    """By resemblance."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    """Who a server seems to be."""

    verification: Verification
    confidence: Confidence
    evidence: str
    name: str | None = None
    """The well-known server that it is, or that it resembles."""

    @property
    def impostor(self) -> str | None:
        """Why it may be one; None where nothing says so."""
        return self.evidence if self.verification is Verification.IMPOSTOR else None


NOBODY: Final = ServerIdentity(Verification.UNKNOWN, Confidence.NONE, "nothing says who it is")
LISTED: Final = ServerIdentity(Verification.WELL_KNOWN, Confidence.LIKELY, "it is in the catalogue that comes with Yett")


@dataclass(frozen=True, slots=True)
class ServerPosture:
    """Whom a server lets in, as far as it was seen."""

    auth: Auth | None
    """`open`: it answered without a credential; `gated`: it answered with the one that it was sent; `asks`: it refused who
    had none that fits. None where that is not known, and for a program, which is not asked over a network."""
    rate_limited: bool = False
    """Whether it said that it was asked too often."""
    evidence: str = "it was not seen yet"


UNSEEN: Final = ServerPosture(None)


@dataclass(frozen=True, slots=True)
class RecordGrade:
    """The letter with the formula and what it was fed with."""

    letter: Letter
    why: str
    formula: str
    terms: Terms


@dataclass(frozen=True, slots=True)
class RecordTool:
    """A tool in a record."""

    name: str
    risk: RiskClass
    severity: Severity
    confidence: float
    signals: tuple[str, ...]
    owasp: tuple[str, ...]
    """Risks that the attacks on this kind of access stand for."""
    recommended: str
    """The recommended rule, in a few words."""


@dataclass(frozen=True, slots=True)
class RecordChange:
    """Something that is not as it was."""

    sequence: int
    at: str
    kind: str
    tool: str | None
    """None for what concerns the server as a whole."""
    severity: Severity
    meanings: tuple[str, ...]
    what: str
    before: str | None
    after: str | None
    diff: str


@dataclass(frozen=True, slots=True)
class ServerRecord:
    """The record of one server."""

    slug: str
    name: str
    about: str
    source: Source
    identity: ServerIdentity
    grade: RecordGrade
    posture: ServerPosture
    tool_count: int
    """Of all, also where only some are told."""
    by_class: Mapping[RiskClass, int]
    by_severity: Mapping[Severity, int]
    tools: tuple[RecordTool, ...]
    """The riskiest first."""
    changes: tuple[RecordChange, ...]
    """The newest first."""
    seen_at: str | None
    """When the list of its tools was read; None where that is not known."""


@dataclass(frozen=True, slots=True)
class Described:
    """What a record is made of."""

    slug: str
    name: str
    about: str
    source: Source
    tools: tuple[tuple[ToolDefinition, ShownVerdict], ...]
    identity: ServerIdentity = NOBODY
    posture: ServerPosture = UNSEEN
    seen_at: str | None = None
    briefs: Sequence[Brief] | None = None
    """Of all its tools, where `tools` are not all."""


def riskiest_first(tools: Sequence[tuple[ToolDefinition, ShownVerdict]]) -> list[tuple[ToolDefinition, ShownVerdict]]:
    """The tools by class, by severity, by name."""
    return sorted(tools, key=lambda one: (-one[1].risk.rank, -one[1].severity.rank, one[0].name))


def briefs_of(tools: Sequence[tuple[ToolDefinition, ShownVerdict]]) -> list[Brief]:
    """What counts of each."""
    return [Brief(tool.name, tool.title, shown.risk, shown.severity, shown.verdict.codes) for tool, shown in tools]


def server_record(server: Described, changes: tuple[RecordChange, ...] = ()) -> ServerRecord:
    """The record of a server."""
    judged = briefs_of(server.tools) if server.briefs is None else server.briefs
    found = graded(judged, server.identity.impostor)
    classes, severities = Counter([one.risk for one in judged]), Counter([one.severity for one in judged])
    return ServerRecord(
        slug=server.slug,
        name=server.name,
        about=server.about,
        source=server.source,
        identity=server.identity,
        grade=RecordGrade(found.letter, found.why, FORMULA, found.terms),
        posture=server.posture,
        tool_count=len(judged),
        by_class={risk: classes[risk] for risk in RiskClass},
        by_severity={severity: severities[severity] for severity in Severity},
        tools=tuple(record_tool(tool.name, shown) for tool, shown in riskiest_first(server.tools)),
        changes=changes,
        seen_at=server.seen_at,
    )


def record_tool(name: str, shown: ShownVerdict) -> RecordTool:
    """A tool as records have it."""
    return RecordTool(
        name=name,
        risk=shown.risk,
        severity=shown.severity,
        confidence=shown.verdict.confidence,
        signals=(codes := shown.verdict.codes),
        owasp=_owasp(shown.risk, codes),
        recommended=RULE[shown.risk],
    )


@lru_cache(maxsize=4_096)
def _owasp(risk: RiskClass, codes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({code for attack in concerning(ALL_ATTACKS, risk, codes) for code in attack.owasp}))
