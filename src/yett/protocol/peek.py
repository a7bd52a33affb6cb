"""A fast look at a message of a server: enough to route it, to settle the call and to name what happened.

It looks at the message itself and at the members of its result, and makes sure that these read one way: no key twice, none that
a lax reader takes for one of the protocol's own. What is deeper is not looked into.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from yett.protocol.keys import fold
from yett.protocol.rejection import INTERNAL_ERROR
from yett.protocol.replies import error

UNKNOWN_RESULT: Final = "?"
"""Stands for a `resultType` that is no string, or of a result that is no object."""
MEMBERS_MAX: Final = 10_000
"""Members of a message or of its result; each of them is looked at, and what has more is read by nobody."""
TASK_RESULT: Final = "task"
"""The kind of a result that promises another one."""


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
    """`resultType` of a stateless result, or `task` where it holds one; None where it has neither, which means `complete`."""


_ABSENT: Final = msgspec.Raw(b"")


class _Envelope(msgspec.Struct):
    jsonrpc: msgspec.Raw = _ABSENT
    id: msgspec.Raw = _ABSENT
    method: str | msgspec.UnsetType = msgspec.UNSET
    result: msgspec.Raw = _ABSENT
    error: msgspec.Raw = _ABSENT


class _Error(msgspec.Struct):
    code: msgspec.Raw = msgspec.Raw(b"0")


class _Result(msgspec.Struct):
    content: msgspec.Raw = _ABSENT
    structuredContent: msgspec.Raw = _ABSENT  # noqa: N815 - as on the wire
    isError: msgspec.Raw = _ABSENT  # noqa: N815 - as on the wire
    resultType: msgspec.Raw = _ABSENT  # noqa: N815 - as on the wire
    task: msgspec.Raw = _ABSENT


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
        if not data.isascii():
            data.decode()  # the decoder passes over what it need not know
    except _UNREADABLE:
        return None
    has_method = envelope.method is not msgspec.UNSET
    if has_method + bool(envelope.result) + bool(envelope.error) != 1 or not _reads_one_way(data, envelope):
        return None
    id = bytes(envelope.id) or None
    if id == b"null":
        id = None
    if envelope.method is not msgspec.UNSET:
        return ResponsePeek(id, False, id is not None, envelope.method, None, False, None)
    if envelope.error:
        return ResponsePeek(id, True, False, None, _error_code(envelope.error), False, None)
    return _result_peek(id, envelope.result)


def _error_code(raw: msgspec.Raw) -> int:
    try:
        return _integers.decode(_errors.decode(raw).code)
    except _UNREADABLE:
        return 0


def _result_peek(id: bytes | None, raw: msgspec.Raw) -> ResponsePeek | None:
    try:
        result = _results.decode(raw)
        kind = _strings.decode(result.resultType) if result.resultType else None
    except _UNREADABLE:
        return ResponsePeek(id, True, False, None, None, False, UNKNOWN_RESULT)
    if not _result_reads_one_way(raw, result):
        return None
    if result.task:
        kind = TASK_RESULT
    return ResponsePeek(id, True, False, None, None, bytes(result.isError) == b"true", kind)


# Most servers write no blanks between members, or one behind each comma and colon. Where the members that are known account for
# every byte but these, there is no other member and none stands twice: even `"task":0,` would take more.


def _reads_one_way(data: bytes, envelope: _Envelope) -> bool:
    """Whether every reader sees the same members of the message."""
    form = envelope.error or envelope.result
    if form and envelope.id and envelope.jsonrpc:
        unknown = len(data) - len(envelope.jsonrpc) - len(envelope.id) - len(form) - _FRAME
        if envelope.error:
            unknown += 1
        if unknown in _BLANKS:
            return True
    return _names_read_one_way(data, _ENVELOPE_NAMES)


def _result_reads_one_way(raw: msgspec.Raw, result: _Result) -> bool:
    """The same for the members of a result."""
    unknown, count = len(raw) - 1, 0
    if result.content:
        unknown, count = unknown - len(result.content) - _CONTENT, 1
    if result.structuredContent:
        unknown, count = unknown - len(result.structuredContent) - _STRUCTURED, count + 1
    if result.isError:
        unknown, count = unknown - len(result.isError) - _IS_ERROR, count + 1
    if result.resultType:
        unknown, count = unknown - len(result.resultType) - _RESULT_TYPE, count + 1
    if count and (unknown == 0 or unknown == 2 * count - 1):
        return True
    return _names_read_one_way(bytes(raw), _RESULT_NAMES)


def _names_read_one_way(data: bytes, names: Mapping[str, str]) -> bool:
    """Whether no member of this object stands twice, and none is like one of `names` without being it."""
    place = count = 0
    try:
        members = _members.decode(data)
        if len(members) > MEMBERS_MAX:
            return False
        while (match := _MEMBER.match(data, place)) is not None:
            value = members.get(_names.decode(match[1]))
            if value is None or not data.startswith(bytes(value), match.end()):
                return False
            place, count = match.end() + len(value), count + 1
    except _UNREADABLE:
        return False
    return count == len(members) and all(names.get(fold(name), name) == name for name in members)


_FRAME: Final = len('{"jsonrpc":,"id":,"result":}')
_BLANKS: Final = (0, 5)
_CONTENT: Final = len('"content":,')
_STRUCTURED: Final = len('"structuredContent":,')
_IS_ERROR: Final = len('"isError":,')
_RESULT_TYPE: Final = len('"resultType":,')
_RESULT_MEMBERS: Final = (
    *("content", "structuredContent", "isError", "resultType", "_meta"),
    *("inputRequests", "requestState", "task"),
)
_ENVELOPE_NAMES: Final = {fold(name): name for name in ("jsonrpc", "id", "method", "params", "result", "error")}
_RESULT_NAMES: Final = {fold(name): name for name in _RESULT_MEMBERS}
_MEMBER: Final = re.compile(rb'[ \t\r\n]*[{,][ \t\r\n]*("(?:[^"\\]++|\\.)*+")[ \t\r\n]*:[ \t\r\n]*')
_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_names: Final = msgspec.json.Decoder(str)


def same_id(left: bytes | None, right: bytes) -> bool:
    """Whether two ids are one JSON string or integer, however they are written; what is neither is like nothing else."""
    try:
        return left == right or (left is not None and bool(_ids.decode(left) == _ids.decode(right)))
    except _UNREADABLE:
        return False


def replace_unmediated_result(data: bytes, id: bytes) -> bytes:
    """A stateless message as it is, or an error in its place where it is a result that is not final.

    `input_required` asks something of the client, `task` promises the result for later; an unknown kind may do either. Where
    nobody asked for that, it would open a way around the policy.
    """
    peek = peek_response(data)
    if peek is None:
        return error(id, INTERNAL_ERROR, "the server's answer cannot be read")
    if peek.result_type in (None, "complete"):
        return data
    if peek.result_type == "input_required":
        message = "the server asked for input where none can be asked for"
    elif peek.result_type == TASK_RESULT:
        message = "the server answered with a task where none was asked for"
    else:
        message = "the server answered with a kind of result that this gateway does not mediate yet"
    return error(id, INTERNAL_ERROR, message)
