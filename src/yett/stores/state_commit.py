"""One group of calls, records and outcomes as one transaction of state.db."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import apsw
from msgspec import Struct

from yett.approvals.model import ApprovalRequest, Ticket
from yett.audit.clip import clip
from yett.audit.record import CallRecord, Outcome, Reservation, SecurityRecord
from yett.errors import StoreFault
from yett.policy.decision import Decision, Effect
from yett.policy.outcome import after_reserve
from yett.ports import Admission, Receipt, StoredTask, Waiter
from yett.quota.reserve import refusal
from yett.stores.state_approvals import PENDING_MAX, Consents
from yett.stores.state_counters import PRUNED_AT_ONCE, Counters
from yett.stores.state_file import fault_of
from yett.stores.state_rows import (
    INSERT_CALLS,
    INSERT_CONSENTS,
    INSERT_EVENTS,
    INSERT_OUTCOMES,
    INSERT_SECURITY,
    INSERT_TASKS,
    SELECT_NEWEST,
    Event,
    call_row,
    event_row,
    outcome_row,
    security_row,
)
from yett.stores.state_sql import Cell
from yett.stores.state_tasks import TaskRows

PRUNE_EVERY_NS: Final = 60 * 1_000_000_000
PRUNE_ON_NS: Final = 1_000_000_000
"""How soon to go on where there was more to delete than one transaction may."""
TICKETS_MAX: Final = 100_000
"""Calls whose receipt was handed out before their number was known, and whose outcome has not come; beyond it the oldest
outcome is lost, never a record."""


class QueuedCall(Struct):
    """A call on its way into the file."""

    record: CallRecord
    reserve: bool = False
    """Whether its charges are to be reserved; else it is written as it is."""
    waiter: Waiter[Admission] | None = None
    """Who waits for the admission; not touched here, for here is another thread perhaps."""
    ticket: int = 0
    """Negative where somebody holds a receipt already: it stands for the sequence number until there is one."""


@dataclass(slots=True)
class Group:
    """What one transaction writes. Outcomes come first: what they give back is there for the calls."""

    outcomes: list[tuple[Receipt, Outcome]] = field(default_factory=list)
    calls: list[QueuedCall] = field(default_factory=list)
    notes: list[SecurityRecord | Event] = field(default_factory=list)
    gives_back: bool = False
    """Whether an outcome is among them that gives units back, or settles an approval."""
    tasks: list[StoredTask] = field(default_factory=list)

    def is_full(self, most: int) -> bool:
        """Whether so much waits already. Asked for each call and each outcome."""
        return len(self.calls) + len(self.outcomes) + len(self.notes) + len(self.tasks) >= most

    def __len__(self) -> int:
        return len(self.outcomes) + len(self.calls) + len(self.notes) + len(self.tasks)

    def reject(self, fault: StoreFault) -> None:
        """Let everybody who waits for a call know. Each gets an exception of its own, for each adds a traceback."""
        for call in self.calls:
            if call.waiter is not None and not call.waiter.done():
                call.waiter.set_exception(StoreFault(str(fault)))

    def before(self, later: Group) -> Group:
        """One group of this and what came after it."""
        return Group(
            self.outcomes + later.outcomes,
            self.calls + later.calls,
            self.notes + later.notes,
            self.gives_back or later.gives_back,
            self.tasks + later.tasks,
        )


@dataclass(frozen=True, slots=True)
class Busy:
    """Another process holds the file; nothing was written. The same group may be tried again."""


@dataclass(frozen=True, slots=True)
class Unwritable:
    """The group itself cannot be written, whatever the state of the file: a bug. Trying it again would stop all others."""

    fault: StoreFault


Written: TypeAlias = "list[Admission] | Busy | Unwritable | StoreFault"
"""The admissions of a group's calls in their order, or why nothing of it was written."""

_LOG: Final = logging.getLogger("yett.ledger")


