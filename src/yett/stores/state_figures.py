"""Figures of traffic and of limits from state.db, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from yett.quota.charge import Amount, CounterKey, read_amount
from yett.quota.reserve import counted, current_bucket
from yett.stores.state_reader import StateReader

TOP_RULES: Final = 5
NEAR: Final = 0.8
"""From which share of its maximum on a limit is said to be near full."""
_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How often a rule decided against a call, or would have."""

    rule: str
    decision: str
    code: str
    calls: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """What happened in the last stretch of time."""

    seconds: int
    calls: int
    calls_a_minute: float
    denied: int
    denied_share: float
    """Of the calls; 0 where there were none."""
    would_be_denied: int
    """Let through in shadow mode only."""
    refused: int
    """Requests that never became a call."""
    unknown: int
    """Forwarded calls whose outcome is not known, or not yet."""
    failed: int
    """Forwarded calls whose outcome was neither an answer nor a tool's own error."""
    latency_p50_us: int | None
    latency_p99_us: int | None
    waiting: int
    """Calls that wait for a person, now."""
    top_rules: tuple[RuleCount, ...]


@dataclass(frozen=True, slots=True)
class CounterFigures:
    """One counter as it stands now. Maximum, rule and names are those last seen."""

    id: int
    key: CounterKey
    used: Amount
    maximum: Amount
    rule: str
    server: str
    grant: str
    opens_at_ns: int | None
    """When all that counts now will have left the count; None where nothing counts."""

    @property
    def share(self) -> float:
        """How full it is, from 0; 1 is full. A maximum of 0 is never near full: it never lets anything through."""
        return float(self.used / self.maximum) if self.maximum else 0.0


def traffic(reader: StateReader, now_ns: int, seconds: int) -> Traffic:
    """What happened in the last `seconds`."""
    with reader.one_moment():
        return _traffic(reader, now_ns, seconds)


def _traffic(reader: StateReader, now_ns: int, seconds: int) -> Traffic:
    since_ns = now_ns - seconds * _NS
    window = (reader.first_since(since_ns), since_ns)
    decisions = dict(reader.rows("SELECT decision, count(*) FROM calls WHERE seq >= ? AND at_ns >= ? GROUP BY decision", window))
    results = dict(
        reader.rows(
            "SELECT result, count(*) FROM calls LEFT JOIN outcomes USING (seq) "
            "WHERE seq >= ? AND calls.at_ns >= ? AND decision IN ('allow', 'would_deny', 'would_ask') GROUP BY result",
            window,
        )
    )
    calls, denied = sum(decisions.values()), decisions.get("deny", 0) + decisions.get("approval", 0)
    p50, p99 = _latencies(reader, window)
    return Traffic(
        seconds=seconds,
        calls=calls,
        calls_a_minute=calls * 60 / seconds,
        denied=denied,
        denied_share=denied / calls if calls else 0.0,
        would_be_denied=decisions.get("would_deny", 0) + decisions.get("would_ask", 0),
        refused=reader.rows("SELECT count(*) FROM security WHERE seq >= ? AND at_ns >= ?", window)[0][0],
        unknown=results.pop(None, 0),
        failed=sum(number for result, number in results.items() if result not in {"ok", "tool_error"}),
        latency_p50_us=p50,
        latency_p99_us=p99,
        waiting=reader.rows("SELECT count(*) FROM approvals WHERE state = 'pending' AND expires_ns > ?", (now_ns,))[0][0],
        top_rules=_top_rules(reader, window),
    )


def counters(reader: StateReader, now_ns: int) -> Iterator[CounterFigures]:
    """All counters, in the order in which they were first charged."""
    rows = reader.rows(
        "SELECT id, key, maximum, rule, server_name, grant_label, bucket, amount "
        "FROM counters LEFT JOIN buckets ON counter = id ORDER BY id, bucket"
    )
    for _, group in groupby(rows, key=lambda row: row[0]):
        yield _figures(list(group), now_ns)


def near_full(reader: StateReader, now_ns: int, share: float = NEAR) -> list[CounterFigures]:
    """Enforced limits of which at least `share` is used, the fullest first."""
    near = [figures for figures in counters(reader, now_ns) if figures.share >= share and not figures.key.shadow]
    return sorted(near, key=lambda figures: -figures.share)


def _figures(rows: Sequence[Any], now_ns: int) -> CounterFigures:
    number, text, maximum, rule, server, grant, *_ = rows[0]
    key = CounterKey.decode(text)
    buckets = {row[6]: read_amount(row[7]) for row in rows if row[6] is not None}
    used = counted(key.window, buckets, now_ns)
    newest = current_bucket(key.window, buckets, now_ns)
    return CounterFigures(
        id=number,
        key=key,
        used=used,
        maximum=read_amount(maximum),
        rule=rule,
        server=server,
        grant=grant,
        opens_at_ns=key.window.closed_for_good(newest) if used else None,
    )


def _latencies(reader: StateReader, window: tuple[int, int]) -> tuple[int | None, int | None]:
    """Median and 99th percentile of the calls that were sent, in µs."""
    found = reader.rows(
        "SELECT latency_us FROM calls JOIN outcomes USING (seq) "
        "WHERE seq >= ? AND calls.at_ns >= ? AND result <> 'not_sent' ORDER BY latency_us",
        window,
    )
    if not found:
        return None, None
    return found[len(found) // 2][0], found[len(found) * 99 // 100][0]


def _top_rules(reader: StateReader, window: tuple[int, int]) -> tuple[RuleCount, ...]:
    found = reader.rows(
        "SELECT rule, decision, code, count(*) AS calls FROM calls "
        "WHERE seq >= ? AND at_ns >= ? AND rule IS NOT NULL AND decision <> 'allow' "
        "GROUP BY rule, decision, code ORDER BY count(*) DESC, rule LIMIT ?",
        (*window, TOP_RULES),
    )
    return tuple(RuleCount(*row) for row in found)
