"""Clients of revision 2024-11-05: `GET /sse/{server}` gives an event stream, whose first event names where to post messages.

What is posted goes through the same door, to the same dispatcher; only its answer comes on the stream. A stream is a session:
nobody but the grant that opened it can post to it, and both end together.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Coroutine
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

from msgspec.structs import replace

from yett.audit.record import Refused
from yett.edge.request import Request
from yett.edge.responder import ClientGone, Responder
from yett.errors import OperatorFault, UpstreamFault
from yett.gateway.active import Snapshot, Touched
from yett.gateway.admission import Bearer
from yett.gateway.http_answers import EVENT_STREAM, STREAM_FIELDS, Leaving
from yett.gateway.http_door import SOON, Door, by_name
from yett.gateway.outcomes import unreachable
from yett.gateway.route import Route
from yett.gateway.sse_2024_stream import KEEP_ALIVE_S, OldStream
from yett.gateway.standing import refreshed
from yett.gateway.streams import read_response
from yett.ports import Answer
from yett.protocol.envelope import Shape
from yett.protocol.eras import Era, era_of_header
from yett.protocol.headers import PROTOCOL_VERSION, accepts_events, text
from yett.protocol.messages import Message, classify_http
from yett.protocol.rejection import INVALID_REQUEST, Rejection, envelope
from yett.protocol.replies import error, rejected
from yett.protocol.revisions import contradicts, states_revision

ENDPOINT: Final = "/sse/"
MESSAGES: Final = "messages"
TOO_MANY: Final = b'{"error":"too many event streams of this grant are open; close one"}'

_OWN: Final = frozenset({b"accept", b"content-type", PROTOCOL_VERSION})
"""Fields that concern the client's way to us; a server of Streamable HTTP needs others."""


class SseFront:
    """The two endpoints, and the streams that are open."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._dispatcher = door.parts.dispatcher
        self._prefix = urlsplit(door.parts.public_url).path
        self._open: dict[str, OldStream] = {}
        door.parts.active.follow(self._follow)

    async def handle(self, request: Request, responder: Responder) -> None:
        """Answer one request to a path below `ENDPOINT`."""
        reference, _, rest = request.path.removeprefix(ENDPOINT).partition("/")
        bearer = self._door.bearer(request, responder, reference)
        if bearer is None or self._door.stopped(request, responder, bearer):
            return
        allowed = b"POST" if rest == MESSAGES else b"GET"
        if rest not in {"", MESSAGES}:
            responder.send(404, b'{"error":"not found"}')
        elif request.method != allowed:
            responder.send(405, b'{"error":"method not allowed"}', headers=((b"allow", allowed),))
        elif rest == MESSAGES:
            await self._message(request, responder, bearer)
        else:
            streaming = self._stream(request, responder, self._door.route(request, bearer, None), reference)
            await self._door.hold(request, responder, bearer, streaming)
        return

    # --- the stream -----------------------------------------------------------------------------------------------------

    async def _stream(self, request: Request, responder: Responder, route: Route, reference: str) -> None:
        if request.header(b"accept") is not None and not accepts_events(by_name(request)):
            return responder.send(406, error(None, INVALID_REQUEST, "the client must accept text/event-stream"))
        live = self._dispatcher.live.open(route)
        if live is None:
            caller = route.caller
            self._door.refused(request, Refused.HTTP, "too many event streams", caller.server.name, caller.grant.id)
            return responder.send(429, TOO_MANY, headers=SOON)
        id = secrets.token_urlsafe(24)
        stream = OldStream(live, responder, self._dispatcher.hear)
        leaving = Leaving.of(responder, after_s=0)
        try:
            responder.start(200, EVENT_STREAM, headers=STREAM_FIELDS)
            await responder.write(
                b"event: endpoint\ndata: %b\n\n" % f"{self._prefix}{ENDPOINT}{reference}/{MESSAGES}?session={id}".encode()
            )
            await self._serve(id, stream)
            responder.end()
        except ClientGone:
            responder.abort()
        finally:
            leaving.over()
            await self._close(stream)
        return None

    async def _serve(self, id: str, stream: OldStream) -> None:
        """Relay until the stream is ended from either side. What is in work is finished only where the gateway stops."""
        async with asyncio.TaskGroup() as work:
            stream.work = work
            self._open[id] = stream
            signs = work.create_task(_signs_of_life(stream), name="yett signs of life")
            try:
                async for event in stream.live:
                    if event.data:
                        await stream.write(event.data)
            except UpstreamFault:
                pass  # the server's session broke off, and with it this one
            finally:
                del self._open[id]
                signs.cancel()
            if not self._in_force(stream):
                stream.cancel()

    def _follow(self, _: Snapshot, touched: Touched) -> None:
        """A snapshot became active: cut off what was asked on streams that end by it, even if nobody reads these."""
        for stream in tuple(self._open.values()):
            if touched.concerns(stream.live.route.caller.grant) and not self._in_force(stream):
                stream.cancel()

    def _in_force(self, stream: OldStream) -> bool:
        """Whether what the stream's client asked may still be answered."""
        snapshot, route = self._door.parts.active.current(), stream.live.route
        caller, session = route.caller, route.session
        if snapshot is None or refreshed(caller, snapshot) is None:
            return False
        find = self._door.parts.sessions.find
        return session is None or find(session.id, grant_id=caller.grant.id, server_id=caller.server.id) is not None

    async def _close(self, stream: OldStream) -> None:
        """The stream is over, and so is its session."""
        await stream.live.aclose()
        if stream.live.route.session is not None:
            with suppress(UpstreamFault, OperatorFault):
                await self._dispatcher.end_session(stream.live.route)

    # --- messages -------------------------------------------------------------------------------------------------------

    async def _message(self, request: Request, responder: Responder, bearer: Bearer) -> None:
        stream = self._found(request, bearer)
        if stream is None:
            self._door.refused(request, Refused.SESSION, "no such session of this grant", bearer.server.name, bearer.grant.id)
            return responder.send(404, error(None, INVALID_REQUEST, "Session not found"))
        message = _classified(request, stream)
        if isinstance(message, Rejection):
            return self._reject(request, responder, stream, message)
        route = self._route(request, bearer, stream)
        if message.kind is not Shape.REQUEST:
            dispatcher = self._dispatcher
            answer = await (dispatcher.respond if message.kind is Shape.RESPONSE else dispatcher.dispatch)(route, message)
            await answer.aclose()
            return _accepted(responder)
        crowded = self._door.parts.in_flight.enter(bearer.grant.id)
        if crowded is not None:
            _, body = self._door.crowd(request, crowded, bearer, message.id)
            work: Coroutine[None, None, None] = stream.tell(body)
        else:
            stream.opening = stream.opening or message.method == "initialize"
            work = self._carry(stream, route, message)
        task = stream.start(work, f"yett request {message.method}")
        if crowded is None:
            # Not in a `finally` of the work itself: a task that is cancelled before it begins has none.
            task.add_done_callback(lambda _: self._door.parts.in_flight.leave(bearer.grant.id))
        return _accepted(responder)

    def _found(self, request: Request, bearer: Bearer) -> OldStream | None:
        """The stream that the address names, if this grant opened it; another's is as if it were not there."""
        _, _, query = request.target.partition(b"?")
        stream = self._open.get(query.removeprefix(b"session=").decode("latin-1"))
        if stream is None or not query.startswith(b"session="):
            return None
        caller = stream.live.route.caller
        return stream if (caller.grant.id, caller.server.id) == (bearer.grant.id, bearer.server.id) else None

    def _route(self, request: Request, bearer: Bearer, stream: OldStream) -> Route:
        session = stream.live.route.session
        route = self._door.route(request, bearer, session)
        headers = [field for field in route.headers if field[0] not in _OWN]
        if session is not None and states_revision(session.revision):
            headers.append((PROTOCOL_VERSION, (session.revision or "").encode()))
        return replace(route, headers=headers)

    def _reject(self, request: Request, responder: Responder, stream: OldStream, rejection: Rejection) -> None:
        """A request is answered on the stream, where its client waits; what is none, at once."""
        caller = stream.live.route.caller
        self._door.refused(request, Refused(rejection.kind.value), rejection.message, caller.server.name, caller.grant.id)
        if rejection.id is None:
            return responder.send(rejection.http_status, rejected(rejection))
        stream.start(stream.tell(rejected(rejection)), "yett refusal")
        return _accepted(responder)

    async def _carry(self, stream: OldStream, route: Route, message: Message) -> None:
        """Have a request answered on its stream."""
        try:
            answer = await self._dispatcher.dispatch(route, message)
            if message.method == "initialize":
                self._opened(stream, answer)
            await _bring_back(stream, message, answer)
        except UpstreamFault as failure:
            request_id = self._door.parts.calls.request_id()
            await stream.tell(unreachable(message.id, failure, request_id, in_detail=False).body or b"")
        except ClientGone:
            return  # the stream sees that, too

    def _opened(self, stream: OldStream, answer: Answer) -> None:
        """The session that a handshake opened, if it did, is the stream's."""
        caller = stream.live.route.caller
        session = None
        if answer.session is not None:
            session = self._door.parts.sessions.find(answer.session, grant_id=caller.grant.id, server_id=caller.server.id)
        stream.opening = session is not None or (not caller.server.one_to_one and answer.status < 400)
        if stream.opening:
            stream.open(session)


