"""The ledger over state.db: counters and decision log of all processes that share the file.

Calls of one tick of the event loop become one transaction, committed on the loop at its end: a commit takes some 20 µs, a
hand-over to a thread more. With `fsync` a commit waits for the disk, so a thread does it. Checkpoints always run in a thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

import apsw

from yett.approvals.model import ApprovalRequest
from yett.audit.mode import AuditMode
from yett.audit.record import CallRecord, Outcome, Result, SecurityRecord
from yett.errors import StoreFault
from yett.ports import Admission, Clock, Receipt, StoredTask, Waiter
from yett.quota.charge import CounterKey, Usage
from yett.stores import state_times as times
from yett.stores.state_approvals import PENDING_MAX, Consents
from yett.stores.state_commit import Busy, Committer, Group, QueuedCall, Unwritable, Written
from yett.stores.state_counters import Counters, Returning
from yett.stores.state_file import BUSY_TIMEOUT_S, fault_of, faults_of, locked, open_reader, open_writer, replaced, waiting
from yett.stores.state_rows import Event
from yett.stores.state_tasks import StoredTasks
from yett.stores.state_threads import Checkpointer, Writer

_LOG: Final = logging.getLogger("yett.ledger")


class StateStore:
    """Implements `yett.ports.Ledger`. Belongs to the event loop in which it was opened."""

    def __init__(self, path: Path, *, clock: Clock, mode: AuditMode, fsync: bool, patience_s: float, pending_max: int) -> None:
        """For `open`."""
        self.outcomes_lost = 0
        """Outcomes that found the queue full or the store closed: their calls stay `unknown` in the log."""
        self._path = path
        self._clock = clock
        self._surely_past_ns = times.surely_past(clock)
        self._relaxed = mode is AuditMode.RELAXED
        self._linger_s = times.LINGER_S[mode]
        self._patience_s = patience_s
        self._loop = asyncio.get_running_loop()
        self._connection = open_writer(path, fsync=fsync, patience_s=patience_s if fsync else times.LOOP_PATIENCE_S)
        self._committer = Committer(self._connection, path, pending_max=pending_max)
        self._reader = open_reader(path) if fsync else None
        self._consents = Consents(self._reader or self._connection)
        self.tasks = StoredTasks(self._reader or self._connection, path, self._keep_task)
        self._looked = Counters(self._reader) if self._reader else self._committer.counters
        self._stale_at = 0.0
        self._pending = Group()
        self._returning = Returning()
        self._tickets = 0
        self._timer: asyncio.Handle | None = None
        self._soon = False
        self._busy_since: float | None = None
        self._fault: StoreFault | None = None
        self._over = False
        self._closed = False
        self._writing = False
        self._writer = Writer(self._committer, self._from_thread) if fsync else None
        self._checkpointer = Checkpointer(path, lambda: self._committer.commits, self._from_checkpointer)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        clock: Clock,
        mode: AuditMode = AuditMode.STRICT,
        fsync: bool = False,
        patience_s: float = BUSY_TIMEOUT_S,
        pending_max: int = PENDING_MAX,
    ) -> StateStore:
        """Open or make the file; call it inside the running event loop, and `aclose` at the end.

        `patience_s` is how long another process may hold the file before calls are denied, `pending_max` how many requests of one
        grant may wait for people. Errors: `StoreFault`.
        """
        return cls(path, clock=clock, mode=mode, fsync=fsync, patience_s=patience_s, pending_max=pending_max)

    @property
    def fault(self) -> StoreFault | None:
        """Why calls are denied at present, for readiness; None while the file works."""
        return self._fault

    def usage(self, keys: Iterable[CounterKey], now_ns: int) -> Usage:
        """The present content of these counters, what is on its way back not counted. See `yett.ports.Ledger`."""
        try:
            now = self._loop.time()
            if now >= self._stale_at:
                self._looked.refresh()
                self._stale_at = now + times.LOOK_LASTS_S
            found = self._looked.usage(keys)
        except apsw.Error as error:
            self._looked.forget()
            raise fault_of(self._path, error) from error
        return self._returning.taken_off(found)

    def consent(self, wanted: ApprovalRequest, now_ns: int) -> str | None:
        """An approval or exemption that fits this call. See `yett.ports.Ledger`."""
        with faults_of(self._path):
            return self._consents.fitting(wanted, now_ns)

    def waits(self, id: str, now_ns: int) -> bool:
        """Whether people have yet to decide. See `yett.ports.Ledger`."""
        with faults_of(self._path):
            return self._consents.waits(id, now_ns)

    async def admit(self, record: CallRecord) -> Admission:
        """Reserve and record in one atomic step. See `yett.ports.Ledger`."""
        self._check()
        if self._may_be_late(record):
            return self._queue_relaxed(record)
        waiter: asyncio.Future[Admission] = self._loop.create_future()
        self._queue(record, waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._never_sent(waiter.result())
            raise

    def submit(self, record: CallRecord, waiter: Waiter[Admission]) -> None:
        """The same without a task. See `yett.ports.Ledger`."""
        self._check()
        if self._may_be_late(record):
            self._loop.call_soon(self._tell, waiter, self._queue_relaxed(record))
        else:
            self._queue(record, waiter)

    def note(self, record: CallRecord | SecurityRecord) -> None:
        """Write a record with the next group. See `yett.ports.Ledger`. While the file fails, records wait for its recovery."""
        self._check(fault_matters=False)
        if isinstance(record, CallRecord):
            self._pending.calls.append(QueuedCall(record))
        else:
            self._pending.notes.append(record)
        self._flush_later()

    def settle(self, receipt: Receipt, outcome: Outcome) -> None:
        """Record an outcome with the next group; the first of a call stands. See `yett.ports.Ledger`. Never raises."""
        if self._closed:
            self.outcomes_lost += 1
        else:
            self._settle(receipt, outcome)

    def _settle(self, receipt: Receipt, outcome: Outcome) -> None:
        if self._pending.is_full(times.QUEUE_MAX):
            self.outcomes_lost += 1
            return
        self._pending.outcomes.append((receipt, outcome))
        if receipt.reservations and outcome.surely_did_not_run:
            self._pending.gives_back = True
            self._returning.begin(receipt)
        elif receipt.consent is not None:
            self._pending.gives_back = True
        (self._flush if self._pending.tasks else self._flush_later)()  # who hears of a task may ask for it at once, elsewhere

    def _keep_task(self, task: StoredTask) -> None:
        self._check(fault_matters=False)
        self._pending.tasks.append(task)
        self._flush_later()

    async def aclose(self) -> None:
        """Write everything that waits, then close. Does not raise; what could not be written is said in the program's log."""
        if self._closed:
            return
        if self._writer is not None:
            self._flush()
            self._closed = True
            await asyncio.to_thread(self._writer.stop)
            self._writer = None
        self._closed = True
        self._connection.set_busy_handler(waiting(times.CLOSING_PATIENCE_S))
        self._flush()
        self._flush()  # outcomes of calls whose callers went away while these were written
        self._reject_all(StoreFault("the ledger is closed"))
        if len(self._pending):
            _LOG.error("%d records could not be written to %s: %s", len(self._pending), self._path, self._fault)
        self._cancel_timer()
        self._over = True
        self._checkpointer.stop()
        if self._reader is not None:
            self._reader.close()
        self._connection.close()

    def _check(self, *, fault_matters: bool = True) -> None:
        if self._closed:
            raise StoreFault("the ledger is closed")
        if self._fault is not None and fault_matters:
            raise StoreFault(str(self._fault))
        if self._pending.is_full(times.QUEUE_MAX):
            raise StoreFault(f"too much waits for `{self._path}`: its disk or another process is too slow")

    def _may_be_late(self, record: CallRecord) -> bool:
        return self._relaxed and not (record.decision.charges or record.decision.shadow_charges or record.asking)

    def _queue(self, record: CallRecord, waiter: Waiter[Admission]) -> None:
        self._pending.calls.append(QueuedCall(record, True, waiter))
        if not self._soon:
            self._soon = True
            self._loop.call_soon(self._flush_or_look_again)

    def _queue_relaxed(self, record: CallRecord) -> Admission:
        self._tickets -= 1
        self._pending.calls.append(QueuedCall(record, ticket=self._tickets))
        self._flush_later()
        return Admission(record.decision, Receipt(self._tickets, ()) if record.decision.effect.forwards else None)

    def _never_sent(self, admission: Admission) -> None:
        """Settle a call whose caller went away before it was forwarded."""
        if admission.receipt is not None:
            self._settle(admission.receipt, Outcome(Result.NOT_SENT, self._clock.now_ns()))

    # When to write

    def _flush_or_look_again(self) -> None:
        """Write one call at once. Several seldom come alone: take along what one more look at the sockets brings."""
        if len(self._pending.calls) > 1:
            self._loop.call_soon(self._flush)
        else:
            self._flush()

    def _flush_later(self) -> None:
        if self._timer is None and not self._soon:
            self._start_timer(self._linger_s)

    def _start_timer(self, seconds: float) -> None:
        self._cancel_timer()
        self._timer = self._loop.call_later(seconds, self._flush_in_time)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _flush_in_time(self) -> None:
        self._timer = None
        self._flush()

    def _flush(self) -> None:
        """Have all that waits written in one transaction, unless one is on its way: its end comes here again."""
        if self._writer is not None:
            self._cancel_timer()  # else it may go on, and finds little or nothing: cheaper than a new one for each call
        self._soon = False
        if self._writing or self._over or not (len(self._pending) or self._fault):
            return
        if self._closed and self._writer is not None:
            return  # the thread is ending; what waits is written when it has
        group, self._pending = self._pending, Group()
        if self._fault is not None:
            # A trial after a fault writes at least this, for an empty transaction succeeds on a full disk.
            group.notes.append(Event(self._clock.now_ns(), "yett", "ledger_recovered", {"fault": str(self._fault)}))
        surely_past_ns = self._surely_past_ns()
        if self._writer is None:
            self._finish(group, self._committer.run(group, surely_past_ns))
        else:
            self._writing = True
            self._writer.submit(group, surely_past_ns)

    # What came of it

    def _finish(self, group: Group, written: Written) -> None:
        if self._over and self._fault is not None:  # the file was replaced while this was written: it counts for nobody
            self._returning.end(group.outcomes)
            group.reject(self._fault)
            return
        if isinstance(written, list):
            self._succeed(group, written)
            return
        group.notes = [note for note in group.notes if not isinstance(note, Event)]
        if isinstance(written, Unwritable):
            self._returning.end(group.outcomes)
            group.reject(written.fault)
            if self._fault is not None:
                self._start_timer(times.PROBE_S)
            return
        self._pending = group.before(self._pending)
        fault = self._locked_too_long() if isinstance(written, Busy) else written
        if fault is None:
            self._start_timer(times.RETRY_S)
        else:
            self._fail(fault)

    def _succeed(self, group: Group, admissions: list[Admission]) -> None:
        self._busy_since = None
        if self._fault is not None:
            _LOG.warning("calls are judged again: %s works", self._path)
            self._fault = None
        self._returning.end(group.outcomes)
        for call, admission in zip(group.calls, admissions, strict=True):
            if call.waiter is not None:
                self._tell(call.waiter, admission)

    def _tell(self, waiter: Waiter[Admission], admission: Admission) -> None:
        if waiter.done():
            self._never_sent(admission)
        else:
            waiter.set_result(admission)

    def _locked_too_long(self) -> StoreFault | None:
        """The fault of a file that another process holds, once it did so for too long."""
        now = self._loop.time()
        if self._busy_since is None:
            self._busy_since = now
        # The thread has waited for as long as we have patience, the loop only for an instant.
        patient = self._writer is None and now - self._busy_since < self._patience_s
        return None if patient and self._fault is None else locked(self._path, self._patience_s)

    def _fail(self, fault: StoreFault) -> None:
        """Deny all calls until a later trial succeeds; records and outcomes wait for it."""
        if self._fault is None:
            _LOG.error("calls are denied: %s", fault)
        self._fault = fault
        self._reject_all(fault)
        self._start_timer(times.PROBE_S)

    def _reject_all(self, fault: StoreFault) -> None:
        self._pending.reject(fault)
        self._pending.calls = [call for call in self._pending.calls if call.waiter is None]

    # From the threads

    def _from_thread(self, group: Group, written: Written) -> None:
        self._loop.call_soon_threadsafe(self._written, group, written)

    def _written(self, group: Group, written: Written) -> None:
        self._writing = False
        self._finish(group, written)
        # Whoever waits meanwhile must not wait for the timer of what nobody waits for.
        wanted = isinstance(written, list) and any(call.waiter is not None for call in self._pending.calls)
        if wanted or (self._timer is None and len(self._pending)):
            self._flush()

    def _from_checkpointer(self) -> None:
        with suppress(RuntimeError):  # the loop has ended: nobody is there to be told
            self._loop.call_soon_threadsafe(self._lose)

    def _lose(self) -> None:
        """The file at the path is another one now: writing on into the old one would count and record for nobody."""
        if not self._closed:
            self._over = True
            self._fail(replaced(self._path))
