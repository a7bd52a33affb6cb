"""Answers that are read whole, and which response answers which request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.support.fake_upstream import Chunks, Stream, result, rpc_error, streamed
from yett.errors import UpstreamFault, UpstreamTimedOut
from yett.gateway import streams
from yett.gateway.streams import answers, read_response
from yett.ports import Answer, Event
from yett.protocol.answers import MalformedAnswer
from yett.protocol.peek import peek_response, same_id

pytestmark = pytest.mark.anyio

BODY = result(b"1", {"tools": []})
NOTICE = b'{"jsonrpc":"2.0","method":"notifications/message"}'


async def test_a_response_is_the_same_whatever_form_it_comes_in() -> None:
    for answer in (
        Answer(body=BODY),
        Answer(chunks=Chunks([BODY[:5], BODY[5:]])),
        streamed(NOTICE, result(b"2", {}), BODY),
    ):
        assert await read_response(answer, b"1") == BODY


@pytest.mark.parametrize("body", [result(b"2", {}), b"", b"{", b"[]", NOTICE, b'{"jsonrpc":"2.0","id":1}'])
async def test_what_is_no_response_to_the_request_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        await read_response(Answer(body=body), b"1")
    with pytest.raises(MalformedAnswer):
        await read_response(Answer(chunks=Chunks([body])), b"1")
    with pytest.raises(UpstreamFault):
        await read_response(streamed(body), b"1")


async def test_an_error_without_an_id_answers_the_request() -> None:
    error = rpc_error(None, -32700)
    assert await read_response(Answer(body=error), b"1") == error
    assert await read_response(streamed(error), b"1") == error


async def test_an_answer_without_any_body_is_refused() -> None:
    with pytest.raises(UpstreamFault, match="without a body"):
        await read_response(Answer(status=202), b"1")


async def test_an_answer_that_is_too_long_is_refused_before_it_fills_the_memory() -> None:
    endless = Chunks([b"x" * 1000] * 100)
    with pytest.raises(UpstreamFault, match="larger than 5000 bytes"):
        await read_response(Answer(chunks=endless), b"1", bytes_max=5_000)
    assert endless.taken == 6
    assert endless.closed


async def test_an_answer_is_closed_however_it_ends() -> None:
    whole, broken, foreign = Stream([Event(BODY)]), Stream([], UpstreamFault("reset")), Stream([Event(NOTICE)])
    await read_response(Answer(events=whole), b"1")
    for stream in (broken, foreign):
        with pytest.raises(UpstreamFault):
            await read_response(Answer(events=stream), b"1")
    assert whole.closed
    assert broken.closed
    assert foreign.closed


class Silent:
    """A stream that says nothing and does not end."""

    closed = False

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        await asyncio.Event().wait()
        raise AssertionError

    async def aclose(self) -> None:
        self.closed = True


async def test_a_stream_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "WHOLE_S", 0.01)
    silent = Silent()
    with pytest.raises(UpstreamTimedOut):
        await read_response(Answer(events=silent), b"1")
    assert silent.closed


async def test_a_stream_is_read_to_its_end_after_the_response_so_that_its_connection_serves_again() -> None:
    stream = Stream([Event(BODY), Event(NOTICE)])
    assert await read_response(Answer(events=stream), b"1") == BODY
    assert stream.taken == 2


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (b"1", b"1", True),
        (b'"a"', b'"\\u0061"', True),
        (b'"1"', b"1", False),
        (b"1.0", b"1", False),
        (b"2", b"1", False),
        (b"null", b"1", False),
        (b"{}", b"1", False),
        (b"true", b"1", False),
        (b"[]", b"{}", False),
        (b"null", b'"\\ud800"', False),
        (None, b"1", False),
    ],
)
def test_ids_are_the_same_if_they_are_the_same_value(left: bytes | None, right: bytes, same: bool) -> None:
    assert same_id(left, right) is same


def test_only_an_error_may_lack_the_id() -> None:
    for body, expected in ((rpc_error(None, -32700), True), (b'{"jsonrpc":"2.0","id":null,"result":{}}', False)):
        peek = peek_response(body)
        assert peek is not None
        assert answers(peek, b"1") is expected
