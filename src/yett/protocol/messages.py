"""From bytes to a message that may be judged, or the reason why not.

`classify_http` and `classify_line` are the only doors: whatever they let through means one thing to every reader, is of a known
method and era, and its HTTP fields say what its body says.
"""

from __future__ import annotations

from typing import Final

import msgspec

from yett.protocol import headers as fields
from yett.protocol.envelope import (
    Shape,
    call_fault,
    cancellation_fault,
    echo,
    meta_of,
    params_of,
    read_object,
    shape_of,
)
from yett.protocol.eras import (
    META_CLIENT_CAPABILITIES,
    META_PROTOCOL_VERSION,
    STATELESS_REVISIONS,
    Era,
    era_of_header,
)
from yett.protocol.headers import Headers
from yett.protocol.methods import CALL, ENVELOPE_META_KEYS, TO_SERVER, Handling, MethodKind, MethodRow
from yett.protocol.rejection import (
    HEADER_MISMATCH,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    Rejection,
    envelope,
    http_status,
    method_refused,
    unsupported_version,
)
from yett.protocol.rounds import METHODS as ROUND_METHODS
from yett.protocol.rounds import ROUND_KEYS, rounds_fault
from yett.protocol.strict_json import JsonValue
from yett.protocol.targets import target_of
from yett.protocol.tasks import TASK, TASK_ID, about_fault, asked_fault


class Message(msgspec.Struct, frozen=True):
    """One acceptable message of a client."""

    kind: Shape
    method: str
    """Empty for a response."""
    id: bytes | None
    """JSON text, as it is to be echoed; None for a notification."""
    era: Era
    version: str | None
    """The revision that the message itself states (header or envelope); None where only its session knows."""
    handling: Handling
    row: MethodRow | None
    """None for a response."""
    params: dict[str, JsonValue]
    name: str
    """What a judged request is about: the tool, the prompt, the resource's URI, the task; empty for other methods."""
    arguments: dict[str, JsonValue]
    """What it is judged by; `{}` where it has none."""
    body: bytes
    """The bytes as they came: what is forwarded."""


class _Parsed(msgspec.Struct, frozen=True):
    """A message whose envelope is sound, before era and method are looked at."""

    shape: Shape
    method: str
    id: bytes | None
    params: dict[str, JsonValue]
    meta: dict[str, JsonValue]
    body: bytes


def classify_http(body: bytes, headers: Headers) -> Message | Rejection:
    """Judge the form of one POST. `headers` are its fields by lower-case name; repeated ones must have been refused before."""
    if not fields.accepts_json_and_events(headers):
        return envelope("the client must accept both application/json and text/event-stream", status=406)
    if not fields.is_json(headers):
        return envelope("the content type must be application/json in UTF-8", status=415)
    parsed = _parse(body)
    if isinstance(parsed, Rejection):
        return parsed
    version = fields.text(headers, fields.PROTOCOL_VERSION)
    era = era_of_header(version)
    fault = _stateless_fault(parsed, version) if era is Era.STATELESS else _handshake_fault(parsed)
    fault = fault or _mirror_fault(parsed, headers, era)
    if fault is None and era is Era.STATELESS and version not in STATELESS_REVISIONS:
        fault = unsupported_version(version or "", parsed.id)
    return fault or _by_method(parsed, era, version, over_http=True)


def classify_line(line: bytes, settled: Era | None = None) -> Message | Rejection:
    """Judge the form of one line of stdio.

    The first request settles the era of the connection: by its envelope, but `initialize` always opens a handshake. Pass the
    settled era with every later line; a request of the other era is then refused. Where nothing is settled, a notification
    or response counts as handshake.
    """
    parsed = _parse(line)
    if isinstance(parsed, Rejection):
        return parsed
    stated = parsed.meta.get(META_PROTOCOL_VERSION)
    opens_stateless = META_PROTOCOL_VERSION in parsed.meta and parsed.method != "initialize"
    era = settled or (Era.STATELESS if opens_stateless else Era.HANDSHAKE)
    if era is Era.HANDSHAKE:
        fault = _handshake_fault(parsed) if parsed.method != "initialize" else None
        return fault or _by_method(parsed, era, None, over_http=False)
    if parsed.method == "initialize":
        return unsupported_version(str(parsed.params.get("protocolVersion", "")), parsed.id)
    if parsed.shape is Shape.REQUEST:
        fault = _stateless_fault(parsed, stated if isinstance(stated, str) else None)
        if fault is None and stated not in STATELESS_REVISIONS:
            fault = unsupported_version(str(stated), parsed.id)
        if fault is not None:
            return fault
    return _by_method(parsed, era, stated if isinstance(stated, str) else None, over_http=False)


