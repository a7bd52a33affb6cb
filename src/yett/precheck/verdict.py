"""The verdict on a server: facts in, one of proceed, connect-with-rule and ask-first out, with every reason. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from yett.catalog.grade import DANGEROUS, FORMULA, LETTERS, grade
from yett.catalog.model import RiskClass, Severity, ShownVerdict
from yett.catalog.record import RecordGrade, ServerIdentity, ServerPosture
from yett.precheck.memory import SinceLastSeen
from yett.scan.findings import Code
from yett.scan.judging import judge
from yett.scan.model import Advice, Finding, FoundServer, Identity, Scanned, Tools
from yett.scan.rules import claude_code, codex

STALE_DAYS: Final = 180
"""From so many days on, what is known of a server's tools counts for less."""
_AS_WRITTEN: Final = "authentication: "
"""How a finding of the scan begins that is about an entry in a file, of which there is none yet."""
_ADVICE: Final = (Advice.PROCEED, Advice.RULE, Advice.ASK)


@dataclass(frozen=True, slots=True)
class Lately:
    """A change that the control plane saw."""

    at: str
    severity: Severity
    text: str


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that was found out about a server."""

    server: FoundServer
    standing: Identity
    """As the scan judges by it."""
    identity: ServerIdentity
    posture: ServerPosture
    tools: Tools
    judged: tuple[ShownVerdict, ...]
    seen_on: date | None = None
    """When its tools were read; None for just now, and for tools that are not known."""
    version: str | None = None
    """Of the package that these tools are of."""
    slug: str | None = None
    """Under which it is known here."""
    lately: tuple[Lately, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What a verdict rests on."""

    identity: ServerIdentity
    grade: RecordGrade | None
    tools: int | None
    """None where they are not known."""
    by_class: dict[RiskClass, int]
    dangerous: tuple[str, ...]
    posture: ServerPosture
    documented: str | None
    """What a well-known server is said to ask of clients."""
    source: str
    """Where its tools are known from, or why they are not."""
    seen_on: str | None
    version: str | None
    since: SinceLastSeen
    lately: tuple[Lately, ...]


@dataclass(frozen=True, slots=True)
class Precheck:
    """The verdict."""

    server: str
    """As it was named; of an address its origin only."""
    shown: str
    """How it would be started or reached, without what may be a secret."""
    slug: str | None
    action: Advice
    severity: Severity
    reasons: tuple[Finding, ...]
    """The weightiest first."""
    facts: Facts
    deny: dict[str, object]
    """Deny rules for Claude Code."""
    disable: str
    """The same for Codex, as TOML."""


def precheck(server: str, known: Known, since: SinceLastSeen, today: date) -> Precheck:
    """The strictest that anything says."""
    judgement = judge(known.server, known.standing, known.tools, known.judged, since.tools, governed=False)
    said = [one for one in judgement.findings if not one.text.startswith(_AS_WRITTEN)]
    more = [*_asks(known), *_moved(since), *_stale(known, today), *_seen_lately(known)]
    found = sorted((*said, *more), key=lambda one: (-_ADVICE.index(one.advice), -one.severity.rank))
    action = max((one.advice for one in found), key=_ADVICE.index, default=Advice.PROCEED)
    severity = max((one.severity for one in found), key=lambda one: one.rank, default=Severity.LOW)
    scanned = Scanned(known.server, False, known.standing, known.tools, known.judged, since.tools, judgement)
    return Precheck(
        server=server,
        shown=known.server.shown,
        slug=known.slug,
        action=action,
        severity=severity,
        reasons=tuple({one.text: one for one in reversed(found)}.values())[::-1],
        facts=_facts(known, since),
        deny=claude_code([scanned]),
        disable=codex([scanned]),
    )


def letter_of(known: Known) -> RecordGrade | None:
    """The grade of its tools; None where they are not known."""
    if known.tools.listed is None:
        return None
    found = grade(known.judged, known.identity.impostor)
    return RecordGrade(found.letter, found.why, FORMULA, found.terms)


def _facts(known: Known, since: SinceLastSeen) -> Facts:
    counts = Counter(one.risk for one in known.judged)
    dangerous = tuple(one.verdict.name for one in known.judged if one.risk in DANGEROUS)
    return Facts(
        identity=known.identity,
        grade=letter_of(known),
        tools=None if known.tools.listed is None else len(known.tools.listed),
        by_class={risk: counts[risk] for risk in RiskClass},
        dangerous=dangerous,
        posture=known.posture,
        documented=known.standing.authentication,
        source=known.tools.source,
        seen_on=None if known.seen_on is None else known.seen_on.isoformat(),
        version=known.version,
        since=since,
        lately=known.lately,
    )


def _asks(known: Known) -> list[Finding]:
    if not known.standing.authentication or known.standing.authentication == "none":
        return []
    return [Finding(Code.REMARK, Advice.PROCEED, Severity.LOW, f"it asks for {known.standing.authentication.replace('_', ' ')}")]


def _moved(since: SinceLastSeen) -> list[Finding]:
    found = []
    if since.grade is not None:
        was, now = since.grade
        worse = LETTERS.index(now) > LETTERS.index(was)
        advice, severity = (Advice.RULE, Severity.HIGH) if worse else (Advice.PROCEED, Severity.LOW)
        found.append(Finding(Code.CHANGED_TOOLS, advice, severity, f"since last seen its grade went from {was} to {now}"))
    if since.identity is not None:
        was, now = since.identity
        text = f"since last seen its identity went from {was} to {now}"
        gained = now in {"official", "well-known"}
        found.append(
            Finding(Code.MOVED, Advice.PROCEED if gained else Advice.ASK, Severity.LOW if gained else Severity.HIGH, text)
        )
    if since.auth is not None:
        was, now = since.auth
        advice, severity = (Advice.RULE, Severity.HIGH) if now == "open" else (Advice.PROCEED, Severity.LOW)
        found.append(Finding(Code.REMARK, advice, severity, f"since last seen its authentication went from {was} to {now}"))
    return found


def _stale(known: Known, today: date) -> list[Finding]:
    if known.seen_on is None:
        return []
    days = (today - known.seen_on).days
    text = f"its tools are known as of {known.seen_on.isoformat()}, {days} days ago"
    if days >= STALE_DAYS:
        return [Finding(Code.UNKNOWN_TOOLS, Advice.RULE, Severity.MEDIUM, text)]
    return [Finding(Code.REMARK, Advice.PROCEED, Severity.LOW, text)]


def _seen_lately(known: Known) -> Sequence[Finding]:
    grave = [one for one in known.lately if one.severity.rank >= Severity.HIGH.rank]
    return [Finding(Code.CHANGED_TOOLS, Advice.RULE, one.severity, f"{one.at}: {one.text}") for one in grave]
