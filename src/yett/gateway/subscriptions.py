"""The ways to a stream of what a server says of its own accord: GET in a handshake session, `subscriptions/listen` without."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

from yett.errors import OperatorFault, UpstreamFault
from yett.gateway.calls import Calls
from yett.gateway.conversation import OWN, Interrupted
from yett.gateway.from_server import FromServer, concerns_client
from yett.gateway.live_streams import LiveStream, LiveStreams, Source
from yett.gateway.outcomes import CREDENTIAL_REFUSED, failed, judge_body, unreachable, without_credential
from yett.gateway.route import Credentials, Route
from yett.gateway.streams import answers
from yett.gateway.task_calls import TaskCalls
from yett.policy.decision import Surface
from yett.policy.evaluate import visible
from yett.ports import Answer, Event, Outbound
from yett.protocol.messages import Message
from yett.protocol.peek import ResponsePeek, peek_response
from yett.protocol.rejection import INVALID_REQUEST
from yett.protocol.replies import error, rejected
from yett.protocol.server_messages import Key, Said, key_of, read_said
from yett.protocol.strict_json import read
from yett.protocol.subscription_filter import (
    LIST_CHANGED,
    TASK_IDS,
    acknowledged,
    cut,
    filter_fault,
    list_changed,
    subscription_ended,
    subscription_of,
)

LAST_EVENT_ID: Final = b"last-event-id"
TOO_MANY: Final = "too many event streams of this grant are open; close one"


class Subscriptions:
    """Opens streams, each of them bound to one grant."""

    def __init__(
        self, calls: Calls, credentials: Credentials, from_server: FromServer, tasks: TaskCalls, live: LiveStreams
    ) -> None:
        self._calls = calls
        self._credentials = credentials
        self._from_server = from_server
        self._tasks = tasks
        self._live = live

    async def listen(self, route: Route) -> Answer:
        """The server's own event stream in a handshake session; an answer without events where there is none."""
        stream = self._live.open(route)
        if stream is None:
            return Answer(status=429, body=error(None, INVALID_REQUEST, TOO_MANY))
        try:
            answer = await self._opened(route)
            if answer.events is None or answer.status != 200:
                await answer.aclose()
                await stream.aclose()
                return answer
        except BaseException:
            await stream.aclose()
            raise
        stream.attach(_Session(answer, self._from_server, _resumed(route)))
        return dataclasses.replace(answer, session=None, events=stream)

    async def hear(self, route: Route) -> Source | None:
        """What the server says in a handshake session, for a stream that is counted already; None where it has no stream."""
        answer = await self._opened(route)
        if answer.events is not None and answer.status == 200:
            return _Session(answer, self._from_server, _resumed(route))
        await answer.aclose()
        return None

    async def _opened(self, route: Route) -> Answer:
        try:
            credential = self._credentials(route.caller.server)
            session = None if route.session is None else route.session.upstream
            outbound = Outbound(b"", "", None, False, route.headers, credential, session, route.isolation)
            answer = await route.upstream.listen(outbound)
        except (UpstreamFault, OperatorFault) as fault:
            request_id = self._calls.request_id()
            self._calls.report(request_id, route.caller.server.name, fault)
            if isinstance(fault, OperatorFault):
                return without_credential(None, request_id)
            return unreachable(None, fault, request_id, in_detail=route.local)
        if answer.status in CREDENTIAL_REFUSED:
            await answer.aclose()
            return failed(None, "the server refuses the gateway's credential; ask the operator", self._calls.request_id())
        return answer

    async def subscribe(self, route: Route, message: Message, credential: Mapping[str, str]) -> Answer:
        """The stream of a `subscriptions/listen`, cut to what the policy shows. Errors: `UpstreamFault`."""
        assert message.id is not None, "only requests open streams"
        fault = filter_fault(message.params, message.id)
        if fault is not None:
            self._calls.turn_away(route.caller, fault.message)
            return Answer(status=fault.http_status, body=rejected(fault))
        stream = self._live.open(route)
        if stream is None:
            return Answer(status=429, body=error(message.id, INVALID_REQUEST, TOO_MANY))
        try:
            body = cut(message, lambda member, name: self._shows(route, member, name))
            headers, isolation = route.headers, route.isolation
            outbound = Outbound(body, message.method, message.id, True, headers, credential, None, isolation)
            answer = await route.upstream.exchange(outbound)
            if answer.events is None or answer.status >= 400:
                await answer.aclose()
                await stream.aclose()
                answer.session = None
                return judge_body(message, answer, self._calls.request_id()).answer
        except BaseException:
            await stream.aclose()
            raise
        stream.attach(_Subscription(answer, message, self._from_server, self._tasks))
        return dataclasses.replace(answer, session=None, events=stream)

    def _shows(self, route: Route, member: str, name: str) -> bool:
        """Whether the policy shows a resource, or the grant has a task."""
        policy = route.caller.policy
        if member == TASK_IDS:
            return self._tasks.shows(route, name)
        return policy is not None and visible(policy.compiled, Surface.RESOURCE, name)


