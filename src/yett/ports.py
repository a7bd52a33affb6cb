"""Every seam as a Protocol, owned by the side that uses it. `app` hands in the adapters."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, runtime_checkable

from msgspec import Struct

from yett.approvals.model import ApprovalRequest, Ticket
from yett.audit.record import CallRecord, Outcome, Reservation, SecurityRecord
from yett.errors import UpstreamFault
from yett.policy.decision import Decision
from yett.quota.charge import CounterKey, Usage


class Clock(Protocol):
    """Time as a dependency, so that tests can set it."""

    def now_ns(self) -> int:
        """Nanoseconds since the epoch, UTC: for records and windows."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards: for time-outs and latencies."""
        ...


class Admission(Struct, frozen=True):
    """What the ledger wrote for one call: the final decision and, if it forwards, the receipt to settle with."""

    decision: Decision
    receipt: Receipt | None
    ticket: Ticket | None = None
    """The request that people must decide on first."""


class Receipt(Struct, frozen=True):
    """Names a durable call record and the units it holds."""

    sequence: int
    reservations: tuple[Reservation, ...]
    consent: str | None = None
    """The approval that was spent, or the exemption."""


T_contra = TypeVar("T_contra", contravariant=True)


class Waiter(Protocol[T_contra]):
    """Who is told once: a future, or an object that goes on at once. What it is told on must not raise."""

    def done(self) -> bool:
        """Whether it was told already, or no longer wants to know."""
        ...

    def set_result(self, result: T_contra, /) -> None: ...

    def set_exception(self, exception: Exception, /) -> None: ...


class Ledger(Protocol):
    """Counters and decision log, behind one door because one atomic step must write both.

    Errors: `StoreFault` where the store cannot answer or write; the caller denies.
    """

    def usage(self, keys: Iterable[CounterKey], now_ns: int) -> Usage:
        """The present content of these counters. A look, not a promise."""
        ...

    def consent(self, wanted: ApprovalRequest, now_ns: int) -> str | None:
        """Id of an approval or exemption that fits this call; None where people must be asked. A look, not a promise."""
        ...

    def waits(self, id: str, now_ns: int) -> bool:
        """Whether people have yet to decide on the request of this id."""
        ...

    async def admit(self, record: CallRecord) -> Admission:
        """Reserve all charges of `record.decision` and write the record, in one atomic durable step.

        Returns when the step is durable (strict), or queued (relaxed and nothing to reserve). If a charge does not fit, nothing
        is reserved and the record says so: the returned decision is then a denial `limit_exceeded`, or WOULD_DENY where only
        a shadow charge did not fit.

        `record.consent` is spent in the same step. Where it no longer holds, and where there is none and the decision asks for
        people, `record.asking` becomes a request (or comes to the one that is open), which the answer's ticket names.
        """
        ...

    def submit(self, record: CallRecord, waiter: Waiter[Admission]) -> None:
        """As `admit`, told to `waiter`; one that is done by then counts as a call that was not sent."""
        ...

    def note(self, record: CallRecord | SecurityRecord) -> None:
        """Write a record that nothing waits for (denials, refused requests) with the next group."""
        ...

    def settle(self, receipt: Receipt, outcome: Outcome) -> None:
        """Record the outcome with the next group, and give the reservations back if the call surely did not run."""
        ...


class StoredTask(Struct, frozen=True, kw_only=True):
    """Whose a task is, and of which call: what must be known of it after the process that made it."""

    server_id: str
    id: str
    """The server's own."""
    grant_id: str
    child: str
    """Whose channel to the server, where each session or grant has one of its own; else empty."""
    upstream: str
    """Mark of what the server was: at another address the id means nothing."""
    run: str
    """Of the process that holds the channel; empty where there is none to hold."""
    tool: str
    arguments: bytes
    """Sealed."""
    covers: tuple[str, ...]
    """Rules for which people approved the call."""
    asked: tuple[str, ...]
    """Keys of what the server asked and the client was shown."""
    made_ns: int
    until_ns: int
    collected: bool
    contested: bool


class TaskStore(Protocol):
    """What outlives this process of tasks, and is shared by all that work on one state. Errors: `StoreFault`."""

    def find(self, server_id: str, task: str, grant_id: str) -> list[StoredTask]:
        """The tasks of this grant with this id: of a server with several channels there may be several."""
        ...

    def is_taken(self, task: StoredTask) -> bool:
        """Whether another grant has a task of this id at this place now, or nobody knows whose it is."""
        ...

    def keep(self, task: StoredTask) -> None:
        """Write it with the next group, which comes no later than that of a call settled after this."""
        ...


