"""What a server's answer means for the call, and how much of it the client may see. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from msgspec import Struct

from yett.audit.record import Result
from yett.errors import UpstreamFault, UpstreamNotReached, UpstreamTimedOut
from yett.gateway.streams import answers
from yett.ports import Answer
from yett.protocol.answers import MalformedAnswer
from yett.protocol.eras import Era
from yett.protocol.lists import labelled_private
from yett.protocol.messages import Message
from yett.protocol.peek import TASK_RESULT, ResponsePeek, peek_response, replace_unmediated_result
from yett.protocol.rejection import INTERNAL_ERROR
from yett.protocol.replies import error
from yett.protocol.targets import READ
from yett.protocol.tasks import TASK_STATES

CREDENTIAL_REFUSED: Final = (401, 403)
"""The server refuses the gateway's credential; to the client that would read as its own."""


class Judged(Struct, frozen=True):
    """What came of a call, and the answer that goes to the client."""

    result: Result
    rpc_code: int | None
    answer: Answer
    task: str | None = None
    """The task that the call was answered with."""


def judge_body(message: Message, answer: Answer, request_id: str) -> Judged:
    """Judge an answer that is one body. Only a response to this very request is passed on."""
    assert message.id is not None, "only requests have answers"
    body = answer.body or b""
    peek = peek_response(body)
    fits = peek is not None and answers(peek, message.id)
    if answer.status >= 400:
        return _http_error(message.id, answer, peek if fits else None, request_id)
    if peek is None or not fits:
        return Judged(Result.MALFORMED, None, failed(message.id, "the server's answer is no response to the call", request_id))
    if peek.result_type not in {None, "complete"} and (message.era is Era.STATELESS or peek.result_type == TASK_RESULT):
        return Judged(Result.RPC_ERROR, INTERNAL_ERROR, Answer(body=replace_unmediated_result(body, message.id)))
    if peek.rpc_error_code is not None:
        return Judged(Result.RPC_ERROR, peek.rpc_error_code, answer)
    if is_for_one_grant(message):
        return _labelled(message.id, answer, body, request_id)
    return Judged(Result.TOOL_ERROR if peek.is_tool_error else Result.OK, None, answer)


def is_read_whole(message: Message) -> bool:
    """Whether all of an answer must be judged or edited before the client sees any of it."""
    return is_for_one_grant(message) or message.method in TASK_STATES


def is_for_one_grant(message: Message) -> bool:
    """Whether a result must say that nobody else may be given it: it could be cached, and was judged for one grant."""
    return message.era is Era.STATELESS and message.method == READ


def _labelled(id: bytes, answer: Answer, body: bytes, request_id: str) -> Judged:
    try:
        labelled = labelled_private(body)
    except MalformedAnswer as failure:
        return Judged(Result.MALFORMED, None, failed(id, str(failure), request_id))
    return Judged(Result.OK, None, answer if labelled is body else replace(answer, body=labelled))


def _http_error(id: bytes, answer: Answer, peek: ResponsePeek | None, request_id: str) -> Judged:
    code = None if peek is None else peek.rpc_error_code
    if answer.status in CREDENTIAL_REFUSED:
        shown = failed(id, "the server refuses the gateway's credential; ask the operator", request_id)
    elif code is None:
        shown = failed(id, f"the server answered with HTTP status {answer.status}", request_id, status=answer.status)
    else:
        shown = answer
    return Judged(Result.HTTP_ERROR, code, shown)


def unreachable(id: bytes | None, failure: UpstreamFault, request_id: str, *, in_detail: bool) -> Answer:
    """The answer where the server could not be reached, was late, or broke off.

    What exactly failed names addresses, programs and paths: `in_detail` says whether the client may know them.
    """
    text = str(failure) if in_detail or isinstance(failure, MalformedAnswer) else _public(failure)
    return failed(id, text, request_id, status=504 if isinstance(failure, UpstreamTimedOut) else 502)


def _public(failure: UpstreamFault) -> str:
    if isinstance(failure, UpstreamNotReached):
        what = "cannot be reached, and nothing was sent"
    elif isinstance(failure, UpstreamTimedOut):
        what = "did not answer in time, and may have acted"
    else:
        what = "broke off before it had answered, and may have acted"
    return f"the server {what}; ask the operator, whose log says more"


def without_credential(id: bytes | None, request_id: str) -> Answer:
    """The answer where the gateway's own credential for the server is not to be had."""
    return failed(id, "the gateway lacks its credential for this server; ask the operator", request_id)


def failed(id: bytes | None, text: str, request_id: str, *, status: int = 502) -> Answer:
    """A JSON-RPC internal error that names the request."""
    return Answer(status=status, body=error(id, INTERNAL_ERROR, text, {"request_id": request_id}))
