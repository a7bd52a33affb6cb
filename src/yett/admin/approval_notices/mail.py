"""Members are told by mail. Letters name the call and hold a link behind which one signs in; opening it decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from yett.admin.approval_notices.texts import Link, subject, text
from yett.approvals.model import Approval
from yett.approvals.notices import Kind, Notice

APPROVERS: Final = "approvers"
"""Stands for the members who may decide."""
Approvers = Callable[[Approval], Sequence[str]]
"""Their addresses. Blocks."""
Letter = Callable[[str, str, str], bool]
"""Sends to an address, with a subject, a text; whether it was taken. Blocks."""


@dataclass(frozen=True, slots=True)
class MailChannel:
    """Implements `yett.admin.approval_notices.channel.Channel`."""

    send_letter: Letter
    to: Sequence[str]
    approvers: Approvers
    link: Link
    name: str = "mail"
    kinds: frozenset[Kind] = frozenset({Kind.ASKED, Kind.REMINDER})

    async def send(self, notice: Notice) -> str | None:
        """A letter to each, about what concerns them."""
        return await asyncio.to_thread(self._send, notice)

    def _send(self, notice: Notice) -> str | None:
        concerned: dict[str, list[Approval]] = {}
        for one in notice.approvals:
            for address in self._addresses(one):
                concerned.setdefault(address.casefold(), []).append(one)
        if not concerned:
            return "no member may decide on it, and no other address is named"
        failed = [to for to, about in concerned.items() if not self._letter(to, Notice(notice.kind, tuple(about)))]
        return f"mail to {len(failed)} of {len(concerned)} was not taken" if len(failed) == len(concerned) else None

    def _letter(self, to: str, notice: Notice) -> bool:
        return self.send_letter(to, f"[Yett] {subject(notice)}"[:200], text(notice, self.link))

    def _addresses(self, one: Approval) -> list[str]:
        return [address for named in self.to for address in (self.approvers(one) if named == APPROVERS else [named])]
