"""Iterating over answers that come in pieces."""

from __future__ import annotations

import asyncio

import pytest

from tests.upstreams.test_http1_response import FakeSource, made
from yett.errors import UpstreamFault
from yett.ports import Answer, Event
from yett.protocol.sse import SseDecoder
from yett.upstreams.http1_response import Response
from yett.upstreams.http_streams import BodyChunks, EventStream

pytestmark = pytest.mark.anyio


def complete(data: bytes) -> tuple[Response, FakeSource]:
    response, source = made()
    response.add(data)
    response.finish()
    return response, source


async def test_messages_pass_as_they_stood_and_other_kinds_only_as_a_sign_of_life() -> None:
    response, _ = complete(b"data: 1\n\nevent: message\nid: 7\ndata: 2\n\nevent: ping\ndata: 3\n\nid: 8\ndata:\n\n")
    assert [event async for event in EventStream(response, SseDecoder())] == [
        Event(b"1", b"data: 1\n\n"),
        Event(b"2", b"event: message\nid: 7\ndata: 2\n\n", b"7"),
        Event(b"", b":\n\n"),
        Event(b"", b"id: 8\ndata:\n\n", b"8"),
    ]


async def test_signs_of_life_in_a_row_pass_as_one_byte_for_byte() -> None:
    response, _ = complete(b": a\n\n:\n: b\n\nretry: 5\n\nevent: ping\ndata: 3\n\ndata: 1\n\n:\n\nid: 8\ndata:\n\n: c\n\n")
    assert [event async for event in EventStream(response, SseDecoder())] == [
        Event(b"", b": a\n\n:\n: b\n\nretry: 5\n\n:\n\n"),
        Event(b"1", b"data: 1\n\n"),
        Event(b"", b":\n\n"),
        Event(b"", b"id: 8\ndata:\n\n", b"8"),
        Event(b"", b": c\n\n"),
    ]


async def test_others_have_their_turn_while_much_that_has_arrived_is_decoded() -> None:
    response, _ = complete(b"data: 1\n\n" * 20_000)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    waiting = asyncio.create_task(others())
    events = [event.data async for event in EventStream(response, SseDecoder())]
    waiting.cancel()
    assert events == [b"1"] * 20_000
    assert turns >= 180_000 // 16_384


async def test_an_event_that_the_stream_did_not_complete_is_dropped() -> None:
    response, _ = complete(b"data: 1\n\ndata: 2\n")
    assert [event.data async for event in EventStream(response, SseDecoder())] == [b"1"]


async def test_chunks_begin_with_what_was_read_already() -> None:
    response, _ = complete(b"b")
    assert [chunk async for chunk in BodyChunks(response, b"a", 10)] == [b"a", b"b"]


async def test_chunks_past_the_bound_are_a_fault_and_close_the_connection() -> None:
    response, source = made()
    response.add(b"x" * 10)
    chunks = BodyChunks(response, b"a", 10)
    assert await anext(chunks) == b"a"
    with pytest.raises(UpstreamFault, match="too long"):
        await anext(chunks)
    assert source.asked == ["abort"]


@pytest.mark.parametrize("started", [True, False])
async def test_closing_an_answer_closes_the_connection_whether_or_not_anybody_began_to_read(*, started: bool) -> None:
    for stream in (EventStream, BodyChunks):
        response, source = made()
        response.add(b"data: 1\n\n")
        reader = EventStream(response, SseDecoder()) if stream is EventStream else BodyChunks(response, b"", 100)
        if started:
            await anext(reader)
        answer = Answer(events=reader) if isinstance(reader, EventStream) else Answer(chunks=reader)
        await answer.aclose()
        assert source.asked == ["abort"]
