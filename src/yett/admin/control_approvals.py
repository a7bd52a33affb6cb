"""The use cases about calls that people must approve as a Protocol."""

from __future__ import annotations

from typing import Protocol

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


class ApprovalControl(Protocol):
    """Requests, and who decides; what was spared for a while, and who stands in for whom."""

    def approval_page(self, state: ApprovalState | None = None, after: str = "", limit: int = PAGE) -> ApprovalPage: ...

    def approvals(self, state: ApprovalState | None = None) -> list[ApprovalLine]: ...

    def approval(self, id: str) -> ApprovalView: ...

    def approve_call(self, id: str, said: CallApproval) -> ApprovalView: ...

    def deny_call(self, id: str, said: CallDenial) -> ApprovalView: ...

    def withdraw_call(self, id: str, said: CallWithdrawal) -> ApprovalView: ...

    def exemptions(self, policy: str | None = None) -> list[ExemptionView]: ...

    def end_exemption(self, id: str) -> ExemptionView: ...

    def delegations(self) -> list[DelegationView]: ...

    def delegate(self, new: NewDelegation) -> DelegationView: ...

    def end_delegation(self, id: str) -> DelegationView: ...
