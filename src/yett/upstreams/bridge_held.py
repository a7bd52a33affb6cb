"""The answer to one stateless request from a session: its events as they come, up to the response or to what the server asks.

A server of the handshake era waits with its request open until it is answered; the client meanwhile has a result that asks it,
and comes back with a request of its own. What waits for that is held here.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Final, Self

import msgspec

from yett.errors import UpstreamFault
from yett.ports import Answer, Event, Outbound
from yett.protocol.bridge_to_handshake import (
    Asked,
    completed,
    failed_within,
    input_required,
    is_logged,
    response_to,
    with_token,
)
from yett.protocol.peek import peek_response
from yett.protocol.rejection import INVALID_REQUEST
from yett.protocol.replies import error
from yett.protocol.rounds import METHODS
from yett.protocol.server_messages import KIND_OF, Said, key_of, read_said
from yett.protocol.strict_json import read
from yett.upstreams.bridge_kept import Kept

HELD_MAX: Final = 1_000
"""Requests that wait for a client; the one that waits longest gives way."""
OWNER_HELD_MAX: Final = 64
"""Of one client's isolation, whose own give way first: each holds a connection to the server."""
HELD_S: Final = 3_600.0
"""How long one may wait: people are asked, and people are slow."""


@dataclass(slots=True, eq=False)
class Held:
    """A request that the server works on."""

    owner: str
    """The isolation of its client."""
    kept: Kept
    number: bytes
    """Its id in the session."""
    method: str
    answer: Answer
    events: AsyncIterator[Event]
    refused: bool = False
    """Whether something that the server asked was refused in the client's place."""
    question: bytes | None = None
    """The id of what the server asked, while it waits for that."""
    until_s: float = 0.0

    async def give_up(self) -> None:
        """Nobody waits for it any more."""
        await self.answer.aclose()
        await self.kept.cancel(self.number)


@dataclass(slots=True)
class Holder:
    """The only owner of requests that wait for their client."""

    monotonic: Callable[[], float]
    _held: OrderedDict[str, Held] = field(default_factory=OrderedDict)

    async def hold(self, held: Held) -> str:
        """Keep a request until its client comes back with this state."""
        now = self.monotonic()
        state = secrets.token_urlsafe(24)
        held.until_s = now + HELD_S
        own = [name for name, other in self._held.items() if other.owner == held.owner]
        self._held[state] = held
        if len(own) >= OWNER_HELD_MAX:
            await self._held.pop(own[0]).give_up()
        while len(self._held) > HELD_MAX or next(iter(self._held.values())).until_s <= now:
            await self._held.popitem(last=False)[1].give_up()
        return state

    def take(self, state: str | None, kept: Kept, method: str) -> Held | None:
        """The request that waits under this state, once, for a client of the same session and with the same method."""
        held = None if state is None else self._held.get(state)
        if state is None or held is None or held.kept is not kept or held.method != method:
            return None
        del self._held[state]
        return held if held.until_s > self.monotonic() else None

    async def aclose(self) -> None:
        """Give up all."""
        while self._held:
            await self._held.popitem()[1].give_up()


async def reply(held: Held, asked: Asked, message: Outbound) -> None:
    """Bring the client's answer to the server that waits for it."""
    assert held.question is not None, "it waits for an answer"
    id, held.question = held.question, None
    refused = error(id, INVALID_REQUEST, "the client did not answer")
    await held.kept.send(refused if asked.response is None else response_to(id, asked.response), "", message)


class Replayed:
    """The events of one round. By hand: an iterator that was never started must still give its request up."""

    def __init__(self, held: Held, message: Outbound, asked: Asked, holder: Holder) -> None:
        assert message.id is not None, "only requests are answered"
        self._held = held
        self._id, self._method = message.id, message.method
        self._asked = asked
        self._token = None if asked.token is None else key_of(read(asked.token))
        self._holder = holder
        self._over = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        while not self._over:
            try:
                event = await anext(self._held.events)
            except StopAsyncIteration:
                raise UpstreamFault("the server closed the stream without an answer") from None
            if not event.data:
                return Event(b"", b":\n\n")
            shown = await self._shown(event.data)
            if shown is not None:
                return Event(shown)
        raise StopAsyncIteration

    async def _shown(self, data: bytes) -> bytes | None:
        peek = peek_response(data)
        if peek is not None and peek.is_response:
            self._over = True
            await self._held.answer.aclose()
            body, code = completed(self._id, self._method, data, self._held.kept.welcome)
            return failed_within(body) if self._held.refused and code is not None else body
        said = read_said(data)
        if said is None:
            return None
        return self._told(said, data) if said.id is None else await self._asks(said, data)

    def _told(self, said: Said, data: bytes) -> bytes | None:
        """Progress and log messages that this request asked for pass; the rest is for subscriptions."""
        if said.method == "notifications/progress":
            own = said.progress_token == int(self._held.number)
            return with_token(data, self._asked.token) if own and self._asked.token is not None else None
        if said.method == "notifications/message":
            return data if is_logged(said, self._asked.log_level) else None
        self._held.kept.tell(said, data)
        return None

    async def _asks(self, said: Said, data: bytes) -> bytes | None:
        """What only the client can answer ends this round."""
        kind = KIND_OF.get(said.method)
        capabilities = msgspec.json.decode(self._asked.capabilities, type=dict[str, msgspec.Raw])
        if kind is None or kind not in capabilities or self._method not in METHODS:
            self._held.refused = True
            await self._held.kept.refuse(said)
            return None
        self._held.question = said.id
        self._over = True
        return input_required(self._id, said, data, await self._holder.hold(self._held))

    async def aclose(self) -> None:
        """Nobody reads on; before the end of the round that cancels the request."""
        if not self._over:
            self._over = True
            await self._held.give_up()
