"""The data plane's HTTP surface: `POST`, `GET` and `DELETE /mcp/{server}`, health, and the protected-resource metadata."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from msgspec.structs import replace

from yett.audit.record import Refused, SecurityRecord
from yett.edge.request import Request
from yett.edge.responder import Responder
from yett.errors import OperatorFault, UpstreamFault
from yett.gateway.active import ActiveSnapshot, Snapshot
from yett.gateway.admission import Bearer, Crowded, Guard, InFlight, Lifetimes, NoBearer, authenticate
from yett.gateway.calls import Caller, Calls
from yett.gateway.dispatch import Dispatcher
from yett.gateway.http_answers import ORPHANED_S, Leaving, stream
from yett.gateway.route import Headers, Route
from yett.gateway.sessions import Session, Sessions
from yett.gateway.snapshot import ServerEntry
from yett.ports import Answer, Clock, Upstream
from yett.protocol.envelope import Shape
from yett.protocol.eras import Era, era_of_header
from yett.protocol.headers import accepts_events
from yett.protocol.messages import Message, classify_http
from yett.protocol.methods import Handling
from yett.protocol.rejection import INVALID_REQUEST, Rejection
from yett.protocol.replies import error, rejected

ENDPOINT: Final = "/mcp/"
METADATA: Final = "/.well-known/oauth-protected-resource"
SESSION: Final = b"mcp-session-id"
LAST_EVENT_ID: Final = b"last-event-id"
PARAMETER: Final = b"mcp-param-"
_PASSED_ON: Final = frozenset(
    {
        *(b"accept", b"content-type", b"traceparent", b"tracestate", b"baggage"),
        *(b"mcp-protocol-version", b"mcp-method", b"mcp-name"),
    }
)
_ENDED: Final = frozenset({200, 202, 204, 404, 405})
"""What a client may be told of the end of its session; any other status concerns the gateway's own way to the server."""
_SOON: Final = ((b"retry-after", b"1"),)


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
    public_url: str
    """Where clients reach this listener, without a slash at the end."""
    warnings: Callable[[], Sequence[str]] = tuple
    """What is not as configured though calls go on: told at `/readyz`."""


