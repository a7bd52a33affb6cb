"""What all HTTP endpoints of the data plane ask first, who is there and is there room, and what they share after that."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from yett.audit.record import Refused, SecurityRecord
from yett.edge.request import Request
from yett.edge.responder import Responder
from yett.gateway.access_tokens import AccessTokens, UnknownKey
from yett.gateway.active import ActiveSnapshot
from yett.gateway.admission import Bearer, Crowded, Guard, InFlight, Lifetimes, NoBearer, Tokens, authenticate
from yett.gateway.calls import Caller, Calls
from yett.gateway.conversation import ASKED_MAX
from yett.gateway.dispatch import Dispatcher
from yett.gateway.kept_answers import KeptAnswers
from yett.gateway.route import Headers, Route
from yett.gateway.sessions import Session, Sessions
from yett.gateway.snapshot import ServerEntry
from yett.gateway.stopping import STREAM_ENDS_S, Ongoing, SessionEnder, Work
from yett.gateway.turns import Turns
from yett.ports import Clock, Upstream
from yett.protocol.peek import peek_response
from yett.protocol.replies import error

METADATA: Final = "/.well-known/oauth-protected-resource"
PARAMETER: Final = b"mcp-param-"
SOON: Final = ((b"retry-after", b"1"),)
TOO_MANY: Final = -32000
SESSION: Final = b"mcp-session-id"
ANSWERS_BESIDE: Final = ASKED_MAX
"""Places that only clients' answers to their servers may take, beside those of all requests."""
STOPPED: Final = b'{"error":"an administrator has stopped this, or taken it away","code":"stopped"}'
_PASSED_ON: Final = frozenset(
    {
        *(b"accept", b"content-type", b"traceparent", b"tracestate", b"baggage"),
        *(b"mcp-protocol-version", b"mcp-method", b"mcp-name"),
    }
)


@dataclass(frozen=True, slots=True)
class Parts:
    """What the HTTP surface works with."""

    active: ActiveSnapshot
    dispatcher: Dispatcher
    calls: Calls
    sessions: Sessions
    clock: Clock
    guard: Guard
    upstream_of: Callable[[ServerEntry], Upstream]
    token_digest: Callable[[str], str]
    body_digest_key: bytes
    in_flight: InFlight
    ledger_fault: Callable[[], str | None]
    """Why no call can be recorded at present, if so."""
    kept: KeptAnswers
    public_url: str
    """Where clients reach this listener, without a slash at the end."""
    warnings: Callable[[], Sequence[str]] = tuple
    """What is not as configured though calls go on: told at `/readyz`."""
    unknown_key: UnknownKey = lambda _: None
    """Told of an issuer that signed with a key which is not known here."""
    turns: Turns = field(default_factory=Turns)
    ongoing: Ongoing = field(default_factory=Ongoing)
    uses: dict[str, int] = field(default_factory=dict)
    """When a token of each grant was last good for a request, in nanoseconds since the epoch."""


