"""The store agrees with the ledger of scenario files, whatever is done to both."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from tests.stores.ledger_cases import NOT_SENT, OK, allow, call, key, limit
from tests.support.clock import ManualClock
from tests.support.effort import examples
from yett.audit.record import Outcome
from yett.lab.memory_ledger import Hold, MemoryLedger
from yett.policy.decision import Decision
from yett.ports import Receipt
from yett.quota.charge import Charge
from yett.quota.windows import NS
from yett.stores import state_counters
from yett.stores.state import StateStore

NEVER_NS: Final = 10**19
KEYS = [
    *(key("m", "minute"), key("d", "day"), key("w", "week"), key("h", "month"), key("s", "7")),
    *(
        key("m", "minute", sliding=True),
        key("s", "7", sliding=True),
        key("m", "minute", grant="g2"),
        key("m", "minute", shadow=True),
    ),
]
AMOUNTS = st.integers(0, 3) | st.sampled_from([Decimal("0.1"), Decimal("1E-20"), Decimal("2.50")])
CHARGES = st.lists(st.builds(limit, st.sampled_from(KEYS), st.integers(0, 6), AMOUNTS), max_size=4)
STEPS_NS = st.integers(-5 * NS, 30 * NS) | st.sampled_from([60 * NS, 3_600 * NS, 86_400 * NS, -86_400 * NS])


@dataclass(frozen=True)
class Admitted:
    """One call in both worlds."""

    receipt: Receipt
    holds: tuple[Hold, ...]


class LedgerMachine(RuleBasedStateMachine):
    """Two stores on one file, as two processes have them, and the model."""

    admitted = Bundle("admitted")

    @initialize(fsync=st.booleans())
    def start(self, fsync: bool) -> None:
        self.patch = patch.object(state_counters, "PRUNE_AFTER_NS", NEVER_NS)  # the model forgets nothing
        self.patch.start()
        self.clock, self.model = ManualClock(), MemoryLedger()
        self.directory = tempfile.TemporaryDirectory()
        self.fsync = fsync
        self.runner = asyncio.Runner()
        self.stores = [self.open(), self.open()]
        self.settled: set[int] = set()

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            for store in self.stores:
                self.runner.run(store.aclose())
            self.runner.close()
            self.patch.stop()
            self.directory.cleanup()

    def open(self) -> StateStore:
        async def inside() -> StateStore:
            return StateStore.open(Path(self.directory.name) / "state.db", clock=self.clock, fsync=self.fsync)

        return self.runner.run(inside())

    @rule(step_ns=STEPS_NS)
    def time_passes_or_steps_back(self, step_ns: int) -> None:
        self.clock.ns += step_ns

    @rule(target=admitted, which=st.integers(0, 1), charges=CHARGES, shadow=CHARGES)
    def call_is_admitted(self, which: int, charges: list[Charge], shadow: list[Charge]) -> Admitted | None:
        decision = allow(*charges, shadow=[Charge(c.key._replace(shadow=True), c.amount, c.maximum, c.rule) for c in shadow])
        expected = self.model.admit_now(decision, self.clock.ns)
        admission = self.runner.run(self.stores[which].admit(call(decision, at_ns=self.clock.ns)))
        assert admission.decision == expected
        return Admitted(admission.receipt, self.model.holds) if admission.receipt else None

    @rule(which=st.integers(0, 1), decisions=st.lists(CHARGES.map(lambda charges: allow(*charges)), max_size=5))
    def calls_come_at_once(self, which: int, decisions: list[Decision]) -> None:
        expected = [self.model.admit_now(decision, self.clock.ns) for decision in decisions]

        async def together() -> list[Decision]:
            async with asyncio.TaskGroup() as tasks:
                started = [
                    tasks.create_task(self.stores[which].admit(call(decision, at_ns=self.clock.ns))) for decision in decisions
                ]
            return [task.result().decision for task in started]

        assert self.runner.run(together()) == expected

    @rule(which=st.integers(0, 1), done=admitted, outcome=st.sampled_from([OK, NOT_SENT]), times=st.integers(1, 2))
    def call_is_settled(self, which: int, done: Admitted | None, outcome: Outcome, times: int) -> None:
        if done is None:
            return
        if done.receipt.sequence not in self.settled:
            self.settled.add(done.receipt.sequence)
            self.model.settle(done.holds, ran=outcome is OK)

        async def inside() -> None:
            for _ in range(times):
                self.stores[which].settle(done.receipt, outcome)
            await self.stores[which].admit(call(at_ns=self.clock.ns))  # takes the outcome along

        self.runner.run(inside())

    @rule(which=st.integers(0, 1))
    def one_process_starts_anew(self, which: int) -> None:
        self.runner.run(self.stores[which].aclose())
        self.stores[which] = self.open()

    @invariant()
    def both_see_what_the_model_counts(self) -> None:
        if not hasattr(self, "stores"):
            return
        every = [*KEYS, *(wanted._replace(shadow=True) for wanted in KEYS)]
        expected = counting(self.model.usage(every, self.clock.ns))
        for store in self.stores:
            store._stale_at = 0.0  # a look may be as old as a millisecond
            assert counting(store.usage(every, self.clock.ns)) == expected


def counting(usage: Any) -> dict[Any, Any]:
    """Only the buckets that can count again: the store forgets the others when it likes."""
    return {
        wanted: {bucket: amount for bucket, amount in buckets.items() if bucket > max(buckets) - wanted.window.buckets_counted}
        for wanted, buckets in usage.items()
        if buckets
    }


LedgerMachine.TestCase.settings = settings(examples(40), stateful_step_count=25)
TestLedger = LedgerMachine.TestCase
