"""One client's event stream of revision 2024-11-05: all that its server and the gateway say to it, one message after another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

from msgspec.structs import replace

from yett.edge.responder import ClientGone, Responder
from yett.errors import UpstreamFault
from yett.gateway.live_streams import LiveStream, Source
from yett.gateway.route import Route
from yett.gateway.sessions import Session
from yett.policy.decision import Surface
from yett.ports import Event
from yett.protocol.sse import encode_event
from yett.protocol.subscription_filter import list_changed

KEEP_ALIVE_S: Final = 20.0
"""Between two signs of life; clients give up after some minutes of silence, and proxies after one."""
AGAIN_S: Final = 1.0
"""Before a server's own stream that ended is opened again."""
LAST_EVENT_ID: Final = b"last-event-id"

Hear = Callable[[Route], Coroutine[Any, Any, Source | None]]


class OldStream:
    """A stream, its session once there is one, and the requests that are in work for it."""

    def __init__(self, live: LiveStream, responder: Responder, hear: Hear) -> None:
        self.live = live
        """Counted and ended with its grant; its route has the session."""
        self.opening = False
        """Whether a handshake is under way or over."""
        self.work: asyncio.TaskGroup | None = None
        self._responder = responder
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = _Server(hear)
        live.attach(self._server)

    def open(self, session: Session | None) -> None:
        """The handshake succeeded; from now on the server may speak of its own accord."""
        if session is not None:
            self.live.route = replace(self.live.route, session=session, isolation=session.id)
            session.conversation.streams.add(self.live)
        self._server.opened.set()

    def start(self, work: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
        """Have something done for this client."""
        assert self.work is not None, "only open streams are found"
        task = self.work.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def cancel(self) -> None:
        """Nobody may have the answers any more."""
        for task in tuple(self._tasks):
            task.cancel()

    async def write(self, message: bytes) -> None:
        """Send one message; waits while the client does not read. Errors: `ClientGone`."""
        async with self._turn:
            await self._responder.write(encode_event(message))

    async def tell(self, message: bytes) -> None:
        """Send one message to a client that may have gone."""
        with suppress(ClientGone):
            await self.write(message)

    async def sign_of_life(self) -> None:
        """Send a comment. Errors: `ClientGone`."""
        async with self._turn:
            await self._responder.write(b":\n\n")


class _Server:
    """What the server says of its own accord, from the handshake on. Implements `live_streams.Source`."""

    def __init__(self, hear: Hear) -> None:
        self.opened = asyncio.Event()
        self._hear = hear
        self._source: Source | None = None
        self._last_id: bytes | None = None

    async def following(self, stream: LiveStream) -> Event | None:
        """See `Source`. Never ends by itself: a server without such a stream still answers."""
        while True:
            await self.opened.wait()
            event = await self._heard(stream)
            if event is not None:
                self._last_id = event.id or self._last_id
                return event
            await asyncio.sleep(AGAIN_S)

    async def _heard(self, stream: LiveStream) -> Event | None:
        """The next event; None where the server ended its stream."""
        if self._source is None:
            after = [] if self._last_id is None else [(LAST_EVENT_ID, self._last_id)]
            self._source = await self._hear(replace(stream.route, headers=[*stream.route.headers, *after]))
            if self._source is None:
                await asyncio.Event().wait()
                return None
        try:
            event = await self._source.following(stream)
        except UpstreamFault:
            event = None
        if event is None:
            await self.aclose()
        return event

    def changed(self, surface: Surface) -> Event | None:
        """See `Source`."""
        return Event(list_changed(surface.value)) if self.opened.is_set() else None

    def farewell(self) -> Event | None:
        """There is none; the client opens another stream."""
        return None

    async def aclose(self) -> None:
        """See `Source`."""
        source, self._source = self._source, None
        if source is not None:
            await source.aclose()
