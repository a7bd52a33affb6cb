"""Fuzz target: the doors for JSON-RPC, against a second reading by the standard library and rules written anew.

The first byte of an input says how the rest arrives: `h` a POST of the handshake era, `s` one of the stateless era whose fields
repeat its body, `x` one whose fields are fixed, `l` the first line of stdio, `m` a line on a stateless connection.
"""

from __future__ import annotations

import json
import math
import unicodedata
from decimal import Decimal
from typing import Any, Final

from yett.protocol.eras import META_CLIENT_CAPABILITIES, META_PROTOCOL_VERSION, STATELESS_REVISIONS, Era
from yett.protocol.messages import Message, classify_http, classify_line
from yett.protocol.methods import TO_SERVER, Handling
from yett.protocol.rejection import Rejection
from yett.protocol.replies import rejected

_PLAIN: Final = {
    b"content-type": b"application/json",
    b"accept": b"application/json, text/event-stream",
    b"mcp-protocol-version": b"2025-11-25",
}
_DEPTH_MAX: Final = 64
_TOP: Final = {"jsonrpc", "id", "method", "params", "result", "error"}
_PARAMS: Final = {"name", "arguments", "uri", "cursor", "_meta", "ref", "argument", "requestId", "level", "task", "taskId"}


def ingress(data: bytes) -> None:
    """Raise `AssertionError` where a door lets through what the second reading does not, or reads something else."""
    way, body = chr(data[0]) if data else "h", data[1:]
    outcome = _classified(way, body)
    if isinstance(outcome, Rejection):
        _is_a_proper_error(outcome)
        return
    assert isinstance(outcome, Message)
    assert outcome.body is body, "what is forwarded are the bytes that were judged"
    value = strict(body)
    assert isinstance(value, dict), "the standard reader sees no object, or two"
    _agrees(outcome, value)


def _classified(way: str, body: bytes) -> Message | Rejection:
    match way:
        case "l":
            return classify_line(body)
        case "m":
            return classify_line(body, Era.STATELESS)
        case "s":
            return classify_http(body, _PLAIN | {b"mcp-protocol-version": b"2026-07-28"} | _repeating(body))
        case "x":
            fixed = {b"mcp-protocol-version": b"2026-07-28", b"mcp-method": b"tools/call", b"mcp-name": b"pay"}
            return classify_http(body, _PLAIN | fixed)
        case _:
            return classify_http(body, _PLAIN)


def _repeating(body: bytes) -> dict[bytes, bytes]:
    """Fields as a client would set them that reads its own message laxly: the last of two members counts."""
    try:
        message = json.loads(body)
        method, params = message["method"], message.get("params") or {}
        name = params.get("name", params.get("uri", params.get("taskId")))
        named = {} if name is None else {b"mcp-name": name.encode()}
        return {b"mcp-method": method.encode(), **named}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def _is_a_proper_error(rejection: Rejection) -> None:
    assert 400 <= rejection.http_status < 500 or rejection.http_status == 200
    answer = json.loads(rejected(rejection))
    assert set(answer) == {"jsonrpc", "id", "error"}
    assert answer["id"] is None or isinstance(answer["id"], str | int)


def strict(body: bytes) -> Any:
    """The one value of `body`; None where two readers could see two."""
    try:
        value = json.loads(body.decode(), object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_in_range)
        _walk(value)
    except (ValueError, RecursionError):
        return None
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _refuse(name: str) -> Any:
    raise ValueError(name)


def _in_range(digits: str) -> Decimal:
    if math.isinf(float(digits)):
        raise ValueError("other readers see an infinity")
    return Decimal(digits)


def _walk(value: Any, depth: int = 0) -> None:
    """`ValueError` for text that is not Unicode, integers that overflow elsewhere, and levels past the bound."""
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, int) and not isinstance(value, bool):
        try:
            float(value)
        except OverflowError:
            raise ValueError("other readers see an infinity") from None
    elif isinstance(value, dict | list):
        if depth == _DEPTH_MAX:
            raise ValueError("too deep")
        for item in value:
            _walk(item, depth + 1)
        for item in value.values() if isinstance(value, dict) else ():
            _walk(item, depth + 1)


def _agrees(message: Message, value: dict[str, Any]) -> None:
    assert value.get("jsonrpc") == "2.0"
    assert set(value) <= _TOP
    assert ("id" in value) == (message.id is not None)
    if message.id is not None:
        id = value["id"]
        assert json.loads(message.id) == id
        assert isinstance(id, str) or (isinstance(id, int) and not isinstance(id, bool) and abs(id) <= 2**53)
    params = value.get("params", {})
    _has_no_look_alike(params, _PARAMS)
    assert message.params == params or message.method == ""
    assert value.get("method", "") == message.method
    if message.method:
        _is_of_the_table(message)
    if message.handling is Handling.JUDGED:
        assert message.id is not None
        assert message.method != "tools/call" or params["name"] == message.name
        assert message.method != "tools/call" or params.get("arguments", {}) == message.arguments
    if message.handling is Handling.OF_TASK:
        assert message.id is not None
        assert isinstance(params["taskId"], str)
        assert params["taskId"] == message.name != ""
    if message.era is Era.STATELESS and message.method and message.id is not None:
        assert params["_meta"][META_PROTOCOL_VERSION] in STATELESS_REVISIONS
        assert isinstance(params["_meta"][META_CLIENT_CAPABILITIES], dict)


def _is_of_the_table(message: Message) -> None:
    row = TO_SERVER[message.method]
    assert row is message.row
    assert row.handling is not Handling.REFUSED or message.handling is Handling.DROPPED
    assert (row.kind.value == "request") == (message.id is not None)
    assert message.era in row.eras or message.handling is Handling.DROPPED


def _has_no_look_alike(params: Any, reserved: set[str]) -> None:
    assert isinstance(params, dict)
    plain = {_laxly(key) for key in reserved}
    assert not [key for key in params if key not in reserved and _laxly(key) in plain]


def _laxly(key: str) -> str:
    """A key as a reader sees it that ignores case and whatever does not show."""
    shown = "".join(c for c in unicodedata.normalize("NFKC", key) if unicodedata.category(c) not in {"Cc", "Cf", "Zs"})
    return shown.casefold()
