"""A stateless client's messages for a server of the handshake era, and its answers for the client. Pure.

What is not translated keeps its bytes: a translated request is a function of the request that was judged, and says the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from yett.protocol.answers import MalformedAnswer, Members, joined, members, read_answer, result_of
from yett.protocol.bridge_to_stateless import LOG_LEVELS, META_SERVER_INFO
from yett.protocol.capabilities import EXTENSIONS
from yett.protocol.eras import (
    HANDSHAKE_REVISIONS,
    META_CLIENT_CAPABILITIES,
    META_LOG_LEVEL,
    META_SUBSCRIPTION_ID,
    STATELESS_REVISIONS,
)
from yett.protocol.lists import LISTS
from yett.protocol.methods import CALL, ENVELOPE_META_KEYS
from yett.protocol.peek import peek_response
from yett.protocol.rejection import INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, RESOURCE_NOT_FOUND
from yett.protocol.requests import CLIENT_INFO
from yett.protocol.rounds import RESPONSES, ROUND_KEYS, STATE
from yett.protocol.server_messages import Said
from yett.protocol.strict_json import JsonValue, read
from yett.protocol.subscription_filter import LIST_CHANGED, RESOURCES
from yett.protocol.targets import READ

INPUT: Final = "input"
"""The key of the one thing that is asked in a round: what the server asked."""
_WANTS_TASK: Final = frozenset({METHOD_NOT_FOUND, INVALID_REQUEST})
"""What a server answers to a plain call of a tool that runs as a task only."""
_NO_TASKS: Final = msgspec.Raw(
    b'"the server does not run this tool as a plain call; if it runs it as a task, use a client of revision 2025-11-25, '
    b'for tasks are not carried between the eras"'
)
_CACHED: Final = frozenset({*LISTS, READ})
"""Requests whose results say for how long they hold."""
_MAY_RESULT_TYPE: Final = msgspec.Raw(b'"complete"')
_NOT_CACHED: Final[Members] = {"ttlMs": msgspec.Raw(b"0"), "cacheScope": msgspec.Raw(b'"private"')}
_WITH_FIELD: Final = frozenset({"2025-06-18", "2025-11-25"})
"""Revisions whose requests name the revision in a field."""


class Welcome(msgspec.Struct, frozen=True):
    """What a server said in its handshake, in its own bytes."""

    revision: str
    capabilities: bytes
    info: bytes
    instructions: bytes | None
    announced: frozenset[str]
    """What it says of its own accord, as the filter of a subscription calls it."""
    has_tasks: bool = False
    """Whether it may have tools that run as tasks only, which no stateless client can call."""

    @property
    def field(self) -> tuple[tuple[bytes, bytes], ...]:
        """The field that names the revision in every request of the session, where the revision has it."""
        return ((b"mcp-protocol-version", self.revision.encode()),) if self.revision in _WITH_FIELD else ()


class Asked(msgspec.Struct, frozen=True):
    """What a stateless request says beside its parameters."""

    capabilities: bytes
    """Of its client, as JSON text without blanks."""
    log_level: str | None
    token: bytes | None
    """Its progress token, as JSON text."""
    state: str | None
    """The state of an earlier round."""
    response: bytes | None
    """What it answers to what was asked there, as JSON text."""


def asked_of(body: bytes) -> Asked:
    """What a request says beside its parameters. `body` came through the door."""
    value = read(body)
    params = value.get("params") if isinstance(value, dict) else None
    meta = params.get("_meta") if isinstance(params, dict) else None
    if not isinstance(params, dict) or not isinstance(meta, dict):
        return Asked(b"{}", None, None, None, None)
    raw = members(members(body)["params"])
    raw_meta = members(raw["_meta"])
    level, state, responses = meta.get(META_LOG_LEVEL), params.get(STATE), params.get(RESPONSES)
    capabilities = msgspec.json.decode(raw_meta.get(META_CLIENT_CAPABILITIES, msgspec.Raw(b"{}")))
    if isinstance(capabilities, dict):
        capabilities.pop(EXTENSIONS, None)  # a handshake knows none
    return Asked(
        msgspec.json.encode(capabilities),
        level if isinstance(level, str) and level in LOG_LEVELS else None,
        bytes(raw_meta["progressToken"]) if "progressToken" in raw_meta else None,
        state if isinstance(state, str) else None,
        bytes(members(raw[RESPONSES])[INPUT]) if isinstance(responses, dict) and INPUT in responses else None,
    )


def initialize_for(id: bytes, capabilities: bytes) -> bytes:
    """The handshake that the gateway makes for clients with these capabilities."""
    params = {
        "protocolVersion": HANDSHAKE_REVISIONS[-1],
        "capabilities": msgspec.Raw(capabilities),
        "clientInfo": CLIENT_INFO,
    }
    return b'{"jsonrpc":"2.0","id":%b,"method":"initialize","params":%b}' % (id, msgspec.json.encode(params))


def welcomed(data: bytes | None) -> Welcome | None:
    """What a server said in its handshake; None where it made none that is known here."""
    try:
        answer, value = read_answer(data or b"")
        result = result_of(value)
    except MalformedAnswer:
        return None
    if result is None:
        return None
    revision, capabilities, info = (result.get(name) for name in ("protocolVersion", "capabilities", "serverInfo"))
    if not isinstance(revision, str) or revision not in HANDSHAKE_REVISIONS:
        return None
    if not isinstance(capabilities, dict) or not isinstance(info, dict):
        return None
    parts = members(answer["result"])
    instructions = bytes(parts["instructions"]) if isinstance(result.get("instructions"), str) else None
    own, announced, tasks = bytes(parts["capabilities"]), _announced(capabilities), "tasks" in capabilities
    return Welcome(revision, own, bytes(parts["serverInfo"]), instructions, announced, tasks)


def _announced(capabilities: Mapping[str, JsonValue]) -> frozenset[str]:
    def says(kind: str, what: str) -> bool:
        capability = capabilities.get(kind)
        return isinstance(capability, dict) and capability.get(what) is True

    changes = {name for kind, name in LIST_CHANGED.items() if says(kind, "listChanged")}
    return frozenset(changes | ({RESOURCES} if says("resources", "subscribe") else set()))


def discovery(id: bytes, welcome: Welcome) -> bytes:
    """The answer to `server/discover` that says what the server said in its handshake."""
    result = {
        "resultType": _MAY_RESULT_TYPE,
        "supportedVersions": msgspec.Raw(msgspec.json.encode(STATELESS_REVISIONS)),
        "capabilities": msgspec.Raw(welcome.capabilities),
        **_NOT_CACHED,
        "_meta": joined({META_SERVER_INFO: msgspec.Raw(welcome.info)}),
    }
    if welcome.instructions is not None:
        result["instructions"] = msgspec.Raw(welcome.instructions)
    return b'{"jsonrpc":"2.0","id":%b,"result":%b}' % (id, joined(result))


def plain(body: bytes, number: bytes) -> bytes:
    """The request without the envelope, under our own id and progress token."""
    parts = members(body)
    parts["id"] = msgspec.Raw(number)
    params = {name: raw for name, raw in members(parts["params"]).items() if name not in ROUND_KEYS}
    meta = {name: raw for name, raw in members(params.pop("_meta")).items() if name not in ENVELOPE_META_KEYS}
    if "progressToken" in meta:
        meta["progressToken"] = msgspec.Raw(number)
    if meta:
        params["_meta"] = joined(meta)
    parts["params"] = joined(params)
    return bytes(joined(parts))


def completed(id: bytes, method: str, data: bytes, welcome: Welcome) -> tuple[bytes, int | None]:
    """A response of a session as a stateless one, and the code of its error. Errors: `MalformedAnswer`."""
    peek = peek_response(data)
    if peek is None or not peek.is_response:
        raise MalformedAnswer("the server's answer is no JSON-RPC response; its author must mend it")
    parts = members(data)
    parts["id"] = msgspec.Raw(id)
    code = peek.rpc_error_code
    if code is None:
        result = members(parts["result"])
        given = {"resultType": _MAY_RESULT_TYPE, **result, **(_NOT_CACHED if method in _CACHED else {})}
        parts["result"] = joined({**given, "resultType": _MAY_RESULT_TYPE})
    elif code == RESOURCE_NOT_FOUND and method == READ:
        code = INVALID_PARAMS
        parts["error"] = joined({**members(parts["error"]), "code": msgspec.Raw(b"%d" % code)})
    elif welcome.has_tasks and method == CALL and code in _WANTS_TASK:
        code = INVALID_REQUEST
        parts["error"] = joined({**members(parts["error"]), "code": msgspec.Raw(b"%d" % code), "message": _NO_TASKS})
    return bytes(joined(parts)), code


def failed_within(body: bytes) -> bytes:
    """An error as one from the middle of the work: its own code may only repeat what the server was told."""
    parts = members(body)
    parts["error"] = joined({**members(parts["error"]), "code": msgspec.Raw(b"%d" % INTERNAL_ERROR)})
    return bytes(joined(parts))


def input_required(id: bytes, said: Said, data: bytes, state: str) -> bytes:
    """What a server asks in a session, as the result that asks a stateless client for it."""
    params = members(data).get("params", msgspec.Raw(b"{}"))
    request = {"method": msgspec.Raw(msgspec.json.encode(said.method)), "params": params}
    result = {
        "resultType": msgspec.Raw(b'"input_required"'),
        "inputRequests": joined({INPUT: joined(request)}),
        STATE: msgspec.Raw(msgspec.json.encode(state)),
    }
    return b'{"jsonrpc":"2.0","id":%b,"result":%b}' % (id, joined(result))


def with_token(data: bytes, token: bytes) -> bytes:
    """A progress notification under the client's own token."""
    parts = members(data)
    parts["params"] = joined({**members(parts["params"]), "progressToken": msgspec.Raw(token)})
    return bytes(joined(parts))


