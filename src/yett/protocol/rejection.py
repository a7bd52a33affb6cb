"""A message that is not accepted, as a value: what the sender is told and what the security log says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from yett.protocol.eras import STATELESS_REVISIONS, Era
from yett.protocol.strict_json import JsonValue

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
RESOURCE_NOT_FOUND: Final = -32002
"""Up to 2025-11-25."""
HEADER_MISMATCH: Final = -32020
MISSING_CLIENT_CAPABILITY: Final = -32021
UNSUPPORTED_VERSION: Final = -32022

_STATELESS_STATUS: Final = {
    PARSE_ERROR: 400,
    INVALID_REQUEST: 400,
    INVALID_PARAMS: 400,
    HEADER_MISMATCH: 400,
    MISSING_CLIENT_CAPABILITY: 400,
    UNSUPPORTED_VERSION: 400,
    METHOD_NOT_FOUND: 404,
}


def http_status(rpc_code: int, era: Era) -> int:
    """The HTTP status of an answer that carries this JSON-RPC error to a request that was understood.

    In the handshake era an error of a method is an answer like any other: 200. (404 would say that the session is gone.)
    """
    return _STATELESS_STATUS.get(rpc_code, 200) if era is Era.STATELESS else 200


def resource_not_found(era: Era) -> int:
    """The code of the error for a resource that does not exist."""
    return INVALID_PARAMS if era is Era.STATELESS else RESOURCE_NOT_FOUND


class RejectionKind(Enum):
    """Kinds of the security stream; the values are those of `yett.audit.record.Refused`."""

    BATCH = "batch"
    UNREADABLE = "unreadable"
    ENVELOPE = "envelope"
    METHOD = "method_refused"


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a message went no further, and the error that answers it."""

    kind: RejectionKind
    http_status: int
    rpc_code: int
    message: str
    """A sentence of ours; holds nothing of the message but the name of a version or method."""
    id: bytes | None = None
    """The id to echo as JSON text; None for `null` (not readable, or a notification)."""
    data: Mapping[str, JsonValue] | None = None


def envelope(message: str, id: bytes | None = None, *, rpc_code: int = INVALID_REQUEST, status: int = 400) -> Rejection:
    """Readable JSON that is no acceptable message."""
    return Rejection(RejectionKind.ENVELOPE, status, rpc_code, message, id)


def unsupported_version(requested: str, id: bytes | None) -> Rejection:
    """The error from which a client learns which revisions it may use without a handshake."""
    return Rejection(
        RejectionKind.ENVELOPE,
        400,
        UNSUPPORTED_VERSION,
        "Unsupported protocol version",
        id,
        {"supported": list(STATELESS_REVISIONS), "requested": requested[:64]},
    )


def method_refused(message: str, id: bytes | None, *, status: int) -> Rejection:
    """A method that does not exist here, or is not mediated yet."""
    return Rejection(RejectionKind.METHOD, status, METHOD_NOT_FOUND, message, id)
