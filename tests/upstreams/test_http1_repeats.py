"""A head that was parsed before means the same again, and nothing else is taken for it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.clock import ManualClock
from tests.upstreams.http_server import Peer, chunked, response, serving
from yett.errors import UpstreamFault
from yett.upstreams.http1 import ClientLimits, Http1Client
from yett.upstreams.http1_repeats import RepeatedHead
from yett.upstreams.http1_response import Response
from yett.upstreams.http_endpoint import endpoint_of

R = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n"


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": request.param}


class Nobody:
    """A source that is never asked for anything."""

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def expect_within(self, seconds: float | None) -> None: ...

    def abort(self) -> None: ...


def parsed(body: bytes = b"hello", length: int | None = None) -> Response:
    found = Response(200, [(b"content-length", b"%d" % len(body))], Nobody())
    found.length = len(body) if length is None else length
    found.add(body)
    found.finish()
    return found


def test_only_one_whole_response_with_a_body_is_remembered() -> None:
    assert RepeatedHead.of(R + b"\r\nhello", parsed()) is not None
    assert RepeatedHead.of(R + b"\r\nhelloHTTP/1.1 200 OK\r\n", parsed()) is None
    assert RepeatedHead.of(b"HTTP/1.1 100 Continue\r\n\r\n" + R + b"\r\nhello", parsed()) is None
    assert RepeatedHead.of(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", parsed(b"")) is None
    unfinished = Response(200, [], Nobody())
    unfinished.length = 5
    assert RepeatedHead.of(R + b"\r\nhello", unfinished) is None
    endless = parsed()
    endless.length = None
    assert RepeatedHead.of(R + b"\r\nhello", endless) is None


def test_only_the_same_head_with_a_body_of_its_length_is_a_repetition() -> None:
    known = RepeatedHead.of(R + b"\r\nhello", parsed())
    assert known is not None
    again = known.repeated_in(R + b"\r\nworld", Nobody())
    assert again is not None
    assert (again.status, again.whole(99), again.complete) == (200, b"world", True)
    for other in (
        R + b"\r\nworl",
        R + b"\r\nworlds",
        R + b"x: 1\r\n\r\nworld",
        R.replace(b"200", b"500") + b"\r\nworld",
        R.replace(b"content", b"Content") + b"\r\nworld",
        R + b"\r\nworld" + R + b"\r\nworld",
        R[:20],
    ):
        assert known.repeated_in(other, Nobody()) is None


ANSWERS = [
    response(b"hello"),
    response(b"world"),
    response(b"longer than before"),
    chunked(b"wor", b"ld"),
    b"HTTP/1.1 500 Oh\r\ncontent-length: 5\r\n\r\nworld",
    b"HTTP/1.1 103 Early Hints\r\n\r\n" + response(b"world"),
    b"HTTP/1.1 204 No Content\r\n\r\n",
    response(b"hello"),
    response(b"hello"),
    R + b"keep-alive: timeout=9\r\n\r\nworld",
    R + b"keep-alive: timeout=9\r\n\r\nhello",
]


@pytest.mark.anyio
@pytest.mark.parametrize("torn", [False, True])
async def test_every_answer_on_a_connection_is_read_as_it_is_whatever_came_before(torn: bool) -> None:
    async def answering(peer: Peer) -> None:
        for answer in ANSWERS:
            await peer.request()
            middle = len(answer) // 2
            for piece in (answer[:middle], answer[middle:]) if torn else (answer,):
                await peer.send(piece)
                await asyncio.sleep(0.01 if torn else 0)  # two reads, not one
        await peer.gone()

    expected = [
        b"hello",
        b"world",
        b"longer than before",
        b"world",
        b"world",
        b"world",
        b"",
        b"hello",
        b"hello",
        b"world",
        b"hello",
    ]
    async with serving(answering) as server:
        client = Http1Client(endpoint_of(server.url), limits=ClientLimits(), monotonic=ManualClock().monotonic)
        found = []
        for _ in ANSWERS:
            answer = await client.request(b"POST", b"/mcp", (), b"{}", within_s=60)
            found.append((answer.status, await answer.read_all(99)))
        assert [body for _, body in found] == expected
        assert [status for status, _ in found] == [200, 200, 200, 200, 500, 200, 204, 200, 200, 200, 200]
        assert client.open_connections == 1
        await client.aclose()


@pytest.mark.anyio
async def test_a_repeated_answer_with_something_behind_it_is_no_answer() -> None:
    async def smuggling(peer: Peer) -> None:
        await peer.request()
        await peer.send(response(b"hello"))
        await peer.request()
        await peer.send(response(b"hello") + response(b"more!"))
        await peer.gone()

    async with serving(smuggling) as server:
        client = Http1Client(endpoint_of(server.url), limits=ClientLimits(), monotonic=ManualClock().monotonic)
        await (await client.request(b"POST", b"/mcp", (), b"{}", within_s=60)).read_all(99)
        with pytest.raises(UpstreamFault):
            await (await client.request(b"POST", b"/mcp", (), b"{}", within_s=60)).read_all(99)
        await client.aclose()


def test_what_was_found_out_about_a_head_holds_for_the_responses_that_repeat_it() -> None:
    first = parsed()
    remembered = RepeatedHead.of(R + b"\r\nhello", first)
    assert remembered is not None
    repeated = remembered.repeated_in(R + b"\r\nworld", Nobody())
    assert repeated is not None
    assert repeated.first is first
    assert first.first is None