class Committer:
    """Writes groups over one connection. Used by one thread at a time; nothing here waits for the event loop."""

    def __init__(self, connection: apsw.Connection, path: Path, *, pending_max: int = PENDING_MAX) -> None:
        self.counters = Counters(connection)
        self.consents = Consents(connection, pending_max)
        self.commits = 0
        """How many groups were written: the checkpointer rests while this stands still."""
        self._connection = connection
        self._cursor = connection.cursor()
        self._path = path
        self._last_seq = 0
        self._last_seq_version = -1
        self._task_rows = TaskRows(self._cursor)
        self._tickets: dict[int, int] = {}
        self._tasks: list[Cell] = []
        """Calls of the present group, and the tasks that they are about: hardly any is about one."""
        self._pruned_at_ns = 0
        self._prune_every_ns = PRUNE_EVERY_NS

    def run(self, group: Group, surely_past_ns: int) -> Written:
        """Write `group` whole or not at all. Never raises: whoever waits must hear of it.

        Counters that stopped counting long before `surely_past_ns` are deleted by the way.
        """
        try:
            self._cursor.execute("BEGIN IMMEDIATE")
        except apsw.BusyError:
            return Busy()
        except apsw.Error as error:
            return fault_of(self._path, error)
        try:
            admissions = self._write(group, surely_past_ns)
            self._cursor.execute("COMMIT")
        except (apsw.ConstraintError, apsw.MismatchError) as error:  # what is in this group, and not the file, is at fault
            return self._discarded(group, error)
        except apsw.Error as error:
            self._undo()
            return fault_of(self._path, error)
        except Exception as error:  # noqa: BLE001 - a bug here must deny the calls of this group, not leave them waiting
            return self._discarded(group, error)
        if self._tickets:
            self._forget_tickets(group)
        self.commits += 1
        return admissions

    def _discarded(self, group: Group, error: Exception) -> Unwritable:
        """Give up a group that can never be written; the next one is not concerned."""
        self._undo()
        for call in group.calls:
            self._tickets.pop(call.ticket, None)
        _LOG.error("a group of records was discarded", exc_info=error)
        return Unwritable(StoreFault(f"cannot write the record of this call ({type(error).__name__}); please report this bug"))

    def _undo(self) -> None:
        """Leave the transaction, if the library has not done so already, and trust nothing in memory."""
        self.counters.forget()
        self.consents.events.clear()
        self._last_seq_version = -1
        if self._connection.in_transaction:
            with suppress(apsw.Error):  # a transaction that cannot be left makes the next one fail, which is told then
                self._cursor.execute("ROLLBACK")

    def _write(self, group: Group, surely_past_ns: int) -> list[Admission]:
        self.counters.refresh()
        self._tasks = []
        if self._last_seq_version != self.counters.version:
            self._last_seq, self._last_seq_version = self._newest(), self.counters.version
        settled = self._settle(group.outcomes) if group.gives_back else group.outcomes
        rows: list[Cell] = []
        admissions = [self._admit(call, rows) for call in group.calls]
        self.counters.write()
        INSERT_CALLS.run(self._cursor, rows)
        if self._tasks:
            INSERT_TASKS.run(self._cursor, self._tasks)
        self._write_kept(settled)
        if group.tasks:
            self._task_rows.write(group.tasks)
        if abs(surely_past_ns - self._pruned_at_ns) >= self._prune_every_ns:
            self._pruned_at_ns = surely_past_ns
            more = self.counters.prune(surely_past_ns) == PRUNED_AT_ONCE
            self._prune_every_ns = PRUNE_ON_NS if more else PRUNE_EVERY_NS
            self.consents.pass_time(surely_past_ns)
            self._task_rows.prune(surely_past_ns)
        if group.notes or self.consents.events:
            events, self.consents.events = self.consents.events, []
            self._write_notes([*group.notes, *events])
        return admissions

    def _newest(self) -> int:
        seq: Any = self._cursor.execute(SELECT_NEWEST).get
        return int(seq)

    def _next_seq(self) -> int:
        self._last_seq += 1
        return self._last_seq

    def _admit(self, call: QueuedCall, rows: list[Cell]) -> Admission:
        """Judge the limits of one call and append its row to `rows`."""
        record = call.record
        decision = record.decision
        held: tuple[Reservation, ...] = ()
        text = "[]"
        self._last_seq = seq = self._last_seq + 1
        if record.asking is not None:
            return self._admit_asking(record, record.asking, seq, rows)
        if call.reserve and (decision.charges or decision.shadow_charges):
            decision, held, text = self._reserve(record)
        if not decision.effect.forwards:
            self.consents.turned_down(record, decision)
        rows += call_row(seq, record, decision, text)
        if record.task is not None:
            self._tasks += (seq, clip(record.task))
        if call.ticket:
            self._tickets[call.ticket] = seq
        return Admission(decision, Receipt(seq, held) if decision.effect.forwards else None)

    def _admit_asking(self, record: CallRecord, asking: ApprovalRequest, seq: int, rows: list[Cell]) -> Admission:
        """Judge a call that needs people: by the consent that it comes with, or by asking for one."""
        refused = self.consents.refuse_unfit(record, seq)
        decision = record.decision if refused is None else refused
        held: tuple[Reservation, ...] = ()
        text, consent = "[]", record.consent if refused is None else None
        ticket: Ticket | None = None
        if decision.effect.forwards:
            if decision.charges or decision.shadow_charges:
                decision, held, text = self._reserve(record)
            if decision.effect.forwards:
                self.consents.spend(record, seq)
            else:
                self.consents.turned_down(record, decision)
        elif decision.effect is Effect.APPROVAL:
            asked = self.consents.ask(asking, decision, record.at_ns)
            if isinstance(asked, Decision):
                decision = asked
            else:
                ticket, consent = asked, asked.id
        rows += call_row(seq, record, decision, text)
        if record.task is not None:
            self._tasks += (seq, clip(record.task))
        if consent is not None:
            INSERT_CONSENTS.run(self._cursor, (seq, consent))
        return Admission(decision, Receipt(seq, held, consent) if decision.effect.forwards else None, ticket)

    def _reserve(self, record: CallRecord) -> tuple[Decision, tuple[Reservation, ...], str]:
        decision = record.decision
        shadow = decision.shadow_charges if decision.effect is Effect.ALLOW else ()
        if decision.charges and not shadow and (done := self.counters.reserve_at_once(decision.charges, record.at_ns)):
            return decision, *done
        charges = decision.charges + shadow
        usage = self.counters.usage([charge.key for charge in charges])
        refused = refusal(decision.charges, usage, record.at_ns)
        shadow_refused = refusal(shadow, usage, record.at_ns) if shadow else None
        final = after_reserve(decision, refused, shadow_refused)
        if refused is not None:
            return final, (), "[]"
        return final, *self.counters.reserve(decision.charges if shadow_refused else charges, record)

    def _settle(self, outcomes: list[tuple[Receipt, Outcome]]) -> list[tuple[Receipt, Outcome]]:
        """Write the outcomes that give something back, one by one; return the others, which may go into one statement."""
        firsts: dict[int, tuple[Receipt, Outcome]] = {}
        for pair in outcomes:
            firsts.setdefault(pair[0].sequence, pair)
        kept = []
        for receipt, outcome in firsts.values():
            if receipt.consent is not None:
                self.consents.settle(receipt.consent, receipt.sequence, outcome)
            if not (receipt.reservations and outcome.surely_did_not_run):
                kept.append((receipt, outcome))
                continue
            INSERT_OUTCOMES.run(self._cursor, outcome_row(receipt.sequence, outcome, given_back=True))
            if self._connection.changes():  # not settled before: the first outcome of a call stands
                self.counters.give_back(receipt.reservations)
        return kept

    def _write_kept(self, settled: list[tuple[Receipt, Outcome]]) -> None:
        rows: list[Cell] = []
        for receipt, outcome in settled:
            seq = receipt.sequence if receipt.sequence > 0 else self._tickets.get(receipt.sequence)
            if seq is not None:
                rows += outcome_row(seq, outcome, given_back=False)
                if outcome.task is not None:
                    INSERT_TASKS.run(self._cursor, (seq, clip(outcome.task)))
        INSERT_OUTCOMES.run(self._cursor, rows)

    def _write_notes(self, notes: list[SecurityRecord | Event]) -> None:
        for note in notes:
            if isinstance(note, Event):
                INSERT_EVENTS.run(self._cursor, event_row(self._next_seq(), note))
            else:
                INSERT_SECURITY.run(self._cursor, security_row(self._next_seq(), note))

    def _forget_tickets(self, group: Group) -> None:
        for receipt, _ in group.outcomes:
            self._tickets.pop(receipt.sequence, None)
        while len(self._tickets) > TICKETS_MAX:
            del self._tickets[next(iter(self._tickets))]
