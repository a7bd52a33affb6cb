"""Calls that people must approve, asked of a running control plane."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from yett.admin.approvals_views import (
    ApprovalLine,
    ApprovalPage,
    ApprovalState,
    ApprovalView,
    CallApproval,
    CallDenial,
    CallWithdrawal,
    DelegationView,
    ExemptionView,
    NewDelegation,
)
from yett.admin.listing import PAGE
from yett.admin.remote import Remote, step

APPROVALS: Final = "/approvals"
EXEMPTIONS: Final = "/exemptions"
DELEGATIONS: Final = "/delegations"


class RemoteApprovals(Remote):
    """The approvals' part of `yett.admin.control.Control`."""

    __slots__ = ()

    def approval_page(self, state: ApprovalState | None = None, after: str = "", limit: int = PAGE) -> ApprovalPage:
        return self.get(APPROVALS, ApprovalPage, state=state, after=after, limit=limit)

    def approvals(self, state: ApprovalState | None = None) -> list[ApprovalLine]:
        return [item for page in self.pages(APPROVALS, ApprovalPage, state=state) for item in page.items]

    def approval(self, id: str) -> ApprovalView:
        return self.get(_path(id), ApprovalView)

    def approve_call(self, id: str, said: CallApproval) -> ApprovalView:
        return self.send("POST", f"{_path(id)}/approve", ApprovalView, asdict(said))

    def deny_call(self, id: str, said: CallDenial) -> ApprovalView:
        return self.send("POST", f"{_path(id)}/deny", ApprovalView, asdict(said))

    def withdraw_call(self, id: str, said: CallWithdrawal) -> ApprovalView:
        return self.send("POST", f"{_path(id)}/withdraw", ApprovalView, asdict(said))

    def exemptions(self, policy: str | None = None) -> list[ExemptionView]:
        return self.get(EXEMPTIONS, list[ExemptionView], policy=policy)

    def end_exemption(self, id: str) -> ExemptionView:
        return self.send("DELETE", f"{EXEMPTIONS}/{step(id)}", ExemptionView)

    def delegations(self) -> list[DelegationView]:
        return self.get(DELEGATIONS, list[DelegationView])

    def delegate(self, new: NewDelegation) -> DelegationView:
        return self.send("POST", DELEGATIONS, DelegationView, asdict(new))

    def end_delegation(self, id: str) -> DelegationView:
        return self.send("DELETE", f"{DELEGATIONS}/{step(id)}", DelegationView)


def _path(id: str) -> str:
    return f"{APPROVALS}/{step(id)}"
