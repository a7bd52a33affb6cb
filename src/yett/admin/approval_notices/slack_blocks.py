"""What is shown in Slack. Pure. Buttons carry the id of a request and nothing else; what callers named is inert and escaped."""

from __future__ import annotations

from typing import Any, Final

from yett.admin.approval_notices.texts import Link, call_of, moment, subject, text, who
from yett.approvals.model import Approval
from yett.approvals.notices import Kind, Notice
from yett.approvals.shown import inert

APPROVE: Final = "yett_approve"
DENY: Final = "yett_deny"
REASON: Final = "reason"
TEXT_MAX: Final = 2_900
"""Characters of a text that Slack takes, and some less."""
LINES_MAX: Final = 20
"""Requests that a digest names."""

Json = dict[str, Any]


def escaped(words: str) -> str:
    """`words` without anything that Slack would read as more than text."""
    plain = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\u200b{one}" if one in "*_~`" else one for one in plain)[:TEXT_MAX]


def message(notice: Notice, link: Link) -> Json:
    """The text, and the blocks that show it."""
    if notice.is_digest:
        shown = notice.approvals[:LINES_MAX]
        lines = [f"• <{link(one.id)}|{escaped(call_of(one))}>, {escaped(who(one))}" for one in shown]
        more = len(notice.approvals) - len(shown)
        lines += [f"and {more} more: <{link('')}|all>"] if more else []
        return {"text": escaped(subject(notice)), "blocks": [_section(f"*{escaped(subject(notice))}*\n" + "\n".join(lines))]}
    one = notice.approvals[0]
    if notice.kind in {Kind.DECIDED, Kind.EXPIRED}:
        return {"text": escaped(subject(notice)), "blocks": [_section(escaped(text(notice, lambda _: "").strip()))]}
    return {"text": escaped(subject(notice)), "blocks": [_section(_asked(one, link)), _buttons(one)]}


def _asked(one: Approval, link: Link) -> str:
    rules = ", ".join(escaped(ask.rule) for ask in one.request.asks)
    return "\n".join(
        [
            f"*Approve a call?* <{link(one.id)}|{escaped(call_of(one))}> ({escaped(one.request.risk or 'unknown risk')})",
            f"asked by {escaped(who(one))} because of {rules}",
            f"open until {moment(one.expires_ns)}; its arguments are behind the link",
        ]
    )


def _section(words: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": words[:TEXT_MAX]}}


def _buttons(one: Approval) -> Json:
    def button(label: str, action: str, style: str) -> Json:
        words = {"type": "plain_text", "text": label}
        return {"type": "button", "text": words, "action_id": action, "value": one.id, "style": style}

    return {"type": "actions", "elements": [button("Approve", APPROVE, "primary"), button("Deny", DENY, "danger")]}


def reason_asked(where: str) -> Json:
    """The dialogue that asks why. `where`: what comes back with the answer."""
    return {
        "type": "modal",
        "callback_id": DENY,
        "private_metadata": where,
        "title": {"type": "plain_text", "text": "Deny a call"},
        "submit": {"type": "plain_text", "text": "Deny"},
        "blocks": [
            {
                "type": "input",
                "block_id": REASON,
                "label": {"type": "plain_text", "text": "Why? The caller reads it."},
                "element": {"type": "plain_text_input", "action_id": REASON, "max_length": 1_000},
            }
        ],
    }


def decided(words: str) -> Json:
    """What takes the place of a message whose buttons were used."""
    return {"text": escaped(inert(words)), "blocks": [_section(escaped(inert(words)))]}