def _accepted(responder: Responder) -> None:
    responder.send(202, b"Accepted", b"text/plain")


def _classified(request: Request, stream: OldStream) -> Message | Rejection:
    """The message, by the rules of the handshake era: the transport had no field that states a revision, or what is accepted."""
    fields = {**by_name(request), b"accept": b"*/*"}
    version = text(fields, PROTOCOL_VERSION)
    if version is not None and era_of_header(version) is Era.STATELESS:
        return envelope("mcp-protocol-version names a revision that is not spoken on this transport")
    message = classify_http(request.body, fields)
    if isinstance(message, Rejection):
        return message
    route = stream.live.route
    if message.method == "initialize":
        return envelope("the session of this stream is open already", message.id) if stream.opening else message
    if route.session is None and route.caller.server.one_to_one:
        return envelope("the session of this stream is not open yet; send `initialize` first", message.id)
    if route.session is not None and contradicts(version, route.session.revision):
        return envelope("mcp-protocol-version names another revision than the session's", message.id)
    return message


async def _bring_back(stream: OldStream, message: Message, answer: Answer) -> None:
    """Write what a request is answered. Errors: `UpstreamFault`, `ClientGone`."""
    assert message.id is not None, "only requests are answered"
    try:
        if answer.events is not None:
            async for event in answer.events:
                if event.data:
                    await stream.write(event.data)
        elif answer.chunks is not None:
            await stream.write(await read_response(answer, message.id))
        else:
            await stream.write(answer.body or b"")
    finally:
        await answer.aclose()


async def _signs_of_life(stream: OldStream) -> None:
    """Clients and what is between take a silent connection for a dead one."""
    with suppress(ClientGone):
        while True:
            await asyncio.sleep(KEEP_ALIVE_S)
            await stream.sign_of_life()
