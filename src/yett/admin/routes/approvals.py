"""Routes to calls that people must approve, to exemptions, and to delegations."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Query

from yett.admin.approvals_views import (
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
from yett.admin.listing import PAGE, PAGE_MAX, SEARCH_MAX
from yett.admin.routes.asked import Asked, router

ROUTER: Final = router("approvals")


@ROUTER.get("/approvals")
def list_approvals(
    service: Asked,
    state: Annotated[ApprovalState | None, Query(description="Only those that stand so.")] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = PAGE,
    after: Annotated[str, Query(max_length=128, description="`next` of the page before.")] = "",
) -> ApprovalPage:
    """Calls that wait for people, and those that did, newest first."""
    return service.approval_page(state, after, limit)


@ROUTER.get("/approvals/{approval}")
def show_approval(service: Asked, approval: str) -> ApprovalView:
    """One of them, with everything that people should know before they decide."""
    return service.approval(approval)


@ROUTER.post("/approvals/{approval}/approve")
def approve_call(service: Asked, approval: str, said: CallApproval) -> ApprovalView:
    """Say yes. The same call then passes once."""
    return service.approve_call(approval, said)


@ROUTER.post("/approvals/{approval}/deny")
def deny_call(service: Asked, approval: str, said: CallDenial) -> ApprovalView:
    """Say no, also to what was approved and has not run."""
    return service.deny_call(approval, said)


@ROUTER.post("/approvals/{approval}/withdraw")
def withdraw_call(service: Asked, approval: str, said: CallWithdrawal) -> ApprovalView:
    """End a request whose answer nobody needs."""
    return service.withdraw_call(approval, said)


@ROUTER.get("/exemptions")
def list_exemptions(
    service: Asked, policy: Annotated[str | None, Query(max_length=SEARCH_MAX, description="Only those of this policy.")] = None
) -> list[ExemptionView]:
    """Calls that need not be asked for until a time."""
    return service.exemptions(policy)


@ROUTER.delete("/exemptions/{exemption}")
def end_exemption(service: Asked, exemption: str) -> ExemptionView:
    """Have people be asked again."""
    return service.end_exemption(exemption)


@ROUTER.get("/delegations")
def list_delegations(service: Asked) -> list[DelegationView]:
    """Who decides in whose place."""
    return service.delegations()


@ROUTER.post("/delegations", status_code=201)
def delegate(service: Asked, new: NewDelegation) -> DelegationView:
    """Have another member decide in one's place for a while."""
    return service.delegate(new)


@ROUTER.delete("/delegations/{delegation}")
def end_delegation(service: Asked, delegation: str) -> DelegationView:
    """End it before its time."""
    return service.end_delegation(delegation)
