"""Servers that never answer, answer too late, or never stop (UP1, UP8): the client hears of it, and nothing stays behind."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.hostile_peers.stage import EVENTS, MIB, Misbehaving, result, stage, until, whole
from tests.support.effort import times

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

LEAVERS = times(100)
FLOOD_BYTES = times(10 * MIB)
GROWTH_BYTES_MAX = 32 * MIB


async def nothing(server: Misbehaving, writer: asyncio.StreamWriter, id: object) -> None:
    await server.release.wait()


async def late(server: Misbehaving, writer: asyncio.StreamWriter, id: object) -> None:
    await server.release.wait()
    writer.write(whole(id))


async def half(server: Misbehaving, writer: asyncio.StreamWriter, id: object) -> None:
    writer.write(whole(id)[:-10])
    await writer.drain()
    writer.close()


async def stuck_in_the_middle(server: Misbehaving, writer: asyncio.StreamWriter, id: object) -> None:
    writer.write(whole(id)[:-10])
    await server.release.wait()


async def twice(server: Misbehaving, writer: asyncio.StreamWriter, id: object) -> None:
    writer.write(whole(id) + whole(id, {"resultType": "complete", "content": [{"type": "text", "text": "second"}]}))


async def comments(server: Misbehaving, writer: asyncio.StreamWriter, id: object) -> None:
    writer.write(EVENTS)
    await server.pour(writer, b": still thinking\n\n" * 4096, FLOOD_BYTES)
    writer.write(b"data: %b\n\n" % result(id))
    writer.close()


async def one_endless_comment(server: Misbehaving, writer: asyncio.StreamWriter, id: object) -> None:
    writer.write(EVENTS + b": ")
    await server.pour(writer, b"x" * 65_536, 10 * FLOOD_BYTES)


async def comments_for_ever(server: Misbehaving, writer: asyncio.StreamWriter, id: object) -> None:
    writer.write(EVENTS)
    while not server.release.is_set():
        await server.pour(writer, b":\n" * 1000, 2000)
        await asyncio.sleep(0)


@pytest.mark.parametrize("how", ["nothing", "stuck_in_the_middle"])
async def test_a_server_that_does_not_answer_in_time_is_a_timeout_and_its_calls_are_settled(tmp_path: Path, how: str) -> None:
    settings = "upstream_timeout_s = 0.5"
    async with stage(tmp_path, settings=settings, nothing=nothing, stuck_in_the_middle=stuck_in_the_middle) as running:
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(running.call(how)) for _ in range(20)]
        replies = [task.result() for task in asked]
        assert {(reply.status, reply.value["error"]["code"]) for reply in replies} == {(504, -32603)}
        assert (await running.call()).status == 200
        await until(lambda: running.results() == {"ok": 2, "timed_out": 20})


async def test_a_server_that_breaks_off_is_a_bad_gateway(tmp_path: Path) -> None:
    async with stage(tmp_path, half=half) as running:
        reply = await running.call("half")
        assert (reply.status, reply.value["error"]["code"]) == (502, -32603)
        await until(lambda: running.results() == {"ok": 1, "lost": 1})


async def test_a_second_answer_reaches_nobody(tmp_path: Path) -> None:
    async with stage(tmp_path, twice=twice) as running:
        client = await running.client()
        for number in range(20):
            twice_now = bool(number % 2)
            reply = await client.ask(running.request("twice" if twice_now else "", id=number))
            # Bytes behind an answer are no HTTP: what came before them is then in doubt, too.
            assert reply.status in ({200, 502} if twice_now else {200})
            assert reply.value["id"] == number
            assert b"second" not in reply.body


async def test_calls_whose_clients_left_are_settled_and_leave_nothing_open(tmp_path: Path) -> None:
    async with stage(tmp_path, late=late) as running:
        files = running.files()
        for left in range(50, LEAVERS + 1, 50):
            waiting = [await running.client() for _ in range(50)]
            for client in waiting:
                client.writer.write(running.request("late"))
            await until(lambda left=left: running.server.reached == 1 + left)  # type: ignore[misc]  # binds the loop's value
            for client in waiting:
                client.close()
            await until(lambda left=left: running.results() == {"ok": 1, "client_gone": left})  # type: ignore[misc]  # as above
        running.server.release.set()
        assert (await running.call()).status == 200
        await until(lambda: running.results() == {"ok": 2, "client_gone": LEAVERS})
        await until(lambda: running.files() <= files + 2)


async def test_a_flood_of_comments_costs_no_memory_and_the_answer_behind_it_arrives(tmp_path: Path) -> None:
    async with stage(tmp_path, comments=comments) as running:
        before = running.rss()
        reply = await running.call("comments")
        assert reply.status == 200
        assert result(1) in reply.body
        assert running.server.sent >= FLOOD_BYTES - 4096 * 18
        assert running.rss() - before <= GROWTH_BYTES_MAX


async def test_a_comment_that_never_ends_is_broken_off(tmp_path: Path) -> None:
    async with stage(tmp_path, one_endless_comment=one_endless_comment) as running:
        before = running.rss()
        client = await running.client()
        client.writer.write(running.request("one_endless_comment"))
        assert await client.ended()
        assert running.rss() - before <= GROWTH_BYTES_MAX
        await until(lambda: running.results() == {"ok": 1, "lost": 1})


async def test_a_client_that_has_enough_of_comments_leaves_and_the_server_is_told(tmp_path: Path) -> None:
    async with stage(tmp_path, comments_for_ever=comments_for_ever) as running:
        client = await running.client()
        client.writer.write(running.request("comments_for_ever"))
        await client.reader.readuntil(b"\r\n\r\n")
        await until(lambda: running.server.sent > MIB)
        client.close()
        await until(lambda: running.results() == {"ok": 1, "client_gone": 1})
        assert (await running.call()).status == 200
