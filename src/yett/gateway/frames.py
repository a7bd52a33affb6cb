"""Frames on a local socket between the planes: four bytes of length, big-endian, and JSON."""

from __future__ import annotations

import asyncio
from typing import Final

from yett.errors import OperatorFault

LENGTH_BYTES: Final = 4


class FrameFault(OperatorFault):
    """The other side of the socket sent something that is no frame."""


def framed(body: bytes) -> bytes:
    """`body` on the wire."""
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


async def read_body(reader: asyncio.StreamReader, bytes_max: int) -> bytes | None:
    """The body of the next frame; None where the other side closed between two frames.

    Errors: `FrameFault` for a frame that is cut off or too long.
    """
    try:
        head = await reader.readexactly(LENGTH_BYTES)
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise FrameFault("the other side broke off") from error
        return None
    length = int.from_bytes(head, "big")
    if length > bytes_max:
        raise FrameFault(f"a frame of {length:,} bytes, over {bytes_max:,}")
    try:
        return await reader.readexactly(length)
    except asyncio.IncompleteReadError as error:
        raise FrameFault("the other side broke off") from error
