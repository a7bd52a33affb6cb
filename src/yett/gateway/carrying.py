"""Answers of programs as streams of the gateway's own: begun with an event to take them up from, and taken up by `GET`.

A request goes on when its client is lost, in its own place among the requests in flight. Its task carries each message to the
kept answer first and to the client then, if that is there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Final

from yett.edge.responder import ClientGone, Responder
from yett.errors import UpstreamFault
from yett.gateway.calls import Calls
from yett.gateway.http_answers import EVENT_STREAM, STREAM_FIELDS, status_of
from yett.gateway.kept_answers import CUT_OFF, TOO_OLD, KeptAnswer, KeptAnswers
from yett.gateway.live_streams import LiveStream
from yett.gateway.outcomes import unreachable
from yett.gateway.route import Route
from yett.gateway.streams import read_response
from yett.gateway.waits import HeldCall, let_go_with
from yett.policy.decision import Surface
from yett.ports import Answer, Event
from yett.protocol.envelope import Shape
from yett.protocol.headers import accepts_events
from yett.protocol.messages import Message
from yett.protocol.peek import peek_response
from yett.protocol.rejection import INTERNAL_ERROR
from yett.protocol.replies import error
from yett.protocol.revisions import POLLING
from yett.protocol.sse import encode_event, encode_priming

BEGINS_S: Final = 0.05
"""A client that has waited so long gets what it needs to take the answer up again; a quicker answer goes in one piece."""
RETRY_MS: Final = 1_000
"""How long clients are asked to wait before they come back."""
ACCEPT: Final = b"accept"


def is_carried(kept: KeptAnswers, route: Route, message: Message) -> bool:
    """Whether the answer to a message is such a stream: of a program, in a session whose client knows how to take it up."""
    if route.session is None or route.session.revision != POLLING or route.caller.server.url is not None:
        return False
    if message.kind is not Shape.REQUEST or message.id is None or not kept.terms.kept_s:
        return False
    return accepts_events({ACCEPT: b",".join(value for name, value in route.headers if name == ACCEPT)})


@dataclass(slots=True, eq=False)
class Carrying:
    """One request whose answer is carried by the task that works on it."""

    calls: Calls
    route: Route
    message: Message
    responder: Responder
    answer: KeptAnswer
    owner: KeptAnswers
    _task: asyncio.Task[object] | None = None
    _here: bool = True
    """Whether the client that asked is still there, and nobody took the answer over."""
    _abandoned: bool = False
    _begins: asyncio.TimerHandle | None = None
    _quiet: asyncio.TimerHandle | None = None
    _absent: asyncio.TimerHandle | None = None
    _held: bool = False
    """Whether the call waits for people, and its client with it."""
    _delivered: bool = False

    async def carry(self, answering: Awaitable[Answer]) -> None:
        """Have the client told, now or when it comes again. Errors: as those of `answering`."""
        self._task = asyncio.current_task()
        self._begins = asyncio.get_running_loop().call_later(BEGINS_S, self._begin)
        gone = self.responder.client_gone
        gone.add_done_callback(self._left)
        self.answer.on_heard = self._heard
        self.answer.attach(self)
        try:
            await self._carry(answering)
        except asyncio.CancelledError:
            self.owner.drop(self.answer, TOO_OLD if self._abandoned else CUT_OFF)
            if not self._abandoned or self._task is None or self._task.uncancel():
                raise
            self.responder.abort()
        finally:
            gone.remove_done_callback(self._left)
            self._over()

    async def _carry(self, answering: Awaitable[Answer]) -> None:
        answer = await answering
        try:
            if answer.events is None:
                await self._whole(answer)
            else:
                await self._events(answer)
        finally:
            await answer.aclose()
        if self.responder.finished:
            return
        if self._here:
            self.responder.end()
            self._delivered = True
        else:
            self.responder.abort()

    async def _whole(self, answer: Answer) -> None:
        assert self.message.id is not None, "only requests are answered"
        body = answer.body or b"" if answer.chunks is None else await read_response(answer, self.message.id)
        if self.responder.started:
            await self._give(body)
        elif answer.status == 200:
            event = self.answer.put(body)
            stream = self._priming() + encode_event(event.data, event.id)
            self.responder.send(200, stream, EVENT_STREAM, [*answer.headers, *STREAM_FIELDS])
            self._delivered = self._here
        else:
            self.owner.forget(self.answer)
            self.responder.send(status_of(self.route, self.message, answer), body, headers=answer.headers)

    async def _events(self, answer: Answer) -> None:
        assert answer.events is not None, "the caller saw events"
        # A call that waits for people does so only while its client is there; who comes again is told to ask again.
        self._held = isinstance(answer.events, HeldCall)
        let_go_with(answer, self.responder.client_gone)
        last = b""
        try:
            async for event in answer.events:
                if event.data:
                    last = event.data
                    await self._give(last)
        except UpstreamFault as failure:
            # What broke off is told, and does not only show: a client that saw nothing but an end would come and ask again.
            request_id = self.calls.request_id()
            self.calls.report(request_id, self.route.caller.server.name, failure)
            broken = unreachable(self.message.id, failure, request_id, in_detail=self.route.local)
            await self._give(broken.body or b"")
            return
        if isinstance(answer.events, HeldCall):
            peek = peek_response(last) if last else None
            if peek is None or not peek.is_response:
                await self._give(answer.events.otherwise)

    # --- what the client gets -------------------------------------------------------------------------------------------

    async def _give(self, message: bytes) -> None:
        """Keep a message, and give it to the client if that is there."""
        event = self.answer.put(message)
        if not self._here:
            return
        self._begin()
        self._wait_for_more()
        try:
            await self.responder.write(encode_event(event.data, event.id))
        except ClientGone:
            self._left()

    def _begin(self) -> None:
        """Begin the stream, unless that was done or nobody is there."""
        self._stop(self._begins)
        if not self._here or self.responder.started or self.responder.client_gone.done():
            return
        if self.owner.terms.quiet_s:
            self.responder.keep_alive = False
        self.responder.start(200, EVENT_STREAM, STREAM_FIELDS, first=self._priming())
        self._wait_for_more()

    def _priming(self) -> bytes:
        return encode_priming(self.answer.event_id(0), RETRY_MS)

    def _wait_for_more(self) -> None:
        """Close the stream when nothing comes for so long that the client had better come back."""
        self._stop(self._quiet)
        if self.owner.terms.quiet_s and not self._held:
            self._quiet = asyncio.get_running_loop().call_later(self.owner.terms.quiet_s, self._part)

    def _part(self) -> None:
        if self._here and self.responder.started and not self.responder.finished and not self._held:
            self._here = False
            self.responder.end_connection()
            self.answer.detach(self)

    # --- who is there ---------------------------------------------------------------------------------------------------

    def _left(self, _: object = None) -> None:
        """The client was lost."""
        if self._here:
            self._here = False
            if self.responder.started:
                self.responder.abort()
            self.answer.detach(self)

    def taken_over(self) -> None:
        """The client has come again on another connection, whatever becomes of this one."""
        if self._here:
            self._here = False
            if not self.responder.finished:
                self.responder.cut()

    def _heard(self) -> None:
        """Somebody came, or nobody is there any more, for whom the call goes on only so long."""
        self._stop(self._absent)
        if not self.answer.heard:
            self._absent = asyncio.get_running_loop().call_later(self.owner.terms.kept_s, self._abandon)

    def _abandon(self) -> None:
        if self._task is not None:
            self._abandoned = True
            self._task.cancel()

    def _over(self) -> None:
        for timer in (self._begins, self._quiet, self._absent):
            self._stop(timer)
        self._task = None
        self.answer.finish(delivered=self._delivered)
        self.answer.detach(self)

    def _stop(self, timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()


class TakenUp:
    """The rest of an answer, for a client that has come again (`yett.gateway.live_streams.Source`)."""

    def __init__(self, answer: KeptAnswer, after: int, quiet_s: float) -> None:
        self._answer = answer
        self._at = after
        self._quiet_s = quiet_s or None
        self._primed = self._over = False
        answer.attach(self)

    def taken_over(self) -> None:
        """See `Reading`."""
        self._over = True
        self._answer.wake()

    async def following(self, stream: LiveStream) -> Event | None:
        """See `Source`."""
        answer = self._answer
        if not self._primed:  # a client whose stream ends before it has seen any id would come back without one
            self._primed = True
            return Event(b"", encode_priming(answer.event_id(self._at), RETRY_MS))
        try:
            async with asyncio.timeout(self._quiet_s):
                while not self._over:
                    if answer.lost is not None:
                        return self._sorry(answer.lost)
                    event = answer.after(self._at)
                    if event is not None:
                        self._at += 1
                        return event
                    self._over = answer.over
                    if not self._over:
                        await answer.news()
        except TimeoutError:
            self._over = True
        return None

    def _sorry(self, why: str) -> Event:
        """The end of an answer of which nothing is left."""
        self._over = True
        text = f"the answer to this request is no longer kept: {why}; it may have run, so look before you ask again"
        return Event(error(self._answer.id, INTERNAL_ERROR, text))

    def changed(self, surface: Surface) -> Event | None:
        """Lists are told of elsewhere."""
        return None

    def farewell(self) -> Event | None:
        """Whatever is still to come may be taken up again."""
        return None

    async def aclose(self) -> None:
        """See `Source`."""
        self._answer.detach(self)
