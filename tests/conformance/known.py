"""The written list of what comes out differently through the gateway, each with its reason. It may shrink and may not grow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.conformance.suite import Outcomes, differences

FILE: Final = Path(__file__).with_name("known.json")
LEGS: Final = ("http", "stdio", "client")


@dataclass(frozen=True, slots=True)
class Known:
    """One scenario that differs, and in which checks."""

    legs: tuple[str, ...]
    revisions: tuple[str, ...]
    scenario: str
    checks: tuple[str, ...]
    reason: str


def read_known() -> list[Known]:
    """The list, checked for what JSON cannot say."""
    entries = json.loads(FILE.read_text(encoding="utf-8"))
    known = [
        Known(
            legs=tuple(entry["legs"]),
            revisions=tuple(entry["revisions"]),
            scenario=entry["scenario"],
            checks=tuple(sorted(entry["checks"])),
            reason=entry["reason"],
        )
        for entry in entries
    ]
    for entry in known:
        assert set(entry.legs) <= set(LEGS), entry
        assert entry.reason.strip(), f"{entry.scenario}: a difference needs its reason"
    return known


def expected(leg: str, revision: str) -> dict[str, tuple[str, ...]]:
    """What is known to differ on one leg in one revision, by scenario."""
    return {entry.scenario: entry.checks for entry in read_known() if leg in entry.legs and revision in entry.revisions}


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a leg stands against the list."""

    unlisted: Mapping[str, tuple[str, ...]]
    """Differences that nobody wrote down: the gateway has become worse."""
    mended: Mapping[str, tuple[str, ...]]
    """Entries that do not differ as written: take them off, or correct them."""

    @property
    def holds(self) -> bool:
        """Whether list and run agree."""
        return not self.unlisted and not self.mended

    def __str__(self) -> str:
        lines = [f"differs and is not in known.json: {name}: {', '.join(checks)}" for name, checks in self.unlisted.items()]
        lines += [f"is in known.json and does not differ so: {name}: {', '.join(checks)}" for name, checks in self.mended.items()]
        return "\n".join(lines) or "as written"


def judge(leg: str, revision: str, direct: Outcomes, through: Outcomes) -> Verdict:
    """Whether `through` differs from `direct` exactly as the list says."""
    found, listed = differences(direct, through), expected(leg, revision)
    return Verdict(
        {name: checks for name, checks in found.items() if listed.get(name) != checks},
        {name: checks for name, checks in listed.items() if found.get(name) != checks},
    )
