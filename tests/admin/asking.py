"""Requests for approval in the tests of the control plane: written as the ledger writes them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from yett.approvals.binding import members
from yett.approvals.lifecycle import made
from yett.approvals.model import Approval, ApprovalRequest, Asked
from yett.protocol.strict_json import JsonValue, canonical
from yett.stores.approval_rows import ApprovalRows, new_id
from yett.stores.state_file import open_writer

KEY = b"of the tests"


def request(arguments: dict[str, JsonValue] | None = None, **more: Any) -> ApprovalRequest:
    """What is asked: a payment, unless told otherwise."""
    arguments = {"amount": 250, "to": "ann"} if arguments is None else arguments
    said: dict[str, Any] = {
        "binding": canonical([more.get("target", "pay"), arguments]).hex(),
        "organisation": "o",
        "grant_id": "g-1",
        "grant_label": "agent",
        "owner": None,
        "server_id": "s-1",
        "server_name": "bank",
        "surface": "tools",
        "target": "pay",
        "definition": "d",
        "risk": "Financial",
        "policy": "careful",
        "policy_revision": "1",
        "asks": (Asked("/tools/pay/require_approval/0", 1, (), None),),
        "arguments": canonical(arguments).decode(),
        "members": members(arguments, KEY),
        "arguments_digest": "sha256:1",
        "timeout_s": 3_600,
    }
    return ApprovalRequest(**{**said, **more})


def asked(path: Path, now_ns: int, wanted: ApprovalRequest) -> Approval:
    """The request, as it waits in the state.db at `path`."""
    approval = made(new_id(), wanted, now_ns)
    put(path, approval)
    return approval


def put(path: Path, approval: Approval) -> None:
    """Have it stand so."""
    with closing(open_writer(path)) as connection:
        ApprovalRows(connection).put(approval)
