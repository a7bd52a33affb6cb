"""Answers on their way back: read whole where they must be judged, relayed as they come where not, settled in every case."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import msgspec

from yett.errors import UpstreamFault
from yett.ports import Answer
from yett.protocol.answers import MalformedAnswer
from yett.protocol.peek import ResponsePeek, peek_response

LIST_BYTES_MAX: Final = 16 * 1024 * 1024
"""An answer that is edited is held whole; this is the most of it."""


async def read_response(answer: Answer, id: bytes, *, bytes_max: int = LIST_BYTES_MAX) -> bytes:
    """The one response to request `id`, whatever form the answer has; closes the answer.

    Errors: `UpstreamFault` if the server breaks off, answers something else, or too much.
    """
    try:
        if answer.body is not None:
            return _checked(answer.body, id)
        if answer.chunks is not None:
            return _checked(await _joined(answer.chunks, bytes_max), id)
        if answer.events is not None:
            async for event in answer.events:
                peek = peek_response(event.data) if event.data else None
                if peek is not None and peek.is_response and same_id(peek.id, id):
                    return event.data
        raise UpstreamFault("the server closed the stream without an answer")
    finally:
        await answer.aclose()


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


def same_id(left: bytes | None, right: bytes) -> bool:
    """Whether two ids are the same JSON value; they may be written differently."""
    return left == right or (left is not None and _decoded(left) == _decoded(right))


def _decoded(id: bytes) -> str | int | None:
    try:
        decoded: str | int | None = _ids.decode(id)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return decoded


_ids: Final = msgspec.json.Decoder(str | int | None)
