"""Answers that are read whole because they must be judged or edited, and which response answers which request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

from yett.errors import UpstreamFault, UpstreamTimedOut
from yett.ports import Answer, Event
from yett.protocol.answers import MalformedAnswer
from yett.protocol.peek import ResponsePeek, peek_response, same_id

LIST_BYTES_MAX: Final = 16 * 1024 * 1024
"""An answer that is edited is held whole; this is the most of it."""
WHOLE_S: Final = 60.0
"""Seconds until such an answer must be there: a stream that says nothing would hold whoever waits for it for ever."""
END_S: Final = 0.05
"""Seconds that a stream may take to end after its response, so that its connection can serve again."""


async def read_response(answer: Answer, id: bytes, *, bytes_max: int = LIST_BYTES_MAX) -> bytes:
    """The one response to request `id`, whatever form the answer has; closes the answer.

    Errors: `UpstreamFault` if the server breaks off, answers something else, or too much; `UpstreamTimedOut`.
    """
    try:
        if answer.body is not None:
            return _checked(answer.body, id)
        async with asyncio.timeout(WHOLE_S):
            if answer.chunks is not None:
                return _checked(await _joined(answer.chunks, bytes_max), id)
            if answer.events is not None:
                return await _among(answer.events, id)
        raise UpstreamFault("the server answered without a body")
    except TimeoutError:
        raise UpstreamTimedOut(f"the server did not answer within {WHOLE_S:g} s") from None
    finally:
        await answer.aclose()


async def _among(events: AsyncIterator[Event], id: bytes) -> bytes:
    """The response to request `id` among the events of a stream."""
    async for event in events:
        peek = peek_response(event.data) if event.data else None
        if peek is not None and answers(peek, id):
            await until_end(events)
            return event.data
    raise UpstreamFault("the server closed the stream without an answer")


async def until_end(events: AsyncIterator[Event]) -> None:
    """Give a stream a moment to end after its response. What else it says is dropped, and so is how it ends."""
    with suppress(TimeoutError, UpstreamFault):
        async with asyncio.timeout(END_S):
            async for _ in events:
                pass


async def _joined(chunks: AsyncIterator[bytes], bytes_max: int) -> bytes:
    parts, size = [], 0
    async for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size > bytes_max:
            raise UpstreamFault(f"the server's answer is larger than {bytes_max} bytes")
    return b"".join(parts)


def _checked(body: bytes, id: bytes) -> bytes:
    peek = peek_response(body)
    if peek is None or not answers(peek, id):
        raise MalformedAnswer("the server's answer is no response to the request; its author must mend it")
    return body


def answers(peek: ResponsePeek, id: bytes) -> bool:
    """Whether a message answers request `id`. An error may lack the id, where the server could not read the request."""
    return peek.is_response and (same_id(peek.id, id) or (peek.id is None and peek.rpc_error_code is not None))
