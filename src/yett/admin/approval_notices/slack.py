"""Members are told in a Slack channel, with buttons."""

from __future__ import annotations

from dataclasses import dataclass

from yett.admin.approval_notices.slack_api import SlackApi, SlackFault
from yett.admin.approval_notices.slack_blocks import message
from yett.admin.approval_notices.texts import Link
from yett.approvals.notices import Kind, Notice


@dataclass(frozen=True, slots=True)
class SlackChannel:
    """Implements `yett.admin.approval_notices.channel.Channel`."""

    api: SlackApi
    channel: str
    link: Link
    name: str = "slack"
    kinds: frozenset[Kind] = frozenset(Kind)

    async def send(self, notice: Notice) -> str | None:
        """One message in the channel."""
        try:
            await self.api.ask("chat.postMessage", {"channel": self.channel, **message(notice, self.link)})
        except SlackFault as fault:
            return str(fault)
        return None
