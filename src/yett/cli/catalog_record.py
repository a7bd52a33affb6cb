"""How `yett catalog show` tells the record of a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from yett.cli.output import plain, say

if TYPE_CHECKING:
    from yett.catalog.record import ServerRecord

CHANGES_MAX: Final = 5
"""Changes that are told to people; `--json` has them all."""


def record_json(record: ServerRecord) -> Any:
    """A record as JSON, as `/v0/servers` has it."""
    import msgspec

    return msgspec.to_builtins(record)


def say_record(record: ServerRecord) -> None:
    """Identity, the grade's formula with its terms, posture, counts and the last changes."""
    grade, identity, posture = record.grade, record.identity, record.posture
    say(f"identity: {identity.verification.value} ({identity.confidence.value}): {plain(identity.evidence)}")
    say(f"grade: {grade.letter}: {plain(grade.why)}; {grade.formula}; here {grade.terms.shown}")
    limited = ", rate limited" if posture.rate_limited else ""
    say(f"authentication: {posture.auth or 'not known'}{limited}: {plain(posture.evidence)}")
    counts = ", ".join(f"{number} {risk.value}" for risk, number in record.by_class.items() if number)
    say(f"tools: {record.tool_count}{f': {counts}' if counts else ''}; seen {record.seen_at or 'never'}")
    for change in record.changes[:CHANGES_MAX]:
        about = f"`{plain(change.tool)}` {change.kind}" if change.tool is not None else plain(change.diff)
        say(f"changed {change.at}: {change.severity.value}: {about}: {plain(change.what)}")
