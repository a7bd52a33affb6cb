"""How a server as a whole changes: its grade, whom it lets in, who it seems to be. Pure: two standings in, changes out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, cast

from yett.catalog.grade import LETTERS, Letter
from yett.catalog.model import Severity
from yett.catalog.record import Auth, Verification

Kind = Literal["grade", "posture", "identity"]
MEANINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "impostor": "it may be an impostor: it only resembles a well-known server",
        "impostor_cleared": "it does not look like an impostor any more",
        "identity": "who it seems to be is another than before",
        "opened": "it answers without a credential, which it did not before",
        "closed": "it asks for a credential, which it did not before",
        "posture": "whom it lets in is otherwise than before",
        "grade_worse": "its grade is worse than before",
        "grade_better": "its grade is better than before",
    }
)
"""Every code of what such a change means."""
_AT_GRADE: Final[Mapping[Letter, Severity]] = MappingProxyType(
    {"A": Severity.LOW, "B": Severity.MEDIUM, "C": Severity.HIGH, "D": Severity.HIGH, "F": Severity.CRITICAL}
)
"""How grave it is to come down to a grade."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a server stands as a whole; None for what is not known."""

    grade: Letter | None
    auth: Auth | None
    verification: Verification


@dataclass(frozen=True, slots=True)
class StandingChange:
    """One part of it that is not as it was."""

    kind: Kind
    severity: Severity
    meaning: str
    """A code of `MEANINGS`."""
    before: str | None
    after: str | None
    diff: str


def standing_changes(before: Standing | None, after: Standing) -> tuple[StandingChange, ...]:
    """What changed, the gravest first. Where nothing was known before, only an impostor is news."""
    found = [*_identity(before, after), *_posture(before, after), *_grade(before, after)]
    return tuple(sorted(found, key=lambda one: -one.severity.rank))


def _identity(before: Standing | None, after: Standing) -> Iterator[StandingChange]:
    was, now = None if before is None else before.verification, after.verification
    if now is was or (was is None and now is not Verification.IMPOSTOR):
        return
    if now is Verification.IMPOSTOR:
        yield _change("identity", Severity.CRITICAL, "impostor", was, now)
    elif was is Verification.IMPOSTOR:
        yield _change("identity", Severity.MEDIUM, "impostor_cleared", was, now)
    else:
        yield _change("identity", Severity.MEDIUM, "identity", was, now)


def _posture(before: Standing | None, after: Standing) -> Iterator[StandingChange]:
    was, now = None if before is None else before.auth, after.auth
    if was is None or now is None or now == was:
        return
    if now == "open":
        yield _change("posture", Severity.HIGH, "opened", was, now)
    elif was == "open":
        yield _change("posture", Severity.MEDIUM, "closed", was, now)
    else:
        yield _change("posture", Severity.LOW, "posture", was, now)


def _grade(before: Standing | None, after: Standing) -> Iterator[StandingChange]:
    was, now = None if before is None else before.grade, after.grade
    if was is None or now is None or now == was:
        return
    if LETTERS.index(now) > LETTERS.index(was):
        yield _change("grade", _AT_GRADE[now], "grade_worse", was, now)
    else:
        yield _change("grade", Severity.LOW, "grade_better", was, now)


def _change(kind: str, severity: Severity, meaning: str, before: str | None, after: str) -> StandingChange:
    was = None if before is None else str(before)
    return StandingChange(cast("Kind", kind), severity, meaning, was, str(after), f"{kind}: {was or 'not known'} → {after}")
