"""Figures of traffic and limits."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.stores.ledger_cases import DENIED, NOT_SENT, allow, call, key, limit, opened
from tests.support.clock import START_NS
from yett.audit.record import Outcome, Refused, Result, SecurityRecord
from yett.policy.decision import Code, Decision, Effect
from yett.stores.state_figures import RuleCount, Traffic, counters, near_full, traffic
from yett.stores.state_reader import StateReader

pytestmark = pytest.mark.anyio

SECOND = 1_000_000_000
NOW_NS = START_NS + 300 * SECOND


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


async def busy_minutes(path: Path) -> None:
    """Calls of every kind, and one of two hours before."""
    outcomes = [
        *(Outcome(Result.OK, START_NS, latency_us=latency_us) for latency_us in range(1, 101)),
        *(Outcome(Result.TOOL_ERROR, START_NS, latency_us=100), Outcome(Result.TIMED_OUT, START_NS, latency_us=100)),
        *(NOT_SENT, None),
    ]
    suppressed = Decision(Effect.WOULD_DENY, Code.DENY_IF_MATCHED, "/tools/pay/deny_if/always", "no")
    asked = DENIED._replace(effect=Effect.APPROVAL, code=Code.APPROVAL_REQUIRED, rule="/tools/pay/require_approval/always")
    async with opened(path) as store:
        await store.admit(call(at_ns=START_NS - 7_200 * SECOND))
        for outcome in outcomes:
            admission = await store.admit(call())
            assert admission.receipt is not None
            if outcome is not None:
                store.settle(admission.receipt, outcome)
        await store.admit(call(suppressed))
        for record in (DENIED, DENIED, DENIED, asked):
            store.note(call(record))
        store.note(SecurityRecord(START_NS, "r", Refused.BATCH, "a batch"))


async def test_traffic_counts_what_happened_lately_and_nothing_before(path: Path) -> None:
    await busy_minutes(path)
    with StateReader(path) as reader:
        assert traffic(reader, NOW_NS, 300) == Traffic(
            seconds=300,
            calls=109,
            calls_a_minute=21.8,
            denied=4,
            denied_share=4 / 109,
            would_be_denied=1,
            refused=1,
            unknown=2,
            failed=2,
            latency_p50_us=52,
            latency_p99_us=100,
            waiting=0,
            top_rules=(
                RuleCount("(default deny)", "deny", "not_listed", 3),
                RuleCount("/tools/pay/deny_if/always", "would_deny", "deny_if_matched", 1),
                RuleCount("/tools/pay/require_approval/always", "approval", "approval_required", 1),
            ),
        )


async def test_an_empty_log_has_empty_figures(path: Path) -> None:
    async with opened(path):
        pass
    with StateReader(path) as reader:
        empty = traffic(reader, NOW_NS, 60)
        assert (empty.calls, empty.denied_share, empty.latency_p50_us, empty.top_rules) == (0, 0.0, None, ())
        assert list(counters(reader, NOW_NS)) == near_full(reader, NOW_NS) == []


async def test_a_counter_shows_what_is_used_of_the_limit_last_seen_and_until_when(path: Path) -> None:
    async with opened(path) as store:
        await store.admit(call(allow(limit(key("spend"), maximum=10, amount=Decimal("0.5")))))
        await store.admit(call(allow(limit(key("spend"), maximum=20, amount=Decimal("0.25")))))
    with StateReader(path) as reader:
        [figures] = counters(reader, NOW_NS)
        assert (figures.key, figures.used, figures.maximum) == (key("spend"), Decimal("0.75"), 20)
        assert (figures.rule, figures.server, figures.grant) == ("/tools/pay/limits/spend", "payments", "billing agent")
        assert figures.opens_at_ns == START_NS + 86_400 * SECOND
        [later] = counters(reader, START_NS + 86_400 * SECOND)
        assert (later.used, later.opens_at_ns) == (0, None)


async def test_limits_near_full_are_the_enforced_ones_from_four_fifths_on_the_fullest_first(path: Path) -> None:
    async with opened(path) as store:
        for name, used in (("a", 79), ("b", 80), ("c", 100)):
            await store.admit(call(allow(limit(key(name), maximum=100, amount=used))))
        await store.admit(call(allow(limit(key("none"), maximum=0, amount=0))))
        await store.admit(call(allow(shadow=[limit(key("trial", shadow=True))])))
    with StateReader(path) as reader:
        assert [figures.key.name for figures in near_full(reader, NOW_NS)] == ["c", "b"]
