"""A handshake client's messages for a stateless server, and its answers for the client. Pure.

What is not translated keeps its bytes: a translated request is a function of the request that was judged, and says the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from yett.protocol.answers import MalformedAnswer, Members, joined, members, read_answer, result_of
from yett.protocol.eras import (
    HANDSHAKE_REVISIONS,
    META_CLIENT_CAPABILITIES,
    META_CLIENT_INFO,
    META_LOG_LEVEL,
    META_PREFIX,
    META_PROTOCOL_VERSION,
    META_SUBSCRIPTION_ID,
    STATELESS_REVISIONS,
)
from yett.protocol.peek import peek_response, replace_unmediated_result
from yett.protocol.rejection import (
    HEADER_MISMATCH,
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    MISSING_CLIENT_CAPABILITY,
    RESOURCE_NOT_FOUND,
    UNSUPPORTED_VERSION,
)
from yett.protocol.requests import CLIENT_INFO
from yett.protocol.server_messages import KIND_OF
from yett.protocol.strict_json import JsonValue, Unreadable, read
from yett.protocol.targets import READ
from yett.protocol.tasks import EXTENSION, TASK

DISCOVER: Final = "server/discover"
META_SERVER_INFO: Final = META_PREFIX + "serverInfo"
LOG_LEVELS: Final = ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")
"""Least first."""
REQUESTS_MAX: Final = 16
"""What a server may ask in one round."""

_NO_SERVER_INFO: Final = msgspec.Raw(b'{"name":"(not stated)","version":"(not stated)"}')
_NOBODY: Final = msgspec.Raw(msgspec.json.encode(CLIENT_INFO))
_ONLY_STATELESS: Final = ("resultType", "ttlMs", "cacheScope")
_NO_TASKS: Final = msgspec.Raw(
    b'"the server answers this call with a task only, and tasks are not carried between the eras; '
    b'use a client of revision 2026-07-28 that takes them"'
)
_CODES: Final[Mapping[int, int]] = {
    HEADER_MISMATCH: INTERNAL_ERROR,
    UNSUPPORTED_VERSION: INTERNAL_ERROR,
    MISSING_CLIENT_CAPABILITY: INTERNAL_ERROR,
}
"""Errors that the handshake era does not have. The first two are about what the gateway itself wrote; the third may come in the
middle of the work, so it must not become one that says that nothing ran."""


class ClientOf(msgspec.Struct, frozen=True):
    """What a client said of itself in its handshake, in its own bytes."""

    revision: str
    """The handshake revision that was settled."""
    capabilities: bytes
    info: bytes


class Discovered(msgspec.Struct, frozen=True):
    """What a stateless server says of itself, in its own bytes."""

    version: str
    """The newest stateless revision that both sides speak."""
    capabilities: bytes
    info: bytes
    instructions: bytes | None


class InputRequired(msgspec.Struct, frozen=True):
    """A result that asks something of the client first."""

    requests: dict[str, tuple[str, bytes | None]]
    """Key → method and parameters, as JSON text."""
    state: bytes | None
    """What the server wants back, as JSON text."""


def envelope(version: str, client: ClientOf | None, log_level: str | None = None) -> Members:
    """The members of `params._meta` that every stateless request has; without a client, the gateway itself asks."""
    parts = {
        META_PROTOCOL_VERSION: msgspec.Raw(msgspec.json.encode(version)),
        META_CLIENT_CAPABILITIES: msgspec.Raw(b"{}" if client is None else client.capabilities),
        META_CLIENT_INFO: _NOBODY if client is None else msgspec.Raw(client.info),
    }
    if log_level is not None:
        parts[META_LOG_LEVEL] = msgspec.Raw(msgspec.json.encode(log_level))
    return parts


def discover_request(id: bytes, version: str) -> bytes:
    """The question whether a server speaks a stateless revision, and what it can do."""
    parts = envelope(version, None)
    return b'{"jsonrpc":"2.0","id":%b,"method":"%b","params":{"_meta":%b}}' % (id, DISCOVER.encode(), joined(parts))


def discovered(data: bytes | None) -> Discovered | None:
    """What the answer to `server/discover` says; None where it is none, or names no revision that is spoken here."""
    try:
        answer, value = read_answer(data or b"")
        result = result_of(value)
    except MalformedAnswer:
        return None
    if result is None:
        return None
    versions, capabilities = result.get("supportedVersions"), result.get("capabilities")
    if not isinstance(versions, list) or not isinstance(capabilities, dict):
        return None
    common = [version for version in STATELESS_REVISIONS if version in versions]
    if not common:
        return None
    parts = members(answer["result"])
    instructions = parts.get("instructions") if isinstance(result.get("instructions"), str) else None
    info = _server_info(result, parts)
    return Discovered(common[-1], bytes(parts["capabilities"]), info, None if instructions is None else bytes(instructions))


def _server_info(result: Mapping[str, JsonValue], parts: Members) -> bytes:
    meta = result.get("_meta")
    info = meta.get(META_SERVER_INFO) if isinstance(meta, dict) else None
    if not isinstance(info, dict) or not all(isinstance(info.get(name), str) for name in ("name", "version")):
        return bytes(_NO_SERVER_INFO)
    return bytes(members(parts["_meta"])[META_SERVER_INFO])


def client_of(initialize: bytes) -> ClientOf | None:
    """What a client says of itself; None where its `initialize` lacks a member that it must have.

    A revision that is not known gets the newest one as answer, as the protocol says.
    """
    try:
        value = read(initialize)
    except Unreadable:
        return None
    params = value.get("params") if isinstance(value, dict) else None
    if not isinstance(params, dict):
        return None
    wanted, capabilities, info = (params.get(name) for name in ("protocolVersion", "capabilities", "clientInfo"))
    if not isinstance(wanted, str) or not isinstance(capabilities, dict) or not isinstance(info, dict):
        return None
    parts = members(members(initialize)["params"])
    own = members(parts["capabilities"])
    if own.pop("tasks", None) is not None:  # of the other generation
        parts["capabilities"] = joined(own)
    revision = wanted if wanted in HANDSHAKE_REVISIONS else HANDSHAKE_REVISIONS[-1]
    return ClientOf(revision, bytes(parts["capabilities"]), bytes(parts["clientInfo"]))


def welcome(id: bytes, client: ClientOf, server: Discovered) -> bytes:
    """The answer to `initialize` that says what the server said of itself."""
    result = {
        "protocolVersion": msgspec.Raw(msgspec.json.encode(client.revision)),
        "capabilities": msgspec.Raw(server.capabilities),
        "serverInfo": msgspec.Raw(server.info),
    }
    if server.instructions is not None:
        result["instructions"] = msgspec.Raw(server.instructions)
    return b'{"jsonrpc":"2.0","id":%b,"result":%b}' % (id, joined(result))


def enveloped(body: bytes, id: bytes, meta: Members, also: Members | None = None) -> bytes:
    """The request with this id, the envelope, and the parameters `also`."""
    parts = members(body)
    parts["id"] = msgspec.Raw(id)
    params = {**(members(parts["params"]) if "params" in parts else {}), **(also or {})}
    params.pop(TASK, None)  # of the other generation: ignored, as by any server that does not have it
    params["_meta"] = joined({**(members(params["_meta"]) if "_meta" in params else {}), **meta})
    parts["params"] = joined(params)
    return bytes(joined(parts))


def answered(id: bytes, method: str, data: bytes) -> bytes | InputRequired:
    """A stateless response as the client's, or what the server wants to know first. Errors: `MalformedAnswer`."""
    peek = peek_response(data)
    if peek is None or not peek.is_response:
        raise MalformedAnswer("the server's answer is no JSON-RPC response; its author must mend it")
    if peek.result_type == "input_required":
        return _input_required(data)
    parts = members(replace_unmediated_result(data, id))
    parts["id"] = msgspec.Raw(id)
    if "error" in parts:
        parts["error"] = _error(parts["error"], method)
    else:
        result = members(parts["result"])
        for name in _ONLY_STATELESS:
            result.pop(name, None)
        parts["result"] = joined(result)
    return bytes(joined(parts))


