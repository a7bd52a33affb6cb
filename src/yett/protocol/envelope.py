"""One JSON-RPC message, checked member by member. Transport-free: what the HTTP fields say is checked elsewhere."""

from __future__ import annotations

import unicodedata
from enum import Enum
from typing import Final

import msgspec

from yett.protocol.keys import has_look_alike, has_meta_look_alike
from yett.protocol.rejection import INVALID_PARAMS, PARSE_ERROR, Rejection, RejectionKind, envelope
from yett.protocol.strict_json import JsonValue, Unreadable, read

ID_CHARS_MAX: Final = 256
"""Characters of a string id or progress token. Longer ones serve nobody and are copied into every answer."""
ID_INTEGER_MAX: Final = 2**53
"""Largest integer id; past it, two readers may take two ids for one."""
NAME_CHARS_MAX: Final = 512
"""Characters of a tool's or prompt's name; the specification recommends 128 for tools."""


class Shape(Enum):
    """The three forms of a JSON-RPC message."""

    REQUEST = "request"
    NOTIFICATION = "notification"
    RESPONSE = "response"


_CALL_KEYS: Final = frozenset({"jsonrpc", "id", "method", "params"})
_RESPONSE_KEYS: Final = (frozenset({"jsonrpc", "id", "result"}), frozenset({"jsonrpc", "id", "error"}))


def read_object(body: bytes) -> dict[str, JsonValue] | Rejection:
    """The one JSON object that a body or line must be."""
    try:
        value = read(body)
    except Unreadable as error:
        if body.lstrip()[:1] == b"[":
            return Rejection(RejectionKind.BATCH, 400, PARSE_ERROR, str(error))
        return Rejection(RejectionKind.UNREADABLE, 400, PARSE_ERROR, str(error))
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        return Rejection(RejectionKind.BATCH, 400, -32600, "JSON-RPC batches are not accepted; send one message at a time")
    return envelope("the body must be one JSON-RPC message")


def echo(id: JsonValue) -> bytes | None:
    """An id as JSON text, or None if it is none that may be used: a short string or an exact integer."""
    if isinstance(id, str):
        return msgspec.json.encode(id) if len(id) <= ID_CHARS_MAX else None
    if isinstance(id, int) and not isinstance(id, bool) and -ID_INTEGER_MAX <= id <= ID_INTEGER_MAX:
        return b"%d" % id
    return None


def shape_of(message: dict[str, JsonValue], id: bytes | None) -> Shape | Rejection:
    """The form of a message whose top-level members are all as they must be."""
    if message.get("jsonrpc") != "2.0":
        return envelope('the member `jsonrpc` must be "2.0"', id)
    keys = message.keys()
    if "id" in keys and id is None:
        return envelope("the member `id` must be a string of at most 256 characters or an integer within 2^53")
    if keys <= _CALL_KEYS and isinstance(message.get("method"), str):
        return Shape.REQUEST if "id" in keys else Shape.NOTIFICATION
    if keys in _RESPONSE_KEYS and isinstance(message.get("result", {}), dict) and isinstance(message.get("error", {}), dict):
        return Shape.RESPONSE
    if has_look_alike(keys):
        return envelope("a member looks like one of the protocol's own but is not", id)
    if "method" in keys and not isinstance(message["method"], str):
        return envelope("the member `method` must be a string", id)
    return envelope("the body must be a single JSON-RPC request, notification or response without other members", id)


def params_of(message: dict[str, JsonValue], id: bytes | None) -> dict[str, JsonValue] | Rejection:
    """The parameters, `{}` if there are none."""
    if "params" not in message:
        return {}
    params = message["params"]
    if not isinstance(params, dict):
        return envelope("the member `params` must be an object", id)
    if has_look_alike(params.keys()):
        return envelope("a member of `params` looks like one of the protocol's own but is not", id)
    return params


def meta_of(params: dict[str, JsonValue], id: bytes | None) -> dict[str, JsonValue] | Rejection:
    """`params._meta`, `{}` if there is none. Nothing in it is ever taken for an identity."""
    if "_meta" not in params:
        return {}
    meta = params["_meta"]
    if not isinstance(meta, dict):
        return envelope("the member `params._meta` must be an object", id, rpc_code=INVALID_PARAMS)
    if has_meta_look_alike(meta.keys()):
        return envelope("a member of `params._meta` looks like one of the protocol's own but is not", id)
    if "progressToken" in meta and echo(meta["progressToken"]) is None:
        return envelope("the progress token must be a short string or an integer", id, rpc_code=INVALID_PARAMS)
    return meta


def call_fault(params: dict[str, JsonValue], id: bytes, noun: str = "tool") -> Rejection | None:
    """What is wrong with the parameters of a `tools/call`, or of a request for a prompt.

    `arguments: null` is refused: peers disagree on what it means.
    """
    name = params.get("name")
    if not isinstance(name, str) or not name or len(name) > NAME_CHARS_MAX:
        return envelope(f"the member `params.name` must be a {noun}'s name", id, rpc_code=INVALID_PARAMS)
    if not (name.isascii() and name.isprintable()) and has_controls(name):
        return envelope("the member `params.name` has control characters", id, rpc_code=INVALID_PARAMS)
    if not isinstance(params.get("arguments", {}), dict):
        return envelope("the member `params.arguments` must be an object or absent", id, rpc_code=INVALID_PARAMS)
    return None


def has_controls(name: str) -> bool:
    """Whether a name holds what no log and no header field should repeat."""
    return any(unicodedata.category(character) == "Cc" for character in name)


def cancellation_fault(params: dict[str, JsonValue]) -> Rejection | None:
    """What is wrong with the parameters of `notifications/cancelled`."""
    if echo(params.get("requestId")) is None:
        return envelope("the member `params.requestId` must be the id of a request", rpc_code=INVALID_PARAMS)
    return None
