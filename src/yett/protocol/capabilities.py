"""What client and server may tell each other that they can do: only what this gateway mediates.

A capability that is not announced is not used, so the peers agree from the start instead of running into refusals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from yett.protocol.answers import MalformedAnswer, Members, items, joined, members, read_answer, result_of
from yett.protocol.eras import HANDSHAKE_REVISIONS, META_CLIENT_CAPABILITIES, REVISIONS, Era
from yett.protocol.messages import Message
from yett.protocol.revisions import WITH_TASKS
from yett.protocol.strict_json import JsonValue
from yett.protocol.tasks import EXTENSION, declares_tasks

SERVER_CAPABILITIES: Final = frozenset({"tools", "resources", "prompts", "completions", "logging"})
EXTENSIONS: Final = "extensions"

Kept = Mapping[str, "Kept | None"]
"""Capabilities that stay, by name: whole where it is None, else only with these of their members."""

_TASKS: Final[Kept] = {"list": None, "cancel": None, "requests": {"tools": {"call": None}}}
_TASKS_OF_CLIENTS: Final[Mapping[str, Kept]] = {"sampling": {"createMessage": None}, "elicitation": {"create": None}}
"""What a client may take as a task, by what the policy calls it. Not its list of them, which may tell of other servers."""
_APART: Final[Mapping[str, tuple[str, ...]]] = {"sampling": ("tools", "context"), "elicitation": ("form", "url"), "roots": ()}
"""By which clients are told apart: what the revisions name, so that there are some hundred kinds of clients and no more."""
_EXTENSIONS: Final[Kept] = {EXTENSION: None}
_OF_SERVERS: Final[Kept] = dict.fromkeys(sorted(SERVER_CAPABILITIES))


def without_unmediated_client_capabilities(
    message: Message, kinds: Callable[[], frozenset[str]] = frozenset, *, tasks: bool = True
) -> bytes:
    """The message's body with only those client capabilities that are in `kinds`, which is asked
    where there are any, and of a stateless one that it takes `tasks`; the identical bytes where it has no others.

    All others (extensions, a list of all tasks) let the server ask something of the client that nobody judges.
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
    kept: Kept = dict.fromkeys(sorted(kinds()))
    if message.era is Era.STATELESS and tasks:
        kept = {**kept, EXTENSIONS: _EXTENSIONS}
    elif message.era is Era.HANDSHAKE:
        kept = {**kept, **_tasks_of(kept)}
    if isinstance(stated, dict) and _holds_only(stated, kept):
        return message.body
    return bytes(_cut(message.body, path, kept if isinstance(stated, dict) else {}))


def _tasks_of(kinds: Kept) -> Kept:
    """What a client may take as a task, of what it can be asked at all."""
    requests: Kept = {kind: _TASKS_OF_CLIENTS[kind] for kind in kinds if kind in _TASKS_OF_CLIENTS}
    return {"tasks": {"cancel": None, "requests": requests}} if requests else {}


def client_capabilities(message: Message, kept: frozenset[str]) -> dict[str, JsonValue]:
    """What the client of a stateless message says that it can do, as far as it is `kept`."""
    meta = message.params.get("_meta")
    stated = meta.get(META_CLIENT_CAPABILITIES) if isinstance(meta, dict) else None
    if not isinstance(stated, dict):
        return {}
    can: dict[str, JsonValue] = {name: value for name, value in stated.items() if name in kept}
    return {**can, EXTENSIONS: {EXTENSION: {}}} if declares_tasks(message.params) else can


def abilities(message: Message, kinds: Callable[[], frozenset[str]]) -> str:
    """What the server hears that the client of a stateless message can do, in words of ours: servers list their tools by it."""
    meta = message.params.get("_meta")
    if not isinstance(meta, dict) or not meta.get(META_CLIENT_CAPABILITIES):
        return ""
    can = client_capabilities(message, kinds())
    words = [name for name in _APART if name in can]
    for name in tuple(words):
        parts = can[name]
        words += [f"{name}.{part}" for part in _APART[name] if isinstance(parts, dict) and part in parts]
    return " ".join([*words, "tasks"] if EXTENSIONS in can else words)


def _holds_only(stated: Mapping[str, JsonValue], kept: Kept) -> bool:
    """Whether nothing has to be taken out."""
    for name, value in stated.items():
        if name not in kept:
            return False
        inner = kept[name]
        if inner is not None and not (isinstance(value, dict) and value and _holds_only(value, inner)):
            return False
    return True


def _only(raw: msgspec.Raw, kept: Kept) -> msgspec.Raw:
    """The object with only what is `kept`; what had nothing else goes whole, and so does what is no object and should be."""
    parts: Members = {}
    for name, part in members(raw).items():
        inner = kept.get(name)
        if name not in kept:
            continue
        if inner is None:
            parts[name] = part
        elif bytes(part)[:1] == b"{" and bytes(less := _only(part, inner)) != b"{}":
            parts[name] = less
    return joined(parts)


def _cut(raw: msgspec.Raw | bytes, path: tuple[str, ...], kept: Kept) -> msgspec.Raw:
    """The object with only what is `kept` of the one at `path`; everything beside the path keeps its bytes."""
    parts = members(raw)
    inner = parts[path[0]]
    if len(path) > 1:
        parts[path[0]] = _cut(inner, path[1:], kept)
    else:
        parts[path[0]] = _only(inner, kept) if kept else msgspec.Raw(b"{}")
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
    own = {"tasks": _TASKS} if result["protocolVersion"] == WITH_TASKS else {}
    return _with_result(data, answer, _mediated(result, members(answer["result"]), {**_OF_SERVERS, **own}))


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
    edited = _mediated(result, members(answer["result"]), {**_OF_SERVERS, EXTENSIONS: _EXTENSIONS})
    if not all(version in REVISIONS for version in versions):
        edited = edited or members(answer["result"])
        raw = items(edited["supportedVersions"])
        edited["supportedVersions"] = joined([raw[at] for at, version in enumerate(versions) if version in REVISIONS])
    return _with_result(data, answer, edited)


def _mediated(result: dict[str, JsonValue], parts: Members, kept: Kept) -> Members | None:
    """The result with only the capabilities that are `kept`, or None if there is nothing to remove."""
    capabilities = result.get("capabilities")
    if not isinstance(capabilities, dict):
        raise MalformedAnswer("the server states no capabilities; its author must mend it")
    if _holds_only(capabilities, kept):
        return None
    return {**parts, "capabilities": _only(parts["capabilities"], kept)}


def _with_result(data: bytes, answer: Members, result: Members | None) -> bytes:
    return data if result is None else bytes(joined({**answer, "result": joined(result)}))
