"""Who asks about a request: a member with their role as it is now, or whoever runs this installation. What they may decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from yett.admin.errors import Forbidden, Invalid, NotFound
from yett.admin.permissions import Permission, Principal, Role
from yett.approvals.lifecycle import Refusal
from yett.approvals.model import Approval, Delegation, State, Vote
from yett.approvals.shown import inert
from yett.approvals.who import Approver, deciders
from yett.stores.control.people_records import NamedMember
from yett.stores.control.transaction import Transaction

OPERATOR: Final = "operator"
NAME_MAX: Final = 64
"""Characters of a name that a refusal repeats."""
NOBODY: Final = "only members decide, and whoever runs this installation; a token decides in the place of the member who made it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What somebody wants to say."""

    approve: bool
    at_ns: int
    via: str
    reason: str
    exempt_s: int | None = None
    free: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """Who wants to look or decide, with all that it is judged by, as it is at this moment."""

    principal: Principal
    approver: Approver | None
    """None for a token that no member made, and for the configuration file."""
    members: int
    """How many the organisation has; two stand for more."""
    delegations: Sequence[tuple[Delegation, Approver]]
    """Those to this person, with who gave them."""

    def sees(self, approval: Approval | None) -> bool:
        """Whether a request is one of their organisation, of a server within their reach."""
        if approval is None or approval.request.organisation != self.principal.organisation:
            return False
        return self.principal.reaches(approval.request.server_id)

    def asks(self, approval: Approval) -> bool:
        """Whether it is their own grant that asks."""
        owner = approval.request.owner
        return owner is not None and self.approver is not None and self.approver.is_named(owner)

    def may_decide(self, approval: Approval, now_ns: int) -> tuple[tuple[str, ...], Approver | None] | Refusal:
        """The rules for which their vote counts, and in whose place they give it."""
        if self.approver is None or not self.principal.may(Permission.DECIDE_APPROVALS):
            return Refusal(NOBODY)
        return deciders(approval, self.approver, members=self.members, delegations=self.delegations, now_ns=now_ns)

    def why_not(self, approval: Approval, now_ns: int) -> str | None:
        """Why they cannot say yes or no now; None where they can."""
        if not approval.state.open:
            return f"it is {approval.state.value} already"
        found = self.may_decide(approval, now_ns)
        if isinstance(found, Refusal):
            return found.reason
        giver, own = found[1], self.approver
        said = {vote.voter for vote in approval.votes} | {vote.stands_for for vote in approval.votes}
        if approval.state is State.PENDING and own is not None and said & {own.id, own.id if giver is None else giver.id}:
            return "you have said yes already; another one is needed"
        return None

    def vote(self, approval: Approval, said: Said, id: str) -> Vote:
        """What they say, as a vote on the request as it stands. Errors: `NotFound`, `Forbidden`, `Invalid`."""
        if not self.sees(approval):
            raise unknown(id)
        found = self.may_decide(approval, said.at_ns)
        if isinstance(found, Refusal):
            raise Forbidden(found.reason)
        assert self.approver is not None, "asked before"
        rules, giver = found
        return Vote(
            voter=self.approver.id,
            name=self.approver.name,
            approve=said.approve,
            at_ns=said.at_ns,
            via=said.via,
            rules=rules,
            on_behalf=None if giver is None else giver.id,
            on_behalf_name=None if giver is None else giver.name,
            reason=said.reason or None,
            exempt_s=said.exempt_s,
            free=_freed(approval, said.free),
        )


def _freed(approval: Approval, names: Sequence[str]) -> tuple[str, ...]:
    """The arguments of these names, as they are written or as they are shown."""
    known = approval.request.members
    shown = {inert(name): name for name in known}
    for name in names:
        if name not in known and name not in shown:
            raise Invalid(f"the call has no argument `{inert(name[:NAME_MAX])}`", pointer="/free")
    return tuple(sorted({name if name in known else shown[name] for name in names}))


def unknown(id: str) -> NotFound:
    """What is said of a request that is not there, and of one that is not of the one who asks."""
    return NotFound(f"there is no request `{id}`; `yett approvals list` shows all")


def person_of(read: Transaction, principal: Principal, delegations: Sequence[Delegation]) -> Person:
    """Who asks, as the store has them. `delegations` are those of the organisation."""
    members = len(read.members.listed(limit=2))
    own = None if principal.user_id is None else read.members.find(principal.user_id)
    approver = _operator(principal) if own is None else _approver(own, principal, principal.servers)
    given = [] if own is None else [one for one in delegations if one.to == own.member.user_id]
    givers = [(one, read.members.find(one.by)) for one in given]
    known = [(one, _approver(giver, principal, _reach(giver))) for one, giver in givers if giver is not None]
    return Person(principal, approver, members, known)


def _operator(principal: Principal) -> Approver | None:
    """Whoever holds the admin token or the shell of the host counts as an admin, and is known by the name of the account."""
    if principal.kind != OPERATOR:
        return None
    name = local_name(principal)
    return Approver(f"local:{name}", name, Role.ADMIN.value, principal.organisation)


def local_name(principal: Principal) -> str:
    """The account on this host, as the command line tells it."""
    _, colon, name = principal.name.partition(":")
    return name if colon else OPERATOR


def approver_of(found: NamedMember, organisation: str) -> Approver:
    """A member as one who may decide."""
    return Approver(found.member.user_id, found.email, found.member.role, organisation, _reach(found))


def _approver(found: NamedMember, principal: Principal, servers: frozenset[str] | None) -> Approver:
    return Approver(found.member.user_id, found.email, found.member.role, principal.organisation, servers)


def _reach(found: NamedMember) -> frozenset[str] | None:
    return None if found.member.servers is None else frozenset(found.member.servers)
