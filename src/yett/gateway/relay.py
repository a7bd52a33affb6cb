"""Answers on their way to the client, as they come: settled once and closed in every case.

Iterators by hand: a generator that nobody ever asked for anything would neither settle nor close.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final, Protocol, Self, TypeAlias

from msgspec.structs import replace

from yett.audit.record import Result
from yett.errors import UpstreamFault, UpstreamNotReached, UpstreamTimedOut
from yett.gateway.calls import Admitted, Calls
from yett.gateway.from_server import FromServer, progress_token
from yett.gateway.outcomes import Judged, unreachable
from yett.gateway.route import Route
from yett.gateway.streams import answers, until_end
from yett.ports import Answer, Event
from yett.protocol.answers import MalformedAnswer
from yett.protocol.eras import Era
from yett.protocol.long_answers import LongAnswer
from yett.protocol.messages import Message
from yett.protocol.peek import peek_response
from yett.protocol.server_messages import Key
from yett.protocol.strict_json import JsonValue

Edit: TypeAlias = Callable[[Route, Message, bytes], bytes]
"""Makes of a response what the client may see. Errors: `UpstreamFault`."""

_NOTHING: Final[dict[str, JsonValue]] = {}


class Asking(Protocol):
    """A request of the client that was handed to the server."""

    @property
    def route(self) -> Route: ...

    @property
    def message(self) -> Message: ...

    def response(self, route: Route, data: bytes, *, status: int, size: int) -> bytes:
        """The response as the client may see it."""
        ...

    def settle(self, result: Result, *, status: int | None = None, size: int = 0) -> None:
        """Write down what came of it, unless that is known already."""
        ...

    def fail(self, failure: UpstreamFault, *, status: int | None = None, size: int = 0) -> None:
        """The server could not be reached, was late, or broke off."""
        ...

    def asked(self) -> None:
        """The server asked something before it answered."""
        ...

    def shed(self) -> None:
        """Let go of everything but what its answer needs."""
        ...


@dataclass(slots=True)
class Forwarded:
    """A call that was handed to the server. Its first result stands."""

    calls: Calls
    route: Route
    message: Message
    call: Admitted
    judge: Callable[[Route, Message, Answer, Admitted], Judged]
    _token: Key | None = None
    _settled: bool = False
    _asked: bool = False
    _asked_before: int = 0
    """What the server had asked the client in this session until then."""

    def __post_init__(self) -> None:
        if self.route.session is None:
            return
        self._asked_before = self.route.session.conversation.asked_count
        if "_meta" in self.message.params:
            self._token = progress_token(self.message)
            if self._token is not None:
                self.route.session.conversation.progress[self._token] += 1

    def response(self, route: Route, data: bytes, *, status: int, size: int) -> bytes:
        """The response as the client may see it; settles the call."""
        judged = self.judge(route, self.message, Answer(body=data), self.call)
        self.settle(judged.result, status=status, rpc_code=judged.rpc_code, size=size, task=judged.task)
        return judged.answer.body or b""

    def settle(
        self,
        result: Result,
        *,
        status: int | None = None,
        rpc_code: int | None = None,
        size: int = 0,
        task: str | None = None,
    ) -> None:
        """Write down what came of it, unless that is known already.

        A server that asked something meanwhile may have begun with this call, and what it says in the end may be what it was
        answered: then such an error is no proof that nothing ran.
        """
        if self._settled:
            return
        self._settled = True
        session, asked = self.route.session, self._asked
        if session is not None:
            if self._token is not None:
                session.conversation.done_with(self._token)
            asked = asked or session.conversation.asked_count != self._asked_before
        call = self.call.begun() if asked else self.call
        self.calls.settle(call, result, status=status, rpc_code=rpc_code, size=size, task=task)

    def fail(self, failure: UpstreamFault, *, status: int | None = None, size: int = 0) -> None:
        """The server could not be reached, was late, or broke off; with a status, when it had begun to answer."""
        self.settle(_result_of(failure, begun=status is not None), status=status, size=size)
        self.calls.report(self.call.request_id, self.route.caller.server.name, failure)

    def asked(self) -> None:
        """It has begun to run, as far as anybody can tell."""
        self._asked = True

    def shed(self) -> None:
        """Let go of the body and of the arguments."""
        self.message = _bare(self.message)


@dataclass(slots=True)
class Unjudged:
    """A request that no policy decides on: nothing is charged for it, and its answer may be edited."""

    calls: Calls
    route: Route
    message: Message
    edit: Edit

    def response(self, route: Route, data: bytes, *, status: int, size: int) -> bytes:
        """The response as the client may see it; one that cannot be edited becomes an error."""
        try:
            return self.edit(route, self.message, data)
        except UpstreamFault as failure:
            request_id = self.calls.request_id()
            self.calls.report(request_id, route.caller.server.name, failure)
            return unreachable(self.message.id, failure, request_id, in_detail=route.local).body or b""

    def settle(self, result: Result, *, status: int | None = None, size: int = 0) -> None:
        """Nothing was charged."""

    def fail(self, failure: UpstreamFault, *, status: int | None = None, size: int = 0) -> None:
        """Tell the operator."""
        self.calls.report(self.calls.request_id(), self.route.caller.server.name, failure)

    def asked(self) -> None:
        """Nothing was charged."""

    def shed(self) -> None:
        """Let go of the body; what was asked is needed to edit the answer."""
        self.message = replace(self.message, body=b"")


def _result_of(failure: UpstreamFault, *, begun: bool) -> Result:
    """What a failure means for the call. A later round that could not be sent is one of a call that was."""
    if isinstance(failure, UpstreamNotReached):
        return Result.LOST if begun else Result.NOT_SENT
    return Result.TIMED_OUT if isinstance(failure, UpstreamTimedOut) else Result.LOST


def _bare(message: Message) -> Message:
    return replace(message, body=b"", params=_NOTHING, arguments=_NOTHING)


class RelayedChunks:
    """One long body, looked at while it passes: what makes it anything but the answer to this call is not relayed."""

    __slots__ = ("_answer", "_chunks", "_forwarded", "_reading", "_size")

    def __init__(self, forwarded: Forwarded, answer: Answer) -> None:
        assert answer.chunks is not None, "the caller saw chunks"
        self._forwarded = forwarded
        self._answer = answer
        self._chunks = answer.chunks
        id, stateless = forwarded.message.id, forwarded.message.era is Era.STATELESS
        assert id is not None, "a call has an id"
        self._reading = LongAnswer(id, stateless=stateless)
        self._size = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            chunk = await anext(self._chunks, None)
            if chunk is not None:
                self._reading.feed(chunk)
                self._size += len(chunk)
                return chunk
            self._reading.close()
        except UpstreamFault as failure:
            if isinstance(failure, MalformedAnswer):
                self._forwarded.settle(Result.MALFORMED, status=self._answer.status, size=self._size)
            self._forwarded.fail(failure, status=self._answer.status, size=self._size)
            raise
        self._forwarded.settle(self._result(), status=self._answer.status, size=self._size)
        raise StopAsyncIteration

    def _result(self) -> Result:
        if self._reading.is_error:
            return Result.RPC_ERROR
        return Result.TOOL_ERROR if self._reading.is_tool_error else Result.OK

    async def aclose(self) -> None:
        """Nobody reads on; if that is before the end, the client left."""
        self._forwarded.settle(Result.CLIENT_GONE, status=self._answer.status, size=self._size)
        await self._answer.aclose()


class RelayedEvents:
    """The events of one request: what concerns the client passes, its response is judged or edited and ends the stream."""

    __slots__ = ("_answer", "_answered", "_asking", "_events", "_from_server", "_interrupted", "_number", "_size")

    def __init__(self, asking: Asking, answer: Answer, from_server: FromServer) -> None:
        assert answer.events is not None, "the caller saw events"
        self._asking = asking
        self._answer = answer
        self._events: AsyncIterator[Event] = answer.events
        self._from_server = from_server
        self._answered = False
        self._number: int | None = None
        """Of this stream among those that the client may have resumed: it has an id of an event."""
        self._interrupted = False
        """Whether the server closed the stream and goes on with it when the client asks."""
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
            if self._number is not None:
                self._interrupted = True
                raise
            failure = UpstreamFault("the server closed the stream without an answer")
            self._asking.fail(failure, status=self._answer.status, size=self._size)
            raise failure from None
        except UpstreamFault as failure:
            self._asking.fail(failure, status=self._answer.status, size=self._size)
            raise

    async def _next(self) -> Event:
        """The next event that the client may see."""
        route, message = self._asking.route, self._asking.message
        assert message.id is not None, "only requests are answered"
        while True:
            event = await anext(self._events)
            self._size += len(event.data)
            peek = peek_response(event.data) if event.data else None
            if peek is not None and answers(peek, message.id):
                return self._response(route, event)
            if peek is not None and peek.is_request:
                self._asking.asked()
            relayed = await self._from_server.event(route, message, event)
            if relayed is not None:
                if relayed.id and route.session is not None:
                    conversation = route.session.conversation
                    self._number = self._number or conversation.interrupt(self._asking)
                    conversation.gave(relayed.id, self._number)
                return relayed

    def _response(self, route: Route, event: Event) -> Event:
        shown = self._asking.response(route, event.data, status=self._answer.status, size=self._size)
        self._answered = True
        if shown == event.data:
            return event
        return Event(shown, None, event.id)

    async def aclose(self) -> None:
        """Nobody reads on; if that is before the response, the client left."""
        if not self._interrupted:
            self._asking.settle(Result.CLIENT_GONE, status=self._answer.status, size=self._size)
        if self._number is not None:
            self._asking.shed()
        await self._answer.aclose()
