"""One message of a client: judged if it is a call, filtered or relayed if it is not, answered in every case."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from msgspec.structs import replace

from yett.audit.record import Result
from yett.errors import OperatorFault, UpstreamFault
from yett.gateway.both_ends import BothEnds
from yett.gateway.calls import Admitted, Calls, Earlier, Refused, fault
from yett.gateway.denials import denial, stopped
from yett.gateway.from_server import FromServer, means_something
from yett.gateway.live_streams import LiveStreams, Source
from yett.gateway.outcomes import is_read_whole, judge_body, unreachable, without_credential
from yett.gateway.relay import Edit, Forwarded, RelayedChunks, RelayedEvents, Unjudged
from yett.gateway.repeated_fields import may_be_visible_tool, refused_for_its_fields
from yett.gateway.rounds import Rounds, continues
from yett.gateway.route import Credentials, Headers, Route
from yett.gateway.server_requests import ServerRequests
from yett.gateway.sessions import Session, Sessions
from yett.gateway.snapshot import ServerEntry
from yett.gateway.streams import read_response
from yett.gateway.subscriptions import Subscriptions
from yett.gateway.surfaces import shown, shown_tools
from yett.gateway.task_calls import Following, Making, TaskCalls
from yett.gateway.tasks import TaskBook
from yett.gateway.tool_fetch import ToolFetch, outbound_of
from yett.gateway.tools import ToolBook
from yett.gateway.waits import Waits
from yett.policy.decision import Code, ToolFacts
from yett.ports import Answer, Upstream
from yett.protocol.capabilities import (
    filter_discover_result,
    filter_initialize_result,
    without_unmediated_client_capabilities,
)
from yett.protocol.eras import Era
from yett.protocol.lists import LISTS, ToolsPage, filter_list
from yett.protocol.messages import Message
from yett.protocol.methods import Handling
from yett.protocol.peek import peek_response
from yett.protocol.revisions import negotiated
from yett.protocol.server_messages import declared_kinds
from yett.protocol.tasks import TASKS_LIST


class Dispatcher:
    """Carries messages between a client and a server. Knows no transport: both sides are values and streams."""

    def __init__(
        self, calls: Calls, tools: ToolBook, sessions: Sessions, credentials: Credentials, *, hold_s: float = 0.0
    ) -> None:
        self._calls = calls
        self.tools = tools
        self._sessions = sessions
        self.credentials = credentials
        self._requests = ServerRequests(calls, credentials)
        self._rounds = Rounds(calls, calls.monotonic)
        self.task_book = TaskBook(calls.monotonic)
        self._tasks = TaskCalls(calls, self.task_book, self._rounds, tools)
        self.waits = Waits(calls, self._rounds, self._anew, hold_s=hold_s)
        self._ends = BothEnds(sessions, tools, credentials)
        self._fetch = ToolFetch(calls, credentials, self._ends.close_if_gone)
        self._from_server = FromServer(tools, self._requests, self.task_book)
        self.live = LiveStreams(calls.now_ns)
        self._subscriptions = Subscriptions(calls, credentials, self._from_server, self._tasks, self.live)

    def listen(self, route: Route) -> Coroutine[Any, Any, Answer]:
        """The server's own event stream in a handshake session; an answer without events where there is none."""
        return self._subscriptions.listen(route)

    def hear(self, route: Route) -> Coroutine[Any, Any, Source | None]:
        """The same for a stream that is counted already."""
        return self._subscriptions.hear(route)

    def respond(self, route: Route, message: Message) -> Coroutine[Any, Any, Answer]:
        """Pass on what a client answers to its server, if the server waits for it."""
        if route.caller.stopped is not None:
            return self._stopped(route, message)
        return self._requests.respond(route, message)

    def dispatch(self, route: Route, message: Message) -> Coroutine[Any, Any, Answer]:
        """The answer to one message; every fault of the server is an answer too."""
        if route.caller.stopped is not None:
            return self._stopped(route, message)
        if message.handling is Handling.JUDGED:
            return self._call(route, message)
        return self._of_task(route, message) if message.handling is Handling.OF_TASK else self._no_call(route, message)

    async def _stopped(self, route: Route, message: Message) -> Answer:
        return stopped(self._calls, route.caller, message)

    async def _no_call(self, route: Route, message: Message) -> Answer:
        if message.handling is Handling.DROPPED or self.waits.cancels(route, message) or not means_something(route, message):
            return Answer(status=202)
        try:
            credential = self.credentials(route.caller.server)
        except OperatorFault as lack:
            request_id = self._calls.request_id()
            self._calls.report(request_id, route.caller.server.name, lack)
            return without_credential(message.id, request_id)
        try:
            if message.handling is Handling.FILTERED:
                return await self._filtered(route, message, credential)
            if message.handling is Handling.LISTENED:
                return await self._subscriptions.subscribe(route, message, credential)
            return await self._relayed(route, message, credential)
        except UpstreamFault as failure:
            return self._unreachable(route, message, failure, self._calls.request_id())

    def _unreachable(self, route: Route, message: Message, failure: UpstreamFault, request_id: str) -> Answer:
        self._calls.report(request_id, route.caller.server.name, failure)
        return unreachable(message.id, failure, request_id, in_detail=route.local)

    # --- calls ----------------------------------------------------------------------------------------------------------

    async def _of_task(self, route: Route, message: Message) -> Answer:
        """What is asked about a task goes the way of the call that made it."""
        following = self._tasks.about(route, message)
        if isinstance(following, Answer):
            return following
        return await self._call(route, following.as_call(message), following)

    def _begun(self, route: Route, message: Message) -> tuple[Message, Earlier | None, Making | None] | Answer:
        """A call as its server is to see it, what it goes on with, and how a task is taken that may answer it."""
        earlier: Earlier | None = None
        if continues(route, message):
            resumed = self._rounds.resume(route, message)
            if isinstance(resumed, Answer):
                return resumed
            message, earlier = resumed
        making = self._tasks.begin(route, message)
        return making if isinstance(making, Answer) else (message, earlier, making)

    async def _anew(self, route: Route, message: Message) -> Answer:
        """The answer to a call for which people have had their time: it is judged as if it had just come, and waits no more."""
        making = self._tasks.begin(route, message)
        if isinstance(making, Answer):
            return making
        return await self._admitted(route, message, None, making, waits=False)

    async def _call(self, route: Route, message: Message, following: Following | None = None) -> Answer:
        if following is not None:
            return await self._admitted(route, message, following.earlier, following)
        begun = self._begun(route, message)
        if isinstance(begun, Answer):
            return begun
        message, earlier, taking = begun
        return await self._admitted(route, message, earlier, taking)

    async def _admitted(
        self,
        route: Route,
        message: Message,
        earlier: Earlier | None,
        taking: Making | Following | None,
        *,
        waits: bool = True,
    ) -> Answer:
        try:
            tool = await self._facts(route, message)
        except UpstreamFault as failure:
            refused = self._calls.refuse(route.caller, message, fault(Code.TOOLS_UNAVAILABLE))
            return self._unreachable(route, message, failure, refused.denial.request_id)
        except OperatorFault as lack:
            return self._without_credential(route, message, lack)
        if not isinstance(taking, Following):
            contradiction = refused_for_its_fields(route, message, self.tools, self._calls)
            if contradiction is not None:
                return contradiction
        verdict = await self._calls.admit(route.caller, message, tool, earlier=earlier)
        if waits and earlier is None and isinstance(verdict, Refused) and verdict.denial.approval is not None:
            return self.waits.answer(route, message, verdict)
        return await self.judged(route, message, verdict, taking)

    async def judged(
        self, route: Route, message: Message, verdict: Admitted | Refused, taking: Making | Following | None = None
    ) -> Answer:
        """The answer to a call that was decided on and written down."""
        if isinstance(verdict, Refused):
            return denial(message, verdict)
        try:
            credential = self.credentials(route.caller.server)
        except OperatorFault as lack:
            self._calls.settle(verdict, Result.NOT_SENT)
            return self._without_credential(route, message, lack)
        tasks = not isinstance(taking, Making) or taking.has_room
        return await self.answered(route, message, verdict, lambda: self._exchange(route, message, credential, tasks), taking)

    def _without_credential(self, route: Route, message: Message, lack: OperatorFault) -> Answer:
        refused = self._calls.refuse(route.caller, message, fault(Code.CREDENTIAL_UNAVAILABLE))
        self._calls.report(refused.denial.request_id, route.caller.server.name, lack)
        return denial(message, refused)

    async def _facts(self, route: Route, message: Message) -> ToolFacts:
        """What is known of the called tool; not asked for where the call cannot pass anyway, or is none of a tool."""
        if not may_be_visible_tool(route, message):
            return ToolFacts()
        return await self.tools.facts(route.scope_of(message), message.name, lambda: self._fetch.tools(route, message))

    def _exchange(self, route: Route, message: Message, credential: Mapping[str, str], tasks: bool = True) -> Awaitable[Answer]:
        body = without_unmediated_client_capabilities(message, route.kinds, tasks=tasks)
        return route.upstream.exchange(outbound_of(route, message, body, credential))

    async def answered(
        self,
        route: Route,
        message: Message,
        call: Admitted,
        exchange: Callable[[], Awaitable[Answer]],
        taking: Making | Following | None = None,
    ) -> Answer:
        """The answer to a call that is forwarded, or was already: `exchange` gives the server's own. Settles the call."""
        forwarded = Forwarded(self._calls, route, message, call, self._rounds.judge if taking is None else taking.judge)
        try:
            answer = await exchange()
            if answer.chunks is not None and is_read_whole(message):
                answer = Answer(status=answer.status, body=await read_response(answer, message.id or b""))
        except UpstreamFault as failure:
            forwarded.fail(failure)
            return unreachable(message.id, failure, call.request_id, in_detail=route.local)
        except asyncio.CancelledError:
            forwarded.settle(Result.CLIENT_GONE)
            raise
        except BaseException:
            forwarded.settle(Result.LOST)
            raise
        answer.session = None  # the server's own name for it, which is of no use to the client, or worse
        if answer.status >= 400 or (answer.events is None and answer.chunks is None):
            await answer.aclose()  # of an error that is too long to be read, nothing is shown
            return self._settled(forwarded, answer)
        if answer.events is not None:
            return dataclasses.replace(answer, events=RelayedEvents(forwarded, answer, self._from_server))
        if isinstance(taking, Following):
            taking.passing(route)
        return dataclasses.replace(answer, chunks=RelayedChunks(forwarded, answer))

    def _settled(self, forwarded: Forwarded, answer: Answer) -> Answer:
        route, size = forwarded.route, len(answer.body or b"")
        judged = forwarded.judge(route, forwarded.message, answer, forwarded.call)
        forwarded.settle(judged.result, status=answer.status, rpc_code=judged.rpc_code, size=size, task=judged.task)
        self._ends.close_if_gone(route, answer.status)
        return judged.answer

    # --- everything else ------------------------------------------------------------------------------------------------

    async def _relayed(self, route: Route, message: Message, credential: Mapping[str, str]) -> Answer:
        answer = await self._exchange(route, message, credential)
        if message.id is None:
            await answer.aclose()
            return Answer(status=202)
        return await self._whole(route, message, answer, _as_it_is)

    async def _filtered(self, route: Route, message: Message, credential: Mapping[str, str]) -> Answer:
        if message.method == "initialize":
            return await self._initialize(route, message, credential)
        if message.method == TASKS_LIST:
            listing = self._tasks.listing(route, message)
            if isinstance(listing, Answer):
                return listing
            message = listing
        return await self._whole(route, message, await self._exchange(route, message, credential), self._edited)

    def _edited(self, route: Route, message: Message, body: bytes) -> bytes:
        if message.method == "server/discover":
            return filter_discover_result(body)
        if message.method == TASKS_LIST:
            return self._tasks.shown(route, body)
        policy = None if route.caller.policy is None else route.caller.policy.compiled
        stateless = message.era is Era.STATELESS
        if message.method != "tools/list":
            return filter_list(LISTS[message.method], body, shown(policy, message.method), stateless=stateless)
        page, server_id = ToolsPage(body), route.caller.server.id
        if not route.shared:  # what one client got to see by its own parameters is no list for all others
            first, last = "cursor" not in message.params, b'"nextCursor"' not in body
            self.tools.learn(route.scope_of(message), page.tools, whole=first and last, last=last)
        return page.shown(shown_tools(policy, self.tools, server_id), stateless=stateless)

    async def _whole(self, route: Route, message: Message, answer: Answer, edit: Edit) -> Answer:
        """The answer with its one response edited; of an error status, only what is fit to be passed on."""
        assert message.id is not None, "only requests are answered"
        answer.session = None
        if answer.status >= 400:
            await answer.aclose()
            self._ends.close_if_gone(route, answer.status)
            return judge_body(message, answer, self._calls.request_id()).answer
        if answer.events is not None:
            asking = Unjudged(self._calls, route, message, edit)
            return dataclasses.replace(answer, events=RelayedEvents(asking, answer, self._from_server))
        return Answer(status=answer.status, body=edit(route, message, await read_response(answer, message.id)))

    # --- sessions -------------------------------------------------------------------------------------------------------

    async def _initialize(self, route: Route, message: Message, credential: Mapping[str, str]) -> Answer:
        """Open a session on both sides, or leave none behind."""
        assert message.id is not None, "initialize is a request"
        opened, own_child = self._sessions.mint(), route.caller.server.one_to_one and not route.local
        if own_child:
            route = replace(route, isolation=opened)
        outbound = outbound_of(route, message, without_unmediated_client_capabilities(message, route.kinds), credential)
        try:
            answer = await route.upstream.exchange(outbound)
            outbound = replace(outbound, session=answer.session)
            whole = await self._response(route, message, answer)
            accepted = whole.status < 400 and _is_result(whole.body)
            if accepted:
                whole.body = filter_initialize_result(whole.body or b"")
        except BaseException:
            await self._ends.abandon(route, outbound)
            raise
        if not accepted:
            await self._ends.abandon(route, outbound)
        elif outbound.session is not None or route.caller.server.one_to_one:
            await self._ends.open(route, opened, outbound, declared_kinds(message.params), negotiated(whole.body or b""))
            whole.session = opened
        return whole

    async def _response(self, route: Route, message: Message, answer: Answer) -> Answer:
        """The answer with its one response as body: a session is not open while its handshake is under way."""
        if answer.status < 400 and answer.events is not None:
            assert message.id is not None, "only requests are answered"
            return Answer(status=answer.status, body=await read_response(answer, message.id))
        return await self._whole(route, message, answer, _as_it_is)

    async def end_session(self, route: Route) -> int:
        """See `BothEnds.end_session`."""
        return await self._ends.end_session(route)

    async def end(self, session: Session, server: ServerEntry, upstream: Upstream, headers: Headers = ()) -> int:
        """See `BothEnds.end`."""
        return await self._ends.end(session, server, upstream, headers)


def _as_it_is(_route: Route, _message: Message, body: bytes) -> bytes:
    return body


def _is_result(body: bytes | None) -> bool:
    peek = peek_response(body or b"")
    return peek is not None and peek.is_response and peek.rpc_error_code is None