class _Error(msgspec.Struct):
    code: int = 0
    data: msgspec.Raw = msgspec.Raw(b"")


def _error(raw: msgspec.Raw, method: str) -> msgspec.Raw:
    try:
        fault = msgspec.json.decode(raw, type=_Error)
    except msgspec.MsgspecError:
        return raw
    code = _CODES.get(fault.code, fault.code)
    if method == READ and code == INVALID_PARAMS and b'"uri"' in bytes(fault.data):
        code = RESOURCE_NOT_FOUND
    if fault.code == MISSING_CLIENT_CAPABILITY and EXTENSION.encode() in bytes(fault.data):
        return joined({**members(raw), "code": msgspec.Raw(b"%d" % INVALID_REQUEST), "message": _NO_TASKS})
    return raw if code == fault.code else joined({**members(raw), "code": msgspec.Raw(b"%d" % code)})


def _input_required(data: bytes) -> InputRequired:
    answer, value = read_answer(data)
    result = result_of(value)
    asked = {} if result is None else result.get("inputRequests", {})
    if not isinstance(asked, dict) or len(asked) > REQUESTS_MAX:
        raise MalformedAnswer(f"the server asks for input in a form that is not known, or for more than {REQUESTS_MAX} things")
    parts = members(answer["result"])
    raw = members(parts["inputRequests"]) if asked else {}
    state = parts.get("requestState")
    return InputRequired({key: _request(asked[key], raw[key]) for key in raw}, None if state is None else bytes(state))


