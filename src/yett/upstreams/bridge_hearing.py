"""The stream of a handshake session, fed by a `subscriptions/listen` that is made anew when the client wants to hear more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, Self

from yett.errors import UpstreamFault
from yett.ports import Answer, Event
from yett.protocol.answers import Members
from yett.protocol.bridge_to_stateless import listen_request, untagged
from yett.protocol.peek import peek_response
from yett.protocol.server_messages import read_said

BACK_OFF_FIRST_S: Final = 0.5
BACK_OFF_MAX_S: Final = 30.0
"""Pauses before a subscription that ended is made again."""
PAUSES_MAX: Final = 10
"""After so many in a row the stream ends, and the client opens another."""
_OF_SUBSCRIPTIONS: Final = frozenset({"notifications/subscriptions/acknowledged", "notifications/cancelled"})
_CHANGES: Final = tuple(
    b'{"jsonrpc":"2.0","method":"notifications/%b/list_changed"}' % kind for kind in (b"tools", b"prompts", b"resources")
)

Subscribe = Callable[[bytes, bytes], Awaitable[Answer]]
"""Sends a `subscriptions/listen`: its id and its body."""


class Hearing:
    """What a stateless server says of its own accord, as a session hears it."""

    def __init__(
        self, subscribe: Subscribe, wanted: Callable[[], tuple[Members, frozenset[str]]], on_close: Callable[[], None]
    ) -> None:
        self._subscribe = subscribe
        self._wanted = wanted
        self._on_close = on_close
        self._count = 0
        self._answer: Answer | None = None
        self._events: AsyncIterator[Event] | None = None
        self._waiting: list[Event] = []
        self._limit: asyncio.Timeout | None = None
        self._stale = False
        self._pauses = 0
        self._over = False

    async def open(self) -> bool:
        """Subscribe; False where the server has no subscriptions. Errors: `UpstreamFault`."""
        self._stale = False
        self._count += 1
        id = b'"yett-listen-%d"' % self._count
        answer = await self._subscribe(id, listen_request(id, *self._wanted()))
        await self._close_answer()
        if answer.status >= 400 or answer.events is None:
            await answer.aclose()
            return False
        self._answer, self._events = answer, aiter(answer.events)
        return True

    def renew(self) -> None:
        """The client wants to hear of something else."""
        self._stale = True
        self._wake()

    def end(self) -> None:
        """The session is over."""
        self._over = True
        self._wake()

    def _wake(self) -> None:
        if self._limit is not None:
            self._limit.reschedule(asyncio.get_running_loop().time())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        while not self._waiting:
            if self._over:
                raise StopAsyncIteration
            limit = self._limit = asyncio.timeout(0 if self._stale else None)
            try:
                async with limit:
                    await self._step()
            except TimeoutError:
                await self._renewed()
            finally:
                self._limit = None
        return self._waiting.pop()

    async def _renewed(self) -> None:
        """Subscribe to what the client wants to hear now, unless the session is over."""
        if not self._over and not await self.open():
            raise UpstreamFault("the server refused a subscription that it had granted before")

    async def _step(self) -> None:
        """Bring about something to hear."""
        if self._events is None:
            return await self._resubscribe()
        try:
            event = await anext(self._events)
        except (StopAsyncIteration, UpstreamFault):
            return await self._close_answer()
        peek = peek_response(event.data) if event.data else None
        if peek is not None and peek.is_response:
            await self._close_answer()
        elif not event.data:
            self._waiting = [Event(b"", b":\n\n")]
        else:
            self._hear(event.data)
        return None

    def _hear(self, data: bytes) -> None:
        said = read_said(data)
        if said is None or said.id is not None:
            return
        self._pauses = 0
        if said.method not in _OF_SUBSCRIPTIONS:
            self._waiting = [Event(untagged(data))]

    async def _resubscribe(self) -> None:
        """The server ended the subscription. What was to be said since is not known: the client reads its lists again."""
        if self._pauses >= PAUSES_MAX:
            self._over = True
            return
        pause_s = min(BACK_OFF_FIRST_S * 2**self._pauses, BACK_OFF_MAX_S)
        self._pauses += 1
        await asyncio.sleep(pause_s)
        try:
            opened = await self.open()
        except UpstreamFault:
            return
        if opened:
            self._waiting = [Event(change) for change in reversed(_CHANGES)]

    async def _close_answer(self) -> None:
        answer, self._answer, self._events = self._answer, None, None
        if answer is not None:
            await answer.aclose()

    async def aclose(self) -> None:
        """Nobody listens any more."""
        self._over = True
        self._on_close()
        await self._close_answer()
