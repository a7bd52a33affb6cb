"""A hundred other ways to people (chats, phones, desktops), by the library Apprise, an extra."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from yett.admin.approval_notices.texts import Link, subject, text
from yett.approvals.notices import Kind, Notice
from yett.errors import OperatorFault

MISSING = "`approvals.apprise` needs the extra: pip install 'yett[apprise]'"


def notifier_of(url: str) -> Any:
    """What sends by an Apprise URL. Errors: `OperatorFault` where the extra is missing, or the URL is none."""
    try:
        import apprise  # noqa: PLC0415 - an extra, which most do without
    except ImportError as missing:
        raise OperatorFault(MISSING) from missing
    sender = apprise.Apprise()
    if not sender.add(url):
        raise OperatorFault("a reference of `approvals.apprise` does not lead to an Apprise URL")
    return sender


@dataclass(frozen=True, slots=True)
class AppriseChannel:
    """Implements `yett.admin.approval_notices.channel.Channel`."""

    notifier: Callable[[], Any]
    """Made anew each time: what its reference leads to may change. Errors: `OperatorFault`."""
    name: str
    link: Link
    kinds: frozenset[Kind] = frozenset({Kind.ASKED, Kind.REMINDER})

    async def send(self, notice: Notice) -> str | None:
        """One message."""
        return await asyncio.to_thread(self._send, notice)

    def _send(self, notice: Notice) -> str | None:
        try:
            sender = self.notifier()
        except OperatorFault as fault:
            return str(fault)
        # Said to be plain text, so that services which speak HTML or Markdown get what is named in it escaped.
        taken = sender.notify(title=subject(notice), body=text(notice, self.link), body_format="text", interpret_escapes=False)
        return None if taken else "the service did not take it; its log says why"
