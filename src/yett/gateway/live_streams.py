"""Streams of what servers say of their own accord: bounded for each grant, judged by the policy in force, ended with the grant.

What a client sees on one is what its server says, and what the gateway itself has to say when a policy change alters what the
grant sees.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol, Self

from msgspec.structs import replace

from yett.errors import UpstreamFault
from yett.gateway.active import Snapshot, Touched
from yett.gateway.published import ActivePolicy
from yett.gateway.route import Route
from yett.gateway.standing import refreshed
from yett.policy.decision import Surface
from yett.policy.model import Policy
from yett.ports import Event

GRANT_STREAMS_MAX: Final = 64
"""Open streams of one grant: each holds a connection on both sides."""
SERVER_STREAMS_MAX: Final = 768
"""Open streams to one server; a quarter of its connections stays free for calls."""


class Source(Protocol):
    """What a server says, as the client may see it."""

    async def following(self, stream: LiveStream) -> Event | None:
        """The next event, as the stream's route has it judged when it comes; None at the end. Errors: `UpstreamFault`."""
        ...

    def changed(self, surface: Surface) -> Event | None:
        """How the client is told that a list of its is another one now; None if it does not want to know."""
        ...

    def farewell(self) -> Event | None:
        """What the client is told last where the gateway ends the stream."""
        ...

    async def aclose(self) -> None:
        """Nobody reads on."""
        ...


class LiveStream:
    """One open stream; an iterator that ends when its server, its session or its grant does."""

    def __init__(self, route: Route, on_close: Callable[[LiveStream], None], *, finite: bool = False) -> None:
        self.route = route
        """By the policy in force."""
        self.finite = finite
        """Whether it brings the rest of one answer, and then ends: a gateway that stops waits for it as for any call."""
        self._on_close = on_close
        self._source: Source | None = None
        self._own: deque[Event] = deque()
        """What the gateway has to say; each thing once."""
        self._next: asyncio.Task[Event | None] | None = None
        self._woken: asyncio.Future[None] | None = None
        self._over = False

    def attach(self, source: Source) -> None:
        """Take what the server says from here."""
        self._source = source

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        assert self._source is not None, "attached before it is read"
        loop = asyncio.get_running_loop()
        while True:
            if self._own:
                return self._own.popleft()
            if self._over:
                raise StopAsyncIteration
            if self._next is None:
                self._next = loop.create_task(self._source.following(self), name="yett live stream")
            self._woken = loop.create_future()
            await asyncio.wait((self._next, self._woken), return_when=asyncio.FIRST_COMPLETED)
            if self._next.done() and not self._own and not self._over:
                done, self._next = self._next, None
                event = done.result()
                if event is not None:
                    return event
                self._over = True

    def say(self, surface: Surface) -> None:
        """A list that the client may have read is another one now."""
        event = None if self._source is None else self._source.changed(surface)
        if event is not None and event not in self._own:
            self._own.append(event)
            self._wake()

    def tell(self, event: Event) -> bool:
        """Have the client told something of the gateway's own; False where the stream has ended, or is for one answer only."""
        if self._over or self.finite:
            return False
        self._own.append(event)
        self._wake()
        return True

    def end(self) -> None:
        """End the stream in good order, whatever its server says."""
        if self._over:
            return
        self._over = True
        self._own.clear()
        farewell = None if self._source is None else self._source.farewell()
        if farewell is not None:
            self._own.append(farewell)
        self._wake()

    def _wake(self) -> None:
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)

    async def aclose(self) -> None:
        """Nobody reads on. Who is cancelled while it closes the stream closes it all the same, and stays cancelled."""
        self._over = True
        self._on_close(self)
        following, self._next = self._next, None
        try:
            if following is not None:
                following.cancel()
                # Not awaited itself: its own cancellation would look like one that is meant for us.
                await asyncio.wait((following,))
                if not following.cancelled():
                    with suppress(UpstreamFault):
                        following.result()
        finally:
            if self._source is not None:
                await self._source.aclose()


