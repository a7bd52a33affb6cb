"""What is open in one bridged session: requests in work that their client may cancel, and questions that it has not answered."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

import msgspec

from yett.errors import UpstreamFault

PATIENCE_S: Final = 3_600.0
"""How long a question may wait for its answer: people are asked, and people are slow."""

T = TypeVar("T")


class Work:
    """One request in work."""

    def __init__(self, on_over: Callable[[], None]) -> None:
        self._on_over = on_over
        self._limit: asyncio.Timeout | None = None
        self._cancelled = False

    async def unless_cancelled(self, step: Awaitable[T]) -> T:
        """The result of `step`. Errors: `UpstreamFault` where the client cancelled the request."""
        limit = self._limit = asyncio.timeout(0 if self._cancelled else None)
        try:
            async with limit:
                return await step
        except TimeoutError:
            raise UpstreamFault("the request was cancelled by its client") from None
        finally:
            self._limit = None

    def cancel(self) -> None:
        """Its client no longer wants it."""
        self._cancelled = True
        if self._limit is not None:
            self._limit.reschedule(asyncio.get_running_loop().time())

    def over(self) -> None:
        """It is done."""
        self._on_over()


@dataclass(slots=True)
class Questions:
    """Requests to the client under ids that no other session has."""

    patience_s: float = PATIENCE_S
    _prefix: str = field(default_factory=lambda: secrets.token_hex(6))
    _count: int = 0
    _open: dict[str, asyncio.Future[bytes]] = field(default_factory=dict)

    def ask(self) -> tuple[bytes, asyncio.Future[bytes]]:
        """An id for one more question, and where its answer will be."""
        self._count += 1
        id = f"{self._prefix}-{self._count}"
        future = self._open[id] = asyncio.get_running_loop().create_future()
        future.add_done_callback(lambda _: self._open.pop(id, None))
        return msgspec.json.encode(id), future

    def answered(self, id: object, body: bytes) -> None:
        """The client answered; an answer to nothing that is open is dropped."""
        future = self._open.get(id) if isinstance(id, str) else None
        if future is not None and not future.done():
            future.set_result(body)

    def end(self) -> None:
        """The session is over: nobody will answer."""
        for future in tuple(self._open.values()):
            if not future.done():
                future.set_exception(UpstreamFault("the session ended before the client had answered"))
