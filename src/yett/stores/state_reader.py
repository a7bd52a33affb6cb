"""The decision log and the counters of state.db, for people. Reads only; another process may be writing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import apsw

from yett.stores.state_file import faults_of, open_reader
from yett.stores.state_rows import SELECT_NEWEST

CLOCK_SLACK_NS: Final = 3_600 * 1_000_000_000
"""Records stand in the order in which they were written. Clocks of several processes, or one that was set, may differ by this
before a search by time misses some."""
POLL_S: Final = 0.1
PAGE: Final = 1_000


class Stream(Enum):
    """The parts of the log. One sequence numbers them all."""

    CALLS = "calls"
    SECURITY = "security"
    """Requests that never became a call."""
    EVENTS = "events"
    """What people and the store itself did to the file."""


REFUSED: Final = "refused"
"""The decision of an entry of the security stream."""


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which entries are wanted; None wants all."""

    grant: str | None = None
    """Id or label."""
    grant_id: str | None = None
    """The id of the grant that `grant` is the label of, for refused requests: their records hold no label."""
    server: str | None = None
    """Id or name."""
    tool: str | None = None
    """Tool name, resource URI or prompt name."""
    decision: str | None = None
    code: str | None = None
    """Reason code, kind of refusal, or action."""
    since_ns: int | None = None
    stream: Stream | None = None
    after: int | None = None
    """Only entries with a higher sequence number, the lowest first; None asks for the newest."""


@dataclass(frozen=True, slots=True)
class OutcomeEntry:
    """What a forwarded call came to."""

    result: str
    ended_ns: int
    http_status: int | None
    rpc_code: int | None
    latency_us: int
    request_bytes: int
    response_bytes: int
    given_back: bool


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of the log, whatever its stream."""

    seq: int
    at_ns: int
    stream: Stream
    request_id: str | None
    grant_id: str | None
    grant_label: str | None
    server: str | None
    target: str | None
    decision: str | None
    """None for an event."""
    code: str | None
    rule: str | None
    message: str | None
    client_ip: str | None
    more: Mapping[str, Any]
    """The other columns of the stream, by name."""
    outcome: OutcomeEntry | None
    """None for what was not forwarded; for what was: not known, or not yet."""


class StateReader(AbstractContextManager["StateReader"]):
    """A reading connection. Errors of all methods: `StoreFault`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = open_reader(path)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @contextmanager
    def one_moment(self) -> Iterator[None]:
        """All queries inside see the file as it is now: else who follows would pass over what is written between two of them."""
        self.rows("BEGIN")
        try:
            yield
        finally:
            self.rows("ROLLBACK")

    def rows(self, sql: str, values: Sequence[str | int | None] = ()) -> list[Any]:
        """All rows of one query, read at once: a reader that lingers keeps the write-ahead log from ending."""
        with faults_of(self._path):
            return self._connection.execute(sql, tuple(values)).fetchall()

    def newest(self) -> int:
        """The highest sequence number; 0 for an empty log."""
        return int(self.rows(SELECT_NEWEST)[0][0])

    def first_since(self, at_ns: int) -> int:
        """A sequence number before which no entry is as young as `at_ns`, but for `CLOCK_SLACK_NS`. By bisection: the log has no
        index by time, for it would cost each call."""
        low, high = 0, self.newest() + 1
        while low < high:
            middle = (low + high) // 2
            found = self.rows("SELECT at_ns FROM calls WHERE seq >= ? ORDER BY seq LIMIT 1", (middle,))
            if found and found[0][0] < at_ns - CLOCK_SLACK_NS:
                low = middle + 1
            else:
                high = middle
        return low

    def entries(self, wanted: LogFilter, limit: int) -> list[LogEntry]:
        """The newest `limit` entries, oldest first; those right after `wanted.after` where that is given."""
        floor = 0 if wanted.after is None else wanted.after + 1
        if wanted.since_ns is not None:
            floor = max(floor, self.first_since(wanted.since_ns))
        with self.one_moment():
            found = [entry for stream in Stream for entry in self._of_stream(stream, wanted, floor, limit)]
        found.sort(key=lambda entry: entry.seq)
        return found[-limit:] if wanted.after is None else found[:limit]

    def follow(self, wanted: LogFilter, wait: Callable[[], bool] | None = None) -> Iterator[LogEntry]:
        """Entries after `wanted.after` as they are written, without end, or until `wait`, called between looks, returns False."""
        after = wanted.after or 0
        while True:
            page = self.entries(replace(wanted, after=after), PAGE)
            yield from page
            after = page[-1].seq if page else after
            if len(page) < PAGE and not (wait or _pause)():
                return

    def wait_for(self, wanted: LogFilter, timeout_s: float = 2.0) -> LogEntry | None:
        """The first entry after `wanted.after`, which may be written only now; None if none is in time."""
        deadline = time.monotonic() + timeout_s
        return next(self.follow(wanted, lambda: time.monotonic() < deadline and _pause()), None)

    def _of_stream(self, stream: Stream, wanted: LogFilter, floor: int, limit: int) -> Iterator[LogEntry]:
        conditions = _conditions(stream, wanted)
        if conditions is None:
            return
        terms = ["seq >= ?", *(term for term, _ in conditions)]
        values = [floor, *(value for term, value in conditions for _ in range(term.count("?"))), limit]
        order = "DESC" if wanted.after is None else "ASC"
        for row in self._named_rows(f"{_SELECT[stream]} WHERE {' AND '.join(terms)} ORDER BY seq {order} LIMIT ?", values):
            yield _read_row(stream, row)

    def _named_rows(self, sql: str, values: Sequence[str | int]) -> list[dict[str, Any]]:
        with faults_of(self._path):
            cursor = self._connection.execute(sql, values)
            try:
                names = [name for name, *_ in cursor.get_description()]
            except apsw.ExecutionCompleteError:  # no rows
                return []
            return [dict(zip(names, row, strict=True)) for row in cursor]