class LiveStreams:
    """The only owner of open streams."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._open: set[LiveStream] = set()
        self._expiries: dict[LiveStream, asyncio.TimerHandle] = {}
        self._stopping = False

    def open(self, route: Route, *, finite: bool = False) -> LiveStream | None:
        """Count one more stream in; None if its grant or its server has too many, or the gateway stops."""
        grant_id, server_id = route.caller.grant.id, route.caller.server.id
        of_grant = sum(stream.route.caller.grant.id == grant_id for stream in self._open)
        of_server = sum(stream.route.caller.server.id == server_id for stream in self._open)
        if (self._stopping and not finite) or of_grant >= GRANT_STREAMS_MAX or of_server >= SERVER_STREAMS_MAX:
            return None
        stream = LiveStream(route, self._close, finite=finite)
        self._open.add(stream)
        if route.session is not None:
            route.session.conversation.streams.add(stream)
        self._expire(stream)
        return stream

    def follow(self, snapshot: Snapshot, touched: Touched) -> None:
        """A snapshot became active: end the streams of what is no more, or stopped, and judge the others by it."""
        for stream in tuple(self._open):
            caller = stream.route.caller
            by_class = caller.policy is not None and caller.policy.compiled.by_class
            if caller.server.id in touched.pins or (by_class and caller.server.id in touched.classes):
                stream.say(Surface.TOOL)
            if not touched.concerns(caller.grant):
                continue
            now = refreshed(caller, snapshot)
            if now is None:
                stream.end()
                continue
            stream.route = replace(stream.route, caller=now)
            if now.grant.until_ns(now.digest) != caller.grant.until_ns(caller.digest):
                self._expire(stream)
            for surface in _changed(caller.policy, now.policy):
                stream.say(surface)

    def end_all(self) -> None:
        """The gateway stops: end all streams in good order, and open no more, but for those that end by themselves."""
        self._stopping = True
        for stream in tuple(self._open):
            if not stream.finite:
                stream.end()

    def __len__(self) -> int:
        return len(self._open)

    def _expire(self, stream: LiveStream) -> None:
        """End the stream when the token by which it was opened ceases to be good."""
        timer = self._expiries.pop(stream, None)
        if timer is not None:
            timer.cancel()
        expires_at_ns = _until_ns(stream)
        if expires_at_ns is not None:
            left_s = max((expires_at_ns - self._now_ns()) / 1e9, 0.0)
            self._expiries[stream] = asyncio.get_running_loop().call_later(min(left_s, 86_400.0), self._expired, stream)

    def _expired(self, stream: LiveStream) -> None:
        expires_at_ns = _until_ns(stream)
        if expires_at_ns is not None and expires_at_ns <= self._now_ns():
            stream.end()
        else:
            self._expire(stream)

    def _close(self, stream: LiveStream) -> None:
        self._open.discard(stream)
        timer = self._expiries.pop(stream, None)
        if timer is not None:
            timer.cancel()
        if stream.route.session is not None:
            stream.route.session.conversation.streams.discard(stream)


def _until_ns(stream: LiveStream) -> int | None:
    caller = stream.route.caller
    return caller.grant.until_ns(caller.digest)


def _changed(before: ActivePolicy | None, after: ActivePolicy | None) -> list[Surface]:
    """The lists that may be others by the new policy."""
    if before is after:
        return []
    old = None if before is None else before.compiled.policy
    new = None if after is None else after.compiled.policy
    return [surface for surface in Surface if _shows(old, surface) != _shows(new, surface)]


def _shows(policy: Policy | None, surface: Surface) -> object:
    """All of a policy that decides what a list of this kind shows."""
    if policy is None:
        return None
    common = policy.default_allows, policy.mode
    if surface is Surface.RESOURCE:
        return *common, policy.resources
    if surface is Surface.PROMPT:
        return *common, policy.prompts
    return *common, policy.tools, policy.risk, policy.hide, policy.hide_unpermitted, policy.all_tools
