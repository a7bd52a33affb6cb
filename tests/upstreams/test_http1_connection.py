"""Responses that are not what they should be."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.clock import ManualClock
from tests.upstreams.http_server import Peer, Script, Server, always, chunked, response, saying, serving, until
from yett.errors import UpstreamFault, UpstreamTimedOut
from yett.upstreams.http1 import ClientLimits, Http1Client
from yett.upstreams.http1_response import Response
from yett.upstreams.http_endpoint import endpoint_of

pytestmark = pytest.mark.anyio
R = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": request.param}


def client_of(server: Server, clock: ManualClock | None = None) -> Http1Client:
    monotonic = (clock or ManualClock()).monotonic
    return Http1Client(endpoint_of(server.url), limits=ClientLimits(), monotonic=monotonic)


async def ask(client: Http1Client, method: bytes = b"POST") -> Response:
    return await client.request(method, b"/mcp", (), b"{}" if method == b"POST" else None, within_s=60)


async def body_of(script: Script, method: bytes = b"POST") -> tuple[int, bytes]:
    """Status and body of one request to a server that runs `script`."""
    async with serving(script) as server:
        client = client_of(server)
        try:
            answer = await ask(client, method)
            return answer.status, await answer.read_all(2**24)
        finally:
            await client.aclose()


@pytest.mark.parametrize(
    "answer",
    [
        response(b"hello"),
        chunked(b"he", b"llo"),
        R + b"transfer-encoding: Chunked\r\n\r\n5;ext=1\r\nhello\r\n0\r\nx-trailer: 1\r\n\r\n",
        R + b"connection: close\r\ncontent-length: 5\r\n\r\nhello",
        b"HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        b"HTTP/1.1 200\r\ncontent-length: 5\r\n\r\nhello",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 8 + response(b"hello"),
        b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + response(b"hello"),
    ],
)
async def test_a_proper_response_is_read_whole_and_byte_by_byte(answer: bytes) -> None:
    assert await body_of(saying(answer)) == (200, b"hello")

    async def dripping(peer: Peer) -> None:
        await peer.request()
        for place in range(len(answer)):
            await peer.send(answer[place : place + 1])
            await asyncio.sleep(0)
        await peer.gone()

    assert await body_of(dripping) == (200, b"hello")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (R + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "not well-formed"),
        (R + b"transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "not well-formed"),
        (R + b"content-length: 5\r\ncontent-length: 5\r\n\r\nhello", "not well-formed"),
        (R + b"content-length: 5\r\ncontent-length: 6\r\n\r\nhello", "not well-formed"),
        (R + b"content-length: -5\r\n\r\nhello", "not well-formed"),
        (R + b"transfer-encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "transfer coding"),
        (R + b"transfer-encoding: chunked, gzip\r\n\r\nhello", "transfer coding"),
        (R + b"transfer-encoding: gzip\r\n\r\nhello", "transfer coding"),
        (R + b"transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "transfer coding"),
        (chunked(b"hello", end=False) + b"zz\r\n", "not well-formed"),
        (R + b"transfer-encoding: chunked\r\n\r\n5\r\nhelloX\r\n", "not well-formed"),
        (response(b"hello") + b"more", "more than one answer"),
        (response(b"hello") * 2, "more than one answer"),
        (R + b"\r\nhello", "did not say where its answer ends"),
        (R + b"a: b\nc: d\r\ncontent-length: 0\r\n\r\n", "not well-formed"),
        (R + b"a: b\r\n c\r\ncontent-length: 0\r\n\r\n", "not well-formed"),
        (R + b"a: b\x00\r\ncontent-length: 0\r\n\r\n", "not well-formed"),
        (b"HTTP/2.0 200 OK\r\ncontent-length: 0\r\n\r\n", "cannot be read"),
        (b"HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n", "cannot be read"),
        (b"HTTP/1.1 000 Odd\r\ncontent-length: 0\r\n\r\n", "status 0"),
        (b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", "status 101"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 9 + response(b"hello"), "status 100"),
        (R + b"x: " + b"a" * 70_000, "too large"),
        (R + b"x: " + b"a" * 70_000 + b"\r\ncontent-length: 5\r\n\r\nhello", "too large"),
        (R + b"x: 1\r\n" * 202, "too large"),
        (R + b"x: 1\r\n" * 201 + b"content-length: 0\r\n\r\n", "cannot be read"),
        (R + b"transfer-encoding: chunked\r\n\r\n5;" + b"a" * 70_000, "too large"),
        (R + b"transfer-encoding: chunked\r\n\r\n0\r\nx: " + b"a" * 70_000, "too large"),
        (R + b"transfer-encoding: chunked\r\n\r\n0\r\nx: " + b"a" * 70_000 + b"\r\n\r\n", "too large"),
        (b"hello", "not well-formed"),
        (b"\x16\x03\x01\x02", "not well-formed"),
    ],
)
async def test_a_response_that_could_be_read_in_two_ways_is_a_fault(answer: bytes, words: str) -> None:
    with pytest.raises(UpstreamFault, match=words):
        await body_of(saying(answer))


@pytest.mark.parametrize(
    "part",
    [
        b"",
        b"HTTP/1.1 2",
        R,
        R + b"content-length: 10\r\n\r\n",
        response(b"hello")[:-1],
        chunked(b"hello", end=False),
        chunked(b"a")[:-2],
    ],
)
@pytest.mark.parametrize("reset", [False, True])
async def test_a_connection_that_breaks_off_is_never_a_complete_response(*, part: bytes, reset: bool) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(part)
        if reset:
            peer.reset()

    with pytest.raises(UpstreamFault, match="before its answer was complete; it may have acted"):
        await body_of(script)


async def test_a_body_that_ends_with_the_connection_is_accepted_only_where_that_was_announced() -> None:
    async with serving(saying(R + b"connection: close\r\n\r\nhello", stay=False)) as server:
        client = client_of(server)
        answer = await ask(client)
        assert answer.ends_with_connection
        assert await answer.read_all(10) == b"hello"
        await client.aclose()


async def test_a_reset_does_not_end_a_body_that_ends_with_the_connection() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(R + b"connection: close\r\n\r\nhello")
        await asyncio.sleep(0.02)
        peer.reset()

    with pytest.raises(UpstreamFault, match="may have acted"):
        await body_of(script)


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
async def test_a_response_without_a_body_needs_no_length(status: bytes) -> None:
    async with serving(always(b"HTTP/1.1 " + status + b"\r\n\r\n")) as server:
        client = client_of(server)
        for _ in range(2):
            answer = await ask(client)
            assert answer.complete
            assert await answer.read_all(0) == b""
        assert server.connections == 1
        await client.aclose()


async def test_the_response_to_head_has_no_body_whatever_its_length_says() -> None:
    assert await body_of(saying(R + b"content-length: 5\r\n\r\n"), b"HEAD") == (200, b"")


async def test_bytes_that_nobody_asked_for_close_an_idle_connection() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(response(b"1"))
        await asyncio.sleep(0.02)
        await peer.send(response(b"2"))
        await peer.gone()

    async with serving(script) as server:
        client = client_of(server)
        assert await (await ask(client)).read_all(10) == b"1"
        await until(lambda: client.open_connections == 0)
        await client.aclose()


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200", R + b"content-length: 5\r\n\r\nhel", chunked(b"hel", end=False)])
async def test_a_response_that_does_not_come_in_time_is_a_time_out_wherever_it_stops(answer: bytes) -> None:
    clock = ManualClock()
    async with serving(saying(answer)) as server:
        client = client_of(server, clock)

        async def whole() -> bytes:
            return await (await ask(client)).read_all(10)

        asking = asyncio.ensure_future(whole())
        await until(lambda: len(server.heads) == 1)
        await asyncio.sleep(0.02)
        clock.advance(59.9)
        client.sweep(clock.monotonic())
        await asyncio.sleep(0)
        assert not asking.done()
        clock.advance(0.1)
        client.sweep(clock.monotonic())
        with pytest.raises(UpstreamTimedOut, match="did not answer within 60 s; it may have acted"):
            await asking
        await until(lambda: client.open_connections == 0)
        await client.aclose()


async def test_a_long_body_is_not_read_faster_than_it_is_wanted() -> None:
    sent = 0

    async def script(peer: Peer) -> None:
        nonlocal sent
        await peer.request()
        await peer.send(R + b"transfer-encoding: chunked\r\n\r\n")
        while True:
            await peer.send(b"10000\r\n" + b"x" * 65_536 + b"\r\n")
            sent += 65_536

    async with serving(script) as server:
        client = client_of(server)
        answer = await ask(client)
        before = -1
        while sent != before:
            before = sent
            await asyncio.sleep(0.05)
        assert before < 16_000_000, "what the system buffers, and little more"
        while sent == before:
            await answer.read_some()
        await answer.aclose()
        await until(lambda: client.open_connections == 0)
        await client.aclose()
