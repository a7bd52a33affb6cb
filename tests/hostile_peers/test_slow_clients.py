"""Clients that take their time (HT2, HT8): cut when it is over, cheap until then, and harmful to nobody else."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from pathlib import Path

import pytest

from tests.hostile_peers.stage import DONE, EVENTS, MIB, Client, Misbehaving, Stage, result, stage, until
from tests.support.effort import NIGHTLY, times
from yett.edge.limits import EdgeLimits

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

LIMITS = EdgeLimits()
SLOW = times(50)
IDLE = times(1000)
KILOBYTE_S = 3 if not NIGHTLY else 30
STREAM_BYTES = 100 * MIB
GROWTH_BYTES_MAX = 32 * MIB
IDLE_BYTES_MAX = 12 * 1024
"""Of memory for one idle connection, user space."""
HEALTH = b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"


async def dribble(client: Client, start: bytes, piece: bytes, every_s: float) -> tuple[float, bytes]:
    """Send one small piece after the other; after how long the gateway had enough, and what it said."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    client.writer.write(start)
    answer = asyncio.create_task(client.reader.read())
    while not answer.done():
        try:
            client.writer.write(piece)
            await client.writer.drain()
        except ConnectionError:
            break
        await asyncio.wait([answer], timeout=every_s)
    return loop.time() - began, await answer


async def test_heads_and_bodies_that_come_in_drops_are_refused_in_time_while_others_are_served(tmp_path: Path) -> None:
    async with stage(tmp_path) as running:
        head = running.request()[:100]
        body = running.request().replace(b"content-length: ", b"content-length: 9")
        async with asyncio.TaskGroup() as group:
            heads = [group.create_task(dribble(await running.client(), head, b"x", 0.5)) for _ in range(SLOW)]
            bodies = [group.create_task(dribble(await running.client(), body, b" " * 100, 0.5)) for _ in range(SLOW)]
            honest = 0
            while not all(task.done() for task in (*heads, *bodies)):
                assert (await running.call()).status == 200
                honest += 1
                await asyncio.sleep(0.1)
        for task in (*heads, *bodies):
            seconds, said = task.result()
            assert LIMITS.header_s - 1.5 <= seconds <= LIMITS.header_s + 4
            assert said.startswith(b"HTTP/1.1 408 "), said
        assert honest >= 20
        assert running.server.reached == honest + 1, "nothing of the drops was forwarded"


def idle(port: int, count: int) -> list[socket.socket]:
    """Connections that have asked once."""
    opened = []
    for _ in range(count):
        client = socket.create_connection(("127.0.0.1", port))
        opened.append(client)
        client.sendall(HEALTH)
    for client in opened:
        assert client.recv(1000).startswith(b"HTTP/1.1 200 ")
        client.setblocking(False)
    return opened


def is_open(client: socket.socket) -> bool:
    try:
        return client.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionError:
        return False


async def the_last(running: Stage) -> socket.socket:
    """A connection that asked once, as soon as there is room for it: the gateway has yet to see that others went."""
    async with asyncio.timeout(5):
        while True:
            client = await running.client()
            if (await client.ask(HEALTH)).status == 200:
                last: socket.socket = client.writer.get_extra_info("socket").dup()
                last.setblocking(False)
                return last
            client.close()
            await asyncio.sleep(0.05)


async def test_idle_connections_are_held_for_the_keep_alive_time_at_a_small_price_and_one_too_many_is_told_so(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, settings=f"connections_max = {IDLE}") as running:
        before = running.rss()
        opened = await asyncio.to_thread(idle, running.port, IDLE - 1)
        assert (await running.call()).status == 200, "there is room for one more"
        assert running.rss() - before <= IDLE * IDLE_BYTES_MAX
        last = await the_last(running)
        refused = await (await running.client()).reply()
        assert (refused.status, refused.fields["retry-after"]) == (503, "1")
        assert all(is_open(client) for client in [*opened, last])
        if NIGHTLY:
            await asyncio.sleep(LIMITS.idle_s - 10)
            assert all(is_open(client) for client in [*opened, last])
            await asyncio.sleep(13)
            assert not any(is_open(client) for client in [*opened, last])
        for client in [*opened, last]:
            client.close()
        running.leave()
        await until(lambda: running.files() < 100)
        assert (await running.call()).status == 200


