"""Multi-round-trip requests: a result that asks for input, and the request that brings it. Pure.

The two are bound by `requestState`; which value it has on the client's side is the gateway's to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from yett.protocol.answers import MalformedAnswer, joined, members, read_answer, result_of
from yett.protocol.eras import META_CLIENT_CAPABILITIES
from yett.protocol.keys import has_look_alike
from yett.protocol.rejection import INVALID_PARAMS, Rejection, envelope
from yett.protocol.server_messages import KIND_OF, KINDS
from yett.protocol.strict_json import JsonValue

INPUT_REQUIRED: Final = "input_required"
RESPONSES: Final = "inputResponses"
STATE: Final = "requestState"
ROUND_KEYS: Final = frozenset({RESPONSES, STATE})
METHODS: Final = frozenset({"tools/call", "prompts/get", "resources/read"})
"""Requests that a server may answer by asking for input."""
INPUTS_MAX: Final = 64
"""Things that a server may ask at once."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a server asks for before it goes on."""

    kinds: Mapping[str, str]
    """Keys of its input requests → what the policy calls them."""
    state: bytes | None
    """Its own `requestState` as JSON text."""


def rounds_fault(params: Mapping[str, JsonValue], id: bytes) -> Rejection | None:
    """What is wrong with a request that brings input."""
    responses, state = params.get(RESPONSES, {}), params.get(STATE, "")
    if not isinstance(responses, dict) or not all(isinstance(value, dict) for value in responses.values()):
        return envelope(f"the member `params.{RESPONSES}` must be an object of objects", id, rpc_code=INVALID_PARAMS)
    if not isinstance(state, str):
        return envelope(f"the member `params.{STATE}` must be a string", id, rpc_code=INVALID_PARAMS)
    return None


def declared_now(params: Mapping[str, JsonValue]) -> frozenset[str]:
    """What the client of a stateless request says that it can be asked."""
    meta = params.get("_meta")
    declared = meta.get(META_CLIENT_CAPABILITIES) if isinstance(meta, dict) else None
    if not isinstance(declared, dict):
        return frozenset()
    return KINDS & {name for name, value in declared.items() if isinstance(value, dict)}


def read_wanted(data: bytes) -> Wanted:
    """What an `input_required` result asks for. Errors: `MalformedAnswer`."""
    parts, value = read_answer(data)
    result = result_of(value)
    if result is None or result.get("resultType") != INPUT_REQUIRED:
        raise MalformedAnswer("the server's result cannot be read in one way; its author must mend it")
    requests, state = result.get("inputRequests", {}), result.get(STATE)
    if not isinstance(requests, dict) or len(requests) > INPUTS_MAX or not isinstance(state, str | None):
        raise MalformedAnswer("the server asks for input in a form that is none; its author must mend it")
    if not requests and state is None:
        raise MalformedAnswer("the server asks for input and does not say which; its author must mend it")
    raw = members(parts["result"]).get(STATE)
    return Wanted({key: kind_asked(request) for key, request in requests.items()}, None if state is None else bytes(raw or b""))


def kind_asked(request: JsonValue) -> str:
    """What the policy calls a thing that a server asks. Errors: `MalformedAnswer`."""
    if isinstance(request, dict) and not has_look_alike(request.keys()):
        method = request.get("method")
        if isinstance(method, str) and method in KIND_OF:
            return KIND_OF[method]
    raise MalformedAnswer("the server asks the client for something that is not mediated")


def with_state(data: bytes, state: str) -> bytes:
    """The `input_required` result with the gateway's own state. `read_wanted` must have let it through."""
    parts = members(data)
    result = members(parts["result"])
    result[STATE] = msgspec.Raw(msgspec.json.encode(state))
    parts["result"] = joined(result)
    return bytes(joined(parts))


def continued(body: bytes, wanted: Wanted) -> bytes:
    """The client's request with the server's own state, and only with responses that the server asked for."""
    parts = members(body)
    params = members(parts["params"])
    params.pop(STATE, None)
    if wanted.state is not None:
        params[STATE] = msgspec.Raw(wanted.state)
    if RESPONSES in params:
        given = members(params[RESPONSES])
        params[RESPONSES] = joined({key: raw for key, raw in given.items() if key in wanted.kinds})
    parts["params"] = joined(params)
    return bytes(joined(parts))


def without_round(body: bytes) -> bytes:
    """The client's request as its first round would be."""
    parts = members(body)
    parts["params"] = joined({key: raw for key, raw in members(parts["params"]).items() if key not in ROUND_KEYS})
    return bytes(joined(parts))