def _parse(body: bytes) -> _Parsed | Rejection:
    message = read_object(body)
    if isinstance(message, Rejection):
        return message
    id = echo(message.get("id"))
    shape = shape_of(message, id)
    if isinstance(shape, Rejection):
        return shape
    if shape is Shape.RESPONSE:
        return _Parsed(shape, "", id, {}, {}, body)
    params = params_of(message, id)
    if isinstance(params, Rejection):
        return params
    meta = meta_of(params, id)
    if isinstance(meta, Rejection):
        return meta
    method = message["method"]
    assert isinstance(method, str), "shape_of let it through"
    return _Parsed(shape, method, id, params, meta, body)


def _handshake_fault(parsed: _Parsed) -> Rejection | None:
    """A handshake request must not carry the stateless envelope: somebody would judge it by the other era's rules."""
    if parsed.meta and not ENVELOPE_META_KEYS.isdisjoint(parsed.meta):
        message = "the message carries the stateless envelope, but its transport says that it belongs to a handshake session"
        return envelope(message, parsed.id, rpc_code=HEADER_MISMATCH)
    return None


def _stateless_fault(parsed: _Parsed, version: str | None) -> Rejection | None:
    """The envelope must be whole and state the revision `version`, in the order in which the SDKs check it."""
    meta = parsed.meta
    stated = meta.get(META_PROTOCOL_VERSION)
    if parsed.shape is Shape.RESPONSE:
        return envelope("the stateless revisions have no requests of the server, so there is nothing to respond to")
    if parsed.shape is Shape.REQUEST:
        if META_PROTOCOL_VERSION not in meta and version is not None and version not in STATELESS_REVISIONS:
            return unsupported_version(version, parsed.id)
        missing = [key for key in (META_PROTOCOL_VERSION, META_CLIENT_CAPABILITIES) if key not in meta]
        if missing:
            return envelope(f"params._meta lacks {', '.join(missing)}", parsed.id, rpc_code=INVALID_PARAMS)
        if not isinstance(stated, str) or not isinstance(meta[META_CLIENT_CAPABILITIES], dict):
            return envelope("the envelope in params._meta is malformed", parsed.id, rpc_code=INVALID_PARAMS)
    if META_PROTOCOL_VERSION in meta and stated != version:
        message = "mcp-protocol-version and params._meta name different revisions"
        return envelope(message, parsed.id, rpc_code=HEADER_MISMATCH)
    return None


def _mirror_fault(parsed: _Parsed, headers: Headers, era: Era) -> Rejection | None:
    """`Mcp-Method` and `Mcp-Name` must repeat the body: on every stateless request, and wherever they are sent at all."""
    obliged = era is Era.STATELESS and parsed.shape is Shape.REQUEST
    stated_method = headers.get(fields.METHOD)
    if stated_method is None:
        if obliged:
            return _mismatch("mcp-method is missing", parsed)
    elif stated_method != parsed.method.encode():
        return _mismatch("mcp-method does not name the method of the body", parsed)
    row = TO_SERVER.get(parsed.method)
    if row is None or row.name_key is None or era not in row.eras:
        return None
    name = parsed.params.get(row.name_key)
    stated_name = headers.get(fields.NAME)
    if stated_name is None:
        return _mismatch("mcp-name is missing", parsed) if obliged and name is not None else None
    return None if fields.decoded(stated_name) == name else _mismatch("mcp-name does not repeat the body", parsed)


def _mismatch(message: str, parsed: _Parsed) -> Rejection:
    return envelope(message, parsed.id, rpc_code=HEADER_MISMATCH)


_NO_ARGUMENTS: Final[dict[str, JsonValue]] = {}


