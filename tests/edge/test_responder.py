"""Answers as clients receive them: whole, streamed, broken off."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable

import pytest

from tests.edge.wire import GET, GET_AND_CLOSE, Wire, edge, post, until
from yett.edge.request import Request
from yett.edge.responder import ClientGone, Responder

pytestmark = pytest.mark.anyio
HEAD = b"HEAD /a HTTP/1.1\r\nhost: x\r\n\r\n"
GET_1_0 = b"GET /a HTTP/1.0\r\nhost: x\r\n\r\n"


async def stream(request: Request, responder: Responder) -> None:
    responder.start(200, b"text/event-stream", ((b"cache-control", b"no-cache"),))
    await responder.write(b"data: 1\n\n")
    await responder.write(b"")
    await responder.write(b"x" * 100_000)
    responder.end()


async def test_a_stream_comes_in_chunks_and_the_connection_stays() -> None:
    async with edge(stream) as gate:
        wire = await gate.wire()
        for _ in range(2):
            await wire.send(GET)
            head = await wire.head()
            assert head.headers[b"transfer-encoding"] == b"chunked"
            assert head.headers[b"cache-control"] == b"no-cache"
            assert await wire.until(b"0\r\n\r\n") == b"9\r\ndata: 1\n\n\r\n186a0\r\n" + b"x" * 100_000 + b"\r\n0\r\n\r\n"


async def test_the_head_of_a_stream_arrives_before_its_first_piece() -> None:
    release = asyncio.Event()

    async def slow(request: Request, responder: Responder) -> None:
        responder.start(200, b"text/event-stream")
        await release.wait()
        responder.end()

    async with edge(slow) as gate:
        wire = await gate.wire()
        await wire.send(GET)
        assert (await wire.head()).status == 200
        release.set()
        assert await wire.until(b"0\r\n\r\n") == b"0\r\n\r\n"


async def test_a_stream_to_a_client_of_version_1_0_ends_with_the_connection() -> None:
    async with edge(stream) as gate:
        wire = await gate.wire()
        await wire.send(GET_1_0)
        head = await wire.head()
        assert b"transfer-encoding" not in head.headers
        assert head.headers[b"connection"] == b"close"
        assert await wire.rest() == b"data: 1\n\n" + b"x" * 100_000


@pytest.mark.parametrize("whole", [True, False])
async def test_head_gets_the_head_alone(*, whole: bool) -> None:
    async def either(request: Request, responder: Responder) -> None:
        if whole:
            return responder.send(200, b"12345")
        return await stream(request, responder)

    async with edge(either) as gate:
        wire = await gate.wire()
        await wire.send(HEAD)
        head = await wire.head()
        assert head.headers.get(b"content-length", b"5") == b"5"
        await wire.send(HEAD.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
        assert (await wire.head()).status == 200
        assert await wire.rest() == b""


async def test_an_answer_that_is_given_up_has_no_proper_end() -> None:
    async def give_up(request: Request, responder: Responder) -> None:
        responder.start(200, b"text/event-stream")
        await responder.write(b"half")
        responder.abort()

    async with edge(give_up) as gate:
        wire = await gate.wire()
        await wire.send(GET)
        await wire.head()
        assert await wire.rest() == b"4\r\nhalf\r\n"


async def test_an_answer_that_is_given_up_resets_a_client_of_version_1_0() -> None:
    sent = asyncio.Event()

    async def give_up(request: Request, responder: Responder) -> None:
        responder.start(200, b"text/event-stream")
        await responder.write(b"half")
        await sent.wait()
        responder.abort()

    async with edge(give_up) as gate:
        wire = await gate.wire()
        await wire.send(GET_1_0)
        await wire.head()
        assert await wire.until(b"half") == b"half"
        sent.set()
        with pytest.raises(ConnectionResetError):
            await wire.rest()


async def test_an_exception_in_the_middle_of_a_stream_breaks_it_off() -> None:
    async def fail(request: Request, responder: Responder) -> None:
        responder.start(200, b"text/event-stream")
        await responder.write(b"half")
        raise OSError("broken")

    async with edge(fail) as gate:
        wire = await gate.wire()
        await wire.send(GET)
        await wire.head()
        assert await wire.rest() == b"4\r\nhalf\r\n"
        assert [type(error) for error in gate.errors] == [OSError]


async def test_a_stream_waits_for_a_client_that_does_not_read() -> None:
    written = 0

    async def endless(request: Request, responder: Responder) -> None:
        nonlocal written
        responder.start(200, b"text/event-stream")
        while True:
            await responder.write(b"x" * 65_536)
            written += 65_536

    async with edge(endless) as gate:
        wire = await gate.wire()
        wire.transport.pause_reading()
        await wire.send(GET)
        await until(lambda: written > 0)
        before = -1
        while written != before:
            before = written
            await asyncio.sleep(0.05)
        assert before < 16_000_000, "what the system buffers on both sides, and no more"
        wire.transport.resume_reading()
        await wire.reader.readexactly(1_000_000)
        await until(lambda: written > before)
        wire.transport.abort()


@pytest.mark.parametrize("leave", [Wire.reset, lambda wire: wire.transport.write_eof()])
async def test_a_stream_to_a_client_that_left_raises(leave: Callable[[Wire], None]) -> None:
    outcome: list[BaseException] = []

    async def endless(request: Request, responder: Responder) -> None:
        responder.start(200, b"text/event-stream")
        try:
            while True:
                await responder.write(b"data: x\n\n")
                await asyncio.sleep(0.001)
        except ClientGone as gone:
            outcome.append(gone)
            raise

    async with edge(endless) as gate:
        wire = await gate.wire()
        await wire.send(GET)
        await wire.head()
        leave(wire)
        await until(lambda: len(outcome) == 1)
        assert not gate.errors, "a client may leave"


async def test_a_client_that_leaves_while_it_is_waited_for_raises_too() -> None:
    outcome: list[BaseException] = []

    async def much(request: Request, responder: Responder) -> None:
        responder.start(200, b"text/event-stream")
        try:
            while True:
                await responder.write(b"x" * 1_000_000)
        except ClientGone as gone:
            outcome.append(gone)
            raise

    async with edge(much) as gate:
        wire = await gate.wire()
        wire.transport.pause_reading()
        await wire.send(GET)
        await asyncio.sleep(0.05)
        wire.transport.abort()
        await until(lambda: len(outcome) == 1)


async def test_a_handler_that_writes_without_pause_learns_of_a_reset_too() -> None:
    written: list[int] = []

    async with edge(lambda request, responder: write_on(responder)) as gate:
        client = socket.create_connection(("127.0.0.1", gate.server.port))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.sendall(GET)

        async def write_on(responder: Responder) -> None:
            client.close()
            responder.start(200, b"text/event-stream")
            for count in range(10_000):
                written.append(count)
                await responder.write(b"x" * 1000)

        await until(lambda: gate.server.open_connections == 0 and bool(written))
        assert len(written) < 10_000
        assert not gate.errors


async def test_a_handler_learns_that_the_client_left() -> None:
    learned: list[str] = []

    async def race(request: Request, responder: Responder) -> None:
        await responder.client_gone
        learned.append("while it waited")
        assert responder.client_gone.done()
        responder.send(200)

    async with edge(race) as gate:
        wire = await gate.wire()
        await wire.send(GET)
        await until(lambda: len(gate.requests) == 1)
        await wire.close()
        await until(lambda: learned == ["while it waited"])
        await until(lambda: gate.server.open_connections == 0)
        assert not gate.errors


async def test_a_handler_that_asks_late_learns_it_too() -> None:
    left = asyncio.Event()
    learned: list[bool] = []

    async def ask_late(request: Request, responder: Responder) -> None:
        await left.wait()
        learned.append(responder.client_gone.done())
        responder.start(200, b"text/event-stream")
        responder.end()

    async with edge(ask_late) as gate:
        wire = await gate.wire()
        await wire.send(GET)
        await until(lambda: len(gate.requests) == 1)
        wire.reset()
        await until(lambda: gate.server.open_connections == 0)
        left.set()
        await until(lambda: learned == [True])
        assert not gate.errors


def send_twice(responder: Responder) -> None:
    responder.send(200)
    responder.send(200)


def start_after_send(responder: Responder) -> None:
    responder.send(200)
    responder.start(200, b"a/b")


def send_after_start(responder: Responder) -> None:
    responder.start(200, b"a/b")
    responder.send(200)


MISUSES = [send_twice, start_after_send, send_after_start, Responder.end, lambda responder: responder.write(b"x")]


@pytest.mark.parametrize("misuse", MISUSES)
async def test_an_answer_cannot_be_given_twice_or_out_of_order(misuse: Callable[[Responder], Awaitable[None] | None]) -> None:
    async def handle(request: Request, responder: Responder) -> None:
        if (awaited := misuse(responder)) is not None:
            await awaited

    async with edge(handle) as gate:
        wire = await gate.wire()
        await wire.send(GET_AND_CLOSE)
        await wire.rest()
        assert [type(error) for error in gate.errors] == [RuntimeError]


async def test_a_field_with_a_line_break_becomes_a_failure_and_not_a_second_answer() -> None:
    async def inject(request: Request, responder: Responder) -> None:
        responder.send(200, b"", headers=((b"retry-after", request.body),))

    async with edge(inject) as gate:
        reply = await gate.ask(post(b"1\r\n\r\nHTTP/1.1 200 OK"))
        assert reply.status == 500


async def test_a_responder_says_how_far_the_answer_is() -> None:
    states: list[tuple[bool, bool]] = []

    async def handle(request: Request, responder: Responder) -> None:
        states.append((responder.started, responder.finished))
        responder.start(200, b"a/b")
        states.append((responder.started, responder.finished))
        responder.end()
        states.append((responder.started, responder.finished))
        responder.abort()

    async with edge(handle) as gate:
        wire = await gate.wire()
        await wire.send(GET)
        await wire.until(b"0\r\n\r\n")
        assert states == [(False, False), (True, False), (True, True)]
