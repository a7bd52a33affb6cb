"""A batch of revision 2025-03-26: its members are judged, recorded and forwarded one by one; only their answers come together."""

from __future__ import annotations

import asyncio
from typing import Final

from yett.audit.record import Refused
from yett.edge.request import Request
from yett.edge.responder import ClientGone, Responder
from yett.errors import UpstreamFault
from yett.gateway.admission import Bearer
from yett.gateway.http_answers import EVENT_STREAM, ORPHANED_S, STREAM_FIELDS, Leaving
from yett.gateway.http_door import Door, by_name
from yett.gateway.outcomes import unreachable
from yett.gateway.route import Route
from yett.gateway.streams import read_response
from yett.gateway.waits import let_go_with
from yett.ports import Answer
from yett.protocol.batches import read_batch
from yett.protocol.envelope import Shape
from yett.protocol.messages import Message
from yett.protocol.rejection import Rejection
from yett.protocol.replies import rejected
from yett.protocol.sse import encode_event

HELD_BYTES_MAX: Final = 4 * 1024 * 1024
"""Answers up to this length together are one array; more of them are sent as events, one by one."""


class Batch:
    """One array on its way to its answers."""

    def __init__(self, door: Door, request: Request, responder: Responder, bearer: Bearer) -> None:
        self._door = door
        self._request = request
        self._bearer = bearer
        self._reply = _Reply(responder)
        self._responder = responder

    async def answer(self, route: Route) -> None:
        """Take the array apart and answer it."""
        members = read_batch(self._request.body, by_name(self._request))
        if isinstance(members, Rejection):
            self._note(members)
            return self._responder.send(members.http_status, rejected(members))
        leaving = Leaving.of(self._responder, after_s=ORPHANED_S)
        try:
            async with asyncio.TaskGroup() as work:
                for member in members:
                    await self._begin(route, member, work)
        finally:
            leaving.over()
        asked = any((isinstance(member, Rejection) and member.id is not None) or _is_request(member) for member in members)
        return self._reply.end(asked=asked)

    async def _begin(self, route: Route, member: Message | Rejection, work: asyncio.TaskGroup) -> None:
        """Carry what is no request, and begin with what is: they are answered in any order."""
        dispatcher, in_flight, grant_id = self._door.parts.dispatcher, self._door.parts.in_flight, self._bearer.grant.id
        if isinstance(member, Rejection):
            self._note(member)
            return await self._reply.whole(rejected(member))
        if member.kind is not Shape.REQUEST:
            answer = await (dispatcher.respond if member.kind is Shape.RESPONSE else dispatcher.dispatch)(route, member)
            return await answer.aclose()
        crowded = in_flight.enter(grant_id)
        if crowded is not None:
            return await self._reply.whole(self._door.crowd(self._request, crowded, self._bearer, member.id)[1])
        task = work.create_task(self._carry(route, member), name=f"yett request {member.method}")
        # Not in a `finally` of the work itself: a task that is cancelled before it begins has none.
        task.add_done_callback(lambda _: in_flight.leave(grant_id))
        return None

    async def _carry(self, route: Route, message: Message) -> None:
        try:
            await self._bring_back(message, await self._door.parts.dispatcher.dispatch(route, message))
        except UpstreamFault as failure:
            request_id = self._door.parts.calls.request_id()
            await self._reply.whole(unreachable(message.id, failure, request_id, in_detail=False).body or b"")

    async def _bring_back(self, message: Message, answer: Answer) -> None:
        assert message.id is not None, "only requests are answered"
        let_go_with(answer, self._reply.client_gone)
        try:
            if answer.events is not None:
                async for event in answer.events:
                    if event.data:
                        await self._reply.event(event.data)
            elif answer.chunks is not None:
                await self._reply.whole(await read_response(answer, message.id))
            else:
                await self._reply.whole(answer.body or b"")
        finally:
            await answer.aclose()

    def _note(self, rejection: Rejection) -> None:
        bearer = self._bearer
        kind = Refused(rejection.kind.value)
        self._door.refused(self._request, kind, rejection.message, bearer.server.name, bearer.grant.id)


class _Reply:
    """The answers: one array where all of them come whole and short, else an event stream."""

    def __init__(self, responder: Responder) -> None:
        self._responder = responder
        self._held: list[bytes] = []
        self._size = 0
        self._turn = asyncio.Lock()
        self._gone = False

    @property
    def client_gone(self) -> asyncio.Future[None]:
        """Done as soon as the client has gone."""
        return self._responder.client_gone

    async def whole(self, body: bytes) -> None:
        """The answer to one member."""
        if self._responder.started:
            return await self.event(body)
        self._held.append(body)
        self._size += len(body)
        if self._size > HELD_BYTES_MAX:
            async with self._turn:
                await self._flush()
        return None

    async def event(self, data: bytes) -> None:
        """A message before an answer, or an answer after one. In this era calls go on for a client that has left."""
        async with self._turn:
            await self._flush()
            await self._write(data)

    async def _flush(self) -> None:
        if not self._responder.started:
            self._responder.start(200, EVENT_STREAM, headers=STREAM_FIELDS)
        while self._held:
            await self._write(self._held.pop(0))

    async def _write(self, data: bytes) -> None:
        if not self._gone:
            try:
                await self._responder.write(encode_event(data))
            except ClientGone:
                self._gone = True

    def end(self, *, asked: bool) -> None:
        """All is answered. `asked`: whether there was anything to be answered, rather than to be taken note of."""
        if self._gone:
            self._responder.abort()
        elif self._responder.started:
            self._responder.end()
        elif self._held:
            self._responder.send(200 if asked else 400, b"[%b]" % b",".join(self._held))
        else:
            self._responder.send(202)


def _is_request(member: Message | Rejection) -> bool:
    return isinstance(member, Message) and member.kind is Shape.REQUEST
