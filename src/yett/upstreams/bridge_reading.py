"""Answers that must be whole before they can be translated."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

from yett.errors import UpstreamFault, UpstreamTimedOut
from yett.ports import Answer
from yett.protocol.peek import peek_response, same_id

BYTES_MAX: Final = 16 * 1024 * 1024
"""The most that is held of one answer."""
WHOLE_S: Final = 60.0
"""Seconds until it must be there."""


async def whole(answer: Answer, id: bytes) -> Answer:
    """The answer with the response to request `id` as its body. Errors: `UpstreamFault`, `UpstreamTimedOut`."""
    if answer.body is not None:
        return answer
    try:
        async with asyncio.timeout(WHOLE_S):
            body = await _read(answer, id)
    except TimeoutError:
        raise UpstreamTimedOut(f"the server did not answer within {WHOLE_S:g} s") from None
    finally:
        await answer.aclose()
    return replace(answer, body=body, events=None, chunks=None)


async def _read(answer: Answer, id: bytes) -> bytes:
    if answer.chunks is not None:
        parts, size = [], 0
        async for chunk in answer.chunks:
            parts.append(chunk)
            size += len(chunk)
            if size > BYTES_MAX:
                raise UpstreamFault(f"the server's answer is larger than {BYTES_MAX} bytes")
        return b"".join(parts)
    if answer.events is not None:
        async for event in answer.events:
            peek = peek_response(event.data) if event.data else None
            if peek is not None and peek.is_response and (peek.id is None or same_id(peek.id, id)):
                return event.data
        raise UpstreamFault("the server closed the stream without an answer")
    return b""