class Door:
    """Lets requests in by the grant that they show, and writes down whom it turned away."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        access = AccessTokens(parts.public_url, parts.unknown_key)
        self.tokens = Tokens(parts.token_digest, Lifetimes(parts.clock).now_ns, access)
        """What the tokens that requests show are looked up with."""
        parts.active.follow(parts.ongoing.follow)
        parts.active.follow(SessionEnder(parts.sessions, self._end).follow)

    def admits(self, request: Request, responder: Responder) -> bool:
        """Whether host and origin of a request are ours; answered if not."""
        if not self.parts.guard.host_allowed(request.header(b"host")):
            self.refused(request, Refused.ORIGIN, "the host is not one of ours")
            responder.send(421, b'{"error":"this host name is not served here; see data_plane.allowed_hosts"}')
            return False
        if not self.parts.guard.origin_allowed(request.header(b"origin")):
            self.refused(request, Refused.ORIGIN, "the origin is not allowed")
            responder.send(403, b'{"error":"this origin is not allowed; see data_plane.allowed_origins"}')
            return False
        return True

    def bearer(self, request: Request, responder: Responder, reference: str) -> Bearer | None:
        """The grant that a request shows for the server `reference`, by the snapshot of now; answered if it shows none."""
        parts = self.parts
        snapshot = parts.active.current()
        if snapshot is None:
            self.refused(request, Refused.NOT_READY, "no configuration has arrived yet")
            responder.send(503, b'{"error":"not ready"}', headers=SOON)
            return None
        authorization = request.header(b"authorization")
        bearer = authenticate(snapshot, reference, authorization, self.tokens)
        if isinstance(bearer, NoBearer):
            self._challenge(request, responder, bearer)
            return None
        parts.uses[bearer.grant.id] = parts.clock.now_ns()
        return bearer

    def _end(self, session: Session, server: ServerEntry) -> Coroutine[Any, Any, object]:
        return self.parts.dispatcher.end(session, server, self.parts.upstream_of(server))

    def stopped(self, request: Request, responder: Responder, bearer: Bearer) -> bool:
        """Whether people stopped what a request that is no message needs; then it is answered."""
        if bearer.stopped is not None:
            self.cut(request, responder, bearer, f"people stopped {bearer.stopped}")
        return bearer.stopped is not None

    def cut_off(self, request: Request, responder: Responder, work: Work) -> bool:
        """Whether work was cancelled because people stopped it; then it is answered."""
        if work.ended is None:
            return False
        work.task.uncancel()
        self.cut(request, responder, work.bearer, work.ended)
        return True

    async def hold(self, request: Request, responder: Responder, bearer: Bearer, stream: Coroutine[Any, Any, None]) -> None:
        """Carry a stream that may last for ever, but not when people stopped what it needs."""
        work = self.parts.ongoing.begin(bearer, STREAM_ENDS_S)
        try:
            await stream
        except asyncio.CancelledError:
            if not self.cut_off(request, responder, work):
                raise
        finally:
            self.parts.ongoing.over(work)

    def enter(self, request: Request, responder: Responder, bearer: Bearer) -> bool:
        """Whether there is room for one more request of this grant; answered if not."""
        size = len(request.body)
        crowded = self.parts.in_flight.enter(bearer.grant.id, size=size)
        if crowded is not None and self._answers(request, bearer):
            crowded = self.parts.in_flight.enter(bearer.grant.id, beside=ANSWERS_BESIDE, size=size)
        if crowded is None:
            return True
        status, body = self.crowd(request, crowded, bearer)
        responder.send(status, body, headers=SOON)
        return False

    def _answers(self, request: Request, bearer: Bearer) -> bool:
        """Whether a request brings the answer to what its server asked: the requests that fill the room may wait for that."""
        id = request.header(SESSION)
        if request.method != b"POST" or id is None:
            return False
        session = self.parts.sessions.find(id.decode("latin-1"), grant_id=bearer.grant.id, server_id=bearer.server.id)
        if session is None or not session.conversation.is_asked:
            return False
        peek = peek_response(request.body)
        return peek is not None and peek.is_response

    def cut(self, request: Request, responder: Responder, bearer: Bearer, why: str) -> None:
        """Answer a request that may not go on; where an answer has begun, it is not made to look complete."""
        self.refused(request, Refused.STOPPED, why, bearer.server.name, bearer.grant.id)
        if responder.started:
            responder.abort()
        else:
            responder.send(403, STOPPED)

    def _challenge(self, request: Request, responder: Responder, refusal: NoBearer) -> None:
        self.refused(request, Refused.TOKEN, refusal.reason, refusal.server, refusal.grant_id)
        metadata = f"{self.parts.public_url}{METADATA}{request.path}".encode("latin-1")
        challenge = b'Bearer resource_metadata="%b"' % metadata
        responder.send(401, b'{"error":"a valid grant for this server is needed"}', headers=((b"www-authenticate", challenge),))

    def crowd(self, request: Request, crowded: Crowded, bearer: Bearer, id: bytes | None = None) -> tuple[int, bytes]:
        """Status and body of the answer to a request for which there is no room."""
        self.refused(request, Refused.HTTP, crowded.value, bearer.server.name, bearer.grant.id)
        status, said = (429, "of this grant ") if crowded is Crowded.GRANT else (503, "")
        return status, error(id, TOO_MANY, f"too many requests {said}are in flight; wait for answers, then try again")

    def route(self, request: Request, bearer: Bearer, session: Session | None) -> Route:
        """The way from the client of this request to its server."""
        caller = Caller(
            grant=bearer.grant,
            server=bearer.server,
            about=bearer.facts,
            policy=bearer.policy,
            client_ip=request.client_ip,
            session=None if session is None else session.id,
            digest=bearer.digest,
            stopped=bearer.stopped,
        )
        return Route(
            caller=caller,
            upstream=self.parts.upstream_of(bearer.server),
            session=session,
            isolation=bearer.grant.id if session is None else session.id,
            headers=going_along(request.headers),
        )

    def refused(
        self, request: Request, kind: Refused, reason: str, server: str | None = None, grant_id: str | None = None
    ) -> None:
        """Write down what was turned away."""
        parts = self.parts
        digest = hashlib.blake2b(request.body, digest_size=16, key=parts.body_digest_key).hexdigest() if request.body else None
        parts.calls.note(
            SecurityRecord(
                at_ns=parts.clock.now_ns(),
                request_id=parts.calls.request_id(),
                kind=kind,
                reason=reason,
                server=server,
                grant_id=grant_id,
                client_ip=request.client_ip,
                body_digest=digest,
                body_bytes=len(request.body),
            )
        )


def by_name(request: Request) -> Mapping[bytes, bytes]:
    """Fields by name. The edge lets only harmless ones stand twice; of these `accept` is a list that may take several lines."""
    fields = request.fields
    if len(fields) == len(request.headers):
        return fields
    return fields | {b"accept": b", ".join(value for name, value in request.headers if name == b"accept")}


def going_along(headers: Headers) -> Headers:
    """The fields that belong to the message itself. Everything else, credentials above all, ends here."""
    return [field for field in headers if field[0] in _PASSED_ON or field[0].startswith(PARAMETER)]