def _resumed(route: Route) -> tuple[int, Interrupted | None]:
    """The stream that is to be resumed, and the request whose answer it may bring; the server's own stream has none."""
    after = next((value for name, value in route.headers if name == LAST_EVENT_ID), None)
    return (OWN, None) if after is None or route.session is None else route.session.conversation.resumed(after)


class _Session:
    """What a server says in a handshake session, or the answer that a resumed stream brings."""

    def __init__(self, answer: Answer, from_server: FromServer, resumed: tuple[int, Interrupted | None]) -> None:
        assert answer.events is not None, "the caller saw events"
        self._answer = answer
        self._events = answer.events
        self._from_server = from_server
        self._number, self._request = resumed

    async def following(self, stream: LiveStream) -> Event | None:
        """See `Source`."""
        async for event in self._events:
            peek = peek_response(event.data) if event.data else None
            if peek is None or not peek.is_response:
                shown = await self._from_server.event(stream.route, None, event)
            else:
                shown = self._late(stream.route, event, peek)
            if shown is not None:
                if shown.id and stream.route.session is not None:
                    stream.route.session.conversation.gave(shown.id, self._number)
                return shown
        return None

    def _late(self, route: Route, event: Event, peek: ResponsePeek) -> Event | None:
        """The answer to the request whose stream this goes on with; no other answer belongs here."""
        request = self._request
        if request is None or request.message.id is None or not answers(peek, request.message.id):
            return None
        shown = request.response(route, event.data, status=self._answer.status, size=len(event.data))
        return event if shown == event.data else Event(shown, None, event.id)

    def changed(self, surface: Surface) -> Event | None:
        """See `Source`."""
        return Event(list_changed(surface.value))

    def farewell(self) -> Event | None:
        """A stream of a session just ends; the client opens another one."""
        return None

    async def aclose(self) -> None:
        """See `Source`."""
        await self._answer.aclose()


class _Subscription:
    """What a server says to one `subscriptions/listen`: acknowledged first, and all of it tagged with the request's id."""

    def __init__(self, answer: Answer, message: Message, from_server: FromServer, tasks: TaskCalls) -> None:
        assert answer.events is not None, "the caller saw events"
        assert message.id is not None, "only requests open streams"
        self._answer = answer
        self._events = answer.events
        self._message = message
        self._id = message.id
        self._key: Key | None = key_of(read(message.id))
        self._from_server = from_server
        self._tasks = tasks
        self._honoured: frozenset[str] | None = None
        """What the server agreed to tell; None until it did."""
        self._ended = False

    async def following(self, stream: LiveStream) -> Event | None:
        """See `Source`."""
        if self._ended:
            return None
        async for event in self._events:
            shown = self._shown(stream.route, event)
            if shown is not None:
                return shown
        return None

    def _shown(self, route: Route, event: Event) -> Event | None:
        if not event.data:
            return event
        peek = peek_response(event.data)
        if peek is not None and answers(peek, self._id):
            self._ended = True
            judged = judge_body(self._message, Answer(body=event.data), "").answer.body or b""
            return event if judged == event.data else Event(judged)
        said = read_said(event.data)
        if said is None or said.id is not None:
            return None
        return event if self._belongs(route, said) else None

    def _belongs(self, route: Route, said: Said) -> bool:
        """Whether a notification is of this subscription, and of what the policy shows."""
        if said.method == "notifications/cancelled":
            return said.cancelled == self._key
        if subscription_of(said) != self._key:
            return False
        if said.method == "notifications/subscriptions/acknowledged":
            first, self._honoured = self._honoured is None, acknowledged(said)
            return first
        self._from_server.notice(route, said.method)
        if self._honoured is None:
            return False
        if said.method == "notifications/tasks":
            return TASK_IDS in self._honoured and self._tasks.told(route, self._message, said.params)
        return said.method != "notifications/tasks/status" and concerns_client(route, None, said)

    def changed(self, surface: Surface) -> Event | None:
        """See `Source`."""
        if self._honoured is None or LIST_CHANGED[surface.value] not in self._honoured:
            return None
        return Event(list_changed(surface.value, subscription=self._id))

    def farewell(self) -> Event | None:
        """The response, as a server gives it that ends a subscription."""
        return Event(subscription_ended(self._id))

    async def aclose(self) -> None:
        """See `Source`."""
        await self._answer.aclose()
