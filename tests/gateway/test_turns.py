"""Each grant begins a few requests in each turn of the event loop."""

from __future__ import annotations

import asyncio

import pytest

from yett.gateway.turns import BEGINS_MAX, Turns

pytestmark = pytest.mark.anyio


async def begin(turns: Turns, grant_id: str, name: str, begun: list[str]) -> None:
    turn = turns.take(grant_id)
    if turn is not None:
        await turn
    begun.append(name)


async def test_one_that_comes_behind_many_of_another_grant_does_not_wait_for_them() -> None:
    turns, begun = Turns(), list[str]()
    async with asyncio.TaskGroup() as group:
        for number in range(10 * BEGINS_MAX):
            group.create_task(begin(turns, "flood", f"flood {number}", begun))
        group.create_task(begin(turns, "other", "other", begun))
    assert begun.index("other") == BEGINS_MAX
    assert [name for name in begun if name != "other"] == [f"flood {number}" for number in range(10 * BEGINS_MAX)]


async def test_grants_that_all_have_many_begin_alike() -> None:
    turns, begun = Turns(maximum=2), list[str]()
    async with asyncio.TaskGroup() as group:
        for grant_id in "abc":
            for _ in range(6):
                group.create_task(begin(turns, grant_id, grant_id, begun))
    assert "".join(begun) == "aabbcc" * 3


async def test_one_at_a_time_never_waits() -> None:
    turns = Turns(maximum=1)
    for _ in range(5):
        assert turns.take("a") is None
        for _ in range(3):
            await asyncio.sleep(0)
    assert not turns._begun
    assert not turns._waiting


async def test_one_that_was_given_up_costs_no_turn_and_nothing_is_left_over() -> None:
    turns = Turns(maximum=1)
    assert turns.take("a") is None
    gone, next_one = turns.take("a"), turns.take("a")
    assert gone is not None
    assert next_one is not None
    gone.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert next_one.done()
    for _ in range(3):
        await asyncio.sleep(0)
    assert not turns._begun
    assert not turns._waiting