def _request(value: JsonValue, raw: msgspec.Raw) -> tuple[str, bytes | None]:
    method = value.get("method") if isinstance(value, dict) else None
    params = value.get("params", {}) if isinstance(value, dict) else None
    if not isinstance(method, str) or method not in KIND_OF or not isinstance(params, dict):
        raise MalformedAnswer("the server asks the client for something that is not known; its author must mend it")
    found = members(raw).get("params")
    return method, None if found is None else bytes(found)


def request_to_client(id: bytes, method: str, params: bytes | None) -> bytes:
    """What a server asks, as a request of the handshake era."""
    stated = b"" if params is None else b',"params":%b' % params
    return b'{"jsonrpc":"2.0","id":%b,"method":"%b"%b}' % (id, method.encode(), stated)


def input_of(responses: Mapping[str, bytes], state: bytes | None) -> Members:
    """The parameters that bring the client's answers: by key, the `result` of each as JSON text."""
    parts: Members = {}
    if responses:
        parts["inputResponses"] = joined({key: msgspec.Raw(result) for key, result in responses.items()})
    if state is not None:
        parts["requestState"] = msgspec.Raw(state)
    return parts


def result_in(response: bytes) -> bytes | None:
    """The result of a client's response as JSON text; None where it is an error."""
    found = members(response).get("result")
    return None if found is None else bytes(found)


def listen_request(id: bytes, meta: Members, uris: frozenset[str]) -> bytes:
    """A `subscriptions/listen` for all that a handshake session is told of its own accord."""
    wanted: dict[str, object] = dict.fromkeys(("toolsListChanged", "promptsListChanged", "resourcesListChanged"), True)
    if uris:
        wanted["resourceSubscriptions"] = sorted(uris)
    params = {"notifications": msgspec.Raw(msgspec.json.encode(wanted)), "_meta": joined(meta)}
    return b'{"jsonrpc":"2.0","id":%b,"method":"subscriptions/listen","params":%b}' % (id, joined(params))


def untagged(data: bytes) -> bytes:
    """A notification of a subscription as one of a session. `data` must have been read strictly."""
    parts = members(data)
    params = members(parts["params"]) if "params" in parts else {}
    if "_meta" not in params:
        return data
    meta = members(params.pop("_meta"))
    meta.pop(META_SUBSCRIPTION_ID, None)
    if meta:
        params["_meta"] = joined(meta)
    parts.pop("params")
    if params:
        parts["params"] = joined(params)
    return bytes(joined(parts))
