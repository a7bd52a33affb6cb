"""Who may decide on a request. Never the one who asks; a member may have another one vote in their place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from yett.approvals.lifecycle import Refusal
from yett.approvals.model import Approval, Asked, Delegation

ADMIN: Final = "admin"
DECIDING_ROLES: Final = frozenset({ADMIN, "policy_manager"})
"""Who decides where a rule names nobody."""


class Approver(Struct, frozen=True):
    """A person who wants to decide."""

    id: str
    """Id of the member, or `local:<user>`."""
    name: str
    """E-mail, or the name of the user."""
    role: str
    organisation: str
    servers: frozenset[str] | None = None
    """Ids of the servers within reach; None for all."""

    def is_named(self, text: str) -> bool:
        """Whether `text` is this person: id or e-mail."""
        return text.casefold() in {self.id.casefold(), self.name.casefold()}


def deciders(
    approval: Approval, approver: Approver, *, members: int, delegations: Sequence[tuple[Delegation, Approver]], now_ns: int
) -> tuple[tuple[str, ...], Approver | None] | Refusal:
    """The rules for which the vote of `approver` counts, and in whose place it is given.

    `members` is how many people the organisation has: where there is one only, an admin decides whatever a rule names, as where a
    grant has no owner. `delegations` are those to this person, each with who gave it, as they are now. One's own standing comes
    first. Nobody votes where they ask, also not in another's place.
    """
    request = approval.request
    if approver.organisation != request.organisation:
        return Refusal("there is no such request")
    if request.owner is not None and approver.is_named(request.owner) and not (members <= 1 and approver.role == ADMIN):
        return Refusal("it is your own grant that asks; somebody else must decide")
    free_for_admins = request.owner is None or members <= 1
    if rules := _rules(approval, approver, free_for_admins=free_for_admins):
        return rules, None
    for delegation, giver in delegations:
        in_time = delegation.from_ns <= now_ns < delegation.until_ns and delegation.to == approver.id
        asks = request.owner is not None and giver.is_named(request.owner)
        same = giver.organisation == request.organisation
        if in_time and same and not asks and (rules := _rules(approval, giver, free_for_admins=free_for_admins)):
            return rules, giver
    return Refusal(f"you are not an approver of it; {_told(request.asks)} may decide")


def _rules(approval: Approval, approver: Approver, *, free_for_admins: bool) -> tuple[str, ...]:
    request = approval.request
    if approver.servers is not None and request.server_id not in approver.servers:
        return ()
    return tuple(ask.rule for ask in request.asks if _may(ask, approver, free_for_admins=free_for_admins))


def _may(ask: Asked, approver: Approver, *, free_for_admins: bool) -> bool:
    if free_for_admins and approver.role == ADMIN:
        return True
    if not ask.approvers:
        return approver.role in DECIDING_ROLES
    return approver.role in ask.approvers or any(approver.is_named(text) for text in ask.approvers)


def _told(asks: Iterable[Asked]) -> str:
    names = sorted({text for ask in asks for text in (ask.approvers or DECIDING_ROLES)})
    return " or ".join(names)
