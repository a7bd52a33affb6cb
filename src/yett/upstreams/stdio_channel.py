"""One child as a way for requests: who waits for which answer, and what the child says beside."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from yett.errors import UpstreamFault, UpstreamNotReached
from yett.ports import Answer, Event, Outbound
from yett.protocol.eras import META_LOG_LEVEL
from yett.protocol.lines import Noise
from yett.protocol.peek import ResponsePeek, peek_response, same_id
from yett.protocol.rejection import INTERNAL_ERROR
from yett.protocol.replies import error
from yett.upstreams.peer import Listener, PeerSpec, timed_out
from yett.upstreams.stdio_asked import Asked
from yett.upstreams.stdio_lasting import Lasting
from yett.upstreams.stdio_wire import (
    Garbled,
    cancellation,
    cancelled_id,
    cancelling,
    number_of,
    numbered,
    one_line,
    progress_number,
    renumbered,
    subscription_number,
    with_subscription,
    with_token,
)

PENDING_MAX: Final = 1000
"""Requests that one child may have unanswered; a server that far behind does not get more."""
WAITING_EVENTS_MAX: Final = 256
"""Messages before the response that wait for a slow reader; later ones are left out."""
WAITING_BYTES_MAX: Final = 4 * 1024 * 1024
"""Bytes of them."""
LISTEN: Final = "subscriptions/listen"
ABANDONED_MAX: Final = 1000
"""Requests remembered as given up, so that their late answers are no surprise."""
CANCELLED_GRACE_S: Final = 5.0
"""How long a request that its caller cancelled may still be answered; servers need not answer it at all."""


@dataclass(slots=True)
class Pending:
    """A request on its way."""

    number: int
    message: Outbound
    token: bytes | None = None
    """The caller's own progress token."""
    sent: bool = False
    arrived: deque[bytes] = field(default_factory=deque)
    held: int = 0
    """Bytes of what arrived."""
    news: asyncio.Event = field(default_factory=asyncio.Event)
    answered: bool = False
    """Whether the last of `arrived` is the response."""
    failure: str | None = None

    def deliver(self, data: bytes, *, last: bool) -> bool:
        """Hand over a message; False if it is left out because too much waits. The response never is."""
        if not last and (len(self.arrived) >= WAITING_EVENTS_MAX or self.held > WAITING_BYTES_MAX):
            return False
        self.arrived.append(data)
        self.held += len(data)
        self.answered = self.answered or last
        self.news.set()
        return True

    @property
    def hears(self) -> bool:
        """Whether what the child says without naming a request may belong to this one.

        A stateless request hears of nothing but what it asked to have logged; who opens a session has none yet.
        """
        if self.message.modern:
            return META_LOG_LEVEL.encode() in self.message.body
        return self.message.method != "initialize"

    def fail(self, failure: str) -> None:
        """There will be no answer."""
        if not self.answered and self.failure is None:
            self.failure = failure
            self.news.set()

    async def next(self) -> bytes:
        """The next message, the response being the last. Errors: `UpstreamFault`, after what arrived before it."""
        while not self.arrived:
            if self.failure is not None:
                raise UpstreamFault(self.failure)
            self.news.clear()
            await self.news.wait()
        data = self.arrived.popleft()
        self.held -= len(data)
        return data

    @property
    def over(self) -> bool:
        """Whether the response was handed on."""
        return self.answered and not self.arrived


@dataclass(frozen=True, slots=True)
class Reports:
    """Who is told what a child says beside its answers. Must not block or raise."""

    on_message: Callable[[bytes, bool], bool]
    """A message of its own accord, and whether a request in work heard it; the answer is whether anybody hears it."""
    on_noise: Callable[[Noise], None]
    on_end: Callable[[Channel], None]


