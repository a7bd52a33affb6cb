"""The gate for one client on stdin and stdout: lines in, lines out, the same judgement as over HTTP."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from yett.audit.record import Refused, SecurityRecord
from yett.errors import UpstreamFault
from yett.gateway.active import ActiveSnapshot
from yett.gateway.calls import Caller, Calls
from yett.gateway.dispatch import Dispatcher
from yett.gateway.outcomes import failed, unreachable
from yett.gateway.route import Route
from yett.gateway.sessions import Session, Sessions
from yett.gateway.snapshot import GrantEntry, ServerEntry
from yett.gateway.waits import HeldCall
from yett.ports import Answer, Clock, Upstream
from yett.protocol.envelope import Shape
from yett.protocol.eras import Era
from yett.protocol.messages import Message, classify_line
from yett.protocol.rejection import Rejection
from yett.protocol.replies import rejected

REQUESTS_MAX: Final = 256
"""Requests in work at once; while there are so many, no further line is read."""
DRAIN_S: Final = 30.0
"""How long requests in work may take after the client closed its end."""

Write = Callable[[bytes], Awaitable[None]]
"""Sends one JSON text as a line; waits while the client does not read."""


@dataclass(frozen=True, slots=True)
class StdioParts:
    """What the front works with."""

    active: ActiveSnapshot
    dispatcher: Dispatcher
    calls: Calls
    sessions: Sessions
    clock: Clock
    upstream: Upstream
    grant: GrantEntry
    """The local grant; its policy is looked up anew for each message."""
    server: ServerEntry
    body_digest_key: bytes
    on_failure: Callable[[BaseException], None]
    """Told of a fault of ours; the client only hears that there was one."""


class StdioFront:
    """One client, one server, one child."""

    def __init__(self, parts: StdioParts, write: Write) -> None:
        self._parts = parts
        self._write = write
        self._settled: Era | None = None
        self._session: Session | None = None
        self._slots = asyncio.Semaphore(REQUESTS_MAX)
        self._held: set[HeldCall] = set()
        """Calls that wait for people."""
        self._ended = False
        """Whether the client has closed its end."""
        self._listening: asyncio.Task[None] | None = None
        """Carries what the server says of its own accord in the session."""

    async def serve(self, lines: AsyncIterator[bytes]) -> None:
        """Handle lines until the client closes its end and what is in work is done, or until nobody reads any more."""
        in_work: set[asyncio.Task[None]] = set()
        try:
            async with asyncio.TaskGroup() as requests:
                async for line in lines:
                    await self._line(line, requests, in_work)
                self._wait_no_more()
                if in_work:
                    await asyncio.wait(in_work, timeout=DRAIN_S)
                for late in in_work:
                    late.cancel()
                self._listen_no_more()
        except* ConnectionError:
            pass  # the client is gone, and with it everything that was to be said

    async def _line(self, line: bytes, requests: asyncio.TaskGroup, in_work: set[asyncio.Task[None]]) -> None:
        message = classify_line(line, self._settled)
        if isinstance(message, Rejection):
            await self._reject(line, message)
        elif message.kind is Shape.REQUEST:
            self._settle_era(message)
            await self._slots.acquire()
            task = requests.create_task(self._request(message, requests), name=f"yett request {message.method}")
            in_work.add(task)
            task.add_done_callback(in_work.discard)
        elif message.kind is Shape.NOTIFICATION:
            await self._parts.dispatcher.dispatch(self._route(), message)
        else:
            await self._parts.dispatcher.respond(self._route(), message)

    async def _listen(self) -> None:
        """Carry what the server says of its own accord, for as long as the session lasts."""
        answer = await self._parts.dispatcher.listen(self._route())
        if answer.events is not None:
            with suppress(UpstreamFault):
                await self._bring_back(answer)

    def _wait_no_more(self) -> None:
        """Nobody will make another call: what people decide from now on is for who makes the same one again."""
        self._ended = True
        for held in self._held:
            held.give_up()

    def _listen_no_more(self) -> None:
        if self._listening is not None:
            self._listening.cancel()

    def _settle_era(self, message: Message) -> None:
        """The first request that is no probe decides; a client that probes may still fall back to a handshake."""
        if self._settled is None and message.method != "server/discover":
            self._settled = message.era

    async def _request(self, message: Message, tasks: asyncio.TaskGroup) -> None:
        try:
            answer = await self._parts.dispatcher.dispatch(self._route(), message)
            if answer.session is not None:
                grant, server = self._parts.grant, self._parts.server
                self._session = self._parts.sessions.find(answer.session, grant_id=grant.id, server_id=server.id)
            await self._bring_back(answer)
            if answer.session is not None:
                self._listen_no_more()
                self._listening = tasks.create_task(self._listen(), name="yett session of the server")
        except UpstreamFault as failure:
            request_id = self._parts.calls.request_id()
            await self._write(unreachable(message.id, failure, request_id, in_detail=True).body or b"")
        except ConnectionError:
            raise  # the client is gone
        except Exception as bug:  # noqa: BLE001 - the boundary: a fault of ours in one request ends no other
            self._parts.on_failure(bug)
            answer = failed(message.id, "the request failed inside the gate", self._parts.calls.request_id())
            await self._write(answer.body or b"")
        finally:
            self._slots.release()

    async def _bring_back(self, answer: Answer) -> None:
        held = answer.events if isinstance(answer.events, HeldCall) else None
        try:
            if held is not None:
                self._held.add(held)
                if self._ended:
                    held.give_up()
            if answer.events is not None:
                async for event in answer.events:
                    if event.data:
                        await self._write(event.data)
            elif answer.chunks is not None:
                await self._write(b"".join([chunk async for chunk in answer.chunks]))
            elif answer.body is not None:
                await self._write(answer.body)
        finally:
            if held is not None:
                self._held.discard(held)
            await answer.aclose()

    async def _reject(self, line: bytes, rejection: Rejection) -> None:
        self._parts.calls.note(
            SecurityRecord(
                at_ns=self._parts.clock.now_ns(),
                request_id=self._parts.calls.request_id(),
                kind=Refused(rejection.kind.value),
                reason=rejection.message,
                server=self._parts.server.name,
                grant_id=self._parts.grant.id,
                body_digest=hashlib.blake2b(line, digest_size=16, key=self._parts.body_digest_key).hexdigest(),
                body_bytes=len(line),
            )
        )
        await self._write(rejected(rejection))

    def _route(self) -> Route:
        snapshot, grant = self._parts.active.current(), self._parts.grant
        assert snapshot is not None, "the policy is read before the first line"
        caller = Caller(
            grant=grant,
            server=self._parts.server,
            about=snapshot.facts[grant.id],
            policy=snapshot.policy_of(grant),
            session=None if self._session is None else self._session.id,
            digest=grant.digest,
        )
        return Route(caller, self._parts.upstream, self._session, isolation=self._parts.grant.id, local=True)
