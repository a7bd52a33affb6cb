"""The plain case of `classify_http`, read in one go: a `tools/call` in which nothing is unusual.

What is let through here is exactly the message that `classify_http` would give; None leaves everything else to it.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from yett.protocol import headers as fields
from yett.protocol.envelope import NAME_CHARS_MAX, Shape, echo
from yett.protocol.eras import META_CLIENT_CAPABILITIES, META_PROTOCOL_VERSION, STATELESS_REVISIONS, Era, era_of_header
from yett.protocol.headers import Headers
from yett.protocol.messages import Message
from yett.protocol.methods import CALL, ENVELOPE_META_KEYS, TO_SERVER, Handling
from yett.protocol.strict_json import JsonValue, Unreadable, read

_CALL: Final = CALL.encode()
_MEMBERS: Final = frozenset({"jsonrpc", "id", "method", "params"})
_PARAMS: Final = frozenset({"name", "arguments", "_meta"})
_NOTHING: Final[dict[str, JsonValue]] = {}
_ROW: Final = TO_SERVER[CALL]


class Stated(Struct, frozen=True):
    """What the HTTP fields of a plain call say of the message beside them."""

    era: Era
    version: str | None
    name: str | None
    """What `Mcp-Name` says; None where it is not sent, which only the handshake era allows."""


def stated_in(headers: Headers) -> Stated | None:
    """What these fields say, if a plain call may stand beside them."""
    if not fields.accepts_json_and_events(headers) or not fields.is_json(headers):
        return None
    version = fields.text(headers, fields.PROTOCOL_VERSION)
    era = era_of_header(version)
    method, name = headers.get(fields.METHOD), headers.get(fields.NAME)
    text = None if name is None else fields.decoded(name)
    if method not in {None, _CALL} or (name is not None and text is None):
        return None
    if era is Era.STATELESS and (version not in STATELESS_REVISIONS or method is None or name is None):
        return None
    return Stated(era, version, text)


def plain_call(body: bytes, stated: Stated) -> Message | None:
    """The message in `body`, if it is a plain call and says what is stated beside it."""
    if b'"tools/call"' not in body:
        return None
    try:
        value = read(body)
    except Unreadable:
        return None
    if not isinstance(value, dict) or len(value) != len(_MEMBERS) or not _MEMBERS.issubset(value):
        return None
    if value["jsonrpc"] != "2.0" or value["method"] != CALL:
        return None
    id, params = echo(value["id"]), value["params"]
    if id is None or not isinstance(params, dict) or not params.keys() <= _PARAMS:
        return None
    name, arguments = params.get("name"), params.get("arguments", _NOTHING)
    if not isinstance(name, str) or not _is_plain_name(name) or not isinstance(arguments, dict):
        return None
    if (stated.name is not None and name != stated.name) or not _is_plain_meta(params.get("_meta", _NOTHING), stated):
        return None
    era, version = stated.era, stated.version
    return Message(Shape.REQUEST, CALL, id, era, version, Handling.JUDGED, _ROW, params, name, arguments, body)


def _is_plain_name(name: str) -> bool:
    return 0 < len(name) <= NAME_CHARS_MAX and name.isascii() and name.isprintable()


def _is_plain_meta(meta: JsonValue, stated: Stated) -> bool:
    """Whether `_meta` is the envelope of a stateless request and nothing else; a handshake request has none."""
    if not isinstance(meta, dict):
        return False
    if stated.era is Era.HANDSHAKE:
        return not meta
    if not meta.keys() <= ENVELOPE_META_KEYS or meta.get(META_PROTOCOL_VERSION) != stated.version:
        return False
    return isinstance(meta.get(META_CLIENT_CAPABILITIES), dict)
