"""What changes of a server as a whole are news, and how grave they are."""

from __future__ import annotations

import pytest

from yett.catalog.model import Severity
from yett.catalog.record import Verification
from yett.catalog.standing import MEANINGS, Standing, standing_changes

MEDIUM, LOW = Severity.MEDIUM, Severity.LOW

OFFICIAL, UNKNOWN, IMPOSTOR = Verification.OFFICIAL, Verification.UNKNOWN, Verification.IMPOSTOR


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (None, Standing("D", "open", UNKNOWN), []),
        (None, Standing("F", None, IMPOSTOR), [("identity", Severity.CRITICAL, "impostor", None, "impostor")]),
        (Standing("B", "asks", OFFICIAL), Standing("B", "asks", OFFICIAL), []),
        (Standing("B", None, UNKNOWN), Standing("D", None, UNKNOWN), [("grade", Severity.HIGH, "grade_worse", "B", "D")]),
        (Standing("C", None, UNKNOWN), Standing("F", None, UNKNOWN), [("grade", Severity.CRITICAL, "grade_worse", "C", "F")]),
        (Standing("D", None, UNKNOWN), Standing("A", None, UNKNOWN), [("grade", Severity.LOW, "grade_better", "D", "A")]),
        (Standing("A", "asks", UNKNOWN), Standing("A", "open", UNKNOWN), [("posture", Severity.HIGH, "opened", "asks", "open")]),
        (Standing("A", "open", UNKNOWN), Standing("A", "gated", UNKNOWN), [("posture", MEDIUM, "closed", "open", "gated")]),
        (Standing("A", "gated", UNKNOWN), Standing("A", "asks", UNKNOWN), [("posture", LOW, "posture", "gated", "asks")]),
        (Standing("A", None, IMPOSTOR), Standing("A", None, UNKNOWN),
         [("identity", Severity.MEDIUM, "impostor_cleared", "impostor", "unknown")]),
        (Standing("A", None, OFFICIAL), Standing("A", None, UNKNOWN),
         [("identity", Severity.MEDIUM, "identity", "official", "unknown")]),
        # What is not known now is no change.
        (Standing("A", "open", UNKNOWN), Standing(None, None, UNKNOWN), []),
    ],
)  # fmt: skip
def test_what_changed_is_told_with_its_severity(before: Standing | None, after: Standing, told: list[tuple[object, ...]]) -> None:
    found = standing_changes(before, after)
    assert [(one.kind, one.severity, one.meaning, one.before, one.after) for one in found] == told
    assert all(MEANINGS[one.meaning] for one in found)


def test_several_changes_are_told_the_gravest_first() -> None:
    found = standing_changes(Standing("A", "asks", OFFICIAL), Standing("D", "open", IMPOSTOR))
    assert [one.kind for one in found] == ["identity", "posture", "grade"]
