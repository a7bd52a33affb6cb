"""One client connection: reads requests, has each answered in its turn, closes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import cast

from yett.edge import framing, responses
from yett.edge.at_once import AtOnce
from yett.edge.reader import BETWEEN, RequestReader, Turn
from yett.edge.request import Refusal
from yett.edge.reset import reset
from yett.edge.responder import ClientGone, Responder
from yett.edge.shared import Handler, Shared


class Connection(asyncio.Protocol):
    """Callbacks of the event loop on one side, on the other one long-lived coroutine that takes the requests in turn."""

    def __init__(self, shared: Shared, loop: asyncio.AbstractEventLoop) -> None:
        self._shared = shared
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._reader = RequestReader(shared, None)
        self._waiter: asyncio.Future[None] | None = None
        """What the coroutine waits for while there is nothing to answer."""
        self._drains: list[asyncio.Future[None]] = []
        self._gone: asyncio.Future[None] | None = None
        self._answering = False
        self._at_once = AtOnce(self, shared)
        self.behind_proxy = False
        """Whether the peer is a proxy whose word about the client is taken."""
        self._reading_paused = False
        self._secure = False
        """Whether TLS is spoken, which knows no half-closed connection."""
        self._eof = False
        self._idle_at: float | None = None
        """Since when the next request may come; None before the first one, which has less time."""
        self._paused_at: float | None = None
        """Since when the client does not read what is written."""
        self._abort_at: float | None = None
        """When a closing connection is cut, however much is still to be sent."""
        self.client_ip: str | None = None

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not inherit from asyncio's.
        stream = cast("asyncio.Transport", transport)
        shared = self._shared
        self._transport = stream
        peer = stream.get_extra_info("peername")
        self.client_ip = peer[0] if isinstance(peer, tuple) else None
        self._secure = stream.get_extra_info("ssl_object") is not None
        self.behind_proxy = shared.proxies.trusts(self.client_ip)
        self._reader = RequestReader(shared, self.client_ip)
        open_before = len(shared.connections)
        shared.connections.add(self)
        if open_before >= shared.limits.connections_hard:
            stream.abort()
        elif open_before >= shared.limits.connections:
            self._reader.finished = True
            shared.reports.on_refused(framing.OVERLOADED.reason, self.client_ip)
            self._answer_refusal(framing.OVERLOADED)
        else:
            task = self._loop.create_task(self._take_turns())
            shared.tasks.add(task)
            task.add_done_callback(self._turns_over)

    def data_received(self, data: bytes) -> None:
        reader = self._reader
        refusal = reader.feed(data)
        if refusal is not None:
            self._shared.reports.on_refused(refusal.reason, self.client_ip)
        if reader.ready:
            if len(reader.ready) >= self._shared.limits.pipelined:
                self._pause_reading()
            if self._rests and not self._answering:
                self._answering = self._at_once.takes_one_of(reader.ready)
                self._wake()
        elif reader.wants_continue and not self._answering:
            self._continue()

    def eof_received(self) -> bool:
        """A client that has closed its side may still read: what it asked for is answered, though `client_gone` says so.

        With TLS it may not: its end is the end of the connection.
        """
        self._eof = True
        self._reader.finished = True
        self._tell_gone()
        self._wake()
        return not self._secure and (self._answering or bool(self._reader.ready))

    def connection_lost(self, error: Exception | None) -> None:
        shared = self._shared
        shared.connections.discard(self)
        if not shared.connections:
            shared.emptied.set()
        for turn in self._reader.ready:
            if not isinstance(turn, Refusal):
                shared.held_bytes -= len(turn[0].body)
        self._reader.ready.clear()
        self._reader.close()
        self._transport = None
        self._paused_at = None
        self._tell_gone()
        self._wake()
        self._wake_drains()

    def pause_writing(self) -> None:
        self._paused_at = self._shared.now

    def resume_writing(self) -> None:
        self._paused_at = None
        self._wake_drains()

    # What the server calls.

    def sweep(self, now: float) -> None:
        """Act on whatever has taken too long by `now`."""
        transport = self._transport
        if transport is None:
            return
        stalled = self._paused_at is not None and now - self._paused_at >= self._shared.limits.write_stall_s
        if stalled or (self._abort_at is not None and now >= self._abort_at):
            transport.abort()
        elif not self._reader.finished:
            self._sweep_reading(now)

    @property
    def receiving_bytes(self) -> int:
        """Of a body that is not complete yet."""
        return self._reader.body_bytes

    def refuse(self, refusal: Refusal) -> None:
        """Give up the request that is being received."""
        self._shared.reports.on_refused(self._reader.refuse(refusal).reason, self.client_ip)
        self._wake()

    def leave_off(self) -> None:
        """Close unless a request is being received or answered, which is then the last one."""
        if not self._answering and not self._reader.ready and self._reader.phase == BETWEEN:
            self._reader.finished = True
            self.close()
            self._wake()

    def abandon(self) -> None:
        """Cut the connection now."""
        if self._transport is not None:
            self._transport.abort()

    # What the responder calls.

    @property
    def left(self) -> bool:
        # A write that failed closes the transport a moment before the connection counts as lost. Whoever writes in a loop must
        # not be told to go on: nothing would make him wait.
        return self._eof or self._transport is None or self._transport.is_closing()

    @property
    def goes_on(self) -> bool:
        return not self._shared.draining and (bool(self._reader.ready) or not self._reader.finished)

    @property
    def paused(self) -> bool:
        return self._paused_at is not None

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def write_parts(self, parts: Iterable[bytes]) -> None:
        if self._transport is not None:
            self._transport.writelines(parts)

    async def drained(self) -> None:
        if self._paused_at is not None:
            waiter = self._loop.create_future()
            self._drains.append(waiter)
            await waiter

    def client_gone(self) -> asyncio.Future[None]:
        if self._gone is None:
            self._gone = self._loop.create_future()
            if self.left:
                self._gone.set_result(None)
        return self._gone

    def close(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._abort_at = self._shared.now + self._shared.limits.write_stall_s
            self._transport.close()

    def cut(self) -> None:
        if self._transport is not None:
            reset(self._transport)

    # The short way.

    def turn_over(self, *, keep_alive: bool) -> None:
        """The request that was taken at once is answered."""
        self._answering = False
        self._idle_at = self._shared.now
        if not keep_alive:
            self._close_after_answer(linger=True)
        reader = self._reader
        if reader.ready or reader.finished or reader.wants_continue:
            self._wake()

    def go_on(self) -> None:
        """The request that was taken at once was handed over."""
        self._answering = False
        self._wake()

    # The turns.

    @property
    def _rests(self) -> bool:
        """Whether the coroutine waits for something to answer."""
        return self._waiter is not None and not self._waiter.done()

    async def _take_turns(self) -> None:
        """Answer one request after the other until the connection is done with."""
        reader = self._reader
        while self._abort_at is None:
            handed_over = self._at_once.handed_over()
            if handed_over is not None:
                if not await self._answer(*handed_over):
                    return None
            elif reader.ready:
                turn = reader.ready.pop(0)
                if isinstance(turn, Refusal):
                    return self._answer_refusal(turn)
                if not await self._answer(turn, self._shared.handler):
                    return None
            elif reader.finished:
                return self.close()
            else:
                self._resume_reading()
                if reader.wants_continue:
                    self._continue()
                self._waiter = self._loop.create_future()
                await self._waiter
                self._waiter = None
        return None

    async def _answer(self, turn: Turn, handler: Handler) -> bool:
        """Have one request answered; whether there may be another one."""
        request, keep_alive, chunked = turn
        shared = self._shared
        responder = Responder(self, keep_alive=keep_alive, chunked=chunked, bodiless=request.method == b"HEAD")
        self._answering = True
        if self.behind_proxy:
            request.client_ip = shared.proxies.client_of(request.headers)
        try:
            await handler(request, responder)
            if not responder.finished:
                raise RuntimeError("the handler returned before its answer was complete")  # noqa: TRY301 - one way to fail
        except ClientGone:
            responder.abort()
        except Exception as error:  # noqa: BLE001 - the boundary: no fault of a handler may harm another connection
            shared.reports.on_handler_error(error)
            responder.fail()
        finally:
            self._answering = False
            shared.held_bytes -= len(request.body)
        self._idle_at = shared.now
        if not responder.keep_alive:
            self._close_after_answer(linger=keep_alive)
            return False
        if self._paused_at is not None:
            await self.drained()
        if responder.turned_away:
            # Who asks again at once would have us do nothing but refuse. `Retry-After` told him so.
            self._pause_reading()
            await asyncio.sleep(shared.limits.turned_away_s)
        return self._transport is not None

    def _turns_over(self, task: asyncio.Task[None]) -> None:
        self._shared.tasks.discard(task)
        self._at_once.cancel()
        if not task.cancelled() and (error := task.exception()) is not None:
            self._shared.reports.on_handler_error(error)
        if self._transport is not None and self._abort_at is None:
            self._transport.abort()

    def _answer_refusal(self, refusal: Refusal) -> None:
        self.write(responses.refused(refusal))
        self._close_after_answer(linger=True)

    def _close_after_answer(self, *, linger: bool) -> None:
        """Close; `linger` where the client may still be sending: closing with bytes unread would reset the connection, and the
        reset would take the answer with it (RFC 9112, 9.6).
        """
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        self._resume_reading()
        self._reader.finished = True
        if self._eof or not linger or self._secure:
            self.close()  # with TLS, what still comes is thrown away until the client answers the goodbye
            return
        limits = self._shared.limits
        unsent = transport.get_write_buffer_size() > 0
        self._abort_at = self._shared.now + (limits.write_stall_s if unsent else limits.linger_s)
        transport.write_eof()

    def _continue(self) -> None:
        self._reader.wants_continue = False
        self.write(responses.CONTINUE)

    # Reading and waiting.

    def _sweep_reading(self, now: float) -> None:
        reader, limits = self._reader, self._shared.limits
        if reader.phase == BETWEEN:
            since, allowed = (reader.began_at, limits.header_s) if self._idle_at is None else (self._idle_at, limits.idle_s)
            if now - since >= allowed:
                self.leave_off()
        elif reader.is_late(now):
            self.refuse(framing.TOO_SLOW)

    def _pause_reading(self) -> None:
        if not self._reading_paused and self._transport is not None:
            self._reading_paused = True
            self._transport.pause_reading()

    def _resume_reading(self) -> None:
        if self._reading_paused and self._transport is not None:
            self._reading_paused = False
            self._transport.resume_reading()

    def _wake(self) -> None:
        if self._rests and not self._answering:
            assert self._waiter is not None
            self._waiter.set_result(None)

    def _wake_drains(self) -> None:
        drains, self._drains = self._drains, []
        for waiter in drains:
            if not waiter.done():
                waiter.set_result(None)

    def _tell_gone(self) -> None:
        self._at_once.client_left()
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(None)
