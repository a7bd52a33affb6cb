"""What a child says while nobody asks: kept, bounded, and heard once."""

from __future__ import annotations

import asyncio

import pytest

from yett.ports import Event
from yett.upstreams.stdio_outbox import OUTBOX_BYTES_MAX, OUTBOX_MAX, Outbox

pytestmark = pytest.mark.anyio


async def test_what_waits_is_heard_in_order() -> None:
    outbox = Outbox()
    heard = outbox.listen()
    assert all(outbox.put(line) for line in (b"1", b"2"))
    assert [await anext(heard), await anext(heard)] == [Event(b"1"), Event(b"2")]


async def test_a_message_goes_to_one_of_those_who_wait() -> None:
    outbox = Outbox()
    async with asyncio.TaskGroup() as waiting:
        tasks = [waiting.create_task(anext(outbox.listen())) for _ in range(2)]
        await asyncio.sleep(0)
        outbox.put(b"1")
        for _ in range(5):
            await asyncio.sleep(0)
        assert sum(task.done() for task in tasks) == 1
        outbox.put(b"2")
    assert sorted(task.result().data for task in tasks) == [b"1", b"2"]


def test_too_much_is_not_taken() -> None:
    outbox = Outbox()
    assert all(outbox.put(b"x") for _ in range(OUTBOX_MAX))
    assert not outbox.put(b"x")
    large = Outbox()
    assert large.put(b"x" * (OUTBOX_BYTES_MAX + 1))
    assert not large.put(b"x")
    large.take()
    assert large.put(b"x")


async def test_the_end_of_a_session_ends_its_streams() -> None:
    outbox = Outbox()
    heard, other = outbox.listen(), outbox.listen()
    assert outbox.listeners == 2
    await other.aclose()
    await other.aclose()
    assert outbox.listeners == 1
    assert [event async for event in other] == []
    outbox.put(b"last")
    outbox.close()
    assert [event.data async for event in heard] == [b"last"]
    assert not outbox.put(b"late")
