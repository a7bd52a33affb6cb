"""Approvals inside the ledger's transaction: asked for, spent and settled together with the record of the call."""

from __future__ import annotations

from typing import Final

import apsw
from msgspec.structs import replace

from yett.approvals import lifecycle
from yett.approvals.lifecycle import Refusal, exemption_of
from yett.approvals.model import APPROVAL_PREFIX, Approval, ApprovalRequest, Exemption, State, Ticket
from yett.audit.clip import clean
from yett.audit.record import CallRecord, Outcome, Result
from yett.policy.decision import Code, Decision, Effect
from yett.policy.outcome import people_said_no, too_many_requests
from yett.stores.approval_rows import ApprovalRows, new_id
from yett.stores.state_rows import Event

NOTE_MAX: Final = 500
"""Characters of a note."""
PENDING_MAX: Final = 20
"""Requests of one grant that may wait for people."""
OVERDUE_AT_ONCE: Final = 100
KEPT_NS: Final = 30 * 86_400 * 1_000_000_000
"""How long a request is kept after its end, with the arguments in it."""
UNSURE: Final = frozenset({Result.TIMED_OUT, Result.LOST, Result.CLIENT_GONE, Result.MALFORMED})
"""Outcomes by which nobody can tell whether the call ran."""


class Consents:
    """The ledger's side of approvals. `events` are what happened since they were last taken; they belong into the log."""

    def __init__(self, connection: apsw.Connection, pending_max: int = PENDING_MAX) -> None:
        self.rows = ApprovalRows(connection)
        self.events: list[Event] = []
        self._pending_max = pending_max

    def fitting(self, wanted: ApprovalRequest, now_ns: int) -> str | None:
        """Id of an approval or exemption that fits this call; see `yett.ports.Ledger.consent`. What is used up comes first."""
        found = self.rows.open_for(wanted, now_ns)
        if found is not None and found.state is State.APPROVED:
            return found.id
        exemption = self.rows.exemption_for(wanted, now_ns)
        if exemption is None or self.rows.denied_for(wanted, now_ns) is not None:  # who said no meant this very call
            return None
        return exemption.id

    def waits(self, id: str, now_ns: int) -> bool:
        """Whether people have yet to decide on a request; see `yett.ports.Ledger.waits`."""
        found = self.rows.get(id)
        return found is not None and lifecycle.current(found, now_ns).state is State.PENDING

    def refuse_unfit(self, record: CallRecord, seq: int) -> Decision | None:
        """The denial of a call whose consent does not hold after all; None where it holds."""
        if record.consent is None or record.asking is None:
            return None
        if self._holds(record.consent, record.asking, seq, record.at_ns) is not None:
            return None
        return record.otherwise or Decision(Effect.DENY, Code.APPROVAL_REQUIRED, record.asking.asks[0].rule)

    def _holds(self, id: str, wanted: ApprovalRequest, seq: int, now_ns: int) -> str | None:
        if not id.startswith(APPROVAL_PREFIX):
            exemption = self.rows.exemption(id)
            spared = exemption is not None and lifecycle.spares(exemption, wanted, now_ns)
            return id if spared and self.rows.denied_for(wanted, now_ns) is None else None
        approval = self.rows.get(id)
        held = approval is not None and not isinstance(lifecycle.spent(approval, wanted, seq, now_ns), Refusal)
        return id if held else None

    def spend(self, record: CallRecord, seq: int) -> None:
        """Use the consent of a call that goes on. `refuse_unfit` must have let it through in the same transaction."""
        assert record.consent is not None and record.asking is not None, "a call with consent"
        if not record.consent.startswith(APPROVAL_PREFIX):
            return
        approval = self.rows.get(record.consent)
        assert approval is not None, "it was looked at in this transaction"
        after = lifecycle.spent(approval, record.asking, seq, record.at_ns)
        assert isinstance(after, Approval), "it was looked at in this transaction"
        self._write(after, record.at_ns, f"grant:{record.grant_id}", "approval_spent", call=seq)

    def turned_down(self, record: CallRecord, decision: Decision) -> None:
        """A call that people approved came, and is denied for another reason: they see why."""
        code = None if decision.code is None else decision.code.value
        for approval in self.rows.approved_like(record.grant_id, record.server_id, clean(record.target), record.arguments_digest):
            self._turn_down(approval, f"denied when it came: {decision.message or code}", record.at_ns, code)

    def _turn_down(self, approval: Approval, why: str, now_ns: int, code: str | None = None) -> None:
        after = lifecycle.turned_down(approval, why[:NOTE_MAX])
        if after != approval:  # a client that tries again and again is told of once
            self._write(after, now_ns, "yett", "approval_refused_at_dispatch", code=code, why=after.note)

    def ask(self, wanted: ApprovalRequest, decision: Decision, now_ns: int) -> Ticket | Decision:
        """The request for this call: the one that is open already, or a new one; the denial where people are not asked (again).

        `decision` is the one that asks.
        """
        found = self.rows.open_for(wanted, now_ns)
        if found is not None:
            again = lifecycle.asked_again(found, now_ns)
            assert isinstance(again, Approval), "only open ones are found"
            self.rows.put(again)
            return Ticket(again.id, again.expires_ns, new=False)
        denied = self.rows.denied_for(wanted, now_ns)
        if denied is not None:
            return people_said_no(decision, denied.votes[-1].reason)
        if self.rows.pending_of(wanted.grant_id, now_ns) >= self._pending_max:
            return too_many_requests(decision)
        for approval in self.rows.approved_like(wanted.grant_id, wanted.server_id, wanted.target, wanted.arguments_digest):
            self._turn_down(approval, _why_anew(approval.request, wanted), now_ns, Code.APPROVAL_REQUIRED.value)
        made = lifecycle.made(new_id(), wanted, now_ns)
        self._write(made, now_ns, f"grant:{wanted.grant_id}", "approval_requested", rules=sorted(wanted.rules))
        return Ticket(made.id, made.expires_ns)

    def settle(self, id: str, call: int, outcome: Outcome) -> None:
        """What became of the call that an approval let through. Only the first report of that call changes anything."""
        approval = self.rows.get(id) if id.startswith(APPROVAL_PREFIX) else None
        if approval is None or approval.call != call:
            return
        result, now_ns = outcome.result, outcome.at_ns
        if result is Result.NOT_SENT:
            after, action = lifecycle.given_back(approval), "approval_given_back"
        elif result in UNSURE:
            after, action = lifecycle.lost(approval, result.value, now_ns), "approval_outcome_unknown"
        else:
            after, action = lifecycle.finished(approval, result.value, now_ns), "approval_done"
        if isinstance(after, Approval):
            self._write(after, now_ns, "yett", action, result=result.value, call=call)

    def pass_time(self, now_ns: int) -> None:
        """End what time has ended, and forget what ended long ago."""
        for _, after in self.rows.overdue(now_ns, OVERDUE_AT_ONCE):
            action = "approval_expired" if after.state is State.EXPIRED else "approval_outcome_unknown"
            self._write(after, now_ns, "yett", action)
        self.rows.forget_before(now_ns - KEPT_NS, OVERDUE_AT_ONCE)

    def decided(self, after: Approval, now_ns: int, exemption_id: str) -> None:
        """Write a request on which somebody has just voted, with the exemption that it may have come to."""
        vote = after.votes[-1]
        action = "approval_denied" if not vote.approve else "approval_voted" if after.state is State.PENDING else "approval_given"
        said: dict[str, object] = {
            "approver": vote.name,
            "via": vote.via,
            "on_behalf": vote.on_behalf_name,
            "reason": vote.reason,
        }
        said |= {"exempt_s": vote.exempt_s, "free": list(vote.free) or None}
        self._write(after, now_ns, vote.voter, action, **{key: value for key, value in said.items() if value is not None})
        if not vote.approve:
            self._end_exemptions(after, now_ns, vote.voter, vote.name)
        exemption = exemption_of(after, exemption_id, now_ns) if vote.approve else None
        if exemption is not None:
            self.rows.put_exemption(exemption)
            detail = {"exemption": exemption.id, "approval": after.id, "until_ns": exemption.until_ns, "free": exemption.free}
            more = {"organisation": exemption.organisation, "given_by": exemption.given_by}
            self.events.append(Event(now_ns, vote.voter, "exemption_given", {**detail, **more}))

    def withdraw(self, after: Approval, now_ns: int, actor: str) -> None:
        """Write a request that was withdrawn."""
        self._write(after, now_ns, actor, "approval_withdrawn", why=after.note)
        self._end_exemptions(after, now_ns, actor, actor)

    def end_exemption(self, exemption: Exemption, now_ns: int, actor: str, name: str, because: str | None = None) -> Exemption:
        """Write that people are asked again; `because` of another step, or as an act of its own."""
        ended = replace(exemption, ended_ns=now_ns, ended_by=name)
        self.rows.put_exemption(ended)
        about = {"exemption": exemption.id, "approval": exemption.approval, "organisation": exemption.organisation}
        where = {"grant": exemption.grant_id, "server": exemption.server_name, "target": exemption.target, "by": name}
        why = {} if because is None else {"because": because}
        self.events.append(Event(now_ns, actor, "exemption_ended", {**about, **where, **why}))
        return ended

    def _end_exemptions(self, of: Approval, now_ns: int, actor: str, name: str) -> None:
        """A yes that is taken back spares nothing any more."""
        for exemption in self.rows.exemptions_from(of):
            self.end_exemption(exemption, now_ns, actor, name, because=f"approval_{of.state.value}")

    def _write(self, approval: Approval, now_ns: int, actor: str, action: str, **more: object) -> None:
        self.rows.put(approval)
        request = approval.request
        about = {"approval": approval.id, "organisation": request.organisation, "grant": request.grant_id}
        about |= {"server": request.server_name, "target": request.target}
        self.events.append(Event(now_ns, actor, action, {**about, **more}))


def _why_anew(given: ApprovalRequest, wanted: ApprovalRequest) -> str:
    """Why an approval of a call that looks the same does not fit it."""
    if given.owner != wanted.owner:
        return "the grant belongs to somebody else than when it was approved: people are asked anew"
    if given.definition != wanted.definition:
        return "the tool's definition was changed since it was approved: people are asked anew"
    if given.policy != wanted.policy or given.policy_revision != wanted.policy_revision:
        return "the policy was changed since it was approved: people are asked anew"
    return "other rules ask for it than those for which it was approved: people are asked anew"
