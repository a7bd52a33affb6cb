"""One decision of the log, explained to whoever knows its request id. Nothing of grants is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from yett.registry_server.remedies import condition, remedy
from yett.stores.state_file import STATE_FILE
from yett.stores.state_reader import LogEntry, LogFilter, StateReader, Stream

LOOKED_AT: Final = 200_000
"""The newest records of the log, in which the request is looked for: the log has no index by request, for it would cost each
call."""
_FIND: Final = {
    Stream.CALLS: "SELECT seq FROM calls WHERE seq > ? AND request_id = ? LIMIT 1",
    Stream.SECURITY: "SELECT seq FROM security WHERE seq > ? AND request_id = ? LIMIT 1",
}


def explained(state_dir: Path, request_id: str, may_see: Callable[[str], bool]) -> dict[str, Any] | None:
    """What the log says of a request; None where it has none, or none of a server that `may_see`. Errors: `StoreFault`."""
    path = state_dir / STATE_FILE
    if not path.exists():
        return None
    with StateReader(path) as reader:
        entry = _entry(reader, request_id)
    if entry is None:
        return None
    server = str(entry.more.get("server_id") or entry.server or "")
    return _told(entry, request_id) if server and may_see(server) else None


def _entry(reader: StateReader, request_id: str) -> LogEntry | None:
    floor = reader.newest() - LOOKED_AT
    for stream, sql in _FIND.items():
        found = reader.rows(sql, (floor, request_id))
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
