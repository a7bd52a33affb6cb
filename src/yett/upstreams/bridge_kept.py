"""Handshake sessions that the gateway keeps for stateless clients: one for each grant and what its clients say they can do."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from yett.errors import UpstreamFault
from yett.ports import Answer, Outbound, Upstream
from yett.protocol.bridge_to_handshake import Welcome, cancelled, level_request, subscription_request
from yett.protocol.rejection import METHOD_NOT_FOUND
from yett.protocol.replies import empty_result, error
from yett.protocol.requests import INITIALIZED
from yett.protocol.server_messages import Said, read_said
from yett.upstreams.bridge_reading import whole

QUEUE_MAX: Final = 256
"""What waits for one subscriber that does not read; later words are left out."""
BACK_OFF_FIRST_S: Final = 0.5
BACK_OFF_MAX_S: Final = 30.0
"""Pauses before the server's own stream is opened again."""
FAREWELL_S: Final = 5.0
"""How long the server may take to hear that something is no longer wanted."""
_MIRRORS: Final = (b"mcp-", b"last-event-id")

Tell = Callable[[Said, bytes], None]


@dataclass(slots=True, eq=False)
class Kept:
    """One session with the server."""

    inner: Upstream
    template: Outbound
    """Whose isolation and session it is."""
    welcome: Welcome
    log_level: str | None = None
    tellers: set[Tell] = field(default_factory=set)
    """Subscriptions that are told what the server says of its own accord."""
    uris: Counter[str] = field(default_factory=Counter)
    _count: int = 0
    _reading: asyncio.Task[None] | None = None

    def number(self) -> bytes:
        """An id that this session has not used."""
        self._count += 1
        return b"%d" % self._count

    def outbound(self, body: bytes, method: str, id: bytes | None, like: Outbound | None = None) -> Outbound:
        """A message of this session; with the credential, and what goes along, of the client's own message."""
        own = self.template if like is None else like
        fields = [name_value for name_value in own.headers if not name_value[0].startswith(_MIRRORS)]
        ours: Sequence[tuple[bytes, bytes]] = [*fields, *self.welcome.field]
        return replace(self.template, body=body, method=method, id=id, modern=False, headers=ours, credential=own.credential)

    async def send(self, body: bytes, method: str, like: Outbound | None = None) -> None:
        """Send a notification or a response."""
        answer = await self.inner.exchange(self.outbound(body, method, None, like))
        await answer.aclose()

    async def request(self, body: bytes, method: str, id: bytes, like: Outbound | None = None) -> Answer:
        """Send a request of the gateway's own and read its answer whole."""
        return await whole(await self.inner.exchange(self.outbound(body, method, id, like)), id)

    async def greet(self) -> None:
        """Say that the handshake is done."""
        await self.send(INITIALIZED, "notifications/initialized")

    async def set_level(self, level: str, like: Outbound) -> None:
        """Have the server log from this level on. One that cannot, logs as it does."""
        if level != self.log_level:
            id = self.number()
            await self.request(level_request(id, level), "logging/setLevel", id, like)
            self.log_level = level

    async def cancel(self, number: bytes) -> None:
        """Say that a request is no longer wanted; bounded, and no matter if nobody hears it."""
        with suppress(UpstreamFault, TimeoutError):
            async with asyncio.timeout(FAREWELL_S):
                await self.send(cancelled(number), "notifications/cancelled")

    # --- what the server says of its own accord -------------------------------------------------------------------------

    def tell(self, said: Said, data: bytes) -> None:
        """Hand a notification to all subscriptions."""
        for teller in tuple(self.tellers):
            teller(said, data)

    async def subscribe(self, teller: Tell, uris: Sequence[str], like: Outbound) -> None:
        """Tell `teller` from now on, also of these resources. Errors: `UpstreamFault`."""
        self.tellers.add(teller)
        for uri in uris:
            self.uris[uri] += 1
            if self.uris[uri] == 1:
                id = self.number()
                await self.request(subscription_request(id, uri, on=True), "resources/subscribe", id, like)
        if self._reading is None:
            self._reading = asyncio.create_task(self._read(), name="yett stream of a bridged session")

    async def unsubscribe(self, teller: Tell, uris: Sequence[str]) -> None:
        """Tell it nothing more."""
        self.tellers.discard(teller)
        with suppress(UpstreamFault, TimeoutError):
            async with asyncio.timeout(FAREWELL_S):
                for uri in uris:
                    self.uris[uri] -= 1
                    if self.uris[uri] <= 0:
                        del self.uris[uri]
                        id = self.number()
                        await self.request(subscription_request(id, uri, on=False), "resources/unsubscribe", id)
        if not self.tellers:
            await self.close()

    async def _read(self) -> None:
        """Follow the server's own stream for as long as somebody wants to know; a server without one says nothing."""
        pause_s = BACK_OFF_FIRST_S
        while True:
            with suppress(UpstreamFault):
                answer = await self.inner.listen(self.outbound(b"", "", None))
                try:
                    if answer.events is None:
                        return
                    async for event in answer.events:
                        pause_s = BACK_OFF_FIRST_S
                        await self._hear(event.data)
                finally:
                    await answer.aclose()
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, BACK_OFF_MAX_S)

    async def _hear(self, data: bytes) -> None:
        said = read_said(data) if data else None
        if said is None:
            return
        if said.id is None:
            self.tell(said, data)
        else:
            await self.refuse(said)

    async def refuse(self, said: Said) -> None:
        """Answer what the server asks where no client can be asked."""
        assert said.id is not None, "a request has an id"
        known = said.method == "ping"
        body = empty_result(said.id) if known else error(said.id, METHOD_NOT_FOUND, "Method not found")
        with suppress(UpstreamFault):
            await self.send(body, "")

    async def close(self) -> None:
        """Follow the server's own stream no longer."""
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.cancel()
            # Not awaited itself: its own cancellation would look like one that is meant for us.
            await asyncio.wait((reading,))
            if not reading.cancelled():
                reading.result()
