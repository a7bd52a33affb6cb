"""Requests that the gateway itself sends to a server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from yett import __version__
from yett.protocol.eras import META_CLIENT_CAPABILITIES, META_CLIENT_INFO, META_PROTOCOL_VERSION
from yett.protocol.strict_json import JsonValue

CLIENT_INFO: Final[dict[str, JsonValue]] = {"name": "yett", "version": __version__}

_encode: Final = msgspec.json.Encoder(decimal_format="number").encode
NO_CAPABILITIES: Final[Mapping[str, JsonValue]] = {}


def tools_list_request(
    id: bytes, cursor: str | None, *, stateless_version: str | None, capabilities: Mapping[str, JsonValue] = NO_CAPABILITIES
) -> bytes:
    """A `tools/list` for one page; `stateless_version` is the revision to state in the envelope, None in a handshake session.

    `capabilities`: of the client on whose behalf it is sent, since a server may show tools by them.
    """
    params: dict[str, JsonValue] = {} if cursor is None else {"cursor": cursor}
    if stateless_version is not None:
        params["_meta"] = {
            META_PROTOCOL_VERSION: stateless_version,
            META_CLIENT_CAPABILITIES: dict(capabilities),
            META_CLIENT_INFO: CLIENT_INFO,
        }
    return b'{"jsonrpc":"2.0","id":%b,"method":"tools/list","params":%b}' % (id, _encode(params))


def initialize_request(id: bytes, revision: str) -> bytes:
    """An `initialize` that announces no capability."""
    params: dict[str, JsonValue] = {"protocolVersion": revision, "capabilities": {}, "clientInfo": CLIENT_INFO}
    return b'{"jsonrpc":"2.0","id":%b,"method":"initialize","params":%b}' % (id, msgspec.json.encode(params))


INITIALIZED: Final = b'{"jsonrpc":"2.0","method":"notifications/initialized"}'
