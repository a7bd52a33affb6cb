"""Votes for the tests of approvals."""

from __future__ import annotations

from typing import Any

from yett.approvals.lifecycle import Refusal
from yett.approvals.model import Approval, Vote
from yett.stores.approval_desk import MakeVote


def vote(now_ns: int, number: int = 1, **members: Any) -> Vote:
    """What the person of this number says: yes, unless told otherwise."""
    name = ("ann", "bob", "cid")[number - 1]
    said: dict[str, Any] = {"voter": f"m-{number}", "name": f"{name}@example.com", "approve": True, "at_ns": now_ns, "via": "cli"}
    return Vote(**{**said, **members})


def says_yes(now_ns: int, number: int = 1, **members: Any) -> MakeVote:
    """A yes that counts for every rule that asks."""

    def make(approval: Approval) -> Vote | Refusal:
        return vote(now_ns, number, rules=tuple(approval.request.rules), **members)

    return make
