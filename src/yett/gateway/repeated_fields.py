"""Fields of HTTP that repeat the arguments of a call: what stands beside the body must say the same."""

from __future__ import annotations

from yett.gateway.calls import Calls
from yett.gateway.route import Route
from yett.gateway.tools import ToolBook
from yett.policy.decision import Surface
from yett.policy.evaluate import visible
from yett.ports import Answer
from yett.protocol.eras import Era
from yett.protocol.messages import Message
from yett.protocol.methods import CALL, Handling
from yett.protocol.parameter_fields import PREFIX, contradicted, missing
from yett.protocol.rejection import HEADER_MISMATCH, envelope
from yett.protocol.replies import rejected


def refused_for_its_fields(route: Route, message: Message, tools: ToolBook, calls: Calls) -> Answer | None:
    """The refusal of a call whose fields repeat its arguments wrongly: something on the way may go by them."""
    name = contradicting_field(route, message, tools)
    if name is None:
        return None
    rejection = envelope(f"{name} does not repeat the argument of the body", message.id, rpc_code=HEADER_MISMATCH)
    calls.turn_away(route.caller, rejection.message)
    return Answer(status=rejection.http_status, body=rejected(rejection))


def contradicting_field(route: Route, message: Message, tools: ToolBook) -> str | None:
    """The field that does not repeat its argument, or is not there where nobody behind us would miss it."""
    must_be_whole = _has_no_reader_of_fields(route, message)
    for field, _ in route.headers:
        if must_be_whole or field.startswith(PREFIX):
            break
    else:
        return None
    scope = route.scope_of(message)
    if not is_visible_tool(route, message, tools.risk(scope, message.name)):
        return None
    fields = tools.parameter_fields(scope, message.name)
    name = contradicted(fields, message.arguments, route.headers)
    return missing(fields, message.arguments, route.headers) if name is None and must_be_whole else name


def _has_no_reader_of_fields(route: Route, message: Message) -> bool:
    """Whether nobody behind the gate sees the HTTP fields of a message, so that the gate must see that they are whole."""
    return message.era is Era.STATELESS and route.caller.server.url is None and not route.local


def is_visible_tool(route: Route, message: Message, risk: str | None) -> bool:
    """Whether this is a call of a tool of this class that the policy shows, or is about the task of one."""
    policy = route.caller.policy
    return policy is not None and _is_of_tool(message) and visible(policy.compiled, Surface.TOOL, message.name, risk)


def may_be_visible_tool(route: Route, message: Message) -> bool:
    """The same as long as its class is not known: whether it is one that the policy shows, if it has the class for it."""
    policy = route.caller.policy
    return policy is not None and _is_of_tool(message) and policy.compiled.may_show_tool(message.name)


def _is_of_tool(message: Message) -> bool:
    return message.method == CALL or message.handling is Handling.OF_TASK
