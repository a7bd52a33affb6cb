"""One decision of the log, explained to whoever knows its request id. Nothing of grants is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from yett.registry_server.remedies import condition, remedy
from yett.stores.state_file import STATE_FILE
from yett.stores.state_reader import CLOCK_SLACK_NS, LogEntry, LogFilter, StateReader, Stream

LOOKED_AT: Final = 200_000
"""The newest records of the log, and as many on either side of a moment, in which the request is looked for: the log has no
index by request, for it would cost each call."""
_FIND: Final = {
    Stream.CALLS: "SELECT seq FROM calls WHERE seq > ? AND seq <= ? AND request_id = ? LIMIT 1",
    Stream.SECURITY: "SELECT seq FROM security WHERE seq > ? AND seq <= ? AND request_id = ? LIMIT 1",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the log says of a request."""

    found: dict[str, Any] | None
    """None where it has none, or none of a server that whoever asks may see."""
    searched: str
    """Where it was looked for, in words, and what was not looked at."""


def explained(state_dir: Path, request_id: str, may_see: Callable[[str], bool], at_ns: int | None = None) -> Answer:
    """What the log says of a request, among the newest records or around `at_ns`. Errors: `StoreFault`."""
    path = state_dir / STATE_FILE
    if not path.exists():
        return Answer(None, _ALL)
    with StateReader(path) as reader:
        floor, searched = max(0, reader.newest() - LOOKED_AT), _ALL
        entry = _entry(reader, request_id, floor, _LATEST)
        if entry is None and floor:
            searched = (
                f"the newest {LOOKED_AT:,} records of the decision log; older ones were not searched: say `at`, when it was"
            )
        if entry is None and floor and at_ns is not None:
            around = reader.first_since(at_ns + CLOCK_SLACK_NS)
            entry = _entry(reader, request_id, max(0, around - LOOKED_AT), around + LOOKED_AT)
            searched = (
                f"the newest {LOOKED_AT:,} records of the decision log, nor in as many around that time; others were not searched"
            )
    server = "" if entry is None else str(entry.more.get("server_id") or entry.server or "")
    return Answer(_told(entry, request_id) if entry is not None and server and may_see(server) else None, searched)


_ALL: Final = "the decision log"
_LATEST: Final = 2**62
"""What is written while it is searched is searched too."""


def _entry(reader: StateReader, request_id: str, floor: int, ceiling: int) -> LogEntry | None:
    for stream, sql in _FIND.items():
        found = reader.rows(sql, (floor, ceiling, request_id))
        if found:
            (entry,) = reader.entries(LogFilter(stream=stream, after=found[0][0] - 1), 1)
            return entry
    return None


def _told(entry: LogEntry, request_id: str) -> dict[str, Any]:
    decision = entry.decision or "refused"
    said = remedy(decision, entry.code)
    retry, looked_at = entry.more.get("retry_after_s"), condition(entry.rule)
    passes = said.passes if looked_at is None else f"{said.passes}; the rule looks at {looked_at}"
    return {
        "request_id": request_id,
        "at": datetime.fromtimestamp(entry.at_ns // 1_000_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "server": entry.server or "",
        "method": str(entry.more.get("method") or ""),
        "target": entry.target or "",
        "decision": decision,
        "code": entry.code,
        "rule": entry.rule,
        "message": entry.message,
        "retry_after_s": retry,
        "policy_revision": entry.more.get("policy_revision"),
        "explanation": said.means,
        "would_pass": f"{passes}; it may be tried again in {retry} s" if retry is not None else passes,
    }
