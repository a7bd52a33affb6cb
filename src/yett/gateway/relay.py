"""Answers of calls on their way to the client, as they come: settled once and closed in every case.

Iterators by hand: a generator that nobody ever asked for anything would neither settle nor close.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final, Self

from yett.audit.record import Result
from yett.errors import UpstreamFault, UpstreamNotReached, UpstreamTimedOut
from yett.gateway.calls import Admitted, Calls
from yett.gateway.from_server import FromServer
from yett.gateway.outcomes import judge_body
from yett.gateway.route import Route
from yett.gateway.streams import answers, until_end
from yett.ports import Answer, Event
from yett.protocol.messages import Message
from yett.protocol.peek import peek_response

_RESULTS: Final = {UpstreamNotReached: Result.NOT_SENT, UpstreamTimedOut: Result.TIMED_OUT}


@dataclass(slots=True)
class Forwarded:
    """A call that was handed to the server. Its first result stands."""

    calls: Calls
    route: Route
    message: Message
    call: Admitted
    _settled: bool = False

    def settle(self, result: Result, *, status: int | None = None, rpc_code: int | None = None, size: int = 0) -> None:
        """Write down what came of it, unless that is known already."""
        if not self._settled:
            self._settled = True
            self.calls.settle(self.call, result, status=status, rpc_code=rpc_code, size=size)

    def fail(self, failure: UpstreamFault, *, status: int | None = None, size: int = 0) -> None:
        """The server could not be reached, was late, or broke off."""
        self.settle(_RESULTS.get(type(failure), Result.LOST), status=status, size=size)
        self.calls.report(self.call.request_id, self.route.caller.server.name, failure)


class RelayedChunks:
    """One long body. It is not looked into: what is too long to be held is not edited either."""

    __slots__ = ("_answer", "_chunks", "_forwarded", "_size")

    def __init__(self, forwarded: Forwarded, answer: Answer) -> None:
        assert answer.chunks is not None, "the caller saw chunks"
        self._forwarded = forwarded
        self._answer = answer
        self._chunks = answer.chunks
        self._size = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            chunk = await anext(self._chunks)
        except StopAsyncIteration:
            self._forwarded.settle(Result.OK, status=self._answer.status, size=self._size)
            raise
        except UpstreamFault as failure:
            self._forwarded.fail(failure, status=self._answer.status, size=self._size)
            raise
        self._size += len(chunk)
        return chunk

    async def aclose(self) -> None:
        """Nobody reads on; if that is before the end, the client left."""
        self._forwarded.settle(Result.CLIENT_GONE, status=self._answer.status, size=self._size)
        await self._answer.aclose()


class RelayedEvents:
    """The events of one call: what concerns the client passes, its response is judged and ends the stream."""

    __slots__ = ("_answer", "_answered", "_events", "_forwarded", "_from_server", "_size")

    def __init__(self, forwarded: Forwarded, answer: Answer, from_server: FromServer) -> None:
        assert answer.events is not None, "the caller saw events"
        self._forwarded = forwarded
        self._answer = answer
        self._events: AsyncIterator[Event] = answer.events
        self._from_server = from_server
        self._answered = False
        self._size = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        if self._answered:
            await until_end(self._events)
            raise StopAsyncIteration
        try:
            return await self._next()
        except StopAsyncIteration:
            failure = UpstreamFault("the server closed the stream without an answer")
            self._forwarded.fail(failure, status=self._answer.status, size=self._size)
            raise failure from None
        except UpstreamFault as failure:
            self._forwarded.fail(failure, status=self._answer.status, size=self._size)
            raise

    async def _next(self) -> Event:
        """The next event that the client may see."""
        route, message = self._forwarded.route, self._forwarded.message
        assert message.id is not None, "a call has an id"
        while True:
            event = await anext(self._events)
            self._size += len(event.data)
            peek = peek_response(event.data) if event.data else None
            if peek is not None and answers(peek, message.id):
                return self._response(event)
            relayed = await self._from_server.event(route, message, event, peek)
            if relayed is not None:
                return relayed

    def _response(self, event: Event) -> Event:
        forwarded = self._forwarded
        judged = judge_body(forwarded.message, Answer(body=event.data), forwarded.call.request_id)
        forwarded.settle(judged.result, status=self._answer.status, rpc_code=judged.rpc_code, size=self._size)
        self._answered = True
        return event if judged.answer.body == event.data else Event(judged.answer.body or b"")

    async def aclose(self) -> None:
        """Nobody reads on; if that is before the response, the client left."""
        self._forwarded.settle(Result.CLIENT_GONE, status=self._answer.status, size=self._size)
        await self._answer.aclose()
