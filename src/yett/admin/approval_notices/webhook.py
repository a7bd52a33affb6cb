"""A program elsewhere is told by signed requests (Standard Webhooks): forged and replayed ones can be told from ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from yett.admin.approval_notices.texts import Link, as_data
from yett.admin.webhook_signing import fields
from yett.approvals.notices import Kind, Notice
from yett.egress.fetch import Egress, FetchLimits, origin_of
from yett.errors import ClientFault, OperatorFault, UpstreamFault

LIMITS: Final = FetchLimits(within_s=10.0, body_bytes=64 * 1024)
TYPES: Final = {
    Kind.ASKED: "approval.requested",
    Kind.REMINDER: "approval.reminder",
    Kind.DECIDED: "approval.decided",
    Kind.EXPIRED: "approval.expired",
}


@dataclass(frozen=True, slots=True)
class WebhookChannel:
    """Implements `yett.admin.approval_notices.channel.Channel`."""

    egress: Egress
    url: str
    secret: Callable[[], str]
    """Read each time. Errors: `OperatorFault`."""
    link: Link
    now_ns: Callable[[], int]
    arguments: bool = False
    name: str = "webhook"
    kinds: frozenset[Kind] = frozenset(Kind)

    async def send(self, notice: Notice) -> str | None:
        """One request, which is taken if it is answered with success. No redirect is followed."""
        now_s = self.now_ns() // 1_000_000_000
        body = json.dumps(
            {"type": TYPES[notice.kind], "data": [as_data(one, self.link, arguments=self.arguments) for one in notice.approvals]}
        ).encode()
        try:
            sent = fields(self.secret(), notice.id, now_s, body)
            answer = await self.egress.fetch(self.url, method="POST", headers=sent, body=body, limits=LIMITS)
        except ValueError:
            return "its secret cannot be read: write `whsec_` and base64"
        except (ClientFault, UpstreamFault, OperatorFault) as fault:
            return str(fault)
        return None if 200 <= answer.status < 300 else f"{origin_of(self.url)} answered with HTTP status {answer.status}"
