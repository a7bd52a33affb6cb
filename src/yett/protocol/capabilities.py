"""What client and server may tell each other that they can do: only what this gateway mediates.

A capability that is not announced is not used, so the peers agree from the start instead of running into refusals.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from yett.protocol.answers import MalformedAnswer, Members, items, joined, members, read_answer, result_of
from yett.protocol.eras import HANDSHAKE_REVISIONS, META_CLIENT_CAPABILITIES, REVISIONS, Era
from yett.protocol.messages import Message
from yett.protocol.strict_json import JsonValue

SERVER_CAPABILITIES: Final = frozenset({"tools", "resources", "prompts", "completions", "logging"})

_NOTHING: Final = msgspec.Raw(b"{}")


def without_unmediated_client_capabilities(message: Message, kinds: Callable[[], frozenset[str]] = frozenset) -> bytes:
    """The message's body with only those client capabilities that are in `kinds`, which is asked
    where there are any; the identical bytes where it has no others.

    All of them (sampling, elicitation, roots, tasks, extensions) let the server ask something of the client.
    """
    path: tuple[str, ...]
    if message.method == "initialize":
        stated = message.params.get("capabilities")
        path = ("params", "capabilities")
    elif message.era is Era.STATELESS:
        meta = message.params.get("_meta")
        stated = meta.get(META_CLIENT_CAPABILITIES) if isinstance(meta, dict) else None
        path = ("params", "_meta", META_CLIENT_CAPABILITIES)
    else:
        return message.body
    if not stated:
        return message.body
    kept = kinds()
    if isinstance(stated, dict) and stated.keys() <= kept:
        return message.body
    return bytes(_cut(message.body, path, kept if isinstance(stated, dict) else frozenset()))


def client_capabilities(message: Message, kept: frozenset[str]) -> dict[str, JsonValue]:
    """What the client of a stateless message says that it can do, as far as it is `kept`."""
    meta = message.params.get("_meta")
    stated = meta.get(META_CLIENT_CAPABILITIES) if isinstance(meta, dict) else None
    return {name: value for name, value in stated.items() if name in kept} if isinstance(stated, dict) else {}


def _cut(raw: msgspec.Raw | bytes, path: tuple[str, ...], kept: frozenset[str]) -> msgspec.Raw:
    """The object with only the members `kept` of the one at `path`; everything beside the path keeps its bytes."""
    parts = members(raw)
    inner = parts[path[0]]
    if len(path) > 1:
        parts[path[0]] = _cut(inner, path[1:], kept)
    else:
        parts[path[0]] = joined({name: part for name, part in members(inner).items() if name in kept}) if kept else _NOTHING
    return joined(parts)


def filter_initialize_result(data: bytes) -> bytes:
    """The answer to `initialize` with the server's mediated capabilities only; an error passes as it is.

    Errors: `MalformedAnswer`, also where the server chose a revision that Yett does not know.
    """
    answer, value = read_answer(data)
    result = result_of(value)
    if result is None:
        return data
    if result.get("protocolVersion") not in HANDSHAKE_REVISIONS:
        raise MalformedAnswer("the server chose a protocol revision that is not spoken here; update Yett or pin the server")
    return _with_result(data, answer, _mediated(result, members(answer["result"])))


def filter_discover_result(data: bytes) -> bytes:
    """The answer to `server/discover` with mediated capabilities and known revisions only; an error passes as it is.

    Errors: `MalformedAnswer`, also where no revision is left.
    """
    answer, value = read_answer(data)
    result = result_of(value)
    if result is None:
        return data
    versions = result.get("supportedVersions")
    if not isinstance(versions, list) or not any(version in REVISIONS for version in versions):
        raise MalformedAnswer("the server supports no protocol revision that is spoken here; update Yett or pin the server")
    edited = _mediated(result, members(answer["result"]))
    if not all(version in REVISIONS for version in versions):
        edited = edited or members(answer["result"])
        raw = items(edited["supportedVersions"])
        edited["supportedVersions"] = joined([raw[at] for at, version in enumerate(versions) if version in REVISIONS])
    return _with_result(data, answer, edited)


def _mediated(result: dict[str, JsonValue], parts: Members) -> Members | None:
    """The result with fewer capabilities, or None if there is nothing to remove."""
    capabilities = result.get("capabilities")
    if not isinstance(capabilities, dict):
        raise MalformedAnswer("the server states no capabilities; its author must mend it")
    if capabilities.keys() <= SERVER_CAPABILITIES:
        return None
    kept = {name: raw for name, raw in members(parts["capabilities"]).items() if name in SERVER_CAPABILITIES}
    return {**parts, "capabilities": joined(kept)}


def _with_result(data: bytes, answer: Members, result: Members | None) -> bytes:
    return data if result is None else bytes(joined({**answer, "result": joined(result)}))
