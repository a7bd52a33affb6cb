"""The data plane's HTTP surface: `POST` and `DELETE /mcp/{server}`, health, and the protected-resource metadata."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from yett.audit.record import Refused, SecurityRecord
from yett.edge.request import Request
from yett.edge.responder import ClientGone, Responder
from yett.errors import OperatorFault, UpstreamFault
from yett.gateway.active import ActiveSnapshot, Snapshot
from yett.gateway.admission import Bearer, Crowded, Guard, InFlight, Lifetimes, NoBearer, authenticate
from yett.gateway.calls import Caller, Calls
from yett.gateway.dispatch import Dispatcher
from yett.gateway.route import Headers, Route
from yett.gateway.sessions import Session, Sessions
from yett.gateway.snapshot import ServerEntry
from yett.ports import Answer, Clock, Upstream
from yett.protocol.envelope import Shape
from yett.protocol.eras import Era
from yett.protocol.messages import Message, classify_http
from yett.protocol.rejection import INVALID_REQUEST, Rejection
from yett.protocol.replies import error, rejected
from yett.protocol.sse import encode_event

ENDPOINT: Final = "/mcp/"
METADATA: Final = "/.well-known/oauth-protected-resource"
SESSION: Final = b"mcp-session-id"
PARAMETER: Final = b"mcp-param-"
_PASSED_ON: Final = frozenset(
    {
        *(b"accept", b"content-type", b"traceparent", b"tracestate", b"baggage"),
        *(b"mcp-protocol-version", b"mcp-method", b"mcp-name"),
    }
)
ORPHANED_S: Final = 60.0
"""Seconds that a stream of the handshake era goes on for a client that has left: long enough to learn what came of the call."""
_ENDED: Final = frozenset({200, 202, 204, 404, 405})
"""What a client may be told of the end of its session; any other status concerns the gateway's own way to the server."""
_EVENT_STREAM: Final = b"text/event-stream"
_SOON: Final = ((b"retry-after", b"1"),)
_STREAM_FIELDS: Final = ((b"cache-control", b"no-cache, no-transform"), (b"x-accel-buffering", b"no"))


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
        crowded = self._parts.in_flight.enter(bearer.grant.id)
        if crowded is not None:
            return self._turn_away(request, responder, crowded, bearer)
        try:
            if request.method == b"POST":
                await self._post(request, responder, snapshot, bearer)
            elif request.method == b"DELETE" and request.header(SESSION) is not None:
                await self._delete(request, responder, snapshot, bearer)
            else:
                responder.send(405, b'{"error":"method not allowed"}', headers=((b"allow", b"POST, DELETE"),))
        finally:
            self._parts.in_flight.leave(bearer.grant.id)

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

    async def _post(self, request: Request, responder: Responder, snapshot: Snapshot, bearer: Bearer) -> None:
        message = classify_http(request.body, _by_name(request))
        if isinstance(message, Rejection):
            self._refused(request, Refused(message.kind.value), message.message, bearer.server.name, bearer.grant.id)
            return responder.send(message.http_status, rejected(message))
        session = self._session(request, message, bearer)
        if isinstance(session, Answer):
            self._refused(request, Refused.SESSION, "no such session of this grant", bearer.server.name, bearer.grant.id)
            return responder.send(session.status, session.body or b"")
        if message.kind is Shape.RESPONSE:
            return responder.send(202, b"")
        route = self._route(request, snapshot, bearer, session)
        return await self._answered(route, message, responder)

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
        if bearer.server.url is None:
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

    async def _answered(self, route: Route, message: Message, responder: Responder) -> None:
        if message.era is not Era.STATELESS:
            return await self._relay(route, message, responder)
        # In the stateless era a client that closes its connection cancels the call; in the handshake era it does not.
        leaving = _Leaving.of(responder, after_s=0)
        try:
            return await self._relay(route, message, responder)
        finally:
            leaving.over()

    async def _relay(self, route: Route, message: Message, responder: Responder) -> None:
        answer = await self._parts.dispatcher.dispatch(route, message)
        fields = list(answer.headers)
        if answer.session is not None:
            fields.append((SESSION, answer.session.encode("ascii")))
        if answer.events is None and answer.chunks is None:
            return responder.send(answer.status, answer.body or b"", headers=fields)
        return await _streamed(answer, responder, fields, message.era)

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


def _by_name(request: Request) -> Mapping[bytes, bytes]:
    """Fields by name. The edge lets only harmless ones stand twice; of these `accept` is a list that may take several lines."""
    fields = request.fields
    if len(fields) == len(request.headers):
        return fields
    return fields | {b"accept": b", ".join(value for name, value in request.headers if name == b"accept")}


def _going_along(headers: Headers) -> Headers:
    """The fields that belong to the message itself. Everything else, credentials above all, ends here."""
    return [field for field in headers if field[0] in _PASSED_ON or field[0].startswith(PARAMETER)]


@dataclass(slots=True)
class _Leaving:
    """Cancels the work on a request some time after its client has left, unless it is over by then."""

    gone: asyncio.Future[None]
    task: asyncio.Task[object] | None
    """None once nothing is left to cancel."""
    after_s: float
    timer: asyncio.TimerHandle | None = None

    @classmethod
    def of(cls, responder: Responder, *, after_s: float) -> _Leaving:
        """Watch the client of the request that the current task works on."""
        task = asyncio.current_task()
        assert task is not None, "requests are handled in a task"
        leaving = cls(responder.client_gone, task, after_s)
        leaving.gone.add_done_callback(leaving._has_left)
        return leaving

    def _has_left(self, _: object) -> None:
        if self.task is not None:
            self.timer = asyncio.get_running_loop().call_later(self.after_s, self.task.cancel)

    def over(self) -> None:
        """The task goes on to something else."""
        self.task = None
        self.gone.remove_done_callback(self._has_left)
        if self.timer is not None:
            self.timer.cancel()


async def _streamed(answer: Answer, responder: Responder, fields: list[tuple[bytes, bytes]], era: Era) -> None:
    """Relay as it comes. A stream that breaks off must not look complete, so the connection is cut."""
    leaving = None if era is Era.STATELESS else _Leaving.of(responder, after_s=ORPHANED_S)
    try:
        if answer.events is not None:
            responder.start(answer.status, _EVENT_STREAM, headers=[*fields, *_STREAM_FIELDS])
            async for event in answer.events:
                await responder.write(event.raw if event.raw is not None else encode_event(event.data))
        elif answer.chunks is not None:
            responder.start(answer.status, answer.content_type, headers=fields)
            async for chunk in answer.chunks:
                await responder.write(chunk)
        responder.end()
    except (UpstreamFault, ClientGone):
        responder.abort()
    finally:
        if leaving is not None:
            leaving.over()
        await answer.aclose()


def _json(value: object) -> bytes:
    return msgspec.json.encode(value)
