"""What a server says of its own accord: relayed where it concerns the client, judged where it asks something, else dropped."""

from __future__ import annotations

from yett.errors import OperatorFault
from yett.gateway.kinds import rule_against
from yett.gateway.route import Route
from yett.gateway.server_requests import ServerRequests
from yett.gateway.tasks import TaskBook
from yett.gateway.tools import ToolBook
from yett.policy.decision import Surface
from yett.policy.evaluate import visible
from yett.ports import Event
from yett.protocol.answers import MalformedAnswer
from yett.protocol.envelope import echo
from yett.protocol.eras import Era
from yett.protocol.messages import Message
from yett.protocol.methods import Handling, handling_to_client
from yett.protocol.server_messages import Key, Said, key_of, read_said
from yett.protocol.tasks import state_of


class FromServer:
    """Decides for each message of a server's stream whether the client gets to see it."""

    def __init__(self, tools: ToolBook, requests: ServerRequests, tasks: TaskBook) -> None:
        self._tools = tools
        self._requests = requests
        self._tasks = tasks

    async def event(self, route: Route, message: Message | None, event: Event) -> Event | None:
        """The event as the client may see it, or None if it may not. Responses are the caller's.

        `message` is the request whose stream it is; None for the server's own stream of a session.
        """
        if event.data:
            said = read_said(event.data)
            if said is None:
                return None
            if said.id is not None:
                passes = (message is None or message.era is Era.HANDSHAKE) and await self._requests.may_pass(route, said)
            else:
                self.notice(route, said.method)
                passes = concerns_client(route, message, said) and self._may_tell(route, said)
            if not passes:
                return None
        return event

    def _may_tell(self, route: Route, said: Said) -> bool:
        """Whether a word on a task is about one of this grant; takes note of it."""
        if said.method != "notifications/tasks/status":
            return True
        try:
            state = state_of(said.params, stateless=False)
        except MalformedAnswer:
            return False
        try:
            task = self._tasks.find(route, state.id)
        except OperatorFault:
            return False
        if task is None or not shows_tool(route, task.origin.tool, self._tools):
            return False
        self._tasks.saw(route, task, state)
        return True

    def notice(self, route: Route, method: str) -> None:
        """Take note of a notification that concerns the gateway itself."""
        if method == "notifications/tools/list_changed":
            self._tools.changed(route.scope)


def concerns_client(route: Route, message: Message | None, said: Said) -> bool:
    """Whether the client may see a notification."""
    if handling_to_client(said.method, is_request=False) is not Handling.RELAYED:
        return False
    if said.method == "notifications/tasks/status":
        return message is None or message.era is Era.HANDSHAKE
    conversation = None if route.session is None else route.session.conversation
    match said.method:
        case "notifications/progress":
            token = said.progress_token
            own = None if message is None else progress_token(message)
            return token is not None and (token == own or (conversation is not None and token in conversation.progress))
        case "notifications/cancelled":
            return conversation is not None and conversation.settle(said.cancelled) is not None
        case "notifications/resources/updated":
            uri = said.params.get("uri")
            policy = route.caller.policy
            return isinstance(uri, str) and policy is not None and visible(policy.compiled, Surface.RESOURCE, uri)
        case "notifications/elicitation/complete":
            return rule_against(route.caller.policy, "elicitation") is None
        case "notifications/subscriptions/acknowledged" | "notifications/tasks":
            return False  # only on the stream of a subscription, which sees to it itself
    return True


def means_something(route: Route, message: Message) -> bool:
    """Whether a client's notification concerns what its server asked, or may ask; any other one is no affair of the server."""
    conversation = None if route.session is None else route.session.conversation
    if message.method == "notifications/progress":
        return conversation is not None and conversation.reports_progress(key_of(message.params.get("progressToken")))
    if message.method == "notifications/tasks/status":
        kind = None if conversation is None else conversation.kind_of_task(message.params.get("taskId"))
        return kind is not None and rule_against(route.caller.policy, kind) is None
    if message.method == "notifications/cancelled":
        if conversation is None:  # a server that all grants share without sessions cannot tell whose request has this number
            return not route.shared
        return not conversation.is_lasting(echo(message.params.get("requestId")))
    if message.method == "notifications/roots/list_changed":
        declared = conversation is not None and "roots" in conversation.declared
        return declared and rule_against(route.caller.policy, "roots") is None
    return True


def shows_tool(route: Route, tool: str, tools: ToolBook) -> bool:
    """Whether the policy of this route shows a tool."""
    policy = route.caller.policy
    return policy is not None and visible(policy.compiled, Surface.TOOL, tool, tools.risk(route.scope, tool))


def progress_token(message: Message) -> Key | None:
    """Under which a request's progress is reported."""
    meta = message.params.get("_meta")
    return key_of(meta.get("progressToken")) if isinstance(meta, dict) else None
