"""From requests to views. Pure. Text of callers and servers becomes inert here."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any, Final, TypedDict

from yett.admin.approvals_port import Beside, LimitNow, Logged
from yett.admin.approvals_views import (
    ApprovalLine,
    ApprovalView,
    AskView,
    DelegationView,
    ExemptionView,
    LimitView,
    PastCall,
    VoteView,
)
from yett.admin.approvals_who import Person
from yett.admin.checks import show_moment
from yett.admin.showing import moment
from yett.approvals.model import Approval, ApprovalRequest, Asked, Delegation, Exemption, State, Vote
from yett.approvals.shown import explained, inert, inert_json

_NEXT: Final = {
    State.APPROVED: "The same call passes once, if it is made until the end of the request.",
    State.RUNNING: "The call was let through, and what came of it is not known yet.",
    State.DONE: "The call ran. The same call, made once more, asks anew.",
    State.UNKNOWN: "The call was let through, and nobody can tell whether it ran. It is not tried again by itself.",
    State.DENIED: "The call does not run. Made once more, it is denied with the same reason until its time is over.",
    State.EXPIRED: "Its time is over. The same call, made once more, asks anew.",
    State.WITHDRAWN: "Nobody needs the answer any more. The same call, made once more, asks anew.",
}


class _Told(TypedDict):
    definition: str | None
    arguments: str
    marks: list[str]
    names: list[str]
    arguments_digest: str


def approval_line(approval: Approval, person: Person, now_ns: int) -> ApprovalLine:
    """A request as one line."""
    request = approval.request
    return ApprovalLine(
        id=approval.id,
        state=approval.state.value,
        server=request.server_name,
        surface=request.surface,
        tool=inert(request.target),
        risk=request.risk,
        grant=request.grant_id,
        grant_label=inert(request.grant_label),
        owner=None if request.owner is None else inert(request.owner),
        mine=person.asks(approval),
        decidable=person.why_not(approval, now_ns) is None,
        missing=_missing(approval),
        created_at=show_moment(approval.created_ns),
        expires_at=show_moment(approval.expires_ns),
        ended_at=moment(approval.ended_ns),
        times_asked=approval.times_asked,
    )


def approval_view(
    approval: Approval, person: Person, beside: Beside, exemptions: list[Exemption], page: str, now_ns: int
) -> ApprovalView:
    """A request with everything."""
    request, line = approval.request, approval_line(approval, person, now_ns)
    on_the_line: dict[str, Any] = {one.name: getattr(line, one.name) for one in fields(line) if one.name != "missing"}
    return ApprovalView(
        **on_the_line,
        page=page,
        next=_next(approval),
        server_id=request.server_id,
        why_not=person.why_not(approval, now_ns),
        policy=request.policy,
        policy_revision=request.policy_revision,
        asks=[_ask(ask, approval) for ask in request.asks],
        **_told(request),
        votes=[_vote(vote) for vote in approval.votes],
        limits=[_limit(one) for one in beside.limits],
        history=[_past(one) for one in beside.history],
        note=None if approval.note is None else inert(approval.note),
        call=None if beside.call is None else _past(beside.call),
        exemptions=[exemption_view(one) for one in exemptions],
    )


def _told(request: ApprovalRequest) -> _Told:
    """What the call says, and to which tool."""
    return {
        "definition": request.definition,
        "arguments": inert_json(request.arguments),
        "marks": explained(json.dumps([request.target, request.grant_label], ensure_ascii=False) + request.arguments),
        "names": sorted(inert(name) for name in request.members),
        "arguments_digest": request.arguments_digest,
    }


def exemption_view(exemption: Exemption) -> ExemptionView:
    """An exemption for people."""
    return ExemptionView(
        id=exemption.id,
        approval=exemption.approval,
        grant=exemption.grant_id,
        grant_label=inert(exemption.grant_label),
        server=exemption.server_name,
        surface=exemption.surface,
        tool=inert(exemption.target),
        policy=exemption.policy,
        rules=list(exemption.rules),
        bound=sorted(inert(name) for name in exemption.members),
        free=[inert(name) for name in exemption.free],
        since=show_moment(exemption.from_ns),
        until=show_moment(exemption.until_ns),
        given_by=list(exemption.given_by),
        ended_at=moment(exemption.ended_ns),
        ended_by=exemption.ended_by,
    )


def delegation_view(delegation: Delegation) -> DelegationView:
    """A delegation for people."""
    return DelegationView(
        id=delegation.id,
        by=delegation.by_name,
        to=delegation.to_name,
        since=show_moment(delegation.from_ns),
        until=show_moment(delegation.until_ns),
    )


def _next(approval: Approval) -> str:
    if approval.state is not State.PENDING:
        return _NEXT[approval.state]
    missing = _missing(approval)
    return f"{missing} more {'person' if missing == 1 else 'people'} must say yes. Until then the call is not run."


def _missing(approval: Approval) -> int:
    """One vote may count for several rules."""
    return max(approval.missing.values(), default=0) if approval.state is State.PENDING else 0


def _ask(ask: Asked, approval: Approval) -> AskView:
    said = [vote for vote in approval.votes if vote.approve and ask.rule in vote.rules]
    return AskView(
        rule=ask.rule,
        message=None if ask.message is None else inert(ask.message),
        quorum=ask.quorum,
        approvers=list(ask.approvers),
        approved_by=[vote.name if vote.on_behalf_name is None else f"{vote.name} for {vote.on_behalf_name}" for vote in said],
        missing=approval.missing.get(ask.rule, 0),
    )


def _vote(vote: Vote) -> VoteView:
    return VoteView(
        name=vote.name,
        approve=vote.approve,
        at=show_moment(vote.at_ns),
        via=vote.via,
        on_behalf=vote.on_behalf_name,
        reason=None if vote.reason is None else inert(vote.reason),
        rules=list(vote.rules),
        exempt_for_s=vote.exempt_s,
        free=[inert(name) for name in vote.free],
    )


def _limit(limit: LimitNow) -> LimitView:
    return LimitView(
        rule=limit.rule,
        counter=limit.counter,
        window=limit.window,
        amount=limit.amount,
        used=limit.used,
        maximum=limit.maximum,
        remaining=limit.remaining,
        fits=limit.fits,
    )


def _past(call: Logged) -> PastCall:
    return PastCall(
        seq=call.seq,
        at=show_moment(call.at_ns),
        decision=call.decision,
        code=call.code,
        rule=call.rule,
        message=None if call.message is None else inert(call.message),
        result=call.result,
    )
