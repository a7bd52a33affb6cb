"""More at once than there is room for (UP11): who is too much is told at once, others are served, afterwards all is as before."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.hostile_peers.stage import Client, Misbehaving, Reply, Stage, stage, until, whole
from tests.support.effort import times

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

FLOOD = times(40)
ROOM = 8
BACK_TO_NORMAL_S = 5.0


async def held(server: Misbehaving, writer: asyncio.StreamWriter, id: object) -> None:
    await server.release.wait()
    writer.write(whole(id))


async def flooded(running: Stage, group: asyncio.TaskGroup, grants: list[int], room: int) -> list[asyncio.Task[Reply]]:
    """As many calls as there is room for are with the server; then all others are sent and answered."""
    inside = [group.create_task(running.call("held", grant=grants[number % len(grants)])) for number in range(room)]
    warm = len(running.tokens)
    await until(lambda: running.server.reached == warm + room)
    return inside


async def test_the_flood_of_one_grant_is_refused_at_once_and_other_grants_do_not_wait_behind_it(tmp_path: Path) -> None:
    settings = f"in_flight_per_grant_max = {ROOM}"
    async with stage(tmp_path, grants=2, settings=settings, held=held) as running, asyncio.TaskGroup() as group:
        inside = await flooded(running, group, [0], ROOM)
        refused = [await running.call("held", grant=0) for _ in range(FLOOD)]
        assert {(reply.status, reply.fields["retry-after"]) for reply in refused} == {(429, "1")}
        others = [await running.call(grant=1) for _ in range(20)]
        assert {reply.status for reply in others} == {200}
        assert not any(task.done() for task in inside), "the others were answered while the flood still waits"
        assert running.server.reached == 2 + ROOM + 20, "nothing that was refused was forwarded"
        running.server.release.set()
        assert {(await task).status for task in inside} == {200}
        assert (await running.call(grant=0)).status == 200
        await until(lambda: running.results() == {"ok": 2 + ROOM + 20 + 1})


async def test_above_the_room_for_all_requests_are_refused_and_within_five_seconds_all_is_as_before(tmp_path: Path) -> None:
    settings = f"in_flight_max = {ROOM}"
    async with stage(tmp_path, grants=4, settings=settings, held=held) as running, asyncio.TaskGroup() as group:
        inside = await flooded(running, group, [0, 1, 2, 3], ROOM)
        refused = [await running.call(grant=number % 4) for number in range(FLOOD)]
        assert {(reply.status, reply.fields["retry-after"]) for reply in refused} == {(503, "1")}
        assert {reply.value["error"]["code"] for reply in refused} == {-32000}
        running.server.release.set()
        async with asyncio.timeout(BACK_TO_NORMAL_S):
            assert {(await task).status for task in inside} == {200}
            for number in range(FLOOD):
                assert (await running.call(grant=number % 4)).status == 200


async def test_connections_above_the_bound_are_told_when_to_come_back_and_those_within_it_are_served(tmp_path: Path) -> None:
    async with stage(tmp_path, settings="connections_max = 20") as running:
        await until(lambda: running.files() > 0)
        inside: list[Client] = []
        while len(inside) < 20:
            client = await running.client()
            if (await client.ask(running.request())).status == 200:
                inside.append(client)
        outside = [await running.client() for _ in range(10)]
        replies = [await client.reply() for client in outside]
        assert {(reply.status, reply.fields["retry-after"]) for reply in replies} == {(503, "1")}
        assert {(await client.ask(running.request())).status for client in inside} == {200}
