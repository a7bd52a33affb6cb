"""The answer to one request of a bridged session: its events as they come, and between them what the server wants to know first.

A stateless server holds nothing while it waits: it says what it needs, and is asked again with that.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, Self

from yett.errors import UpstreamFault, UpstreamTimedOut
from yett.ports import Answer, Event, Outbound
from yett.protocol.bridge_to_stateless import InputRequired, answered, request_to_client, result_in
from yett.protocol.peek import peek_response
from yett.protocol.rejection import INTERNAL_ERROR
from yett.protocol.replies import error
from yett.upstreams.bridge_work import Questions, Work

ROUNDS_MAX: Final = 16
"""How often one request may be asked again: a server that never has enough is not served for ever."""
REFUSED: Final = "the client, or its policy, refused what the server asked for first"

Again = Callable[[dict[str, bytes], bytes | None], Awaitable[Answer]]
"""Sends the request again with the client's answers (by key, JSON text) and the server's state."""


class Rounds:
    """The events of one request. By hand: an iterator that was never started must still close its answer."""

    def __init__(self, message: Outbound, work: Work, questions: Questions, again: Again) -> None:
        assert message.id is not None, "only requests are answered"
        self._id, self._method = message.id, message.method
        self._work = work
        self._questions = questions
        self._again = again
        self._answer: Answer | None = None
        self._events: AsyncIterator[Event] | None = None
        self._waiting: list[Event] = []
        """What goes to the client next, the next one last."""
        self._input: InputRequired | None = None
        self._asked: dict[str, asyncio.Future[bytes]] = {}
        self._rounds = 0
        self._over = False

    def take(self, answer: Answer) -> Answer:
        """Go on with an answer that may ask for something; what is final already is given back as it goes to the client."""
        if answer.body is not None:
            final = answered(self._id, self._method, answer.body)
            if isinstance(final, bytes):
                self._end()
                return Answer(body=final, headers=answer.headers)
            self._ask(final)
            return Answer(content_type=b"text/event-stream", events=self)
        assert answer.events is not None, "the caller saw to that"
        self._answer, self._events = answer, aiter(answer.events)
        return Answer(content_type=b"text/event-stream", events=self, headers=answer.headers)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        while not self._waiting:
            if self._over:
                raise StopAsyncIteration
            try:
                await self._work.unless_cancelled(self._step())
            except BaseException:
                await self.aclose()
                raise
        return self._waiting.pop()

    async def _step(self) -> None:
        """Bring about something to wait for, or the end."""
        if self._input is not None:
            return await self._next_round(self._input)
        assert self._events is not None, "either there are events or something is asked"
        try:
            event = await anext(self._events)
        except StopAsyncIteration:
            raise UpstreamFault("the server closed the stream without an answer") from None
        peek = peek_response(event.data) if event.data else None
        if peek is not None and peek.is_response:
            await self._respond(event.data)
        elif peek is None or not peek.is_request:
            self._waiting = [Event(event.data, event.raw if not event.id else None)]
        return None

    async def _respond(self, data: bytes) -> None:
        final = answered(self._id, self._method, data)
        if isinstance(final, bytes):
            self._waiting = [Event(final)]
            await self.aclose()
        else:
            await self._close_answer()
            self._ask(final)

    def _ask(self, wanted: InputRequired) -> None:
        self._rounds += 1
        if self._rounds > ROUNDS_MAX:
            self._waiting = [Event(error(self._id, INTERNAL_ERROR, f"the server asked for input more than {ROUNDS_MAX} times"))]
            return self._end()
        self._input = wanted
        events = []
        for key, (method, params) in wanted.requests.items():
            id, self._asked[key] = self._questions.ask()
            events.append(Event(request_to_client(id, method, params)))
        self._waiting = events[::-1]
        return None

    async def _next_round(self, wanted: InputRequired) -> None:
        responses = await self._responses()
        self._input, self._asked = None, {}
        if responses is None:
            self._waiting = [Event(error(self._id, INTERNAL_ERROR, REFUSED))]
            return self._end()
        answer = await self._again(responses, wanted.state)
        if answer.body is not None:
            return await self._respond(answer.body)
        assert answer.events is not None, "`Again` sees to that"
        self._answer, self._events = answer, aiter(answer.events)
        return None

    async def _responses(self) -> dict[str, bytes] | None:
        """What the client answered, by key; None where it refused something."""
        if not self._asked:
            return {}
        done, late = await asyncio.wait(self._asked.values(), timeout=self._questions.patience_s)
        if late:
            raise UpstreamTimedOut("the client did not answer what the server asked")
        results = {key: result_in(future.result()) for key, future in self._asked.items() if future in done}
        return None if None in results.values() else {key: result for key, result in results.items() if result is not None}

    def _end(self) -> None:
        self._over = True
        self._work.over()
        for future in self._asked.values():
            future.cancel()

    async def _close_answer(self) -> None:
        answer, self._answer, self._events = self._answer, None, None
        if answer is not None:
            await answer.aclose()

    async def aclose(self) -> None:
        """Nobody reads on. Closing the server's stream early cancels the request there."""
        self._end()
        await self._close_answer()
