"""What is shown in Slack. Pure. Buttons carry the id of a request and nothing else; what callers named is inert and escaped."""

from __future__ import annotations

from itertools import accumulate
from typing import Any, Final

from yett.admin.approval_notices.texts import Link, call_of, moment, outcome, subject, text, who
from yett.approvals.model import Approval
from yett.approvals.notices import Notice
from yett.approvals.shown import inert

APPROVE: Final = "yett_approve"
DENY: Final = "yett_deny"
REASON: Final = "reason"
TEXT_MAX: Final = 2_900
"""Characters of a text that Slack takes, and some less."""
WORDS_MAX: Final = 200
"""Characters of a name that are shown: the whole call is behind the link."""
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
        lines = _fitting(
            [f"• <{link(one.id)}|{_short(call_of(one))}>, {_short(who(one))}, {outcome(notice, one)}" for one in notice.approvals]
        )
        more = len(notice.approvals) - len(lines)
        lines += [f"and {more} more: <{link('')}|all>"] if more else []
        return {"text": escaped(subject(notice)), "blocks": [_section(f"*{escaped(subject(notice))}*\n" + "\n".join(lines))]}
    one = notice.approvals[0]
    if not notice.waits:
        return {"text": escaped(subject(notice)), "blocks": [_section(escaped(text(notice, lambda _: "").strip()))]}
    return {"text": escaped(subject(notice)), "blocks": [_section(_asked(one, link)), _buttons(one)]}


def _short(words: str) -> str:
    """What a caller named, so short that it leaves room for everything else."""
    return escaped(words if len(words) <= WORDS_MAX else f"{words[:WORDS_MAX]}…")


def _fitting(lines: list[str]) -> list[str]:
    """The first of them, whole: as many as Slack takes beside a heading and a last line."""
    room = TEXT_MAX - 500
    sizes = list(accumulate(len(line) + 1 for line in lines))
    return lines[: min(LINES_MAX, sum(size <= room for size in sizes))]


def _asked(one: Approval, link: Link) -> str:
    rules = _short(", ".join(ask.rule for ask in one.request.asks))
    return "\n".join(
        [
            f"*Approve a call?* <{link(one.id)}|{_short(call_of(one))}> ({escaped(one.request.risk or 'unknown risk')})",
            f"asked by {_short(who(one))} because of {rules}",
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
