"""The data plane's HTTP surface: `POST`, `GET` and `DELETE /mcp/{server}`, health, and the protected-resource metadata."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Final

import msgspec
from msgspec.structs import replace

from yett.audit.record import Refused
from yett.edge.request import Request
from yett.edge.responder import Responder
from yett.errors import OperatorFault, UpstreamFault
from yett.gateway.access_tokens import issuers_of
from yett.gateway.admission import Bearer
from yett.gateway.batch import Batch
from yett.gateway.carrying import Carrying, TakenUp, is_carried
from yett.gateway.http_answers import ORPHANED_S, Leaving, status_of, stream
from yett.gateway.http_door import METADATA, SESSION, SOON, Door, by_name, going_along
from yett.gateway.http_door import Parts as Parts
from yett.gateway.kept_answers import KeptAnswer
from yett.gateway.plain_calls import PlainCalls
from yett.gateway.route import Route
from yett.gateway.sessions import Session
from yett.gateway.sse_2024 import ENDPOINT as SSE_ENDPOINT
from yett.gateway.sse_2024 import SseFront
from yett.gateway.subscriptions import TOO_MANY
from yett.ports import Answer
from yett.protocol.envelope import Shape
from yett.protocol.eras import Era, era_of_header
from yett.protocol.headers import accepts_events
from yett.protocol.messages import Message, classify_http
from yett.protocol.methods import Handling
from yett.protocol.rejection import INVALID_REQUEST, Rejection, RejectionKind, envelope
from yett.protocol.replies import error, rejected
from yett.protocol.revisions import BATCHING, contradicts

ENDPOINT: Final = "/mcp/"
LAST_EVENT_ID: Final = b"last-event-id"
_ENDED: Final = frozenset({200, 202, 204, 404, 405})
"""What a client may be told of the end of its session; any other status concerns the gateway's own way to the server."""