class HttpFront:
    """Turns HTTP requests into messages and answers into HTTP responses. Judges nothing but who may speak."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lifetimes = Lifetimes(parts.clock)

    async def handle(self, request: Request, responder: Responder) -> None:
        """Answer one request."""
        if not self._parts.guard.host_allowed(request.header(b"host")):
            self._refused(request, Refused.ORIGIN, "the host is not one of ours")
            return responder.send(421, b'{"error":"this host name is not served here; see data_plane.allowed_hosts"}')
        if not self._parts.guard.origin_allowed(request.header(b"origin")):
            self._refused(request, Refused.ORIGIN, "the origin is not allowed")
            return responder.send(403, b'{"error":"this origin is not allowed; see data_plane.allowed_origins"}')
        if request.path.startswith(ENDPOINT):
            return await self._endpoint(request, responder, request.path.removeprefix(ENDPOINT).removesuffix("/"))
        return self._beside(request, responder)

    def _beside(self, request: Request, responder: Responder) -> None:
        if request.method not in {b"GET", b"HEAD"}:
            return responder.send(404, b'{"error":"not found"}')
        if request.path == "/healthz":
            return responder.send(200, b'{"status":"ok"}')
        if request.path == "/readyz":
            return self._ready(responder)
        if request.path.startswith(f"{METADATA}{ENDPOINT}"):
            resource = self._parts.public_url + request.path.removeprefix(METADATA)
            return responder.send(200, _json({"resource": resource, "bearer_methods_supported": ["header"]}))
        return responder.send(404, b'{"error":"not found"}')

    def _ready(self, responder: Responder) -> None:
        snapshot = self._parts.active.current()
        if snapshot is None:
            return responder.send(503, b'{"status":"not ready","problems":["no configuration has arrived yet"]}')
        fault = self._parts.ledger_fault()
        problems = [*snapshot.problems, *([] if fault is None else [fault])]
        ready = fault is None and (not problems or bool(snapshot.policies))
        problems += self._parts.warnings()
        body = {"status": "ready" if ready else "not ready", "revision": snapshot.revision, "problems": problems}
        return responder.send(200 if ready else 503, _json(body))

    # --- the endpoint ---------------------------------------------------------------------------------------------------

    async def _endpoint(self, request: Request, responder: Responder, reference: str) -> None:
        snapshot = self._parts.active.current()
        if snapshot is None:
            self._refused(request, Refused.NOT_READY, "no configuration has arrived yet")
            return responder.send(503, b'{"error":"not ready"}', headers=_SOON)
        authorization, parts = request.header(b"authorization"), self._parts
        bearer = authenticate(snapshot, reference, authorization, parts.token_digest, self._lifetimes.now_ns)
        if isinstance(bearer, NoBearer):
            return self._challenge(request, responder, bearer)
        if request.method == b"GET" and era_of_header(_version(request)) is Era.HANDSHAKE:
            return await self._listen(request, responder, snapshot, bearer)
        crowded = self._parts.in_flight.enter(bearer.grant.id)
        if crowded is not None:
            return self._turn_away(request, responder, crowded, bearer)
        subscription: Answer | None = None
        try:
            if request.method == b"POST":
                subscription = await self._post(request, responder, snapshot, bearer)
            elif request.method == b"DELETE" and request.header(SESSION) is not None:
                await self._delete(request, responder, snapshot, bearer)
            else:
                _not_allowed(responder)
        finally:
            self._parts.in_flight.leave(bearer.grant.id)
        if subscription is None:
            return None
        # It may last for ever, and is counted among the streams of its grant.
        return await stream(subscription, responder, subscription.headers, orphaned_s=0)

    def _turn_away(self, request: Request, responder: Responder, crowded: Crowded, bearer: Bearer) -> None:
        self._refused(request, Refused.HTTP, crowded.value, bearer.server.name, bearer.grant.id)
        status, said = (429, "of this grant ") if crowded is Crowded.GRANT else (503, "")
        body = error(None, -32000, f"too many requests {said}are in flight; wait for answers, then try again")
        responder.send(status, body, headers=_SOON)

    def _challenge(self, request: Request, responder: Responder, refusal: NoBearer) -> None:
        self._refused(request, Refused.TOKEN, refusal.reason, refusal.server, refusal.grant_id)
        metadata = f"{self._parts.public_url}{METADATA}{request.path}".encode("latin-1")
        challenge = b'Bearer resource_metadata="%b"' % metadata
        responder.send(401, b'{"error":"a valid grant for this server is needed"}', headers=((b"www-authenticate", challenge),))

    async def _post(self, request: Request, responder: Responder, snapshot: Snapshot, bearer: Bearer) -> Answer | None:
        """Answer a message; a subscription is only opened, and returned."""
        message = classify_http(request.body, _by_name(request))
        if isinstance(message, Rejection):
            self._refused(request, Refused(message.kind.value), message.message, bearer.server.name, bearer.grant.id)
            responder.send(message.http_status, rejected(message))
            return None
        session = self._session(request, message, bearer)
        if isinstance(session, Answer):
            self._refused(request, Refused.SESSION, "no such session of this grant", bearer.server.name, bearer.grant.id)
            responder.send(session.status, session.body or b"")
            return None
        route = self._route(request, snapshot, bearer, session)
        return await self._answered(route, message, responder)

    async def _listen(self, request: Request, responder: Responder, snapshot: Snapshot, bearer: Bearer) -> None:
        """Relay the server's own event stream."""
        if not accepts_events(_by_name(request)):
            return responder.send(406, error(None, INVALID_REQUEST, "the client must accept text/event-stream"))
        session = self._found(request, bearer)
        if session is None and request.header(SESSION) is not None:
            self._refused(request, Refused.SESSION, "no such session of this grant", bearer.server.name, bearer.grant.id)
            return responder.send(404, error(None, INVALID_REQUEST, "Session not found"))
        if session is None and bearer.server.one_to_one:
            return responder.send(400, error(None, INVALID_REQUEST, "Missing session ID"))
        headers = _going_along(request.headers)
        after = request.header(LAST_EVENT_ID)
        if after is not None:
            # An id is given to one session, but servers keep the events of all sessions in one store.
            if session is None or not session.conversation.has_given(after):
                self._refused(request, Refused.SESSION, "no such event of this session", bearer.server.name, bearer.grant.id)
                return responder.send(400, error(None, INVALID_REQUEST, "Last-Event-ID names no event of this session"))
            headers = [*headers, (LAST_EVENT_ID, after)]
        return await self._listened(replace(self._route(request, snapshot, bearer, session), headers=headers), responder)

    async def _listened(self, route: Route, responder: Responder) -> None:
        leaving = Leaving.of(responder, after_s=0)
        try:
            answer = await self._parts.dispatcher.listen(route)
            if answer.events is not None:
                return await stream(answer, responder, answer.headers, orphaned_s=None)
        finally:
            leaving.over()
        if answer.status == 405:
            return _not_allowed(responder)
        return responder.send(answer.status, answer.body or b"", headers=answer.headers)

    async def _delete(self, request: Request, responder: Responder, snapshot: Snapshot, bearer: Bearer) -> None:
        session = self._found(request, bearer)
        if session is None:
            self._refused(request, Refused.SESSION, "no such session of this grant", bearer.server.name, bearer.grant.id)
            return responder.send(404, error(None, INVALID_REQUEST, "Session not found"))
        try:
            status = await self._parts.dispatcher.end_session(self._route(request, snapshot, bearer, session))
        except (UpstreamFault, OperatorFault):
            status = 200  # it is over here; the server forgets it in its own time
        return responder.send(status if status in _ENDED else 200, b"")

    def _session(self, request: Request, message: Message, bearer: Bearer) -> Session | Answer | None:
        """The session of a handshake message; an answer where it names one that is not there, or a child needs one."""
        if message.era is Era.STATELESS or message.method == "initialize":
            return None
        if request.header(SESSION) is not None:
            return self._found(request, bearer) or Answer(404, body=error(message.id, INVALID_REQUEST, "Session not found"))
        if bearer.server.one_to_one:
            return Answer(400, body=error(message.id, INVALID_REQUEST, "Missing session ID"))
        return None

    def _found(self, request: Request, bearer: Bearer) -> Session | None:
        id = (request.header(SESSION) or b"").decode("latin-1")
        return self._parts.sessions.find(id, grant_id=bearer.grant.id, server_id=bearer.server.id)

    def _route(self, request: Request, snapshot: Snapshot, bearer: Bearer, session: Session | None) -> Route:
        caller = Caller(
            snapshot=snapshot,
            grant=bearer.grant,
            server=bearer.server,
            policy=snapshot.policy_of(bearer.grant),
            client_ip=request.client_ip,
            session=None if session is None else session.id,
        )
        return Route(
            caller=caller,
            upstream=self._parts.upstream_of(bearer.server),
            session=session,
            isolation=bearer.grant.id if session is None else session.id,
            headers=_going_along(request.headers),
        )

    # --- answers --------------------------------------------------------------------------------------------------------

    async def _answered(self, route: Route, message: Message, responder: Responder) -> Answer | None:
        if message.era is not Era.STATELESS:
            return await self._relay(route, message, responder)
        # In the stateless era a client that closes its connection cancels the call; in the handshake era it does not.
        leaving = Leaving.of(responder, after_s=0)
        try:
            return await self._relay(route, message, responder)
        finally:
            leaving.over()

    async def _relay(self, route: Route, message: Message, responder: Responder) -> Answer | None:
        dispatcher = self._parts.dispatcher
        answer = await (dispatcher.respond if message.kind is Shape.RESPONSE else dispatcher.dispatch)(route, message)
        fields = list(answer.headers)
        if answer.session is not None:
            fields.append((SESSION, answer.session.encode("ascii")))
        if answer.events is None and answer.chunks is None:
            responder.send(answer.status, answer.body or b"", headers=fields)
        elif message.handling is Handling.LISTENED:
            return answer
        else:
            await stream(answer, responder, fields, orphaned_s=None if message.era is Era.STATELESS else ORPHANED_S)
        return None

    def _refused(
        self, request: Request, kind: Refused, reason: str, server: str | None = None, grant_id: str | None = None
    ) -> None:
        digest = (
            hashlib.blake2b(request.body, digest_size=16, key=self._parts.body_digest_key).hexdigest() if request.body else None
        )
        self._parts.calls.note(
            SecurityRecord(
                at_ns=self._parts.clock.now_ns(),
                request_id=self._parts.calls.request_id(),
                kind=kind,
                reason=reason,
                server=server,
                grant_id=grant_id,
                client_ip=request.client_ip,
                body_digest=digest,
                body_bytes=len(request.body),
            )
        )


def _not_allowed(responder: Responder) -> None:
    responder.send(405, b'{"error":"method not allowed"}', headers=((b"allow", b"POST, DELETE"),))


def _version(request: Request) -> str | None:
    value = request.header(b"mcp-protocol-version")
    return None if value is None else value.decode("latin-1")


def _by_name(request: Request) -> Mapping[bytes, bytes]:
    """Fields by name. The edge lets only harmless ones stand twice; of these `accept` is a list that may take several lines."""
    fields = request.fields
    if len(fields) == len(request.headers):
        return fields
    return fields | {b"accept": b", ".join(value for name, value in request.headers if name == b"accept")}


def _going_along(headers: Headers) -> Headers:
    """The fields that belong to the message itself. Everything else, credentials above all, ends here."""
    return [field for field in headers if field[0] in _PASSED_ON or field[0].startswith(PARAMETER)]


def _json(value: object) -> bytes:
    return msgspec.json.encode(value)
