"""Use cases about calls that people must approve: looking, saying yes or no, and ending what nobody needs."""

from __future__ import annotations

from typing import Final, Literal, NoReturn, TypeAlias

from yett.admin.approvals_base import ApprovalBase, checked_reason
from yett.admin.approvals_port import ApprovalQuery
from yett.admin.approvals_showing import approval_line, approval_view
from yett.admin.approvals_views import (
    ApprovalLine,
    ApprovalPage,
    ApprovalState,
    ApprovalView,
    CallApproval,
    CallDenial,
    CallWithdrawal,
)
from yett.admin.approvals_who import OPERATOR, Person, Said, unknown
from yett.admin.checks import NS, duration_ns
from yett.admin.errors import AdminFault, Conflict, Forbidden, Invalid
from yett.admin.listing import PAGE, PAGE_MAX, place_of, read_grant_place
from yett.admin.permissions import Permission
from yett.approvals.model import Approval, State
from yett.approvals.shown import inert

EXEMPT_NS_MAX: Final = 7 * 86_400 * NS
"""For how long a call may be spared at most."""
Via: TypeAlias = Literal["cli", "api", "page", "slack"]


class ApprovalCases(ApprovalBase):
    """The requests' part of `yett.admin.control.Control`. Errors of all that name one: `NotFound`, also for another's."""

    __slots__ = ()

    # --- looking --------------------------------------------------------------------------------------------------------

    def approval_page(self, state: ApprovalState | None = None, after: str = "", limit: int = PAGE) -> ApprovalPage:
        """Requests within reach, the newest first: all, or those that stand so."""
        self.require(Permission.VIEW)
        if not 1 <= limit <= PAGE_MAX:
            raise Invalid(f"`limit` must be from 1 to {PAGE_MAX}", pointer="/limit")
        query = ApprovalQuery(
            organisation=self.principal.organisation,
            state=None if state is None else State(state),
            servers=self.principal.servers,
            after=read_grant_place(after),
            limit=limit + 1,
        )
        now_ns, person = self.now_ns(), self.approving_person()
        found = self.approvals_port.page(query, now_ns)
        shown = found[:limit]
        following = place_of(shown[-1].created_ns, shown[-1].id) if len(found) > limit else None
        return ApprovalPage(items=[approval_line(one, person, now_ns) for one in shown], next=following)

    def approvals(self, state: ApprovalState | None = None) -> list[ApprovalLine]:
        """All of them."""
        page = self.approval_page(state, limit=PAGE_MAX)
        found = [*page.items]
        while page.next is not None:
            page = self.approval_page(state, page.next, PAGE_MAX)
            found += page.items
        return found

    def approval(self, id: str) -> ApprovalView:
        """One, with everything that is known of it."""
        self.require(Permission.VIEW)
        person = self.approving_person()
        return self._show_call(self._find_call(id, person, "show"), person)

    # --- deciding -------------------------------------------------------------------------------------------------------

    def approve_call(self, id: str, said: CallApproval, via: Via | None = None) -> ApprovalView:
        """Say yes. The call passes once, as soon as all have who must.

        Errors: `Forbidden` for who may not, `Conflict` where it is decided already or one has said yes.
        """
        self.require(Permission.DECIDE_APPROVALS)
        exempt_s = None if said.exempt_for is None else duration_ns("exempt_for", said.exempt_for, EXEMPT_NS_MAX) // NS
        if said.free and exempt_s is None:
            raise Invalid("arguments are freed for an exemption only: say `exempt_for`, too", pointer="/free")
        reason = checked_reason(said.reason)
        return self._decide_call(
            id,
            Said(
                approve=True,
                at_ns=self.now_ns(),
                via=via or self._approving_via(),
                reason=reason,
                exempt_s=exempt_s,
                free=said.free,
            ),
        )

    def deny_call(self, id: str, said: CallDenial, via: Via | None = None) -> ApprovalView:
        """Say no, also to what was approved and has not run. Errors: as `approve_call`; `Invalid` without a reason."""
        self.require(Permission.DECIDE_APPROVALS)
        reason = checked_reason(said.reason)
        if not reason:
            raise Invalid("a denial needs a reason", pointer="/reason")
        return self._decide_call(id, Said(approve=False, at_ns=self.now_ns(), via=via or self._approving_via(), reason=reason))

    def withdraw_call(self, id: str, said: CallWithdrawal) -> ApprovalView:
        """End a request whose answer nobody needs. For the owner of the grant, and for who manages grants."""
        self.require(Permission.DECIDE_APPROVALS)
        reason, person, now_ns = checked_reason(said.reason), self.approving_person(), self.now_ns()
        found = self._find_call(id, person, "withdraw")
        if not person.asks(found) and not self.principal.may(Permission.MANAGE_GRANTS):
            self._refuse_call("withdraw", id, Forbidden("only who asks may withdraw a request, or who manages grants"))
        why = f"withdrawn by {self.principal.name}{': ' if reason else ''}{reason}"
        after = self.approvals_port.withdraw(id, why, self.approving_actor()[0], now_ns)
        if not isinstance(after, Approval):
            self._refuse_call("withdraw", id, unknown(id) if after is None else Conflict(after.reason))
        self.note_approval("approval.withdrawn", _subject(after), now_ns, grant=after.request.grant_id, reason=reason)
        return self._show_call(after, person)

    def _decide_call(self, id: str, said: Said) -> ApprovalView:
        act, person = "approve" if said.approve else "deny", self.approving_person()
        self._find_call(id, person, act)
        try:
            after = self.approvals_port.vote(id, lambda standing: person.vote(standing, said, id), said.at_ns)
        except AdminFault as fault:
            self._refuse_call(act, id, fault)
        if not isinstance(after, Approval):
            self._refuse_call(act, id, unknown(id) if after is None else Conflict(after.reason))
        vote = after.votes[-1]
        action = "approval.denied" if not vote.approve else "approval.voted" if after.state is State.PENDING else "approval.given"
        self.note_approval(
            action,
            _subject(after),
            said.at_ns,
            grant=after.request.grant_id,
            via=vote.via,
            on_behalf=vote.on_behalf_name or "",
            reason=vote.reason or "",
            exempt_for=f"{vote.exempt_s} s" if vote.exempt_s else "",
            free=", ".join(inert(name) for name in vote.free),
        )
        return self._show_call(after, person)

    # --- finding and showing --------------------------------------------------------------------------------------------

    def _find_call(self, id: str, person: Person, act: str) -> Approval:
        """Another organisation's is looked up and refused like one that is not there."""
        found = self.approvals_port.get(id, self.now_ns(), self.principal.organisation)
        if found is None or not person.sees(found):
            self._refuse_call(act, id, unknown(id))
        return found

    def _refuse_call(self, act: str, id: str, fault: AdminFault) -> NoReturn:
        self.note_refused_approval(act, id, str(fault))
        raise fault

    def _show_call(self, approval: Approval, person: Person) -> ApprovalView:
        now_ns = self.now_ns()
        held = self.approvals_port.exemptions(self.principal.organisation, now_ns, approval.request.policy)
        came_of_it = [one for one in held if one.approval == approval.id]
        page = self.desk.environment.page(f"/approvals/{approval.id}")
        return approval_view(approval, person, self.approvals_port.beside(approval, now_ns), came_of_it, page, now_ns)

    def _approving_via(self) -> Via:
        return "cli" if self.principal.kind == OPERATOR else "api"


def _subject(approval: Approval) -> tuple[str, str]:
    return approval.id, f"{approval.request.server_name} {inert(approval.request.target)}"
