"""The life of a request, as a table. Whatever store keeps requests steps them by this and by nothing else.

Each function takes the request as it stands and gives it as it stands afterwards, or a `Refusal` that says why not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from msgspec.structs import replace

from yett.approvals.model import Approval, ApprovalRequest, Exemption, State, Vote

RUN_WINDOW_NS: Final = 5 * 60 * 1_000_000_000
"""How long an approved call may run at least, however late in its time people said yes."""
RUNNING_MAX_NS: Final = 5 * 60 * 1_000_000_000
"""After this the outcome of a call that nobody reported is unknown; a report that comes later still tells."""


class Step(Enum):
    """What can happen to a request."""

    VOTE = "vote"
    """One of several people said yes."""
    APPROVE = "approve"
    """The last person needed said yes."""
    DENY = "deny"
    EXPIRE = "expire"
    WITHDRAW = "withdraw"
    SPEND = "spend"
    """The call is let through."""
    GIVE_BACK = "give_back"
    """It surely was not sent."""
    FINISH = "finish"
    LOSE = "lose"
    """Nobody can tell whether it ran."""


TABLE: Final[Mapping[tuple[State, Step], State]] = MappingProxyType(
    {
        (State.PENDING, Step.VOTE): State.PENDING,
        (State.PENDING, Step.APPROVE): State.APPROVED,
        (State.PENDING, Step.DENY): State.DENIED,
        (State.PENDING, Step.EXPIRE): State.EXPIRED,
        (State.PENDING, Step.WITHDRAW): State.WITHDRAWN,
        (State.APPROVED, Step.DENY): State.DENIED,
        (State.APPROVED, Step.EXPIRE): State.EXPIRED,
        (State.APPROVED, Step.WITHDRAW): State.WITHDRAWN,
        (State.APPROVED, Step.SPEND): State.RUNNING,
        (State.RUNNING, Step.GIVE_BACK): State.APPROVED,
        (State.RUNNING, Step.FINISH): State.DONE,
        (State.RUNNING, Step.LOSE): State.UNKNOWN,
        (State.UNKNOWN, Step.FINISH): State.DONE,
    }
)
"""Every step that there is. What is not here does not happen."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a step is not taken."""

    reason: str


def made(id: str, request: ApprovalRequest, now_ns: int) -> Approval:
    """A new request."""
    expires_ns = now_ns + request.timeout_s * 1_000_000_000
    return Approval(id=id, request=request, state=State.PENDING, created_ns=now_ns, expires_ns=expires_ns)


def current(approval: Approval, now_ns: int) -> Approval:
    """The request as it stands now: time alone ends some states."""
    if approval.state.open and approval.expires_ns <= now_ns:
        return _to(approval, Step.EXPIRE, ended_ns=approval.expires_ns)
    if approval.state is State.RUNNING and approval.spent_ns is not None and approval.spent_ns + RUNNING_MAX_NS <= now_ns:
        return _to(approval, Step.LOSE, ended_ns=now_ns, note="nothing was heard of the call after it was let through")
    return approval


def asked_again(approval: Approval, now_ns: int) -> Approval | Refusal:
    """The same call came once more while the request is open."""
    approval = current(approval, now_ns)
    if not approval.state.open:
        return _no(approval)
    return replace(approval, times_asked=approval.times_asked + 1)


def voted(approval: Approval, vote: Vote, now_ns: int) -> Approval | Refusal:
    """A person said yes or no. Whether this person may is decided before (`yett.approvals.who`)."""
    approval = current(approval, now_ns)
    if not vote.approve:
        if not (vote.reason or "").strip():
            return Refusal("a denial needs a reason")
        return _step(approval, Step.DENY, votes=(*approval.votes, vote), ended_ns=now_ns)
    if approval.state is not State.PENDING:
        return _no(approval)
    if any({other.voter, other.stands_for} & {vote.voter, vote.stands_for} for other in approval.votes):
        return Refusal("this person has said yes already; another one is needed")
    counted = replace(approval, votes=(*approval.votes, vote))
    if counted.missing:
        return _step(counted, Step.VOTE)
    return _step(counted, Step.APPROVE, expires_ns=max(approval.expires_ns, now_ns + RUN_WINDOW_NS))


def withdrawn(approval: Approval, why: str, now_ns: int) -> Approval | Refusal:
    """Nobody needs the answer any more."""
    return _step(current(approval, now_ns), Step.WITHDRAW, ended_ns=now_ns, note=why)


