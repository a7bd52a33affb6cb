"""Which members may decide on a request, and so are written to."""

from __future__ import annotations

from typing import Final

from yett.admin.approvals_who import approver_of
from yett.admin.desk import Desk
from yett.approvals.lifecycle import Refusal
from yett.approvals.model import Approval
from yett.approvals.who import deciders
from yett.stores.control.people_records import NamedMember
from yett.stores.control.transaction import Transaction

MEMBERS_MAX: Final = 1_000
"""Members who are looked at; more are not written to for one call."""


def addresses(desk: Desk, approval: Approval) -> list[str]:
    """The addresses of those who may decide now. None for calls of `yett run`, which has no members."""
    organisation = approval.request.organisation
    members = desk.read(organisation, _members)  # of what is no organisation, as of `yett run`, there are none
    now_ns = desk.environment.clock.now_ns()
    people = [(one.email, approver_of(one, organisation)) for one in members]
    return [
        email
        for email, person in people
        if not isinstance(deciders(approval, person, members=len(members), delegations=(), now_ns=now_ns), Refusal)
    ]


def _members(read: Transaction) -> list[NamedMember]:
    return list(read.members.listed(limit=MEMBERS_MAX))
