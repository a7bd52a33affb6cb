"""A ledger in memory that keeps what it is told, and fails when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from msgspec.structs import replace

from yett.approvals.model import ApprovalRequest, Ticket
from yett.audit.record import CallRecord, Outcome, Reservation, Result, SecurityRecord
from yett.errors import StoreFault
from yett.lab.memory_ledger import Hold, MemoryLedger
from yett.policy.decision import Decision
from yett.ports import Admission, Receipt, Waiter
from yett.quota.charge import CounterKey, Usage
from yett.quota.reserve import counted


@dataclass
class FakeLedger:
    """Implements `yett.ports.Ledger` on `yett.lab.memory_ledger`."""

    counters: MemoryLedger = field(default_factory=MemoryLedger)
    records: list[CallRecord] = field(default_factory=list)
    """Every judged call, with the decision that stands."""
    security: list[SecurityRecord] = field(default_factory=list)
    outcomes: list[tuple[int, Outcome]] = field(default_factory=list)
    fault: StoreFault | None = None
    """What admitting and looking raise."""
    note_fault: StoreFault | None = None
    """What noting raises."""
    _held: dict[int, tuple[Hold, ...]] = field(default_factory=dict)

    def usage(self, keys: Iterable[CounterKey], now_ns: int) -> Usage:
        """See `yett.ports.Ledger`."""
        if self.fault is not None:
            raise self.fault
        return self.counters.usage(keys, now_ns)

    def consent(self, wanted: ApprovalRequest, now_ns: int) -> str | None:
        """See `yett.ports.Ledger`. Nobody ever approves anything here; the real ledger is tested with approvals."""
        if self.fault is not None:
            raise self.fault
        return None

    def waits(self, id: str, now_ns: int) -> bool:
        """See `yett.ports.Ledger`. Nobody ever decides."""
        return True

    async def admit(self, record: CallRecord) -> Admission:
        """See `yett.ports.Ledger`."""
        return self.admitted(record)

    def submit(self, record: CallRecord, waiter: Waiter[Admission]) -> None:
        """See `yett.ports.Ledger`. Tells in the next turn of the loop, as the real one does."""
        asyncio.get_running_loop().call_soon(self._tell, record, waiter)

    def _tell(self, record: CallRecord, waiter: Waiter[Admission]) -> None:
        try:
            admission = self.admitted(record)
        except StoreFault as fault:
            waiter.set_exception(fault)
            return
        if not waiter.done():
            waiter.set_result(admission)
        elif admission.receipt is not None:
            self.settle(admission.receipt, Outcome(Result.NOT_SENT, record.at_ns))

    def admitted(self, record: CallRecord) -> Admission:
        """What `admit` answers."""
        if self.fault is not None:
            raise self.fault
        decision = self.counters.admit_now(record.decision, record.at_ns)
        self.records.append(replace(record, decision=decision))
        if not decision.effect.forwards:
            asked = record.asking
            ticket = None if asked is None else Ticket("ap_test", record.at_ns + asked.timeout_s * 1_000_000_000)
            return Admission(decision, None, ticket)
        sequence = len(self.records)
        self._held[sequence] = self.counters.holds
        reservations = tuple(Reservation(hold.key.encode(), 0, hold.bucket, hold.amount) for hold in self.counters.holds)
        return Admission(decision, Receipt(sequence, reservations))

    def note(self, record: CallRecord | SecurityRecord) -> None:
        """See `yett.ports.Ledger`."""
        if self.note_fault is not None:
            raise self.note_fault
        if isinstance(record, CallRecord):
            self.records.append(record)
        else:
            self.security.append(record)

    def settle(self, receipt: Receipt, outcome: Outcome) -> None:
        """See `yett.ports.Ledger`; a call that is settled twice is a bug of its caller."""
        assert receipt.sequence not in dict(self.outcomes), "settled twice"
        self.outcomes.append((receipt.sequence, outcome))
        ran = not outcome.surely_did_not_run or not receipt.reservations
        self.counters.settle(self._held.pop(receipt.sequence), ran=ran)

    @property
    def outcome(self) -> Outcome:
        """The only outcome that was recorded."""
        ((_, outcome),) = self.outcomes
        return outcome

    @property
    def results(self) -> list[Result]:
        """What became of the calls, in the order in which it was recorded."""
        return [outcome.result for _, outcome in self.outcomes]

    @property
    def decisions(self) -> list[Decision]:
        """The decisions that stand, in order."""
        return [record.decision for record in self.records]

    @property
    def unsettled(self) -> int:
        """Calls that were admitted and whose outcome is not recorded."""
        return len(self._held)

    def count(self, name: str, now_ns: int) -> int:
        """What counts on the counters of this name now."""
        found = self.counters._counters
        return sum(int(counted(key.window, buckets, now_ns)) for key, buckets in found.items() if key.name == name)
