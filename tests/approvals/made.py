"""Requests and people for the tests of approvals."""

from __future__ import annotations

from typing import Any

from tests.support.clock import START_NS
from yett.approvals.lifecycle import made
from yett.approvals.model import Approval, ApprovalRequest, Asked, Vote
from yett.approvals.who import Approver

ANN, BOB, CID, DAN = (
    Approver(f"m-{name}", f"{name}@example.com", role, "org")
    for name, role in (("ann", "admin"), ("bob", "policy_manager"), ("cid", "admin"), ("dan", "viewer"))
)


def request(*asks: Asked, **members: Any) -> ApprovalRequest:
    """A call of `pay` by a grant of nobody."""
    told: dict[str, Any] = {
        "binding": "b1",
        "organisation": "org",
        "grant_id": "g1",
        "grant_label": "agent",
        "owner": None,
        "server_id": "srv",
        "server_name": "payments",
        "surface": "tools",
        "target": "pay",
        "definition": "d1",
        "risk": "Financial",
        "policy": "p",
        "policy_revision": "1-a",
        "asks": asks or (Asked("/tools/pay/require_approval/always"),),
        "arguments": '{"amount":5,"note":"x"}',
        "members": {"amount": "da", "note": "dn"},
        "arguments_digest": "aa",
        "timeout_s": 600,
    }
    return ApprovalRequest(**{**told, **members})


def pending(*asks: Asked, **members: Any) -> Approval:
    """A request that waits."""
    return made("ap_1", request(*asks, **members), START_NS)


def yes(person: Approver, *rules: str, **members: Any) -> Vote:
    """What a person says."""
    said: dict[str, Any] = {"voter": person.id, "name": person.name, "approve": True, "at_ns": START_NS, "via": "cli"}
    return Vote(**{**said, "rules": rules or ("/tools/pay/require_approval/always",), **members})