class Channel:
    """A child and the requests that it has not answered."""

    def __init__(self, spec: PeerSpec, reports: Reports) -> None:
        self._spec = spec
        self._reports = reports
        self.child = spec.made(Listener(self._on_line, reports.on_noise, self._on_end))
        self._number = 0
        self._pending: dict[int, Pending] = {}
        self._abandoned: OrderedDict[int, None] = OrderedDict()
        self._asked = Asked()
        self._lasting = Lasting()
        self.over = asyncio.Event()
        """Set when the child is given up."""
        self.proven = False
        """Whether it ever answered a request."""

    @property
    def usable(self) -> bool:
        """Whether requests may still be sent."""
        return not self.child.ended

    @property
    def busy(self) -> bool:
        """Whether somebody waits for it."""
        return bool(self._pending)

    async def close(self) -> None:
        """End the child; who waits is told."""
        self._on_end("was stopped by the gateway")
        await self.child.stop()

    # --- requests -------------------------------------------------------------------------------------------------------

    async def request(self, message: Outbound, *, timeout_s: float) -> Answer:
        """Send a request and wait for the first message that belongs to it.

        Errors: `UpstreamNotReached` where it surely was not sent, `UpstreamTimedOut`, `UpstreamFault` where the child ended.
        """
        pending = self._enter(message)
        try:
            async with asyncio.timeout(timeout_s):
                line, pending.token = numbered(message.body, pending.number)
                await self.child.send(line)
                pending.sent = True
                first = await pending.next()
        except TimeoutError:
            self._give_up(pending, "the gateway waited long enough")
            raise timed_out(self._spec, timeout_s, sent=pending.sent) from None
        except asyncio.CancelledError:
            self._leave(pending)
            raise
        except UpstreamFault as failure:
            self._pending.pop(pending.number, None)
            if not isinstance(failure, UpstreamNotReached):
                raise
            await self.over.wait()  # the child is ending; how, is known in a moment and tells the caller more
            how = self.child.end_and_last_words if not self.proven else self.child.end
            raise UpstreamNotReached(f"{self._spec.title} {how}; {self._spec.again}") from None
        if pending.over:
            return Answer(body=first)
        return Answer(events=Events(first, pending, self._leave))

    def _enter(self, message: Outbound) -> Pending:
        if len(self._pending) >= PENDING_MAX:
            raise UpstreamNotReached(f"{self._spec.title} has {PENDING_MAX} requests unanswered; try again later")
        self._number += 1
        pending = self._pending[self._number] = Pending(self._number, message, sent=self._spec.doubtful)
        return pending

    def _leave(self, pending: Pending) -> None:
        """Nobody waits any more. In the stateless era that cancels the request; in the handshake era it does not."""
        if pending.message.modern:
            self._give_up(pending, "the client went away")
        else:
            self._abandon(pending)

    def _give_up(self, pending: Pending, reason: str) -> None:
        if self._abandon(pending) and pending.sent and pending.message.method != "initialize":
            self.child.send_spare(cancellation(pending.number, reason))

    def _abandon(self, pending: Pending) -> bool:
        """Forget a request that is not answered yet; whether it was none before."""
        if self._pending.pop(pending.number, None) is None:
            return False
        self._abandoned[pending.number] = None
        if len(self._abandoned) > ABANDONED_MAX:
            self._abandoned.popitem(last=False)
        return True

    async def notify(self, message: Outbound, *, timeout_s: float) -> None:
        """Send a notification; a cancellation only if it names a request that is on its way."""
        if message.method != "notifications/cancelled":
            line = one_line(message.body)
        else:
            id = cancelled_id(message.body)
            pending = next((p for p in self._pending.values() if same_id(id, p.message.id or b"")), None)
            if pending is None:
                return
            line = cancelling(message.body, b"%d" % pending.number)
            failure = "the request was cancelled by its client"
            asyncio.get_running_loop().call_later(CANCELLED_GRACE_S, self._lapse, pending, failure)
        await self._send(line, timeout_s)

    async def respond(self, body: bytes, *, timeout_s: float) -> bool:
        """Send the answer to a request of the child; False if this child waits for no such answer."""
        line = self._asked.answered(body)
        if line is not None:
            await self._send(one_line(line), timeout_s)
        return line is not None

    async def _send(self, line: bytes, timeout_s: float) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                await self.child.send(line)
        except TimeoutError:
            raise timed_out(self._spec, timeout_s, sent=True) from None

    def _lapse(self, pending: Pending, failure: str) -> None:
        if self._abandon(pending):
            pending.fail(failure)

    # --- what the child says --------------------------------------------------------------------------------------------

    def _on_line(self, line: bytes) -> None:
        peek = peek_response(line)
        try:
            if peek is None:
                self._reports.on_noise(Noise(line[:200], "the line is no JSON-RPC message"))
            elif peek.is_response:
                self._on_response(line, peek)
            elif peek.is_request:
                self._on_request(line, peek)
            else:
                self._on_notification(line, peek)
        except Garbled:
            self._reports.on_noise(Noise(line[:200], "the line is no JSON-RPC message"))

    def _on_response(self, line: bytes, peek: ResponsePeek) -> None:
        number = number_of(peek.id)
        if peek.id is None and len(self._pending) == 1:
            # An error without an id answers what could not be read; with one request on its way there is no doubt which.
            number = next(iter(self._pending))
        if number is not None and number in self._pending:
            pending = self._pending[number]
            data = renumbered(line, pending.message.id or b"null")
            if pending.message.method == LISTEN:
                data = with_subscription(data, pending.message.id or b"null", within="result")
            del self._pending[number]
            self._lasting.keep(number, pending.token, pending.message)
            self.proven = True
            pending.deliver(data, last=True)
        elif number is None or self._abandoned.pop(number, self) is self:
            self._reports.on_noise(Noise(line[:200], "the line answers nothing that was asked"))

    def _on_request(self, line: bytes, peek: ResponsePeek) -> None:
        """Answered in the client's place where nobody hears it, so that the server does not wait for nobody."""
        asked = self._asked.take(line, peek)
        if asked is None or not self._say(asked[1]):
            if asked is not None:
                self._asked.drop(asked[0])
            self.child.send_spare(one_line(error(peek.id, INTERNAL_ERROR, "no client listens to this request")))

    def _on_notification(self, line: bytes, peek: ResponsePeek) -> None:
        if peek.method == "notifications/progress":
            token_number = progress_number(line) or 0
            pending = self._pending.get(token_number)
            if pending is not None and pending.token is not None:
                pending.deliver(with_token(line, pending.token), last=False)
            elif (token := self._lasting.token(token_number)) is not None:
                self._say(with_token(line, token))
        elif peek.method == "notifications/cancelled":
            self._on_cancelled(line)
        elif (number := subscription_number(line)) is None:
            self._say(line)
        elif (pending := self._pending.get(number)) is not None and pending.message.method == LISTEN:
            self._reports.on_message(line, True)
            pending.deliver(with_subscription(line, pending.message.id or b"null", within="params"), last=False)

    def _on_cancelled(self, line: bytes) -> None:
        """The child cancels what it asked, or ends a subscription."""
        pending = self._pending.get(number_of(cancelled_id(line)) or 0)
        if pending is not None and pending.message.method == LISTEN:
            pending.deliver(cancelling(line, pending.message.id or b"null"), last=False)
        elif (cancelled := self._asked.cancelled(line)) is not None:
            self._say(cancelled)

    def _say(self, line: bytes) -> bool:
        """Whether anybody hears it: the request that was sent last, or else whoever listens to the whole session."""
        hearer = next((pending for pending in reversed(self._pending.values()) if pending.hears), None)
        heard = hearer is not None and hearer.deliver(line, last=False)
        return self._reports.on_message(line, heard)

    def _on_end(self, how: str | None = None) -> None:
        if self.over.is_set():
            return
        self.over.set()
        # What a program says that never worked tells why it does not; later words may be about anybody's data.
        how = how or (self.child.end if self.proven else self.child.end_and_last_words)
        failure = f"{self._spec.title} {how}; it had not answered, and may have acted"
        for pending in self._pending.values():
            pending.fail(failure)
        self._pending.clear()
        self._reports.on_end(self)


class Events:
    """The messages that belong to one request, as they come; the response is the last."""

    def __init__(self, first: bytes, pending: Pending, leave: Callable[[Pending], None]) -> None:
        self._first: bytes | None = first
        self._pending = pending
        self._leave = leave
        self._closed = False

    def __aiter__(self) -> Events:
        return self

    async def __anext__(self) -> Event:
        if self._first is not None:
            first, self._first = self._first, None
            return Event(first)
        if self._closed or self._pending.over:
            raise StopAsyncIteration
        return Event(await self._pending.next())

    async def aclose(self) -> None:
        """Nobody reads on."""
        self._closed = True
        if not self._pending.answered:
            self._leave(self._pending)
