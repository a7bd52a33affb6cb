"""What a judged request other than a tool call is about: a resource or a prompt, and the arguments to judge it by."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from yett.protocol.envelope import NAME_CHARS_MAX, call_fault, has_controls
from yett.protocol.keys import has_look_alike, has_reference_look_alike
from yett.protocol.rejection import INVALID_PARAMS, Rejection, envelope
from yett.protocol.strict_json import JsonValue

COMPLETE: Final = "completion/complete"
PROMPT_GET: Final = "prompts/get"
READ: Final = "resources/read"
URI_CHARS_MAX: Final = 4_096
"""Characters of a resource's URI: as long as a path on most systems."""
REF_PROMPT: Final = "ref/prompt"
REF_RESOURCE: Final = "ref/resource"

_REFERENCES: Final = {REF_PROMPT: ("name", "uri"), REF_RESOURCE: ("uri", "name")}
"""By the type of a reference: the member that it must have, and the one that only another reader would look at."""


class Target(Struct, frozen=True):
    """What is judged."""

    name: str
    """Of a prompt; a resource's URI."""
    arguments: dict[str, JsonValue]


def target_of(method: str, params: dict[str, JsonValue], id: bytes) -> Target | Rejection:
    """The target of a request with these parameters, or what is wrong with them. `method` is any judged one but `tools/call`."""
    if method == PROMPT_GET:
        return _prompt(params, id)
    if method == COMPLETE:
        return _completion(params, id)
    uri = params.get("uri")
    if not isinstance(uri, str) or not uri or len(uri) > URI_CHARS_MAX:
        return _fault("the member `params.uri` must be a resource's URI", id)
    return Target(uri, {"uri": uri})


def _prompt(params: dict[str, JsonValue], id: bytes) -> Target | Rejection:
    fault = call_fault(params, id, "prompt")
    return fault or Target(params["name"], params.get("arguments", {}))  # type: ignore[arg-type]  # call_fault looked


def _completion(params: dict[str, JsonValue], id: bytes) -> Target | Rejection:
    """A completion is about what it refers to; of its arguments, those count that are settled: the context's."""
    name = _reference(params.get("ref"))
    if name is None:
        return _fault("the member `params.ref` must refer to one prompt by name or to one resource by URI", id)
    settled = _settled(params.get("context", {}))
    if settled is None:
        return _fault("the member `params.context` must be an object with `arguments`, an object, or be absent", id)
    argument = params.get("argument")
    if not isinstance(argument, dict) or has_look_alike(argument.keys()):
        return _fault("the member `params.argument` must be an object with a name and a value", id)
    return Target(name, {"uri": name} if refers_to_resource(params) else settled)


def refers_to_resource(params: dict[str, JsonValue]) -> bool:
    """Whether a completion is about a resource; it is about a prompt else. `target_of` must have let it through."""
    reference = params.get("ref")
    return isinstance(reference, dict) and reference.get("type") == REF_RESOURCE


def _reference(reference: JsonValue) -> str | None:
    """What a reference names, if every reader takes it for the same."""
    if not isinstance(reference, dict) or has_reference_look_alike(reference.keys()):
        return None
    kind = reference.get("type")
    named, other = _REFERENCES.get(kind, ("", "")) if isinstance(kind, str) else ("", "")
    name = reference.get(named)
    if not isinstance(name, str) or not name or other in reference:
        return None
    if kind == REF_PROMPT:
        return None if len(name) > NAME_CHARS_MAX or has_controls(name) else name
    return name if len(name) <= URI_CHARS_MAX else None


def _settled(context: JsonValue) -> dict[str, JsonValue] | None:
    if not isinstance(context, dict) or has_look_alike(context.keys()):
        return None
    arguments = context.get("arguments", {})
    return arguments if isinstance(arguments, dict) else None


def _fault(message: str, id: bytes) -> Rejection:
    return envelope(message, id, rpc_code=INVALID_PARAMS)
