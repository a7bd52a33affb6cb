"""One of ten servers hangs, drips, or is gone (UP6): whoever calls the other nine notices nothing of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.hostile_peers.stage import EVENTS, Misbehaving, Stage, result, stage, until, whole
from tests.support.effort import times

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

OTHERS = 9
ROUNDS = times(10)
PLACES = 128
"""Calls that one grant may have in work, unless set otherwise: as many hang with the slow server as can."""


async def hanging(server: Misbehaving, writer: asyncio.StreamWriter, id: object) -> None:
    await server.release.wait()
    writer.write(whole(id))


async def dripping(server: Misbehaving, writer: asyncio.StreamWriter, id: object) -> None:
    writer.write(whole(id)[:-10])
    await server.release.wait()
    writer.write(whole(id)[-10:])


async def streaming(server: Misbehaving, writer: asyncio.StreamWriter, id: object) -> None:
    writer.write(EVENTS)
    while not server.release.is_set():
        writer.write(b": not yet\n\n")
        await asyncio.sleep(0.05)
    writer.write(b"data: %b\n\n" % result(id))
    writer.close()


async def breaking(server: Misbehaving, writer: asyncio.StreamWriter, id: object) -> None:
    writer.close()


async def rounds_of_all_others(running: Stage) -> None:
    """Every other server is called by its own grant, all nine at once, again and again; each call reaches its own server."""
    before = [server.reached for server in running.others]
    for _ in range(ROUNDS):
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(running.call(grant=1 + number)) for number in range(OTHERS)]
        assert {task.result().status for task in asked} == {200}
    assert [server.reached for server in running.others] == [count + ROUNDS for count in before]


@pytest.mark.parametrize("how", ["hanging", "dripping", "streaming"])
async def test_nine_servers_are_called_while_every_place_of_the_tenth_is_taken(tmp_path: Path, how: str) -> None:
    started = stage(tmp_path, others=OTHERS, hanging=hanging, dripping=dripping, streaming=streaming)
    async with started as running, asyncio.TaskGroup() as group:
        slow = [group.create_task(running.call(how)) for _ in range(PLACES)]
        await until(lambda: running.server.reached == 1 + PLACES)
        await rounds_of_all_others(running)
        assert not any(task.done() for task in slow), "all of the others were answered before any of the slow ones"
        assert (await running.call(how)).status == 429
        running.server.release.set()
        assert {(await task).status for task in slow} == {200}
        assert (await running.call()).status == 200
        await until(lambda: "open" not in running.results())
        assert sum(running.results().values()) == 1 + OTHERS + OTHERS * ROUNDS + PLACES + 1


async def test_a_server_that_breaks_every_call_is_asked_anew_each_time_and_harms_no_other(tmp_path: Path) -> None:
    async with stage(tmp_path, others=OTHERS, breaking=breaking) as running:
        for _ in range(ROUNDS):
            assert (await running.call("breaking")).status == 502
        await rounds_of_all_others(running)
        assert running.server.reached == 1 + ROUNDS, "nothing is sent twice, and nobody is shut out"
        assert (await running.call()).status == 200
        await until(lambda: running.results() == {"ok": 1 + OTHERS + OTHERS * ROUNDS + 1, "lost": ROUNDS})
