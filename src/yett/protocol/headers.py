"""What the HTTP fields of a POST say, and whether they agree with its body.

The body is the source of truth; `Mcp-*` fields only repeat it, for proxies on the way. Where they disagree, somebody on the
way may already have decided on the wrong one, so the request is refused (-32020).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Final

PROTOCOL_VERSION: Final = b"mcp-protocol-version"
METHOD: Final = b"mcp-method"
NAME: Final = b"mcp-name"

Headers = Mapping[bytes, bytes]
"""Field values by lower-case name. Repeated fields were refused or joined before; `mcp-*` and `content-type` must be single."""

_SENTINEL_START: Final = b"=?base64?"
_SENTINEL_END: Final = b"?="


def is_json(headers: Headers) -> bool:
    """Whether `Content-Type` says JSON in UTF-8. No other parameter is known, so none is let through."""
    value = headers.get(b"content-type", b"")
    if value == b"application/json":
        return True
    media, *parameters = (part.strip().lower() for part in value.split(b";"))
    if media != b"application/json" or len(parameters) > 1:
        return False
    return not parameters or parameters[0] in (b"charset=utf-8", b'charset="utf-8"')


def accepts_json_and_events(headers: Headers) -> bool:
    """Whether `Accept` admits both forms that an answer may take, as the protocol obliges clients to say."""
    value = headers.get(b"accept", b"")
    if value == b"application/json, text/event-stream":
        return True
    types = {part.partition(b";")[0].strip().lower() for part in value.split(b",")}
    if b"*/*" in types:
        return True
    return bool(types & {b"application/json", b"application/*"} and types & {b"text/event-stream", b"text/*"})


def accepts_events(headers: Headers) -> bool:
    """Whether `Accept` admits an event stream."""
    types = {part.partition(b";")[0].strip().lower() for part in headers.get(b"accept", b"").split(b",")}
    return bool(types & {b"text/event-stream", b"text/*", b"*/*"})


def text(headers: Headers, name: bytes) -> str | None:
    """A field's value as text; None if it is absent. Bytes that are not visible ASCII never equal anything in a body."""
    value = headers.get(name)
    if value is None:
        return None
    return value.decode("ascii") if value.isascii() else "\N{REPLACEMENT CHARACTER}"


def encoded(text: str) -> bytes:
    """A text as a field's value; what a field cannot carry goes as `=?base64?…?=`."""
    plain = text.isascii() and text.isprintable() and text == text.strip()
    if plain and text and not text.encode().startswith(_SENTINEL_START):
        return text.encode()
    return _SENTINEL_START + base64.b64encode(text.encode()) + _SENTINEL_END


def decoded(value: bytes) -> str | None:
    """A field's value with the `=?base64?…?=` form undone; None where that form is malformed or not canonical."""
    if not (value.startswith(_SENTINEL_START) and value.endswith(_SENTINEL_END) and len(value) > len(_SENTINEL_START) + 1):
        return value.decode("ascii") if value.isascii() else None
    payload = value[len(_SENTINEL_START) : -len(_SENTINEL_END)]
    try:
        plain = base64.b64decode(payload, validate=True)
        return plain.decode() if base64.b64encode(plain) == payload else None
    except (binascii.Error, UnicodeDecodeError):
        return None
