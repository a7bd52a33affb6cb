"""The revisions of MCP that Yett speaks, and the two eras they fall into."""

from __future__ import annotations

from enum import Enum
from typing import Final


class Era(Enum):
    """How a conversation is kept: the wire differs more between eras than between revisions."""

    HANDSHAKE = "handshake"
    """Up to 2025-11-25: `initialize`, then a session."""
    STATELESS = "stateless"
    """From 2026-07-28: every request carries its own envelope in `params._meta`."""


HANDSHAKE_REVISIONS: Final = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
STATELESS_REVISIONS: Final = ("2026-07-28",)
REVISIONS: Final = (*HANDSHAKE_REVISIONS, *STATELESS_REVISIONS)
"""Every revision, oldest first."""

_ERA_OF: Final = dict.fromkeys(HANDSHAKE_REVISIONS, Era.HANDSHAKE) | dict.fromkeys(STATELESS_REVISIONS, Era.STATELESS)

META_PREFIX: Final = "io.modelcontextprotocol/"
META_PROTOCOL_VERSION: Final = META_PREFIX + "protocolVersion"
META_CLIENT_CAPABILITIES: Final = META_PREFIX + "clientCapabilities"
META_CLIENT_INFO: Final = META_PREFIX + "clientInfo"
META_LOG_LEVEL: Final = META_PREFIX + "logLevel"
META_SUBSCRIPTION_ID: Final = META_PREFIX + "subscriptionId"


def era_of(revision: str) -> Era | None:
    """The era of a revision, or None for one that Yett does not know."""
    return _ERA_OF.get(revision)


def era_of_header(version: str | None) -> Era:
    """The era of an HTTP request, by its `MCP-Protocol-Version` alone, as the SDKs decide it.

    No header, or a handshake revision: handshake. Anything else is stateless, known or not, so that a client of a later
    revision gets the error that tells it what is spoken here.
    """
    return Era.HANDSHAKE if version is None or version in HANDSHAKE_REVISIONS else Era.STATELESS
