"""Several messages in one array, which only revision 2025-03-26 has: taken apart, each member read as if it had come alone."""

from __future__ import annotations

from typing import Final

from yett.protocol.answers import items
from yett.protocol.envelope import echo
from yett.protocol.headers import Headers
from yett.protocol.messages import Message, classify_http
from yett.protocol.rejection import INVALID_REQUEST, PARSE_ERROR, Rejection, RejectionKind
from yett.protocol.strict_json import DEPTH_MAX, JsonValue, Unreadable, read

BATCH_MESSAGES_MAX: Final = 50
"""Members of one array: more are no longer one request, by any limit that counts requests."""


def read_batch(body: bytes, headers: Headers) -> list[Message | Rejection] | Rejection:
    """The members in their order, each through the door of single messages; or why there is nothing to take apart.

    What makes the whole array doubtful refuses all of it: no or too many members, one that is no object, `initialize`, which
    cannot be answered among others, and two requests of one id, whose answers nobody could tell apart.
    """
    try:
        value = read(body, depth_max=DEPTH_MAX + 1)
    except Unreadable as error:
        return _refused(str(error), PARSE_ERROR)
    if not isinstance(value, list) or not value:
        return _refused("a batch must have at least one message")
    if len(value) > BATCH_MESSAGES_MAX:
        return _refused(f"a batch must not have more than {BATCH_MESSAGES_MAX} messages")
    ids: set[bytes] = set()
    for member in value:
        fault = _member_fault(member, ids)
        if fault is not None:
            return _refused(fault)
    # Safe after the strict reading: no duplicate keys are left that the two parsers could take differently.
    return [classify_http(bytes(raw), headers) for raw in items(body)]


def _member_fault(member: JsonValue, ids: set[bytes]) -> str | None:
    """Why a batch with this member is refused whole; remembers the ids of its requests."""
    if not isinstance(member, dict):
        return "each member of a batch must be one message"
    if member.get("method") == "initialize":
        return "`initialize` must not be part of a batch"
    id = echo(member.get("id"))
    if "method" in member and id is not None:
        if id in ids:
            return "two requests of a batch have the same id"
        ids.add(id)
    return None


def _refused(reason: str, rpc_code: int = INVALID_REQUEST) -> Rejection:
    return Rejection(RejectionKind.BATCH, 400, rpc_code, reason)
