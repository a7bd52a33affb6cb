"""What a server asks of a client: judged by the policy, relayed, and answered at most once.

What is refused is answered in the client's place, so that the server does not wait for nobody, and is written down.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from yett.audit.record import Refused
from yett.errors import OperatorFault, UpstreamFault
from yett.gateway.calls import Calls
from yett.gateway.conversation import Conversation
from yett.gateway.kinds import rule_against
from yett.gateway.outcomes import unreachable
from yett.gateway.route import Credentials, Route
from yett.ports import Answer, Outbound
from yett.protocol.answers import MalformedAnswer
from yett.protocol.messages import Message
from yett.protocol.methods import Handling, handling_to_client
from yett.protocol.rejection import INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND
from yett.protocol.replies import empty_result, error
from yett.protocol.server_messages import KIND_OF, Said, as_task, key_of
from yett.protocol.strict_json import read
from yett.protocol.tasks import TASK, TASK_ID, read_made

PING: Final = "ping"
ABOUT_TASKS: Final = frozenset({"tasks/get", "tasks/result", "tasks/cancel"})
"""What a server may ask about a task of the client."""


class ServerRequests:
    """The way of a server's request to the client, and of the answer back."""

    def __init__(self, calls: Calls, credentials: Credentials) -> None:
        self._calls = calls
        self._credentials = credentials

    async def may_pass(self, route: Route, said: Said) -> bool:
        """Whether the client gets to see a request; if not, it has been answered."""
        if route.session is not None and said.method != PING:
            route.session.conversation.asked_count += 1
        refusal = _refusal(route, said)
        if refusal is None:
            return True
        assert said.id is not None, "a request has an id"
        code, reason, told = refusal
        if said.method == PING:
            await self._answer(route, empty_result(said.id))
            return False
        self._calls.turn_away(route.caller, reason, Refused.SERVER_REQUEST)
        await self._answer(route, error(said.id, code, told))
        return False

    async def respond(self, route: Route, message: Message) -> Answer:
        """Pass a client's answer on, if its server waits for it."""
        id = None if message.id is None else key_of(read(message.id))
        asked = None if route.session is None else route.session.conversation.settle(id)
        if asked is None:
            self._calls.turn_away(route.caller, "an answer to nothing that the server asked", Refused.RESPONSE)
            return Answer(status=202)
        if asked.as_task and route.session is not None:
            _note_task(route.session.conversation, message, KIND_OF[asked.method])
        try:
            answer = await self._sent(route, message.body)
        except (UpstreamFault, OperatorFault) as fault:
            request_id = self._calls.request_id()
            self._calls.report(request_id, route.caller.server.name, fault)
            lost = fault if isinstance(fault, UpstreamFault) else UpstreamFault(str(fault))
            return unreachable(None, lost, request_id, in_detail=route.local)
        return Answer(status=404 if answer.status == 404 else 202)

    async def _answer(self, route: Route, body: bytes) -> None:
        """Answer in the client's place. A server that cannot be reached gets no answer, as from a client that went away."""
        try:
            await self._sent(route, body)
        except (UpstreamFault, OperatorFault):
            return

    async def _sent(self, route: Route, body: bytes) -> Answer:
        headers = [field for field in route.headers if not field[0].startswith((b"mcp-method", b"mcp-name", b"mcp-param-"))]
        outbound = Outbound(
            body=body,
            method="",
            id=None,
            modern=False,
            headers=headers,
            credential=self._credentials(route.caller.server),
            session=None if route.session is None else route.session.upstream,
            isolation=route.isolation,
        )
        answer = await route.upstream.exchange(outbound)
        await answer.aclose()
        return answer


def _note_task(conversation: Conversation, message: Message, kind: str) -> None:
    """Remember the task with which a client answers; what is none, its server will see."""
    with suppress(MalformedAnswer):
        conversation.took(read_made(message.body, stateless=False).id, kind)


def _refusal(route: Route, said: Said) -> tuple[int, str, str] | None:
    """Code for the server, reason for the log, and what the server is told; None where the request may pass."""
    handling = handling_to_client(said.method, is_request=True)
    if handling not in {Handling.ASKED, Handling.RELAYED}:
        return METHOD_NOT_FOUND, "the server asked something that is not mediated", "Method not found"
    if route.session is None:
        return METHOD_NOT_FOUND, "the server asked something without a session, so no answer could find it", "Method not found"
    kind = KIND_OF.get(said.method)
    if said.method in ABOUT_TASKS:
        kind = route.session.conversation.kind_of_task(said.params.get(TASK_ID))
        if kind is None:
            return INVALID_PARAMS, "the server asked for a task that is none of its own", "Task not found"
    if kind is not None:
        rule = rule_against(route.caller.policy, kind)
        if rule is not None:
            return INVALID_REQUEST, f"{said.method} is denied by {rule}", f"{kind} is denied by policy"
        if kind not in route.session.conversation.declared:
            return METHOD_NOT_FOUND, f"{said.method} is nothing that the client can be asked", "Method not found"
    assert said.key is not None, "a request has an id"
    task = TASK in said.params and kind is not None and as_task(kind) in route.session.conversation.declared
    if not route.session.conversation.ask(said.key, said.method, said.progress_token, as_task=task):
        return INTERNAL_ERROR, "the server has asked too much that is not answered yet", "too many requests are unanswered"
    return None
