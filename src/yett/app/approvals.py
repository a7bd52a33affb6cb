"""The desk where people decide, for the control plane: implements `yett.admin.approvals_port.ApprovalsPort` on state.db."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

from yett.admin.approval_notices.channel import Said
from yett.admin.approvals_attempts import Attempts
from yett.admin.approvals_port import STEPS, ApprovalQuery, Attempt, Beside, LimitNow, Logged, LoggedStep, MakeVote
from yett.approvals.lifecycle import Refusal
from yett.approvals.model import Approval, Delegation, Exemption
from yett.approvals.notices import Kind, Notice, Saying
from yett.errors import StoreFault
from yett.quota.charge import Amount, read_amount
from yett.stores.approval_desk import ApprovalDesk
from yett.stores.approval_looks import (
    LoggedCall,
    Room,
    WantedPage,
    history,
    logged_call,
    one_of,
    open_of,
    page,
    rooms,
    steps_since,
)
from yett.stores.state_reader import StateReader
from yett.stores.state_rows import Event

T = TypeVar("T")
TELLABLE_MAX: Final = 1_000
TOLD_LATE_NS: Final = 3_600 * 1_000_000_000
"""How long after a request's time people are still told what became of it."""
HISTORY_MAX: Final = 10
"""Earlier calls that people are shown."""


class StateApprovals:
    """For any number of threads: each look is a connection of its own, and one thread at a time is at the desk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._desk: ApprovalDesk | None = None
        self._attempts = Attempts()

    def close(self) -> None:
        """Leave the desk."""
        with self._lock:
            self._leave()

    # --- looking --------------------------------------------------------------------------------------------------------

    def page(self, query: ApprovalQuery, now_ns: int) -> list[Approval]:
        wanted = WantedPage(
            organisation=query.organisation, state=query.state, servers=query.servers, after=query.after, limit=query.limit
        )
        return self._look(lambda reader: page(reader, wanted, now_ns), [])

    def get(self, id: str, now_ns: int, organisation: str | None = None) -> Approval | None:
        if organisation is None:
            return self._at_desk(lambda desk: desk.get(id, now_ns))
        return self._look(lambda reader: one_of(reader, organisation, id, now_ns), None)

    def open_of(self, organisation: str, now_ns: int) -> list[Approval]:
        return self._look(lambda reader: open_of(reader, organisation, now_ns), [])

    def beside(self, approval: Approval, now_ns: int) -> Beside:
        def look(reader: StateReader) -> Beside:
            call = None if approval.call is None else logged_call(reader, approval.call)
            return Beside(
                limits=[_limit(room) for room in rooms(reader, approval.request.charges, now_ns)],
                history=[_logged(one) for one in history(reader, approval.request, HISTORY_MAX)],
                call=None if call is None else _logged(call),
            )

        return self._look(look, Beside())

    # --- deciding -------------------------------------------------------------------------------------------------------

    def vote(self, id: str, make: MakeVote, now_ns: int) -> Approval | Refusal | None:
        return self._at_desk(lambda desk: desk.vote(id, make, now_ns))

    def withdraw(self, id: str, why: str, actor: str, now_ns: int) -> Approval | Refusal | None:
        return self._at_desk(lambda desk: desk.withdraw(id, why, actor, now_ns))

    def exemptions(self, organisation: str, now_ns: int, policy: str | None = None) -> list[Exemption]:
        if not self.path.exists():
            return []
        return self._at_desk(lambda desk: desk.exemptions(now_ns=now_ns, organisation=organisation, policy=policy))

    def end_exemption(self, id: str, actor: str, actor_name: str, now_ns: int) -> Exemption | None:
        return self._at_desk(lambda desk: desk.end_exemption(id, actor, actor_name, now_ns))

    def delegations(self, organisation: str, now_ns: int) -> list[Delegation]:
        if not self.path.exists():
            return []
        return self._at_desk(lambda desk: desk.delegations(organisation, now_ns))

    def delegate(self, delegation: Delegation, actor: str, now_ns: int) -> None:
        self._at_desk(lambda desk: desk.delegate(delegation, actor, now_ns))

    def steps_since(self, at_ns: int) -> list[LoggedStep]:
        def look(reader: StateReader) -> list[LoggedStep]:
            return [LoggedStep(*step) for step in steps_since(reader, at_ns, STEPS)]

        return self._look(look, [])

    def refused(self, attempt: Attempt) -> None:
        detail = self._attempts.detail_of(attempt)
        if detail is not None:
            event = Event(attempt.at_ns, attempt.actor, "approval_refused", detail)
            self._at_desk(lambda desk: desk.note(event))

    # --- telling people (`yett.admin.approval_notices.channel.NoticeBook`) -------------------------------------------------

    def changed(self) -> int | None:
        """Another number as soon as anybody has written; None where nothing was ever judged."""
        return self._at_desk(lambda desk: desk.version()) if self.path.exists() else None

    def tellable(self, now_ns: int) -> list[Approval]:
        return self._at_desk(lambda desk: desk.tellable(now_ns, now_ns - TOLD_LATE_NS, TELLABLE_MAX))

    def said(self, ids: Sequence[str]) -> list[Said]:
        rows = self._at_desk(lambda desk: desk.noticed(ids))
        return [(id, channel, Kind(kind), Saying(at_ns, tries, done)) for id, channel, kind, at_ns, tries, done in rows]

    def say(self, notice: Notice, channel: str, saying: Saying) -> None:
        def work(desk: ApprovalDesk) -> None:
            for one in notice.approvals:
                desk.notice(one.id, channel, notice.kind.value, tries=saying.tries, done=saying.done, now_ns=saying.at_ns)

        self._at_desk(work)

    def pass_time(self, now_ns: int) -> None:
        self._at_desk(lambda desk: desk.pass_time(now_ns))

    def _look(self, look: Callable[[StateReader], T], nothing: T) -> T:
        """What `look` finds; nothing where no call was ever judged on this machine."""
        if not self.path.exists():
            return nothing
        with StateReader(self.path) as reader:
            return look(reader)

    def _at_desk(self, work: Callable[[ApprovalDesk], T]) -> T:
        with self._lock:
            try:
                self._desk = self._desk or ApprovalDesk(self.path)
                return work(self._desk)
            except StoreFault:
                self._leave()  # the next one sits down anew: the file may have been put back from a backup
                raise

    def _leave(self) -> None:
        desk, self._desk = self._desk, None
        if desk is not None:
            desk.close()


def _logged(one: LoggedCall) -> Logged:
    return Logged(one.seq, one.at_ns, one.decision, one.code, one.rule, one.message, one.result)


def _limit(room: Room) -> LimitNow:
    return LimitNow(
        rule=room.charge.rule,
        amount=_plain(read_amount(room.charge.amount)),
        maximum=_plain(read_amount(room.charge.maximum)),
        counter=room.key.name,
        window=f"sliding {room.key.window.name}" if room.key.window.sliding else room.key.window.name,
        used=_plain(room.used),
        remaining=_plain(room.remaining),
        fits=room.fits,
    )


def _plain(amount: Amount) -> str:
    """Digits, without an exponent."""
    return f"{amount:f}" if not isinstance(amount, int) else str(amount)
