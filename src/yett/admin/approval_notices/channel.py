"""What the rounds of notices need: channels to people, and a book of what was said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

from yett.approvals.model import Approval
from yett.approvals.notices import Kind, Notice, Saying

Said: TypeAlias = tuple[str, str, Kind, Saying]
"""Of a request's id, on a channel, of a kind: what was said."""


class Channel(Protocol):
    """One way to people."""

    @property
    def name(self) -> str:
        """Under which is remembered what was said. Stable."""
        ...

    @property
    def kinds(self) -> frozenset[Kind]:
        """What people are told on it."""
        ...

    async def send(self, notice: Notice) -> str | None:
        """Tell; why it was not taken, None if it was. Bounded in time, and never raises what it can name."""
        ...


class NoticeBook(Protocol):
    """Requests of all organisations, and what people were told of them. Blocks for a bounded time. Errors: `StoreFault`."""

    def changed(self) -> int | None:
        """Another number as soon as anybody has written; None where nothing was ever judged."""
        ...

    def tellable(self, now_ns: int) -> list[Approval]:
        """Requests of which people may have to be told, as they stand now."""
        ...

    def said(self, ids: Sequence[str]) -> list[Said]:
        """What was said about them."""
        ...

    def say(self, notice: Notice, channel: str, saying: Saying) -> None:
        """Remember what was said."""
        ...

    def pass_time(self, now_ns: int) -> None:
        """End what time has ended."""
        ...
