"""One message of a client: judged if it is a call, filtered or relayed if it is not, answered in every case."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Final

import msgspec

from yett.audit.record import Result
from yett.errors import OperatorFault, UpstreamFault, UpstreamNotReached, UpstreamTimedOut
from yett.gateway.calls import Admitted, Calls, Refused, fault
from yett.gateway.from_server import FromServer
from yett.gateway.outcomes import judge_body, unreachable
from yett.gateway.route import Credentials, Route
from yett.gateway.sessions import Sessions
from yett.gateway.streams import answers, read_response
from yett.gateway.tools import ToolBook
from yett.policy.decision import Code, Surface, ToolFacts
from yett.policy.evaluate import visible
from yett.ports import Answer, Event, Outbound
from yett.protocol.capabilities import (
    filter_discover_result,
    filter_initialize_result,
    without_unmediated_client_capabilities,
)
from yett.protocol.eras import Era
from yett.protocol.lists import ToolDefinition, filter_tools_list, read_tools_list
from yett.protocol.messages import Message
from yett.protocol.methods import Handling
from yett.protocol.peek import peek_response
from yett.protocol.replies import denied, unknown_tool, unknown_tool_status
from yett.protocol.requests import tools_list_request

PAGES_MAX: Final = 100
"""Pages of a tool list; a server whose cursor never ends is not followed further."""


class Dispatcher:
    """Carries messages between a client and a server. Knows no transport: both sides are values and streams."""

    def __init__(self, calls: Calls, tools: ToolBook, sessions: Sessions, credentials: Credentials) -> None:
        self._calls = calls
        self._tools = tools
        self._sessions = sessions
        self._credentials = credentials
        self._from_server = FromServer(tools, credentials)

    async def dispatch(self, route: Route, message: Message) -> Answer:
        """The answer to one message; every fault of the server is an answer too."""
        if message.handling is Handling.JUDGED:
            return await self._call(route, message)
        if message.handling is Handling.DROPPED:
            return Answer(status=202)
        try:
            if message.handling is Handling.FILTERED:
                return await self._filtered(route, message)
            return await self._relayed(route, message)
        except UpstreamFault as failure:
            return unreachable(message.id, failure, self._calls.request_id())
        except OperatorFault:
            return unreachable(message.id, None, self._calls.request_id())

    # --- calls ----------------------------------------------------------------------------------------------------------

    async def _call(self, route: Route, message: Message) -> Answer:
        try:
            tool = await self._facts(route, message)
        except (UpstreamFault, OperatorFault) as failure:
            refused = self._calls.refuse(route.caller, message, fault(Code.TOOLS_UNAVAILABLE))
            cause = failure if isinstance(failure, UpstreamFault) else None
            return unreachable(message.id, cause, refused.denial.request_id)
        verdict = await self._calls.admit(route.caller, message, tool)
        if isinstance(verdict, Refused):
            return _denial(message, verdict)
        try:
            credential = self._credentials(route.caller.server)
        except OperatorFault:
            self._calls.settle(verdict, Result.NOT_SENT)
            return _denial(message, self._calls.refuse(route.caller, message, fault(Code.CREDENTIAL_UNAVAILABLE)))
        return await self._forward(route, message, verdict, credential)

    async def _facts(self, route: Route, message: Message) -> ToolFacts:
        """What is known of the called tool; not asked for where the call cannot pass anyway."""
        policy = route.caller.policy
        if policy is None or not visible(policy.compiled, Surface.TOOL, message.name):
            return ToolFacts()
        return await self._tools.facts(route.scope, message.name, lambda: self._fetch_tools(route, message))

    async def _forward(self, route: Route, message: Message, call: Admitted, credential: Mapping[str, str]) -> Answer:
        body = without_unmediated_client_capabilities(message)
        result = Result.CLIENT_GONE  # what it is if the client's departure interrupts the wait
        try:
            answer = await route.upstream.exchange(self._outbound(route, message, body, credential))
            result = Result.OK
        except UpstreamFault as failure:
            result = _RESULTS.get(type(failure), Result.LOST)
            return unreachable(message.id, failure, call.request_id)
        finally:
            if result is not Result.OK:
                self._calls.settle(call, result)
        if answer.body is not None or answer.status >= 400:
            return self._settled(route, message, call, answer)
        if answer.events is not None:
            return replace(answer, events=self._events(route, message, call, answer))
        assert answer.chunks is not None, "an answer has a body, events or chunks"
        return replace(answer, chunks=self._chunks(call, answer.chunks))

    def _settled(self, route: Route, message: Message, call: Admitted, answer: Answer) -> Answer:
        judged = judge_body(message, answer, call.request_id)
        size = len(answer.body or b"")
        self._calls.settle(call, judged.result, status=answer.status, rpc_code=judged.rpc_code, size=size)
        if answer.status == 404 and route.session is not None:
            self._sessions.close(route.session)
        return judged.answer

    async def _events(self, route: Route, message: Message, call: Admitted, answer: Answer) -> AsyncIterator[Event]:
        assert answer.events is not None and message.id is not None
        result, code, size = Result.CLIENT_GONE, None, 0
        try:
            async for event in answer.events:
                size += len(event.data)
                peek = peek_response(event.data) if event.data else None
                if peek is not None and answers(peek, message.id):
                    judged = judge_body(message, Answer(body=event.data), call.request_id)
                    result, code = judged.result, judged.rpc_code
                    changed = judged.answer.body != event.data
                    yield Event(judged.answer.body or b"") if changed else event
                    return
                relayed = await self._from_server.event(route, message, event, peek)
                if relayed is not None:
                    yield relayed
            result = Result.LOST
        except UpstreamFault:
            result = Result.LOST
            raise
        finally:
            self._calls.settle(call, result, status=answer.status, rpc_code=code, size=size)
            await answer.aclose()
        raise UpstreamFault("the server closed the stream without an answer")

    async def _chunks(self, call: Admitted, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        result, size = Result.CLIENT_GONE, 0
        try:
            async for chunk in chunks:
                size += len(chunk)
                yield chunk
            result = Result.OK
        except UpstreamFault:
            result = Result.LOST
            raise
        finally:
            self._calls.settle(call, result, status=200, size=size)

    # --- everything else ------------------------------------------------------------------------------------------------

    async def _relayed(self, route: Route, message: Message) -> Answer:
        body = without_unmediated_client_capabilities(message)
        answer = await route.upstream.exchange(self._outbound(route, message, body, self._credentials(route.caller.server)))
        if message.id is None:
            await answer.aclose()
            return Answer(status=202)
        return await self._whole(message, message.id, answer)

    async def _filtered(self, route: Route, message: Message) -> Answer:
        assert message.id is not None, "only requests are filtered"
        opened = self._sessions.mint() if message.method == "initialize" else None
        if opened is not None and route.caller.server.url is None and not route.one_child:
            route = replace(route, isolation=opened)
        body = without_unmediated_client_capabilities(message)
        answer = await route.upstream.exchange(self._outbound(route, message, body, self._credentials(route.caller.server)))
        upstream_session = answer.session
        whole = await self._whole(message, message.id, answer)
        if whole.status >= 400 or whole.body is None:
            return whole
        edited = replace(whole, body=self._edited(route, message, whole.body))
        if opened is not None and (upstream_session is not None or route.caller.server.url is None):
            await self._open(route, opened, upstream_session)
            edited.session = opened
        return edited

    def _edited(self, route: Route, message: Message, body: bytes) -> bytes:
        if message.method == "initialize":
            return filter_initialize_result(body)
        if message.method == "server/discover":
            return filter_discover_result(body)
        policy = None if route.caller.policy is None else route.caller.policy.compiled
        stateless = message.era is Era.STATELESS
        shown, tools = filter_tools_list(body, lambda name: visible(policy, Surface.TOOL, name), stateless=stateless)
        whole = "cursor" not in message.params and b'"nextCursor"' not in body
        self._tools.learn(route.scope, tools, whole=whole)
        return shown

    async def _open(self, route: Route, id: str, upstream: str | None) -> None:
        grant, server = route.caller.grant, route.caller.server
        for gone in self._sessions.open(id, grant_id=grant.id, server_id=server.id, upstream=upstream):
            self._tools.forget((gone.server_id, gone.id))

    async def _whole(self, message: Message, id: bytes, answer: Answer) -> Answer:
        """The answer with its one response as body; of an error status, only what is fit to be passed on."""
        if answer.status >= 400:
            await answer.aclose()
            return judge_body(message, answer, self._calls.request_id()).answer
        return Answer(status=answer.status, body=await read_response(answer, id))

    async def _fetch_tools(self, route: Route, message: Message) -> list[ToolDefinition]:
        definitions: list[ToolDefinition] = []
        cursor: str | None = None
        for _ in range(PAGES_MAX):
            id = msgspec.json.encode(f"yett-{self._calls.request_id()}")
            body = tools_list_request(id, cursor, stateless_version=message.version if message.era is Era.STATELESS else None)
            headers = [(name, value) for name, value in route.headers if not name.startswith((b"mcp-name", b"mcp-param-"))]
            headers = [(name, b"tools/list" if name == b"mcp-method" else value) for name, value in headers]
            asking = replace(route, headers=headers)
            outbound = self._outbound(asking, message, body, self._credentials(route.caller.server))
            answer = await route.upstream.exchange(replace(outbound, method="tools/list", id=id))
            if answer.status >= 400:
                await answer.aclose()
                raise UpstreamFault(f"the server answered a request for its tools with HTTP {answer.status}; see its own log")
            page, cursor = read_tools_list(await read_response(answer, id))
            definitions.extend(page)
            if cursor is None:
                return definitions
        raise UpstreamFault(f"the server's list of tools has more than {PAGES_MAX} pages; it is not followed further")

    def _outbound(self, route: Route, message: Message, body: bytes, credential: Mapping[str, str]) -> Outbound:
        return Outbound(
            body=body,
            method=message.method,
            id=message.id,
            modern=message.era is Era.STATELESS,
            headers=route.headers,
            credential=credential,
            session=None if route.session is None else route.session.upstream,
            isolation=route.isolation,
        )

    async def end_session(self, route: Route) -> int:
        """End a handshake session on both sides; the HTTP status for the client."""
        assert route.session is not None
        self._sessions.close(route.session)
        self._tools.forget(route.scope)
        outbound = Outbound(
            b"", "", None, False, route.headers, self._credentials(route.caller.server), route.session.upstream, route.isolation
        )
        return await route.upstream.end_session(outbound)


_RESULTS: Final = {UpstreamNotReached: Result.NOT_SENT, UpstreamTimedOut: Result.TIMED_OUT}


def _denial(message: Message, refused: Refused) -> Answer:
    assert message.id is not None, "a call has an id"
    if refused.reads_as_unknown:
        return Answer(status=unknown_tool_status(message.era), body=unknown_tool(message.id, message.name))
    return Answer(body=denied(message.id, refused.denial, stateless=message.era is Era.STATELESS))