def spent(approval: Approval, request: ApprovalRequest, call: int, now_ns: int) -> Approval | Refusal:
    """The call is let through: this is the single use. `request` is what the call would ask for now."""
    approval = current(approval, now_ns)
    if approval.state is not State.APPROVED:
        return _no(approval)
    if not fits(approval.request, request):
        return Refusal("it was given for another call")
    return _step(approval, Step.SPEND, spent_ns=now_ns, call=call, note=None)


def fits(given: ApprovalRequest, wanted: ApprovalRequest) -> bool:
    """Whether an approval of `given` lets `wanted` run: the very same call, and no rule asks that did not ask then.

    Whose grant it is counts, too: whoever owns it now may be the one who said yes.
    """
    return given.binding == wanted.binding and given.owner == wanted.owner and wanted.rules <= given.rules


def turned_down(approval: Approval, why: str) -> Approval:
    """The approved call came and was refused for another reason; people see which."""
    return replace(approval, note=why)


def given_back(approval: Approval) -> Approval | Refusal:
    """The call surely was not sent: it may be tried again, within the time of the approval."""
    return _step(
        approval, Step.GIVE_BACK, spent_ns=None, call=None, note="the call came and could not be sent; it may come again"
    )


def finished(approval: Approval, result: str, now_ns: int) -> Approval | Refusal:
    """The call ran."""
    return _step(approval, Step.FINISH, ended_ns=now_ns, note=result)


def lost(approval: Approval, result: str, now_ns: int) -> Approval | Refusal:
    """Nobody can tell whether the call ran."""
    return _step(approval, Step.LOSE, ended_ns=now_ns, note=result)


def exemption_of(approval: Approval, id: str, now_ns: int) -> Exemption | None:
    """What the people who approved agreed to spare each other: the shortest time, and only what all of them freed."""
    yes = [vote for vote in approval.votes if vote.approve]
    spans = [vote.exempt_s for vote in yes if vote.exempt_s is not None]
    if approval.state is not State.APPROVED or not yes or len(spans) < len(yes):
        return None
    free = frozenset.intersection(*(frozenset(vote.free) for vote in yes))
    request = approval.request
    return Exemption(
        id=id,
        approval=approval.id,
        organisation=request.organisation,
        grant_id=request.grant_id,
        grant_label=request.grant_label,
        server_id=request.server_id,
        server_name=request.server_name,
        surface=request.surface,
        target=request.target,
        definition=request.definition,
        policy=request.policy,
        rules=tuple(sorted(request.rules)),
        asks=request.asks,
        method=request.method,
        members={name: digest for name, digest in request.members.items() if name not in free},
        free=tuple(sorted(free)),
        from_ns=now_ns,
        until_ns=now_ns + min(spans) * 1_000_000_000,
        given_by=tuple(vote.name for vote in yes),
    )


def spares(exemption: Exemption, wanted: ApprovalRequest, now_ns: int) -> bool:
    """Whether `wanted` need not be asked for. The policy's revision may be another; which rules ask, and for whom, may not."""
    same = (
        exemption.organisation == wanted.organisation
        and exemption.grant_id == wanted.grant_id
        and exemption.server_id == wanted.server_id
        and exemption.surface == wanted.surface
        and exemption.method == wanted.method
        and exemption.target == wanted.target
        and exemption.definition == wanted.definition
        and exemption.policy == wanted.policy
    )
    in_time = exemption.ended_ns is None and exemption.from_ns <= now_ns < exemption.until_ns
    if not same or not in_time or not _asked_for(wanted) <= _asked_for(exemption):
        return False
    bound = {name: digest for name, digest in wanted.members.items() if name not in exemption.free}
    return bound == dict(exemption.members)


def _asked_for(of: ApprovalRequest | Exemption) -> frozenset[tuple[str, int, tuple[str, ...]]]:
    return frozenset((ask.rule, ask.quorum, ask.approvers) for ask in of.asks)


def _step(approval: Approval, step: Step, **changes: object) -> Approval | Refusal:
    return _to(approval, step, **changes) if (approval.state, step) in TABLE else _no(approval)


def _to(approval: Approval, step: Step, **changes: object) -> Approval:
    return replace(approval, state=TABLE[approval.state, step], **changes)


def _no(approval: Approval) -> Refusal:
    return Refusal(
        f"it is {approval.state.value} already" if approval.state is not State.PENDING else "people have not decided yet"
    )
