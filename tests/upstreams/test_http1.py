"""The pool: which connection a request goes over, and what happens when there is none."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from tests.support.clock import ManualClock
from tests.upstreams.http_server import Peer, always, chunked, response, saying, serving, until
from yett.errors import UpstreamFault, UpstreamNotReached
from yett.upstreams.http1 import ClientLimits, Http1Client
from yett.upstreams.http1_connection import Http1Connection
from yett.upstreams.http_endpoint import endpoint_of

pytestmark = pytest.mark.anyio
CLOSING = response(b"x", b"Connection: close")


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": request.param}


class Pool:
    """A client with a clock that stands still."""

    def __init__(self, url: str, limits: ClientLimits | None = None) -> None:
        self.clock = ManualClock()
        self.client = Http1Client(endpoint_of(url), limits=limits or ClientLimits(), monotonic=self.clock.monotonic)

    async def ask(self, *headers: tuple[bytes, bytes], body: bytes | None = b"{}", holder: str = "") -> bytes:
        method = b"GET" if body is None else b"POST"
        answer = await self.client.request(method, b"/mcp?q", headers, body, within_s=60, holder=holder)
        return await answer.read_all(2**24)

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.client.sweep(self.clock.monotonic())


async def test_a_request_is_written_plainly() -> None:
    async with serving(always(response(b"1"))) as server:
        pool = Pool(server.url)
        await pool.ask((b"x-a", b"b"), body=b"hello")
        assert server.heads == [
            b"POST /mcp?q HTTP/1.1\r\nhost: 127.0.0.1:%d\r\naccept-encoding: identity\r\nx-a: b\r\ncontent-length: 5\r\n\r\n"
            % server.port
        ]
        assert server.bodies == [b"hello"]
        await pool.ask(body=None)
        assert b"content-length" not in server.heads[1]
        big = b"x" * 1_000_000
        await pool.ask(body=big)
        assert server.bodies[2] == big
        await pool.client.aclose()


async def test_requests_in_turn_share_one_connection() -> None:
    async with serving(always(response(b"1"))) as server:
        pool = Pool(server.url)
        for _ in range(5):
            await pool.ask()
        assert server.connections == 1
        await pool.client.aclose()


async def test_requests_at_once_take_a_connection_each_and_the_last_one_used_is_used_first() -> None:
    async with serving(always(chunked(b"1"))) as server:
        pool = Pool(server.url)
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(pool.ask())
        assert server.connections == 3
        pool.clock.advance(3)
        await pool.ask()
        pool.pass_time(1.5)
        await until(lambda: pool.client.open_connections == 1)
        await pool.ask()
        assert server.connections == 3
        await pool.client.aclose()


@pytest.mark.parametrize(
    ("fields", "lasts_s"), [([], 4), ([b"Keep-Alive: timeout=30"], 29), ([b"Keep-Alive: max=5, timeout=2"], 1)]
)
async def test_an_idle_connection_is_used_as_long_as_the_server_keeps_it_less_a_second(fields: list[bytes], lasts_s: int) -> None:
    async with serving(always(response(b"1", *fields))) as server:
        pool = Pool(server.url)
        await pool.ask()
        pool.clock.advance(lasts_s - 0.1)
        await pool.ask()
        assert server.connections == 1
        pool.clock.advance(lasts_s)
        await pool.ask()
        assert server.connections == 2
        await pool.client.aclose()


async def test_a_connection_that_the_server_closes_or_announces_to_close_is_not_used_again() -> None:
    async with serving(saying(CLOSING)) as server:
        pool = Pool(server.url)
        await pool.ask()
        await pool.ask()
        assert server.connections == 2
        await pool.client.aclose()


async def test_a_connection_found_closed_before_anything_was_written_is_replaced() -> None:
    async with serving(saying(response(b"1"), stay=False)) as server:
        pool = Pool(server.url)
        await pool.ask()
        await until(lambda: pool.client.open_connections == 0)
        await pool.ask()
        assert server.connections == 2
        await pool.client.aclose()


async def test_a_request_is_never_sent_twice() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(response(b"1"))
        await peer.request()

    async with serving(script) as server:
        pool = Pool(server.url)
        await pool.ask()
        with pytest.raises(UpstreamFault, match="may have acted") as caught:
            await pool.ask()
        assert not isinstance(caught.value, UpstreamNotReached)
        await asyncio.sleep(0.02)
        assert len(server.heads) == 2
        await pool.client.aclose()


async def test_a_request_that_its_caller_gives_up_closes_the_connection() -> None:
    gone = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.gone()
        gone.set()

    async with serving(script) as server:
        pool = Pool(server.url)
        asking = asyncio.ensure_future(pool.ask())
        await until(lambda: len(server.heads) == 1)
        asking.cancel()
        await asyncio.wait([asking], timeout=5)
        assert asking.cancelled()
        async with asyncio.timeout(5):
            await gone.wait()
        await until(lambda: pool.client.open_connections == 0)
        await pool.client.aclose()


async def test_past_the_bound_on_connections_requests_wait_for_their_turn() -> None:
    release = asyncio.Event()

    async def script(peer: Peer) -> None:
        while True:
            _, body = await peer.request()
            await release.wait()
            await peer.send(response(body))

    async with serving(script) as server:
        pool = Pool(server.url, ClientLimits(connections=2))
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(pool.ask(body=b"%d" % number)) for number in range(20)]
            await until(lambda: len(server.heads) == 2)
            asked[5].cancel()
            release.set()
        assert [task.result() for task in asked if not task.cancelled()] == [
            b"%d" % number for number in range(20) if number != 5
        ]
        assert server.connections == 2
        assert await pool.ask(body=b"after") == b"after"
        await pool.client.aclose()


async def test_a_turn_that_comes_to_somebody_who_just_gave_up_goes_to_the_next_one() -> None:
    async with serving(always(response(b"1"))) as server:
        pool = Pool(server.url, ClientLimits(connections=1, connect_s=1))
        first = pool.client.request(b"GET", b"/", (), None, within_s=60)
        second = asyncio.ensure_future(pool.ask())
        second_waits = asyncio.ensure_future(until(lambda: len(server.heads) == 1))
        await first
        second.cancel()
        await asyncio.wait([second, second_waits])
        assert second.cancelled()
        assert await pool.ask() == b"1"
        await pool.client.aclose()


class NeverLasting(Http1Client):
    """Its connections come about, and are lost before anybody can use them."""

    async def _connect(self, connection: Http1Connection) -> None:
        connection.connection_made(asyncio.Transport())
        connection.connection_lost(None)


async def test_a_connection_that_is_lost_at_once_gives_back_one_slot() -> None:
    client = NeverLasting(endpoint_of("http://x/"), limits=ClientLimits(connections=1), monotonic=ManualClock().monotonic)
    for _ in range(3):
        with pytest.raises(UpstreamNotReached, match="closed a new connection at once; nothing was sent"):
            await client.request(b"GET", b"/", (), None, within_s=60)
        assert client.taken == 0
    await client.aclose()


async def test_slots_come_back_after_every_kind_of_failure() -> None:
    async def script(peer: Peer) -> None:
        _, body = await peer.request()
        if body == b"bad":
            await peer.send(b"nonsense")
        elif body == b"late":
            await peer.gone()
        elif body == b"good":
            await peer.send(CLOSING)

    async with serving(script) as server:
        pool = Pool(server.url, ClientLimits(connections=1, connect_s=2))
        for body in (b"bad", b"lost", b"late", b"bad"):
            asking = asyncio.ensure_future(pool.ask(body=body))
            if body == b"late":
                await until(lambda: b"late" in server.bodies)
                pool.pass_time(61)
            with pytest.raises(UpstreamFault):
                await asking
        assert await pool.ask(body=b"good") == b"x"
        await pool.client.aclose()


async def test_a_request_that_waits_too_long_for_a_connection_was_surely_not_sent() -> None:
    async with serving(saying(b"")) as server:
        pool = Pool(server.url, ClientLimits(connections=1, connect_s=0.05))
        first = asyncio.ensure_future(pool.ask())
        await until(lambda: len(server.heads) == 1)
        with pytest.raises(UpstreamNotReached, match=r"all 1 connections to .* are in use; nothing was sent"):
            await pool.ask()
        await pool.client.aclose()
        with pytest.raises(UpstreamFault):
            await first


async def test_a_refused_connection_was_surely_not_sent_and_its_slot_is_free_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    pool = Pool(f"http://127.0.0.1:{port}/", ClientLimits(connections=1, connect_s=2))
    for _ in range(3):
        with pytest.raises(UpstreamNotReached, match=f"cannot connect to http://127.0.0.1:{port}: connection refused; check"):
            await pool.ask()
    await pool.client.aclose()


async def test_an_unknown_host_was_surely_not_reached() -> None:
    pool = Pool("http://no-such-host.invalid/")
    with pytest.raises(UpstreamNotReached, match="its host name is not known"):
        await pool.ask()
    await pool.client.aclose()


async def test_a_server_that_does_not_take_connections_is_not_waited_for_long() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        others = [socket.socket() for _ in range(4)]
        for other in others:
            other.setblocking(False)
            other.connect_ex(full.getsockname())
        pool = Pool(f"http://127.0.0.1:{full.getsockname()[1]}/", ClientLimits(connect_s=0.1))
        with pytest.raises(UpstreamNotReached, match=r"did not accept a connection within 0.1 s"):
            await pool.ask()
        await pool.client.aclose()
        for other in others:
            other.close()


@pytest.mark.parametrize("field", [(b"a", b"b\r\nx: y"), (b"a", b"b\n"), (b"a", b"b\0"), (b"a\r\nx", b"b"), (b"a", b"\r")])
async def test_a_field_with_a_line_break_is_not_sent(field: tuple[bytes, bytes]) -> None:
    async with serving(always(response(b"1"))) as server:
        pool = Pool(server.url)
        with pytest.raises(UpstreamNotReached, match="holds a line break"):
            await pool.ask(field)
        assert server.connections == 0
        await pool.client.aclose()


async def test_closing_tells_everybody_who_waits() -> None:
    async with serving(saying(b"")) as server:
        pool = Pool(server.url, ClientLimits(connections=1))
        first = asyncio.ensure_future(pool.ask())
        await until(lambda: len(server.heads) == 1)
        second = asyncio.ensure_future(pool.ask())
        await asyncio.sleep(0)
        await pool.client.aclose()
        with pytest.raises(UpstreamFault, match="given up"):
            await first
        with pytest.raises(UpstreamNotReached, match="being closed; nothing was sent"):
            await second
        with pytest.raises(UpstreamNotReached, match="being closed; nothing was sent"):
            await pool.ask()
        await until(lambda: pool.client.open_connections == 0)


async def test_deadlines_are_kept_without_being_asked() -> None:
    async with serving(saying(b"")) as server:
        pool = Pool(server.url)
        asking = asyncio.ensure_future(pool.ask())
        await until(lambda: len(server.heads) == 1)
        pool.clock.advance(100)
        with pytest.raises(UpstreamFault, match="did not answer within 60 s"):
            await asking
        await pool.client.aclose()


async def test_a_connection_is_used_again_for_its_holder_only() -> None:
    async with serving(always(response(b"1"))) as server:
        pool = Pool(server.url)
        for holder in ("a", "b", "a", "b", "b"):
            await pool.ask(holder=holder)
        assert server.connections == pool.client.open_connections == 2
        pool.pass_time(5)
        await until(lambda: pool.client.open_connections == 0)
        await pool.ask(holder="a")
        assert server.connections == 3
        await pool.client.aclose()


async def test_idle_connections_of_others_make_room_for_one_past_the_bound() -> None:
    async with serving(always(response(b"1"))) as server:
        pool = Pool(server.url, ClientLimits(connections=3))
        for holder in "abcdefg":
            await pool.ask(holder=holder)
            assert pool.client.open_connections <= 4, "the oldest one is closing"
        await until(lambda: pool.client.open_connections == 3)
        assert pool.client.taken == 0
        await pool.ask(holder="g")
        assert server.connections == 7
        await pool.client.aclose()