class HttpFront:
    """Turns HTTP requests into messages and answers into HTTP responses. Judges nothing but who may speak."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._door = Door(parts)
        self._sse = SseFront(self._door)
        self.plain_calls = PlainCalls(self._door, self)

    async def handle(self, request: Request, responder: Responder) -> None:
        """Answer one request."""
        if not self._door.admits(request, responder):
            return None
        if request.path.startswith(ENDPOINT):
            return await self._endpoint(request, responder, request.path.removeprefix(ENDPOINT).removesuffix("/"))
        if request.path.startswith(SSE_ENDPOINT):
            return await self._sse.handle(request, responder)
        return self._beside(request, responder)

    def _beside(self, request: Request, responder: Responder) -> None:
        if request.method not in {b"GET", b"HEAD"}:
            return responder.send(404, b'{"error":"not found"}')
        if request.path == "/healthz":
            return responder.send(200, b'{"status":"ok"}')
        if request.path == "/readyz":
            return self._ready(responder)
        if request.path.startswith((f"{METADATA}{ENDPOINT}", f"{METADATA}{SSE_ENDPOINT}")):
            return responder.send(200, _json(self._metadata(request.path.removeprefix(METADATA))))
        return responder.send(404, b'{"error":"not found"}')

    def _metadata(self, path: str) -> dict[str, object]:
        """What an OAuth client needs to know of a server (RFC 9728): the same form whether or not there is one."""
        snapshot = self._parts.active.current()
        reference = path.split("/")[2] if path.count("/") > 1 else ""
        issuers = [] if snapshot is None else issuers_of(snapshot, reference)
        metadata: dict[str, object] = {"resource": self._parts.public_url + path, "bearer_methods_supported": ["header"]}
        return metadata | ({"authorization_servers": issuers} if issuers else {})

    def _ready(self, responder: Responder) -> None:
        snapshot = self._parts.active.current()
        if snapshot is None:
            return responder.send(503, b'{"status":"not ready","problems":["no configuration has arrived yet"]}')
        fault = self._parts.ledger_fault()
        problems = [*self._parts.active.problems(), *([] if fault is None else [fault])]
        ready = fault is None and (not problems or any(policy.usable for policy in snapshot.policies.values()))
        problems += self._parts.warnings()
        body = {"status": "ready" if ready else "not ready", "revision": snapshot.revision, "problems": problems}
        return responder.send(200 if ready else 503, _json(body))

    # --- the endpoint ---------------------------------------------------------------------------------------------------

    async def _endpoint(self, request: Request, responder: Responder, reference: str) -> None:
        bearer = self._door.bearer(request, responder, reference)
        if bearer is None or (request.method != b"POST" and self._door.stopped(request, responder, bearer)):
            return None
        if request.method == b"GET" and era_of_header(_version(request)) is Era.HANDSHAKE:
            return await self._door.hold(request, responder, bearer, self._listen(request, responder, bearer))
        if not self._door.enter(request, responder, bearer):
            return None
        subscription = await self.go_on(request, responder, bearer, self._asked(request, responder, bearer))
        if subscription is None:
            return None
        # It may last for ever, and is counted among the streams of its grant.
        streaming = stream(subscription, responder, subscription.headers, orphaned_s=0)
        return await self._door.hold(request, responder, bearer, streaming)

    async def go_on(
        self, request: Request, responder: Responder, bearer: Bearer, doing: Awaitable[Answer | None]
    ) -> Answer | None:
        """Finish a request that is in flight; it is cut off when people stop what it needs."""
        work = self._parts.ongoing.begin(bearer)
        try:
            return await doing
        except asyncio.CancelledError:
            if not self._door.cut_off(request, responder, work):
                raise
            return None
        finally:
            self._parts.ongoing.over(work)
            self._parts.in_flight.leave(bearer.grant.id, size=len(request.body))

    async def _asked(self, request: Request, responder: Responder, bearer: Bearer) -> Answer | None:
        """Answer a request when it is its turn; a subscription is only opened, and returned."""
        turn = self._parts.turns.take(bearer.grant.id)
        if turn is not None:
            await turn
        if request.method == b"POST":
            return await self._post(request, responder, bearer)
        if request.method == b"DELETE" and request.header(SESSION) is not None:
            await self._delete(request, responder, bearer)
        else:
            _not_allowed(responder)
        return None

    async def _post(self, request: Request, responder: Responder, bearer: Bearer) -> Answer | None:
        """Answer a message; a subscription is only opened, and returned."""
        message = classify_http(request.body, by_name(request))
        if isinstance(message, Rejection):
            batching = self._batching(request, message, bearer)
            if batching is None:
                self._reject(request, responder, bearer, message)
            else:
                route = self._door.route(request, bearer, batching)
                await Batch(self._door, request, responder, bearer).answer(route)
            return None
        # A session that was stopped is over, and its calls are to hear why.
        session = None if bearer.stopped is not None else self._session(request, message, bearer)
        if isinstance(session, Rejection):
            self._reject(request, responder, bearer, session)
            return None
        if isinstance(session, Answer):
            self._door.refused(request, Refused.SESSION, "no such session of this grant", bearer.server.name, bearer.grant.id)
            responder.send(session.status, session.body or b"")
            return None
        route = self._door.route(request, bearer, session)
        dispatcher = self._parts.dispatcher
        answer = (dispatcher.respond if message.kind is Shape.RESPONSE else dispatcher.dispatch)(route, message)
        return await self.answered(route, message, responder, answer)

    async def _listen(self, request: Request, responder: Responder, bearer: Bearer) -> None:
        """Relay the server's own event stream."""
        if not accepts_events(by_name(request)):
            return responder.send(406, error(None, INVALID_REQUEST, "the client must accept text/event-stream"))
        session = self._found(request, bearer)
        if session is None and request.header(SESSION) is not None:
            self._door.refused(request, Refused.SESSION, "no such session of this grant", bearer.server.name, bearer.grant.id)
            return responder.send(404, error(None, INVALID_REQUEST, "Session not found"))
        if session is not None and contradicts(_version(request), session.revision):
            return self._reject(request, responder, bearer, _other_revision(None))
        if session is None and bearer.server.one_to_one:
            return responder.send(400, error(None, INVALID_REQUEST, "Missing session ID"))
        headers = going_along(request.headers)
        after = request.header(LAST_EVENT_ID)
        if after is not None:
            taken_up = None if session is None else self._parts.kept.find(session, after)
            if taken_up is not None:
                return await self._taken_up(self._door.route(request, bearer, session), responder, *taken_up)
            # An id is given to one session, but servers keep the events of all sessions in one store.
            if session is None or not session.conversation.has_given(after):
                self._door.refused(request, Refused.SESSION, "no such event of this session", bearer.server.name, bearer.grant.id)
                return responder.send(400, error(None, INVALID_REQUEST, "Last-Event-ID names no event of this session"))
            headers = [*headers, (LAST_EVENT_ID, after)]
        return await self._listened(replace(self._door.route(request, bearer, session), headers=headers), responder)

    async def _taken_up(self, route: Route, responder: Responder, answer: KeptAnswer, after: int) -> None:
        """Give a client the rest of an answer."""
        live = self._parts.dispatcher.live.open(route, finite=True)
        if live is None:
            return responder.send(429, error(None, INVALID_REQUEST, TOO_MANY), headers=SOON)
        live.attach(TakenUp(answer, after, self._parts.kept.terms.quiet_s))
        return await stream(Answer(events=live), responder, (), orphaned_s=0)

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
        headers = SOON if answer.status == 429 else answer.headers
        return responder.send(answer.status, answer.body or b"", headers=headers)

    async def _delete(self, request: Request, responder: Responder, bearer: Bearer) -> None:
        session = self._found(request, bearer)
        if session is None:
            self._door.refused(request, Refused.SESSION, "no such session of this grant", bearer.server.name, bearer.grant.id)
            return responder.send(404, error(None, INVALID_REQUEST, "Session not found"))
        try:
            status = await self._parts.dispatcher.end_session(self._door.route(request, bearer, session))
        except (UpstreamFault, OperatorFault):
            status = 200  # it is over here; the server forgets it in its own time
        return responder.send(status if status in _ENDED else 200, b"")

    def _reject(self, request: Request, responder: Responder, bearer: Bearer, rejection: Rejection) -> None:
        self._door.refused(request, Refused(rejection.kind.value), rejection.message, bearer.server.name, bearer.grant.id)
        responder.send(rejection.http_status, rejected(rejection))

    def _session(self, request: Request, message: Message, bearer: Bearer) -> Session | Answer | Rejection | None:
        """The session of a handshake message; an answer where it names one that is not there, or a child needs one."""
        if message.era is Era.STATELESS or message.method == "initialize":
            return None
        if request.header(SESSION) is not None:
            session = self._found(request, bearer)
            if session is None:
                return Answer(404, body=error(message.id, INVALID_REQUEST, "Session not found"))
            return session if not contradicts(message.version, session.revision) else _other_revision(message.id)
        if bearer.server.one_to_one:
            return Answer(400, body=error(message.id, INVALID_REQUEST, "Missing session ID"))
        return None

    def _batching(self, request: Request, rejection: Rejection, bearer: Bearer) -> Session | None:
        """The session of a batch, if it may send one."""
        if rejection.kind is not RejectionKind.BATCH or era_of_header(_version(request)) is not Era.HANDSHAKE:
            return None
        session = self._found(request, bearer)
        return session if session is not None and session.revision == BATCHING else None

    def _found(self, request: Request, bearer: Bearer) -> Session | None:
        id = (request.header(SESSION) or b"").decode("latin-1")
        return self._parts.sessions.find(id, grant_id=bearer.grant.id, server_id=bearer.server.id)

    # --- answers --------------------------------------------------------------------------------------------------------

    async def answered(self, route: Route, message: Message, responder: Responder, answer: Awaitable[Answer]) -> Answer | None:
        """Tell a client what came of its message; a subscription is only opened, and returned."""
        if message.era is not Era.STATELESS:
            if is_carried(self._parts.kept, route, message):
                await self._carried(route, message, responder, answer)
                return None
            return await self._relay(route, message, responder, await answer)
        # In the stateless era a client that closes its connection cancels the call; in the handshake era it does not.
        leaving = Leaving.of(responder, after_s=0)
        try:
            return await self._relay(route, message, responder, await answer)
        finally:
            leaving.over()

    async def _carried(self, route: Route, message: Message, responder: Responder, answer: Awaitable[Answer]) -> None:
        """The same by a stream of the gateway's own, which the client may take up again."""
        assert route.session is not None, "answers are kept for sessions"
        assert message.id is not None, "only requests are answered"
        kept = self._parts.kept
        answered = kept.begin(route.session, message.id)
        await Carrying(self._parts.calls, route, message, responder, answered, kept).carry(answer)

    async def _relay(self, route: Route, message: Message, responder: Responder, answer: Answer) -> Answer | None:
        fields = list(answer.headers)
        if answer.session is not None:
            fields.append((SESSION, answer.session.encode("ascii")))
        if answer.events is None and answer.chunks is None:
            responder.send(status_of(route, message, answer), answer.body or b"", headers=fields)
        elif message.handling is Handling.LISTENED:
            return answer
        else:
            await stream(answer, responder, fields, orphaned_s=None if message.era is Era.STATELESS else ORPHANED_S)
        return None


def _other_revision(id: bytes | None) -> Rejection:
    return envelope("mcp-protocol-version names another revision than the session's", id)


def _not_allowed(responder: Responder) -> None:
    responder.send(405, b'{"error":"method not allowed"}', headers=((b"allow", b"POST, DELETE"),))


def _version(request: Request) -> str | None:
    value = request.header(b"mcp-protocol-version")
    return None if value is None else value.decode("latin-1")


def _json(value: object) -> bytes:
    return msgspec.json.encode(value)
