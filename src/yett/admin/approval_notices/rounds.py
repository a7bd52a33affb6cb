"""Tells people of calls that wait for them: in the control plane's process, beside everything else.

What is said is remembered with the requests, so that nothing is said twice, whatever restarts.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from yett.admin.approval_notices.channel import Channel, NoticeBook
from yett.approvals.model import Approval
from yett.approvals.notices import Kind, Manner, Notice, Saying, due, given_up
from yett.errors import StoreFault

POLL_S: Final = 1.0
LOOK_ANYHOW_NS: Final = 5 * 1_000_000_000
"""Time alone makes reminders due, and ends requests."""

_log: Final = logging.getLogger("yett.approvals")


@dataclass(slots=True)
class NoticeRounds:
    """One for a control plane."""

    book: NoticeBook
    channels: Sequence[Channel]
    manner: Manner
    now_ns: Callable[[], int]
    _seen: int | None = None
    _looked_ns: int = field(default=0)

    async def watch(self) -> None:
        """Tell what is to be told, without end. Cancel it to stop."""
        while True:
            await asyncio.sleep(POLL_S)
            try:
                await self.round()
            except StoreFault as fault:
                _log.warning("people were not told of calls that wait: %s", fault)

    async def round(self) -> None:
        """Say what is due, on each channel."""
        now_ns = self.now_ns()
        changed = await asyncio.to_thread(self.book.changed)
        if changed is None or (changed == self._seen and now_ns - self._looked_ns < LOOK_ANYHOW_NS):
            return
        self._seen, self._looked_ns = changed, now_ns
        await asyncio.to_thread(self.book.pass_time, now_ns)
        found = await asyncio.to_thread(self.book.tellable, now_ns)
        said = await asyncio.to_thread(self.book.said, [one.id for one in found])
        async with asyncio.TaskGroup() as channels:
            for channel in self.channels:
                own = {(id, kind): saying for id, name, kind, saying in said if name == channel.name}
                channels.create_task(self._tell(channel, found, own, now_ns), name="yett notices")

    async def _tell(
        self, channel: Channel, found: Sequence[Approval], said: Mapping[tuple[str, Kind], Saying], now_ns: int
    ) -> None:
        for notice in due(found, said, now_ns, self.manner):
            if notice.kind in channel.kinds:
                before = max((said[key].tries for one in notice.approvals if (key := (one.id, notice.kind)) in said), default=0)
                await self._say(channel, notice, before + 1, now_ns)

    async def _say(self, channel: Channel, notice: Notice, tries: int, now_ns: int) -> None:
        # Noted as tried before it is sent: whoever dies in between tries again later, and not at once and for ever.
        await asyncio.to_thread(self.book.say, notice, channel.name, Saying(now_ns, tries, False))
        problem = await channel.send(notice)
        saying = Saying(now_ns, tries, problem is None)
        if problem is not None:
            last = given_up(saying, self.manner)
            _log.warning("%s was not told of %s%s: %s", channel.name, notice.id, ", and is not any more" if last else "", problem)
            return
        await asyncio.to_thread(self.book.say, notice, channel.name, saying)
