"""Use cases about what stands beside requests: exemptions, and who decides in whose place."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from yett.admin.approvals_base import ApprovalBase
from yett.admin.approvals_showing import delegation_view, exemption_view
from yett.admin.approvals_views import DelegationView, ExemptionView, NewDelegation
from yett.admin.approvals_who import OPERATOR
from yett.admin.checks import NS, duration_ns
from yett.admin.errors import Conflict, Forbidden, Invalid, NotFound
from yett.admin.permissions import Permission
from yett.approvals.model import Delegation, Exemption
from yett.approvals.shown import inert
from yett.stores.control.people_records import NamedMember
from yett.stores.control.transaction import Transaction

DELEGATION_NS_MAX: Final = 90 * 86_400 * NS
DELEGATIONS_MAX: Final = 20
"""Of one member, at a time."""


@dataclass(frozen=True, slots=True)
class _Pair:
    giver: NamedMember
    stands_in: NamedMember


class ApprovalStandingCases(ApprovalBase):
    """The part of `yett.admin.control.Control` about exemptions and delegations."""

    __slots__ = ()

    # --- exemptions -----------------------------------------------------------------------------------------------------

    def exemptions(self, policy: str | None = None) -> list[ExemptionView]:
        """Those that hold now, within reach: all, or those of one policy."""
        self.require(Permission.VIEW)
        name = None if policy is None else self.read(lambda read: self.find_policy(read, policy).name)
        return [exemption_view(one) for one in self._held_exemptions(name)]

    def end_exemption(self, id: str) -> ExemptionView:
        """Have people be asked again. For who gave it, and for who may edit policies."""
        self.require(Permission.DECIDE_APPROVALS)
        held = next((one for one in self._held_exemptions(None) if one.id == id), None)
        if held is None:
            self.note_refused_approval("end exemption", id, "there is no such exemption")
            raise _no_exemption(id)
        if self.principal.name not in held.given_by and not self.principal.may(Permission.EDIT_POLICIES):
            self.note_refused_approval("end exemption", id, "not theirs")
            raise Forbidden("an exemption is ended by who gave it, or by who may edit policies")
        actor, name = self.approving_actor()
        now_ns = self.now_ns()
        ended = self.approvals_port.end_exemption(id, actor, name, now_ns)
        if ended is None:
            raise _no_exemption(id)
        subject = ended.id, f"{ended.server_name} {inert(ended.target)}"
        said = {"grant": ended.grant_id, "approval": ended.approval, "policy": ended.policy or ""}
        self.note_approval("exemption.ended", subject, now_ns, **said)
        return exemption_view(ended)

    def _held_exemptions(self, policy: str | None) -> list[Exemption]:
        held = self.approvals_port.exemptions(self.principal.organisation, self.now_ns(), policy)
        return [one for one in held if self.principal.reaches(one.server_id)]

    # --- delegations ----------------------------------------------------------------------------------------------------

    def delegations(self) -> list[DelegationView]:
        """Who decides in whose place now."""
        self.require(Permission.VIEW)
        return [delegation_view(one) for one in self.approvals_port.delegations(self.principal.organisation, self.now_ns())]

    def delegate(self, new: NewDelegation) -> DelegationView:
        """Have another member decide in one's place for a while. Whatever the giver may decide then, and no more."""
        self.require(Permission.DECIDE_APPROVALS)
        if self.principal.user_id is None:
            raise Forbidden("only members delegate; whoever runs this installation has no role of their own")
        now_ns, length_ns = self.now_ns(), duration_ns("duration", new.duration, DELEGATION_NS_MAX)
        pair = self.read(lambda read: self._delegation_pair(read, new.to))
        own = [
            one
            for one in self.approvals_port.delegations(self.principal.organisation, now_ns)
            if one.by == pair.giver.member.user_id
        ]
        if len(own) >= DELEGATIONS_MAX:
            raise Conflict(f"you have {DELEGATIONS_MAX} delegations; end one first")
        delegation = Delegation(
            id=f"dl-{secrets.token_hex(6)}",
            organisation=self.principal.organisation,
            by=pair.giver.member.user_id,
            by_name=pair.giver.email,
            to=pair.stands_in.member.user_id,
            to_name=pair.stands_in.email,
            from_ns=now_ns,
            until_ns=now_ns + length_ns,
        )
        self.approvals_port.delegate(delegation, self.approving_actor()[0], now_ns)
        subject = delegation.id, delegation.to_name
        self.note_approval("delegation.given", subject, now_ns, by=delegation.by_name, duration=new.duration)
        return delegation_view(delegation)

    def end_delegation(self, id: str) -> DelegationView:
        """End one before its time. For both of whom it is, and for who manages members."""
        self.require(Permission.DECIDE_APPROVALS)
        now_ns = self.now_ns()
        held = self.approvals_port.delegations(self.principal.organisation, now_ns)
        found = next((one for one in held if one.id == id), None)
        if found is None:
            raise NotFound(f"there is no delegation `{id}`; `yett approvals delegations` shows all")
        if self.principal.user_id not in {found.by, found.to} and not self._may_end_delegations():
            raise Forbidden("a delegation is ended by whose it is, or by who manages members")
        ended = replace(found, until_ns=now_ns)
        self.approvals_port.delegate(ended, self.approving_actor()[0], now_ns)
        self.note_approval("delegation.ended", (ended.id, ended.to_name), now_ns, by=ended.by_name)
        return delegation_view(ended)

    def _may_end_delegations(self) -> bool:
        return self.principal.kind == OPERATOR or (
            self.principal.may(Permission.MANAGE_MEMBERS) and self.principal.servers is None
        )

    def _delegation_pair(self, read: Transaction, to: str) -> _Pair:
        giver, stands_in = read.members.find(self.principal.user_id or ""), read.members.find(to)
        if stands_in is None:
            raise NotFound(f"there is no member `{to}`; `yett member list` shows all")
        if giver is None:
            raise Forbidden("only members delegate")
        if giver.member.user_id == stands_in.member.user_id:
            raise Invalid("nobody stands in for themselves; name another member", pointer="/to")
        return _Pair(giver, stands_in)


def _no_exemption(id: str) -> NotFound:
    return NotFound(f"there is no exemption `{id}`; `yett approvals exemptions` shows all")