def tagged(data: bytes, id: bytes) -> bytes:
    """A notification of a session as one of the subscription `id`."""
    parts = members(data)
    params = members(parts["params"]) if "params" in parts else {}
    meta = members(params["_meta"]) if "_meta" in params else {}
    parts["params"] = joined({**params, "_meta": joined({**meta, META_SUBSCRIPTION_ID: msgspec.Raw(id)})})
    return bytes(joined(parts))


def acknowledgement(id: bytes, honoured: Mapping[str, JsonValue]) -> bytes:
    """The first word of a subscription: what will be told."""
    data = {"jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged", "params": {"notifications": honoured}}
    return tagged(msgspec.json.encode(data), id)


def subscription_request(id: bytes, uri: str, *, on: bool) -> bytes:
    """A request to be told of one resource, or no longer."""
    method = b"resources/subscribe" if on else b"resources/unsubscribe"
    params = msgspec.json.encode({"uri": uri})
    return b'{"jsonrpc":"2.0","id":%b,"method":"%b","params":%b}' % (id, method, params)


def level_request(id: bytes, level: str) -> bytes:
    """A request to log from this level on."""
    return b'{"jsonrpc":"2.0","id":%b,"method":"logging/setLevel","params":{"level":"%b"}}' % (id, level.encode())


def is_logged(said: Said, level: str | None) -> bool:
    """Whether a log message is one that a request with this level asked for."""
    own = said.params.get("level")
    return level is not None and own in LOG_LEVELS and LOG_LEVELS.index(str(own)) >= LOG_LEVELS.index(level)


def cancelled(number: bytes) -> bytes:
    """The client no longer wants the request `number`."""
    return b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%b}}' % number


def response_to(id: bytes, result: bytes) -> bytes:
    """The client's answer to what the server asked."""
    return b'{"jsonrpc":"2.0","id":%b,"result":%b}' % (id, result)
