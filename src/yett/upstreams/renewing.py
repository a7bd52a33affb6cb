"""A server whose credential may be replaced while it is in use.

Status 401 means that the request did not run: a newer credential is asked for, once for all who wait, and the request is sent
again, once. Every other answer is the answer. A 403 that asks for more scope is told, and not repeated: the request may have run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from yett.errors import OperatorFault
from yett.ports import Answer, Outbound, Upstream
from yett.upstreams.sealed import SealedCredentials

UNAUTHORIZED: Final = 401
FORBIDDEN: Final = 403
_MORE_SCOPE: Final = b"insufficient_scope"

Ask = Callable[[str, int, bytes], Awaitable[str | None]]
"""Have a newer credential brought: server, number of the refused one, what the server said. None once it is here."""
Send = Callable[[Outbound], Coroutine[Any, Any, Answer]]


@dataclass(slots=True)
class Renewals:
    """Asks for newer credentials: for each server once at a time."""

    sealed: SealedCredentials
    ask: Ask
    _under_way: dict[str, asyncio.Task[str | None]] = field(default_factory=dict)

    async def renew(self, server: str, challenge: bytes) -> None:
        """Return when a newer credential is here, or when it is known that there is none."""
        task = self.begin(server, challenge)
        await asyncio.wait([task])

    def begin(self, server: str, challenge: bytes) -> asyncio.Task[str | None]:
        """Ask, unless somebody has."""
        task = self._under_way.get(server)
        if task is None:
            asking = self._asked(server, challenge)
            task = self._under_way[server] = asyncio.get_running_loop().create_task(asking, name="yett newer credential")
            task.add_done_callback(lambda _: self._under_way.pop(server, None))
        return task

    async def _asked(self, server: str, challenge: bytes) -> str | None:
        return await self.ask(server, self.sealed.number_of(server), challenge)

    async def aclose(self) -> None:
        """Let nobody wait."""
        for task in tuple(self._under_way.values()):
            task.cancel()


@dataclass(frozen=True, slots=True)
class Renewing:
    """Implements `yett.ports.Upstream` around another one."""

    inner: Upstream
    server: str
    renewals: Renewals

    def exchange(self, message: Outbound) -> Coroutine[Any, Any, Answer]:
        """See `Upstream.exchange`."""
        return self._sent(self.inner.exchange, message)

    def listen(self, message: Outbound) -> Coroutine[Any, Any, Answer]:
        """See `Upstream.listen`."""
        return self._sent(self.inner.listen, message)

    async def end_session(self, message: Outbound) -> int:
        """See `Upstream.end_session`. What is over anyway is not worth a new credential."""
        return await self.inner.end_session(message)

    async def aclose(self) -> None:
        """Close what is around."""
        await self.inner.aclose()

    async def _sent(self, send: Send, message: Outbound) -> Answer:
        """INVARIANT: at most twice, and again only after a 401."""
        answer = await send(message)
        if answer.status == FORBIDDEN and _MORE_SCOPE in answer.challenge:
            self.renewals.begin(self.server, answer.challenge)
        if answer.status != UNAUTHORIZED:
            return answer
        newer = self._newer(message)
        if newer is None:
            await self.renewals.renew(self.server, answer.challenge)
            newer = self._newer(message)
        if newer is None:
            return answer
        await answer.aclose()
        return await send(newer)

    def _newer(self, message: Outbound) -> Outbound | None:
        """The message with another credential than the refused one, if there is one by now."""
        try:
            fields = self.renewals.sealed.fields_of(self.server)
        except OperatorFault:
            return None
        return None if fields == message.credential else msgspec.structs.replace(message, credential=fields)
