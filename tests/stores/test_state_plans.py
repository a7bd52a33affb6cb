"""Reserving by a plan worked out before does exactly what working it out at every call does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stores.ledger_cases import NOT_SENT, OK, allow, call, key, limit, opened, units
from tests.support.clock import START_NS
from tests.support.effort import examples
from yett.policy.decision import Decision, Effect
from yett.ports import Admission, Receipt
from yett.quota.windows import NS
from yett.stores import state_counters
from yett.stores.state_commit import Committer, Group, QueuedCall
from yett.stores.state_counters import Counters
from yett.stores.state_file import SCHEMA_VERSION

DAY = START_NS // (86_400 * NS)
SCHEMA = "".join(
    Path(state_counters.__file__).with_name(name).read_text(encoding="utf-8")
    for name in ("state_schema.sql", "approvals_schema.sql", "tasks_schema.sql")
)

MINUTE, WHOLE_DAY, MONTH = key("m", "minute"), key("d", "day"), key("x", "month")
SLIDING, SHORT = key("s", "minute", sliding=True), key("z", "7", sliding=True)
DECISIONS = [
    allow(limit(MINUTE, 20), limit(WHOLE_DAY, 60), limit(SLIDING, 8)),
    allow(limit(MINUTE, 12, 2)),
    allow(limit(MINUTE, 9), limit(MINUTE, 12, 2)),
    allow(limit(SLIDING, 6), limit(MONTH, 70)),
    allow(limit(SLIDING, Decimal("7.5"), Decimal("0.5"))),
    allow(limit(MONTH, 50, 0), limit(key("m", "minute", grant="g2"), 6, 3)),
    allow(limit(SHORT, 6), shadow=[limit(key("t", "minute", shadow=True), 3)]),
    allow(limit(WHOLE_DAY, Decimal(45)), limit(SHORT, 4)),
]
STEPS_NS = st.sampled_from([*[0] * 5, NS, 2 * NS, 20 * NS, 70 * NS, -2 * NS, -61 * NS])


@st.composite
def groups_of_calls(draw: st.DrawFn) -> list[tuple[list[tuple[Decision, int]], set[int], bool]]:
    """Calls with the time since the one before, the calls before that are settled, and whether the memory is lost."""
    some = draw(st.lists(st.sampled_from(DECISIONS), min_size=1, max_size=3))  # few, that they meet on their counters
    calls = st.lists(st.tuples(st.sampled_from(some), STEPS_NS), min_size=1, max_size=8)
    rarely = st.integers(0, 9).map(lambda number: number == 9)
    return draw(st.lists(st.tuples(calls, st.sets(st.integers(0, 40), max_size=3), rarely), min_size=4, max_size=12))


class World:
    """A file in memory and what writes to it."""

    def __init__(self) -> None:
        self.connection = apsw.Connection(":memory:")
        self.connection.execute(SCHEMA)
        self.connection.pragma("user_version", SCHEMA_VERSION)
        self.committer = Committer(self.connection, Path("state.db"))
        self.receipts: list[Receipt] = []

    def write(self, calls: list[tuple[Decision, int]], settled: set[int], forgets: bool) -> list[Admission]:
        group = Group(gives_back=True)
        for number in settled & set(range(len(self.receipts))):
            group.outcomes.append((self.receipts[number], NOT_SENT if number % 2 else OK))
        for decision, at_ns in calls:
            group.calls.append(QueuedCall(call(decision, at_ns=at_ns, request_id="r"), reserve=True))
        if forgets:  # as when another process has written
            self.committer.counters.forget()
        admissions = self.committer.run(group, START_NS)
        assert isinstance(admissions, list)
        self.receipts += [admission.receipt for admission in admissions if admission.receipt]
        return admissions

    def content(self) -> list[Any]:
        tables = ("calls", "outcomes", "buckets", "counters")
        return [self.connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in tables]


@contextmanager
def without_plans() -> Iterator[None]:
    with patch.object(Counters, "reserve_at_once", lambda *_: None):
        yield


@examples(150)
@given(groups_of_calls())
def test_with_and_without_plans_the_same_calls_pass_and_the_same_is_written(
    groups: list[tuple[list[tuple[Decision, int]], set[int], bool]],
) -> None:
    planned, plain = World(), World()
    now_ns = START_NS
    for steps, settled, forgets in groups:
        calls = []
        for decision, step_ns in steps:
            now_ns += step_ns
            calls.append((decision, now_ns))
        admissions = planned.write(calls, settled, forgets)
        with without_plans():
            assert plain.write(calls, settled, forgets) == admissions
        assert planned.content() == plain.content()
        keys = [charge.key for decision in DECISIONS for charge in decision.charges]
        assert planned.committer.counters.usage(keys) == plain.committer.counters.usage(keys)


@pytest.mark.anyio
async def test_the_same_charges_are_worked_out_once(tmp_path: Path) -> None:
    decision = allow(limit(maximum=5), limit(SLIDING, 9))
    async with opened(tmp_path / "state.db") as store:
        with patch.object(Counters, "reserve", autospec=True, side_effect=Counters.reserve) as in_full:
            effects = [(await store.admit(call(decision))).decision.effect for _ in range(6)]
    assert effects == [Effect.ALLOW] * 5 + [Effect.DENY]
    assert in_full.call_count == 1
    assert units(tmp_path / "state.db")[f"n@{DAY}"] == "5"


@pytest.mark.anyio
async def test_plans_in_memory_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_counters, "PLANS_MAX", 10)
    async with opened(tmp_path / "state.db") as store:
        for _ in range(50):
            decision = allow(limit(maximum=200))
            for _ in range(3):
                await store.admit(call(decision))
        counters = store._committer.counters
        assert (len(counters._plans), len(counters._once)) == (10, 10)
    assert units(tmp_path / "state.db") == {f"n@{DAY}": "150"}


@pytest.mark.anyio
async def test_charges_of_a_calls_own_amount_never_become_plans(tmp_path: Path) -> None:
    async with opened(tmp_path / "state.db") as store:
        for _ in range(20):
            await store.admit(call(allow(limit(maximum=50, amount=Decimal("0.5")))))
        assert not store._committer.counters._plans
    assert units(tmp_path / "state.db") == {f"n@{DAY}": "10.0"}
