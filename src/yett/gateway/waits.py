"""Calls that wait for people: how their clients are told, and how a call is held until people have decided.

The caller only carries the wait. Whatever it brings back, the call is judged anew, by the grant and the policy in force.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Self, TypeAlias

from msgspec.structs import replace

from yett.gateway.calls import Caller, Calls, Refused
from yett.gateway.denials import denial
from yett.gateway.from_server import progress_token
from yett.gateway.opened_links import OpenedLinks
from yett.gateway.rounds import Rounds
from yett.gateway.route import Route
from yett.gateway.streams import read_response
from yett.ports import Answer, Event
from yett.protocol.envelope import echo
from yett.protocol.eras import Era
from yett.protocol.messages import Message
from yett.protocol.methods import Handling
from yett.protocol.revisions import WITH_TASKS as WITH_LINKS
from yett.protocol.rounds import METHODS, ROUND_KEYS
from yett.protocol.server_messages import URL_ELICITATION
from yett.protocol.waits import declines_link, link_first, link_required, shows_links_now, still_waits

POLL_S: Final = 0.5
"""How often a held call looks whether people have decided."""
REPORT_S: Final = 5.0
"""How often its client is told that it still waits: clients give up after 60 s without a word."""
PACE_S: Final = 20.0
"""How long a client that comes back before people have decided is held, so that it does not ask again and again."""

CANCELLED: Final = "notifications/cancelled"

Again: TypeAlias = Callable[[Route, Message], Awaitable[Answer]]
"""Judges a call anew, and answers it without waiting for people."""
_Name: TypeAlias = tuple[str, str, str | None, bytes]
Renew: TypeAlias = Callable[[Caller], Caller | None]
"""The same caller by the snapshot in force; None where it may not be here any more."""


@dataclass(slots=True)
class Waits:
    """Tells clients that people must approve first."""

    calls: Calls
    rounds: Rounds
    again: Again
    renew: Renew = lambda caller: caller
    hold_s: float = 0.0
    """How long a call of a client that takes progress reports is held; 0 never."""
    poll_s: float = POLL_S
    links: OpenedLinks = field(init=False)
    _open: dict[_Name, HeldCall] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.links = OpenedLinks(self.calls)

    def answer(self, route: Route, message: Message, refused: Refused) -> Answer:
        """The answer to a call on which people have yet to decide."""
        at_once = denial(message, refused)
        if message.handling is Handling.OF_TASK or message.method not in METHODS:
            return at_once
        if message.era is Era.STATELESS and declines_link(message.params):
            return at_once
        url = refused.denial.approval is not None and refused.denial.approval.url is not None
        assert message.id is not None, "a call has an id"
        if url and message.era is Era.STATELESS and shows_links_now(message.params):
            state = self.rounds.ask_first(route, message)
            asking = Answer(body=link_first(message.id, refused.denial, state))
            came_back = not ROUND_KEYS.isdisjoint(message.params)
            return self._held(route, message, refused, asking, PACE_S) if came_back else asking
        if self.hold_s > 0 and progress_token(message) is not None:
            return self._held(route, message, refused, at_once, self.hold_s)
        if url and _shows_links(route):
            self.links.given(route, refused.denial)
            return Answer(body=link_required(message.id, refused.denial))
        return at_once

    def _held(self, route: Route, message: Message, refused: Refused, otherwise: Answer, hold_s: float) -> Answer:
        held = HeldCall(self, route, message, refused, otherwise, hold_s)
        assert message.id is not None, "a call has an id"
        held.name = _name(route, message.id)
        self._open[held.name] = held
        return Answer(events=held)

    def cancels(self, route: Route, message: Message) -> bool:
        """Whether a notification gives up a held call, which ends thereby: its server does not know of it."""
        if message.method != CANCELLED:
            return False
        held = self._open.get(_name(route, echo(message.params.get("requestId")) or b""))
        if held is not None:
            held.leave()
        return held is not None

    def over(self, held: HeldCall) -> None:
        """A call is held no more."""
        if self._open.get(held.name) is held:
            del self._open[held.name]


def _name(route: Route, id: bytes) -> _Name:
    """Of a request, as its client knows it."""
    return route.caller.grant.id, route.caller.server.id, None if route.session is None else route.session.id, id


def _shows_links(route: Route) -> bool:
    session = route.session
    return session is not None and session.revision == WITH_LINKS and URL_ELICITATION in session.conversation.declared


def let_go_with(answer: Answer, gone: asyncio.Future[None]) -> None:
    """A call that is held ends when its client has gone."""
    if isinstance(answer.events, HeldCall):
        held = answer.events
        gone.add_done_callback(lambda _: held.leave())


class HeldCall:
    """The answer to a call that waits for people: reports that it waits, then the answer itself.

    An iterator by hand: a generator that nobody ever asked for anything would not close what it holds.
    """

    name: _Name = ("", "", None, b"")

    def __init__(self, home: Waits, route: Route, message: Message, refused: Refused, otherwise: Answer, hold_s: float) -> None:
        self._home = home
        self._route = route
        self._message = message
        self._refused = refused
        self._otherwise = otherwise
        self._begun_s = self._reported_s = home.calls.monotonic()
        self._until_s = self._begun_s + hold_s
        self._answer: Answer | None = None
        self._events: AsyncIterator[Event] | None = None
        self._over = False
        self._given_up = False

    def __aiter__(self) -> Self:
        return self

    @property
    def otherwise(self) -> bytes:
        """What the client is told who hears nothing of what people decide."""
        return self._otherwise.body or b""

    def leave(self) -> None:
        """Nobody waits for the answer any more: what people decide from now on is for whoever makes the same call again."""
        self._over = True
        self._home.over(self)

    def give_up(self) -> None:
        """Its client asks for nothing more, and may still read: it is told what it would have been told without a wait."""
        self._given_up = True

    async def __anext__(self) -> Event:
        if self._events is not None:
            return await anext(self._events)
        if self._over:
            raise StopAsyncIteration
        approval = self._refused.denial.approval
        assert approval is not None, "people were asked"
        while not self._given_up and self._home.calls.waits(approval.id):
            now_s = self._home.calls.monotonic()
            if now_s >= self._until_s:
                self.leave()
                return Event(self._otherwise.body or b"")
            if now_s - self._reported_s >= REPORT_S and (report := self._report(now_s)) is not None:
                return report
            await asyncio.sleep(self._home.poll_s)
            if self._over:
                raise StopAsyncIteration
        if self._given_up:
            self.leave()
            return Event(self._otherwise.body or b"")
        return await self._decided()

    def _report(self, now_s: float) -> Event | None:
        meta = self._message.params.get("_meta")
        token = meta.get("progressToken") if isinstance(meta, dict) else None
        if not isinstance(token, str | int):
            return None
        self._reported_s = now_s
        return Event(still_waits(token, now_s - self._begun_s, self._refused.denial))

    async def _decided(self) -> Event:
        """People have decided, or it is too late: the call is judged anew."""
        self.leave()
        caller = self._home.renew(self._route.caller)
        if caller is None:  # whoever ended the grant wants nothing to pass: it is what it was
            return Event(self._otherwise.body or b"")
        self._route = replace(self._route, caller=caller)
        self._answer = answer = await self._home.again(self._route, self._message)
        if answer.events is not None:
            self._events = answer.events
            return await anext(self._events)
        assert self._message.id is not None, "a call has an id"
        return Event(answer.body if answer.chunks is None and answer.body else await read_response(answer, self._message.id))

    async def aclose(self) -> None:
        """Nobody reads on. What people decide meanwhile is there when the same call comes again."""
        self.leave()
        if self._answer is not None:
            await self._answer.aclose()
