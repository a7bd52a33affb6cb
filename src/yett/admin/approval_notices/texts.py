"""What is said of calls that wait for people. Pure. Never their arguments; what callers and servers named is inert."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from yett.approvals.model import Approval, State
from yett.approvals.notices import Kind, Notice
from yett.approvals.shown import inert

DIGESTS: Final = {
    Kind.ASKED: "{} calls wait for a person",
    Kind.REMINDER: "{} calls wait for a person, still",
    Kind.DECIDED: "{} calls wait for nobody any more",
    Kind.EXPIRED: "The time of {} calls is over",
}
Link = Callable[[str], str]
"""The page of a request, or with an empty id the page of all."""


def subject(notice: Notice) -> str:
    """One line."""
    if notice.is_digest:
        return DIGESTS[notice.kind].format(len(notice.approvals))
    one = notice.approvals[0]
    match notice.kind:
        case Kind.ASKED:
            return f"Approve a call? {call_of(one)}"
        case Kind.REMINDER:
            return f"Still waits for a person: {call_of(one)}"
        case Kind.DECIDED | Kind.EXPIRED:
            return f"{_ended(one)}: {call_of(one)}"


def text(notice: Notice, link: Link) -> str:
    """The whole message, as plain text."""
    if notice.is_digest:
        lines = [f"- {call_of(one)}, asked by {who(one)}, {outcome(notice, one)}" for one in notice.approvals]
        return "\n".join([f"{subject(notice)}:", "", *lines, "", f"{'Decide' if notice.waits else 'All'} at {link('')}"])
    one = notice.approvals[0]
    lines = [
        f"{call_of(one)} ({one.request.risk or 'unknown risk'})",
        f"asked by {who(one)}, {one.times_asked} time{'' if one.times_asked == 1 else 's'}",
        f"because of {', '.join(inert(ask.rule) for ask in one.request.asks)}",
    ]
    lines += [inert(ask.message) for ask in one.request.asks if ask.message]
    if notice.waits:
        lines += ["", f"Look at the call and decide until {moment(one.expires_ns)}: {link(one.id)}", f"request {one.id}"]
    else:
        lines += ["", *(_said(one) if notice.kind is Kind.DECIDED else []), link(one.id)]
    return "\n".join(lines)


def outcome(notice: Notice, one: Approval) -> str:
    """In a line of a digest: until when it waits, or what became of it."""
    return f"until {moment(one.expires_ns)}" if notice.waits else _ended(one).lower()


def _ended(one: Approval) -> str:
    match one.state:
        case State.DENIED:
            return "Denied"
        case State.WITHDRAWN:
            return "Withdrawn"
        case State.EXPIRED:
            return "Nobody decided in time" if one.missing else "Approved, but the call did not come in time"
        case _:
            return "Approved"


def call_of(one: Approval) -> str:
    """Which call it is."""
    return f"{inert(one.request.target)} of {inert(one.request.server_name)}"


def who(one: Approval) -> str:
    """Who asks."""
    request = one.request
    label = inert(request.grant_label or request.grant_id)
    return label if request.owner is None else f"{label} ({inert(request.owner)})"


def moment(ns: int) -> str:
    """A moment for people everywhere."""
    return datetime.fromtimestamp(ns // 1_000_000_000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _said(one: Approval) -> list[str]:
    return [
        f"{'approved' if vote.approve else 'denied'} by {inert(vote.name)}" + (f": {inert(vote.reason)}" if vote.reason else "")
        for vote in one.votes
    ]


def as_data(one: Approval, link: Link, *, arguments: bool) -> dict[str, Any]:
    """A request for programs."""
    request = one.request
    data: dict[str, Any] = {
        "id": one.id,
        "state": one.state.value,
        "organisation": request.organisation,
        "server": request.server_name,
        "surface": request.surface,
        "target": request.target,
        "risk": request.risk,
        "grant": {"id": request.grant_id, "label": request.grant_label, "owner": request.owner},
        "policy": request.policy,
        "policy_revision": request.policy_revision,
        "rules": [
            {"rule": ask.rule, "approvers": list(ask.approvers), "quorum": ask.quorum, "missing": one.missing.get(ask.rule, 0)}
            for ask in request.asks
        ],
        "votes": [{"name": vote.name, "approve": vote.approve, "reason": vote.reason, "via": vote.via} for vote in one.votes],
        "times_asked": one.times_asked,
        "created_at": _rfc3339(one.created_ns),
        "expires_at": _rfc3339(one.expires_ns),
        "url": link(one.id),
    }
    return {**data, "arguments": request.arguments} if arguments else data


def _rfc3339(ns: int) -> str:
    return datetime.fromtimestamp(ns // 1_000_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
