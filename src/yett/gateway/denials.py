"""How a refusal reads to the client: as the answer that the server itself would give, or as one that says why. Pure."""

from __future__ import annotations

from yett.audit.record import Refused as Turned
from yett.gateway.calls import Caller, Calls, Refused, stop_decision
from yett.gateway.surfaces import surface_of
from yett.policy.decision import Code, Surface
from yett.ports import Answer
from yett.protocol.eras import Era
from yett.protocol.messages import Message
from yett.protocol.methods import CALL, Handling
from yett.protocol.rejection import INVALID_PARAMS, INVALID_REQUEST, http_status, resource_not_found
from yett.protocol.replies import Denial, denied, denied_request, unknown_prompt, unknown_resource, unknown_tool
from yett.protocol.targets import COMPLETE
from yett.protocol.tasks import TASK_ID, TASKS_RESULT, not_found


def denial(message: Message, refused: Refused) -> Answer:
    """The answer to a judged message that is not forwarded."""
    assert message.id is not None, "a judged message has an id"
    if message.handling is Handling.OF_TASK:
        return _of_task(message, message.id, refused)
    if message.method != CALL:
        return _without_result(message, message.id, refused)
    if refused.reads_as_unknown:
        return Answer(status=http_status(INVALID_PARAMS, message.era), body=unknown_tool(message.id, message.name))
    return Answer(body=denied(message.id, refused.denial, stateless=message.era is Era.STATELESS))


def stopped(calls: Calls, caller: Caller, message: Message) -> Answer:
    """The answer to any message while people have stopped what it needs. A call is recorded as a denied one."""
    what = caller.stopped or ""
    if message.handling is Handling.JUDGED:
        return denial(message, calls.refuse(caller, message, stop_decision(what)))
    request_id = calls.turn_away(caller, f"people stopped {what}", Turned.STOPPED)
    if message.id is None:
        return Answer(status=403)
    decision = stop_decision(what)
    told = Denial(decision.message or "", Code.STOPPED.value, decision.rule or "", request_id)
    return Answer(status=http_status(INVALID_REQUEST, message.era), body=denied_request(message.id, INVALID_REQUEST, told))


def _of_task(message: Message, id: bytes, refused: Refused) -> Answer:
    """A task's result can say that it is withheld; its state cannot. The task of a tool that is not shown is not found."""
    status = http_status(INVALID_PARAMS, message.era)
    if refused.reads_as_unknown:
        return Answer(status=status, body=not_found(id))
    if message.method == TASKS_RESULT:
        return Answer(body=denied(id, refused.denial, stateless=False, task=str(message.params[TASK_ID])))
    return Answer(status=status, body=denied_request(id, INVALID_PARAMS, refused.denial))


def _without_result(message: Message, id: bytes, refused: Refused) -> Answer:
    """Only tools have results that say that something failed: resources and prompts have errors.

    The code is that of what does not exist. What the policy does not list also reads so; any other denial says why.
    """
    resource = surface_of(message) is Surface.RESOURCE
    code = resource_not_found(message.era) if resource and message.method != COMPLETE else INVALID_PARAMS
    if refused.decision.code is not Code.NOT_LISTED:
        body = denied_request(id, code, refused.denial)
    elif resource:
        body = unknown_resource(id, code, message.name)
    else:
        body = unknown_prompt(id, message.name)
    return Answer(status=http_status(code, message.era), body=body)
