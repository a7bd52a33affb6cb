"""A fast look at a message of a server: enough to route it, to settle the call and to name what happened. Never a check."""

from __future__ import annotations

from typing import Final

import msgspec

from yett.protocol.rejection import INTERNAL_ERROR
from yett.protocol.replies import error

UNKNOWN_RESULT: Final = "?"
"""Stands for a `resultType` that is no string, or of a result that is no object."""


class ResponsePeek(msgspec.Struct, frozen=True):
    """What a server's message looks like."""

    id: bytes | None
    """JSON text of its id, as it stood on the wire; None if it has none or `null`."""
    is_response: bool
    is_request: bool
    method: str | None
    """Of a request or notification."""
    rpc_error_code: int | None
    """Of an error response; 0 where the error names no integer."""
    is_tool_error: bool
    """The result says `isError: true`."""
    result_type: str | None
    """`resultType` of a stateless result; None where it has none, which means `complete`."""


class _Envelope(msgspec.Struct):
    id: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    method: str | msgspec.UnsetType = msgspec.UNSET
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _Error(msgspec.Struct):
    code: msgspec.Raw = msgspec.Raw(b"0")


class _Result(msgspec.Struct, rename="camel"):
    is_error: msgspec.Raw = msgspec.Raw(b"false")
    result_type: msgspec.Raw = msgspec.Raw(b"null")


_envelopes: Final = msgspec.json.Decoder(_Envelope)
_errors: Final = msgspec.json.Decoder(_Error)
_results: Final = msgspec.json.Decoder(_Result)
_integers: Final = msgspec.json.Decoder(int)
_ids: Final = msgspec.json.Decoder(str | int)
_strings: Final = msgspec.json.Decoder(str | None)

_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def peek_response(data: bytes) -> ResponsePeek | None:
    """Look at one message, or None if it is nothing that JSON-RPC knows: two forms at once are as bad as none."""
    try:
        envelope = _envelopes.decode(data)
    except _UNREADABLE:
        return None
    forms = (envelope.method, envelope.result, envelope.error)
    if sum(form is not msgspec.UNSET for form in forms) != 1:
        return None
    id = None if envelope.id is msgspec.UNSET or bytes(envelope.id) == b"null" else bytes(envelope.id)
    if envelope.method is not msgspec.UNSET:
        return ResponsePeek(id, False, id is not None, envelope.method, None, False, None)
    if envelope.error is not msgspec.UNSET:
        return ResponsePeek(id, True, False, None, _error_code(envelope.error), False, None)
    return _result_peek(id, envelope.result)


def _error_code(raw: msgspec.Raw) -> int:
    try:
        return _integers.decode(_errors.decode(raw).code)
    except _UNREADABLE:
        return 0


def _result_peek(id: bytes | None, raw: msgspec.Raw | msgspec.UnsetType) -> ResponsePeek:
    assert raw is not msgspec.UNSET, "the caller found a result"
    try:
        result = _results.decode(raw)
        kind = _strings.decode(result.result_type)
    except _UNREADABLE:
        return ResponsePeek(id, True, False, None, None, False, UNKNOWN_RESULT)
    return ResponsePeek(id, True, False, None, None, bytes(result.is_error) == b"true", kind)


def same_id(left: bytes | None, right: bytes) -> bool:
    """Whether two ids are one JSON string or integer, however they are written; what is neither is like nothing else."""
    try:
        return left == right or (left is not None and bool(_ids.decode(left) == _ids.decode(right)))
    except _UNREADABLE:
        return False


def replace_unmediated_result(data: bytes, id: bytes) -> bytes:
    """A stateless message as it is, or an error in its place where it is a result that is not final.

    `input_required` asks something of the client, `task` promises the result for later; an unknown kind may do either. None
    of them is mediated yet, and relayed they would open a way around the policy.
    """
    peek = peek_response(data)
    if peek is None:
        return error(id, INTERNAL_ERROR, "the server's answer cannot be read")
    if peek.result_type in (None, "complete"):
        return data
    if peek.result_type == "input_required":
        message = "the server asked for input, which this gateway does not mediate yet"
    else:
        message = "the server answered with a kind of result that this gateway does not mediate yet"
    return error(id, INTERNAL_ERROR, message)
