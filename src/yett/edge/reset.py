"""Closing a connection so that what was sent cannot be taken for a complete answer."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Final

_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER without time: closing sends RST, so that an answer that ends with the connection cannot look complete."""


def reset(transport: asyncio.Transport) -> None:
    """Close at once, whatever is still to be sent."""
    peer = transport.get_extra_info("socket")
    if peer is not None:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()