def _by_method(parsed: _Parsed, era: Era, version: str | None, *, over_http: bool) -> Message | Rejection:
    """The message with its row of the method table."""
    if parsed.shape is Shape.RESPONSE:
        return Message(Shape.RESPONSE, "", parsed.id, era, version, Handling.DROPPED, None, parsed.params, "", {}, parsed.body)
    row = TO_SERVER.get(parsed.method)
    handling = _handling(row, parsed, era, over_http=over_http)
    if isinstance(handling, Rejection):
        return handling
    name, arguments = "", _NO_ARGUMENTS
    if handling is Handling.JUDGED:
        assert parsed.id is not None, "_handling refuses a call without an id"
        if parsed.method == CALL:
            fault = call_fault(parsed.params, parsed.id) or _rounds_fault(parsed, era)
            if fault is not None:
                return fault
            name, arguments = parsed.params["name"], parsed.params.get("arguments", {})  # type: ignore[assignment]  # call_fault
        else:
            target = _rounds_fault(parsed, era) or target_of(parsed.method, parsed.params, parsed.id)
            if isinstance(target, Rejection):
                return target
            name, arguments = target.name, target.arguments
    else:
        fault = _reference_fault(parsed, handling)
        if fault is not None:
            return fault
        name = str(parsed.params[TASK_ID]) if handling is Handling.OF_TASK else ""
    return Message(
        parsed.shape, parsed.method, parsed.id, era, version, handling, row, parsed.params, name, arguments, parsed.body
    )


def _reference_fault(parsed: _Parsed, handling: Handling) -> Rejection | None:
    """What is wrong with the request, or the task, that a message is about."""
    if handling is Handling.OF_TASK:
        assert parsed.id is not None, "_handling refuses a request without an id"
        return about_fault(parsed.method, parsed.params, parsed.id)
    return cancellation_fault(parsed.params) if parsed.method == "notifications/cancelled" else None


def _rounds_fault(parsed: _Parsed, era: Era) -> Rejection | None:
    """Input may only be brought where a server can have asked for it, and tasks asked for where there are any."""
    if TASK in parsed.params:
        fault = _task_fault(parsed, era)
        if fault is not None:
            return fault
    if ROUND_KEYS.isdisjoint(parsed.params):
        return None
    assert parsed.id is not None, "_handling refuses a call without an id"
    if era is Era.STATELESS and parsed.method in ROUND_METHODS:
        return rounds_fault(parsed.params, parsed.id)
    key = min(ROUND_KEYS & parsed.params.keys())
    return envelope(f"{parsed.method} takes no `{key}` in this revision", parsed.id, rpc_code=INVALID_PARAMS)


def _task_fault(parsed: _Parsed, era: Era) -> Rejection | None:
    assert parsed.id is not None, "_handling refuses a call without an id"
    if parsed.method == CALL:
        # Without a handshake it is a wish of the other generation, which servers are to pass over.
        return asked_fault(parsed.params, parsed.id) if era is Era.HANDSHAKE else None
    return envelope(f"{parsed.method} takes no `{TASK}` in this revision", parsed.id, rpc_code=INVALID_PARAMS)


def _handling(row: MethodRow | None, parsed: _Parsed, era: Era, *, over_http: bool) -> Handling | Rejection:
    if row is None or (row.kind is MethodKind.REQUEST) is not (parsed.shape is Shape.REQUEST):
        return _unknown(parsed, row, era)
    if parsed.shape is Shape.NOTIFICATION:
        # A stateless HTTP client cancels by closing its connection; a posted cancellation could name anybody's request.
        # What another era knows is acknowledged and dropped, as the SDKs do.
        if era not in row.eras or (over_http and era is Era.STATELESS):
            return Handling.DROPPED
        return row.handling
    if era not in row.eras:
        return _unknown(parsed, row, era)
    if row.handling is Handling.REFUSED:
        message = f"Method not found: {row.name} is not mediated by this gateway yet"
        return method_refused(message, parsed.id, status=http_status(METHOD_NOT_FOUND, era))
    return row.handling


def _unknown(parsed: _Parsed, row: MethodRow | None, era: Era) -> Rejection:
    if parsed.shape is Shape.REQUEST:
        return method_refused("Method not found", parsed.id, status=http_status(METHOD_NOT_FOUND, era))
    if row is not None:
        return envelope(f"{row.name} needs an id: it is a request, not a notification")
    return method_refused("the notification is not known here", None, status=404 if era is Era.STATELESS else 400)
