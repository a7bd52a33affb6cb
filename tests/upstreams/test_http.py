"""One message to a real server over HTTP, and every kind of answer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from tests.support.clock import ManualClock
from tests.upstreams.http_server import JSON_OK, Peer, Server, always, chunked, response, saying, serving, until
from yett.errors import OperatorFault, UpstreamFault, UpstreamNotReached, UpstreamTimedOut
from yett.ports import Answer, Outbound, Upstream
from yett.protocol.tasks import RESULT_S
from yett.upstreams.http import HttpUpstream, HttpUpstreamLimits

pytestmark = pytest.mark.anyio
CALL = Outbound(b'{"jsonrpc":"2.0","id":1,"method":"tools/call"}', "tools/call", b"1", modern=True)
LIMITS = HttpUpstreamLimits(buffered_bytes=1000, streamed_bytes=100_000, error_bytes=500, event_bytes=1000)


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": request.param}


def upstream_of(server: Server, clock: ManualClock | None = None) -> HttpUpstream:
    return HttpUpstream(server.url, clock=clock or ManualClock(), limits=LIMITS)


async def exchanged(answer: bytes) -> Answer:
    """The answer of a server that sends these bytes; only for answers that are complete at once."""
    async with serving(saying(answer)) as server:
        upstream: Upstream = upstream_of(server)
        try:
            return await upstream.exchange(CALL)
        finally:
            await upstream.aclose()


@pytest.mark.parametrize(
    "content_type", [b"application/json", b"Application/JSON", b"application/json;charset=utf-8", b"application/json ; x=y"]
)
@pytest.mark.parametrize("whole", [True, False])
async def test_a_short_json_answer_comes_as_its_body(content_type: bytes, *, whole: bool) -> None:
    wire = response(JSON_OK, content_type=content_type) if whole else chunked(JSON_OK[:5], JSON_OK[5:], content_type=content_type)
    answer = await exchanged(wire)
    assert (answer.status, answer.body, answer.content_type) == (200, JSON_OK, content_type)
    assert answer.events is None
    assert answer.chunks is None


async def test_json_up_to_the_bound_is_a_body_and_one_byte_more_comes_in_chunks() -> None:
    for wire in (response(b"x" * 1000), chunked(b"x" * 1000)):
        assert (await exchanged(wire)).body == b"x" * 1000
    for wire in (response(b"x" * 1001), chunked(b"x" * 1000, b"x")):
        async with serving(always(wire)) as server:
            upstream = upstream_of(server)
            answer = await upstream.exchange(CALL)
            assert answer.body is None
            assert answer.chunks is not None
            assert b"".join([chunk async for chunk in answer.chunks]) == b"x" * 1001
            await answer.aclose()
            await upstream.exchange(CALL)
            assert server.connections == 1, "a body read to its end leaves the connection usable"
            await upstream.aclose()


async def test_a_long_json_answer_is_broken_off_past_its_bound() -> None:
    async with serving(saying(chunked(*[b"x" * 10_000] * 11))) as server:
        upstream = upstream_of(server)
        answer = await upstream.exchange(CALL)
        assert answer.chunks is not None
        with pytest.raises(UpstreamFault, match="too long"):
            [chunk async for chunk in answer.chunks]
        await upstream.aclose()


@pytest.mark.parametrize(
    "wire",
    [b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n", response(b"{}", status=b"202 X"), b"HTTP/1.1 204 No Content\r\n\r\n"],
)
async def test_an_accepted_message_has_a_status_and_no_body(wire: bytes) -> None:
    answer = await exchanged(wire)
    assert answer.status in {202, 204}
    assert (answer.body, answer.events, answer.chunks) == (None, None, None)


async def test_an_empty_answer_without_a_type_is_taken_for_accepted() -> None:
    answer = await exchanged(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert (answer.status, answer.body) == (200, None)


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
async def test_an_error_answer_keeps_its_status_and_its_text(status: int) -> None:
    wire = response(
        b"<p>no</p>",
        b"Retry-After: 7",
        b"WWW-Authenticate: Bearer",
        b"Set-Cookie: a",
        status=b"%d X" % status,
        content_type=b"text/html",
    )
    answer = await exchanged(wire)
    assert (answer.status, answer.body, answer.content_type) == (status, b"<p>no</p>", b"text/html")
    assert list(answer.headers) == [(b"retry-after", b"7")]
    answer = await exchanged(response(JSON_OK, status=b"%d X" % status))
    assert (answer.status, answer.body) == (status, JSON_OK)


async def test_the_text_of_an_error_is_bounded_and_one_past_the_bound_is_dropped() -> None:
    for size, kept in ((500, 500), (501, 0)):
        for wire in (
            response(b"x" * size, status=b"500 X", content_type=b"text/plain"),
            chunked(b"x" * size, content_type=b"text/plain").replace(b"200 OK", b"500 X"),
        ):
            answer = await exchanged(wire)
            assert (answer.status, answer.body) == (500, b"x" * kept)


@pytest.mark.parametrize(
    ("wire", "words"),
    [
        (response(b"<p>hi</p>", content_type=b"text/html"), "neither JSON nor an event stream"),
        (response(b"{}", content_type=b"application/jsonx"), "neither JSON nor an event stream"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "neither JSON nor an event stream"),
        (response(b"", b"Location: http://evil.example/", status=b"307 X"), "redirects with status 307; set the server's url"),
        (response(b"", status=b"304 X"), "redirects with status 304"),
        (response(b"\x1f\x8b", b"Content-Encoding: gzip"), "compressed its answer"),
        (response(b"{}", b"Content-Type: text/html"), "`content-type` twice"),
        (response(b"{}", b"Mcp-Session-Id: a", b"Mcp-Session-Id: b"), "`mcp-session-id` twice"),
        (response(b"{}", b"Mcp-Session-Id: a b"), "session id that is not visible ASCII"),
        (response(b"{}", b"Mcp-Session-Id: \xe4"), "session id that is not visible ASCII"),
        (response(b"{}", b"Mcp-Session-Id:"), "session id that is not visible ASCII"),
        (response(b"{}")[:-1], "may have acted"),
        (chunked(b"{", end=False), "may have acted"),
        (b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n" + JSON_OK[:-1], "may have acted"),
        (
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n" + b"x" * 1001,
            "where its long answer ends",
        ),
    ],
)
async def test_an_answer_that_cannot_be_relayed_is_a_fault(wire: bytes, words: str) -> None:
    async with serving(saying(wire, stay=False)) as server:
        upstream = upstream_of(server)
        with pytest.raises(UpstreamFault, match=words):
            await upstream.exchange(CALL)
        assert len(server.heads) == 1, "nothing is asked twice, and no redirect is followed"
        await upstream.aclose()


async def test_an_answer_that_cannot_be_relayed_is_not_read_to_its_end() -> None:
    gone = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(chunked(b"<p>", content_type=b"text/html", end=False))
        await peer.gone()
        gone.set()

    async with serving(script) as server:
        upstream = upstream_of(server)
        with pytest.raises(UpstreamFault):
            await upstream.exchange(CALL)
        async with asyncio.timeout(5):
            await gone.wait()
        await upstream.aclose()


async def test_a_whole_json_answer_may_end_with_the_connection() -> None:
    async with serving(saying(b"HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n" + JSON_OK, stay=False)) as server:
        upstream = upstream_of(server)
        assert (await upstream.exchange(CALL)).body == JSON_OK
        await upstream.aclose()


async def test_the_session_of_the_server_is_told() -> None:
    assert (await exchanged(response(JSON_OK, b"Mcp-Session-Id: a-1"))).session == "a-1"
    assert (await exchanged(response(JSON_OK))).session is None


async def test_an_event_stream_comes_event_by_event_and_without_a_time_out() -> None:
    more = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(
            chunked(b"id: 1\ndata:\n\n", b"data: 1\n\nda", content_type=b"text/event-stream; charset=utf-8", end=False)
        )
        await more.wait()
        await peer.send(b"c\r\nta: 2\n\n: hi\n\r\n0\r\n\r\n")
        await peer.gone()

    clock = ManualClock()
    async with serving(script) as server:
        upstream = upstream_of(server, clock)
        answer = await upstream.exchange(CALL)
        assert answer.events is not None
        events = aiter(answer.events)
        assert (await anext(events)).raw == b"id: 1\ndata:\n\n"
        assert (await anext(events)).data == b"1"
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        clock.advance(1_000_000)
        upstream.sweep(clock.monotonic())
        more.set()
        assert (await waiting).data == b"2"
        assert [event.raw async for event in answer.events] == [b": hi\n"]
        await answer.aclose()
        await upstream.aclose()


async def test_a_stream_that_is_left_early_closes_its_connection() -> None:
    gone = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(chunked(b"data: 1\n\n", content_type=b"text/event-stream", end=False))
        await peer.gone()
        gone.set()

    async with serving(script) as server:
        upstream = upstream_of(server)
        answer = await upstream.exchange(CALL)
        await answer.aclose()
        async with asyncio.timeout(5):
            await gone.wait()
        await upstream.aclose()


async def test_a_stream_that_breaks_off_is_a_fault_after_its_last_event() -> None:
    async with serving(saying(chunked(b"data: 1\n\n", content_type=b"text/event-stream", end=False), stay=False)) as server:
        upstream = upstream_of(server)
        answer = await upstream.exchange(CALL)
        assert answer.events is not None
        assert (await anext(aiter(answer.events))).data == b"1"
        with pytest.raises(UpstreamFault, match="may have acted"):
            await anext(aiter(answer.events))
        await upstream.aclose()


async def test_a_server_that_does_not_answer_in_time_is_a_time_out() -> None:
    clock = ManualClock()
    async with serving(saying(b"")) as server:
        upstream = HttpUpstream(server.url, clock=clock, timeout_s=5)
        asking = asyncio.ensure_future(upstream.exchange(CALL))
        await until(lambda: len(server.heads) == 1)
        clock.advance(5)
        upstream.sweep(clock.monotonic())
        with pytest.raises(UpstreamTimedOut, match="within 5 s"):
            await asking
        await upstream.aclose()


async def test_the_result_of_a_task_is_waited_for_longer() -> None:
    clock = ManualClock()
    async with serving(saying(b"")) as server:
        upstream = HttpUpstream(server.url, clock=clock, timeout_s=5)
        asking = asyncio.ensure_future(upstream.exchange(replace(CALL, method="tasks/result")))
        await until(lambda: len(server.heads) == 1)
        clock.advance(RESULT_S - 1)
        upstream.sweep(clock.monotonic())
        await asyncio.sleep(0)
        assert not asking.done()
        clock.advance(1)
        upstream.sweep(clock.monotonic())
        with pytest.raises(UpstreamTimedOut):
            await asking
        await upstream.aclose()


async def test_a_buffered_answer_is_bounded_as_a_whole_and_a_long_one_by_its_pauses() -> None:
    clock = ManualClock()
    for first, whole in ((b"x" * 10, True), (b"x" * 1001, False)):
        async with serving(saying(chunked(first, end=False))) as server:
            upstream = upstream_of(server, clock)

            async def read(upstream: HttpUpstream = upstream) -> None:
                answer = await upstream.exchange(CALL)
                assert answer.chunks is not None
                async for _ in answer.chunks:
                    clock.advance(1000)
                    upstream.sweep(clock.monotonic())

            reading = asyncio.ensure_future(read())
            await until(lambda: len(server.heads) == 1)
            await asyncio.sleep(0.05)
            assert not reading.done(), "time in which nobody reads is not the server's"
            clock.advance(60)
            upstream.sweep(clock.monotonic())
            with pytest.raises(UpstreamTimedOut):
                await reading
            await upstream.aclose()
        assert whole or clock.monotonic() > 1000


async def test_a_server_that_is_not_there_was_surely_not_reached() -> None:
    async with serving(always(b"")) as server:
        url = server.url
    upstream = HttpUpstream(url, clock=ManualClock())
    with pytest.raises(UpstreamNotReached, match="connection refused"):
        await upstream.exchange(CALL)
    await upstream.aclose()


def test_a_url_that_cannot_be_used_is_told_at_once() -> None:
    with pytest.raises(OperatorFault):
        HttpUpstream("ftp://x", clock=ManualClock())


@pytest.mark.parametrize(
    ("body", "connections"),
    [
        (b'{"jsonrpc":"2.0","id":1,"result":{}}', 1),
        (b'{"jsonrpc":"2.0","result":{},"id" : 1}', 1),
        (b'{"jsonrpc":"2.0","error":{"code":1}}', 1),
        (b'{"jsonrpc":"2.0","id":2,"result":{}}', 2),
        (b'{"jsonrpc":"2.0","id":12,"result":{}}', 2),
        (b"[]", 2),
    ],
)
async def test_a_connection_that_brought_the_answer_to_something_else_is_used_no_more(body: bytes, connections: int) -> None:
    """Whatever comes next on it may be one answer behind, too."""
    async with serving(always(response(body))) as server:
        upstream = upstream_of(server)
        for _ in range(2):
            answer = await upstream.exchange(CALL)
            assert answer.body == body
        assert server.connections == connections
        await upstream.aclose()


async def test_connections_are_shared_within_an_isolation_only() -> None:
    async with serving(always(response(JSON_OK))) as server:
        upstream = upstream_of(server)
        for isolation in ("one", "other", "one"):
            await upstream.exchange(replace(CALL, isolation=isolation))
        assert server.connections == 2
        await upstream.aclose()