def _pause() -> bool:
    time.sleep(POLL_S)
    return True


_SELECT: Final = {
    Stream.CALLS: (
        "SELECT seq, calls.at_ns AS at_ns, request_id, grant_id, grant_label, server_name AS server, target, decision, code, "
        "rule, message, client_ip, session, server_id, method, policy, policy_revision, retry_after_s, argument_keys, "
        "arguments_digest, reservations, result, outcomes.at_ns AS ended_ns, http_status, rpc_code, latency_us, request_bytes, "
        "response_bytes, given_back, task, consent FROM calls LEFT JOIN outcomes USING (seq) LEFT JOIN tasks USING (seq) "
        "LEFT JOIN consents USING (seq)"
    ),
    Stream.SECURITY: (
        "SELECT seq, at_ns, request_id, grant_id, server, 'refused' AS decision, kind AS code, reason AS message, client_ip, "
        "body_digest, body_bytes FROM security"
    ),
    Stream.EVENTS: "SELECT seq, at_ns, action AS code, actor, detail FROM events",
}
_COMMON: Final = (
    *("request_id", "grant_id", "grant_label", "server", "target", "decision", "code", "rule", "message", "client_ip"),
)
_OUTCOME: Final = (
    *("result", "ended_ns", "http_status", "rpc_code", "latency_us", "request_bytes", "response_bytes", "given_back"),
)
_TERMS: Final[dict[Stream, dict[str, str]]] = {
    Stream.CALLS: {
        "grant": "(grant_id = ? OR grant_label = ?)",
        "server": "(server_id = ? OR server_name = ?)",
        "tool": "target = ?",
        "decision": "decision = ?",
        "code": "code = ?",
        "since_ns": "calls.at_ns >= ?",
    },
    Stream.SECURITY: {
        "grant": "grant_id IN (?, 'local:' || ?)",
        "server": "server = ?",
        "decision": "'refused' = ?",
        "code": "kind = ?",
        "since_ns": "at_ns >= ?",
    },
    Stream.EVENTS: {"code": "action = ?", "since_ns": "at_ns >= ?"},
}


def _conditions(stream: Stream, wanted: LogFilter) -> list[tuple[str, str | int]] | None:
    """The conditions on one stream; None where the filter asks for something that its entries do not have."""
    if wanted.stream not in {None, stream}:
        return None
    conditions: list[tuple[str, str | int]] = []
    for name in ("grant", "server", "tool", "decision", "code", "since_ns"):
        value = getattr(wanted, name)
        if name == "grant" and stream is Stream.SECURITY:
            value = wanted.grant_id or value
        if value is None:
            continue
        term = _TERMS[stream].get(name)
        if term is None:
            return None
        conditions.append((term, value))
    return conditions


def _read_row(stream: Stream, row: dict[str, Any]) -> LogEntry:
    seq, at_ns = row.pop("seq"), row.pop("at_ns")
    outcome = {name: row.pop(name, None) for name in _OUTCOME}
    return LogEntry(
        seq=seq,
        at_ns=at_ns,
        stream=stream,
        **{name: row.pop(name, None) for name in _COMMON},
        more={name: _read_cell(name, cell) for name, cell in row.items()},
        outcome=None if outcome["result"] is None else OutcomeEntry(**{**outcome, "given_back": bool(outcome["given_back"])}),
    )


def _read_cell(name: str, cell: Any) -> Any:
    if name == "reservations":
        return [dict(zip(("id", "counter", "bucket", "amount"), held, strict=True)) for held in json.loads(cell)]
    return json.loads(cell) if name in {"argument_keys", "detail"} else cell
