"""Messages and header fields for the tests of this package."""

from __future__ import annotations

import json
from typing import Any

from yett.protocol.messages import Message, classify_http
from yett.protocol.rejection import Rejection

MODERN = "2026-07-28"
META_VERSION = "io.modelcontextprotocol/protocolVersion"
META_CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
ENVELOPE: dict[str, Any] = {META_VERSION: MODERN, META_CAPABILITIES: {}}

HANDSHAKE_HEADERS = {
    b"content-type": b"application/json",
    b"accept": b"application/json, text/event-stream",
    b"mcp-protocol-version": b"2025-11-25",
}


def call(name: Any = "echo", arguments: Any = None, *, id: Any = 1, **params: Any) -> dict[str, Any]:
    """A handshake `tools/call`."""
    body: dict[str, Any] = {"name": name, **params}
    if arguments is not None:
        body["arguments"] = arguments
    return {"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": body}


def modern(method: str = "tools/call", *, meta: dict[str, Any] | None = None, id: Any = 1, **params: Any) -> dict[str, Any]:
    """A stateless request with a whole envelope."""
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": {**params, "_meta": meta or ENVELOPE}}


def modern_headers(method: str = "tools/call", name: str | None = None, **changed: bytes | None) -> dict[bytes, bytes]:
    """The fields of a stateless request; `changed` overrides by name (underscores for hyphens), None removes."""
    headers: dict[bytes, bytes] = {
        **HANDSHAKE_HEADERS,
        b"mcp-protocol-version": MODERN.encode(),
        b"mcp-method": method.encode(),
    }
    if name is not None:
        headers[b"mcp-name"] = name.encode()
    for key, value in changed.items():
        field = key.replace("_", "-").encode()
        headers.pop(field, None)
        if value is not None:
            headers[field] = value
    return headers


def encode(message: Any) -> bytes:
    return message if isinstance(message, bytes) else json.dumps(message).encode()


def accepted(message: Any, headers: dict[bytes, bytes] | None = None) -> Message:
    outcome = classify_http(encode(message), HANDSHAKE_HEADERS if headers is None else headers)
    assert isinstance(outcome, Message), outcome
    return outcome


def refused(message: Any, headers: dict[bytes, bytes] | None = None) -> Rejection:
    outcome = classify_http(encode(message), HANDSHAKE_HEADERS if headers is None else headers)
    assert isinstance(outcome, Rejection), outcome
    return outcome