async def events(server: Misbehaving, writer: asyncio.StreamWriter, id: object) -> None:
    writer.write(EVENTS)
    note = b'{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"%b"}}' % (b"x" * 60_000)
    await server.pour(writer, b"data: %b\n\n" % note, STREAM_BYTES)
    writer.write(b"data: %b\n\n" % result(id))
    writer.close()


async def document(server: Misbehaving, writer: asyncio.StreamWriter, id: object) -> None:
    body = result(id, {**DONE, "content": [{"type": "text", "text": "@"}]})
    before, _, after = body.partition(b"@")
    writer.write(
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % (len(body) + STREAM_BYTES - 1)
    )
    writer.write(before)
    await server.pour(writer, b"x" * 65_536, STREAM_BYTES)
    writer.write(after)


async def slow_reader(running: Stage, how: str) -> socket.socket:
    """A client that has asked, and takes as little as a system lets it."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", running.port))
    client.setblocking(False)
    await asyncio.get_running_loop().sock_sendall(client, running.request(how))
    return client


@pytest.mark.parametrize("how", ["events", "document"])
async def test_a_reader_at_a_kilobyte_a_second_costs_bounded_memory_and_holds_the_server_back(tmp_path: Path, how: str) -> None:
    async with stage(tmp_path, events=events, document=document) as running:
        before, most = running.rss(), 0
        client = await slow_reader(running, how)
        try:
            for _ in range(KILOBYTE_S):
                assert await asyncio.get_running_loop().sock_recv(client, 1000)
                await asyncio.sleep(1)
                most = max(most, running.rss() - before)
            assert (await running.call()).status == 200
        finally:
            client.close()
        assert most <= GROWTH_BYTES_MAX
        assert 0 < running.server.sent <= GROWTH_BYTES_MAX, "the server was not held back"
        await until(lambda: running.results().get("client_gone", 0) == 1)


async def test_a_client_that_reads_the_whole_of_a_long_stream_gets_every_byte_of_it(tmp_path: Path) -> None:
    async with stage(tmp_path, document=document) as running:
        before = running.rss()
        client = await running.client()
        client.writer.write(running.request("document"))
        received = 0
        async with asyncio.timeout(60):
            while received < STREAM_BYTES:
                received += len(await client.reader.read(MIB))
        assert running.server.sent >= STREAM_BYTES - 65_536
        assert running.rss() - before <= GROWTH_BYTES_MAX
        await until(lambda: running.results().get("ok", 0) == 2)


STRANGERS = 80
"""Half-sent bodies of 4 MiB: more than the memory that there is for bodies."""


async def test_bodies_that_strangers_do_not_finish_keep_nobody_out(tmp_path: Path) -> None:
    async with stage(tmp_path) as running:
        head = b"POST /mcp/s HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % (
            4 * MIB
        )
        strangers = [await running.client() for _ in range(STRANGERS)]
        for stranger in strangers:
            stranger.writer.write(head + b" " * (4 * MIB - 1))
            with suppress(ConnectionError, TimeoutError):
                async with asyncio.timeout(5):
                    await stranger.writer.drain()
            assert (await running.call()).status == 200
        refused = 0
        for stranger in strangers:
            with suppress(TimeoutError, ConnectionError):
                async with asyncio.timeout(0.1):
                    refused += (await stranger.reader.read(64)).startswith(b"HTTP/1.1 503 ")
        assert refused >= STRANGERS - LIMITS.held_bytes // (4 * MIB - 1)