class Outbound(Struct, frozen=True):
    """One JSON-RPC message on its way to a server."""

    body: bytes
    method: str
    """The JSON-RPC method; empty for a response."""
    id: bytes | None
    """The JSON-RPC id as JSON text; None for a notification or a response."""
    modern: bool
    """Whether it belongs to the stateless era (2026-07-28)."""
    headers: Sequence[tuple[bytes, bytes]] = ()
    """HTTP fields that go along (`mcp-*`, `traceparent`, `accept`, `content-type`); ignored by stdio. Never a credential."""
    credential: Mapping[str, str] = {}
    """Header fields that carry the server's own credential, resolved after the decision."""
    session: str | None = None
    """The upstream's own session id."""
    isolation: str = ""
    """Who must not share a child process with others: the session in the handshake era, the grant in the stateless one."""

    def __repr__(self) -> str:
        """Without the credential, whatever prints it."""
        return f"Outbound(method={self.method!r}, id={self.id!r}, session={self.session!r}, isolation={self.isolation!r})"


@dataclass(frozen=True, slots=True)
class Event:
    """One message of an answer stream."""

    data: bytes
    """The JSON text; empty for events that carry none (priming events, comments)."""
    raw: bytes | None = None
    """The event as it stood on the wire, blank line included, if it came as SSE."""
    id: bytes | None = None
    """What a client names to have the stream resumed after this event, if it came as SSE and has one."""


@dataclass(slots=True)
class Answer:
    """A server's answer: either `body` at once, or `events` as they come (SSE, stdio), or `chunks` of one long JSON body.

    `aclose` must be called when done; called early, it closes the upstream connection (in the stateless era: cancels).
    Iterators raise `UpstreamFault` if the server breaks off.
    """

    status: int = 200
    content_type: bytes = b"application/json"
    session: str | None = None
    body: bytes | None = None
    events: AsyncIterator[Event] | None = None
    chunks: AsyncIterator[bytes] | None = None
    headers: Sequence[tuple[bytes, bytes]] = ()
    challenge: bytes = b""
    """What the server said with 401 or 403 (`www-authenticate`): for whoever renews its credential, never for a client."""
    nonce: bytes = b""
    """What it then wants in proofs (`dpop-nonce`), as it stood there."""

    async def aclose(self) -> None:
        """Release the connection; closing early is allowed."""
        for stream in (self.events, self.chunks):
            close = getattr(stream, "aclose", None)
            if close is not None:
                await close()


class Upstream(Protocol):
    """A live way to one server. Whatever its transport, one message goes in and one answer comes out."""

    async def exchange(self, message: Outbound) -> Answer:
        """Send and return the head of the answer. A notification or response is answered with status 202 and no body.

        Errors: `UpstreamNotReached` where the message surely was not sent; `UpstreamFault` else.
        """
        ...

    async def listen(self, message: Outbound) -> Answer:
        """Open a stream of what the server says of its own accord in the session of `message`, whose body is not sent.

        Status 405 where the server has no such stream. Errors as those of `exchange`.
        """
        ...

    async def end_session(self, message: Outbound) -> int:
        """End a handshake session (HTTP DELETE, child stopped); the HTTP status to give to the client."""
        ...

    async def aclose(self) -> None:
        """Close all connections or stop all children; bounded."""
        ...


R = TypeVar("R")


class Sent(Protocol):
    """A request that was handed to a server, and whose answer is awaited."""

    def abort(self) -> None:
        """Give it up; nobody is told any more."""
        ...


class Shortcut(Protocol[R]):
    """A way to a server on which a message is sent, and its answer heard, without a task. `R` is an answer whose head is here."""

    def start(self, message: Outbound) -> bytes:
        """What is the same for every message with these fields, session and credential. Errors: `UpstreamNotReached`."""
        ...

    def send(self, start: bytes, body: bytes, holder: str, waiter: Waiter[R]) -> Sent | None:
        """Send a message now, the answer or an `UpstreamFault` goes to `waiter`; None where that cannot be done, and was not.

        `holder` is the message's `isolation`.
        """
        ...

    def plain_body(self, response: R) -> bytes | None:
        """The body of an answer that is one short JSON document, is here whole, and comes with nothing to look at."""
        ...

    async def answer_to(self, message: Outbound, response: R | UpstreamFault) -> Answer:
        """What `Upstream.exchange` would give, or raise."""
        ...


@runtime_checkable
class HasShortcut(Protocol):
    """An upstream that may have a shortcut."""

    def shortcut(self, *, modern: bool) -> Shortcut[Any] | None:
        """The shortcut for messages of this era, if there is one now."""
        ...
