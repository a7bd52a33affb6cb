"""Who waits no longer, and what does not come in time."""

from __future__ import annotations

import asyncio

import pytest

from tests.upstreams.stdio_rig import notification, rig, until
from yett.errors import UpstreamFault, UpstreamNotReached, UpstreamTimedOut
from yett.upstreams import stdio_channel

pytestmark = pytest.mark.anyio


async def test_a_client_that_goes_away_cancels_in_the_stateless_era() -> None:
    async with rig() as gate:
        answer = await gate.send("progressing", {"count": 1, "finish": False}, modern=True, _meta={"progressToken": 1})
        await answer.aclose()
        seen = await gate.see(modern=True)
        assert seen["cancelled"] == [seen["id"] - 1]


async def test_a_client_that_goes_away_does_not_cancel_in_the_handshake_era() -> None:
    async with rig() as gate:
        answer = await gate.send("progressing", {"count": 1, "finish": False}, _meta={"progressToken": 1})
        await answer.aclose()
        assert (await gate.see())["cancelled"] == []


@pytest.mark.parametrize("modern", [True, False])
async def test_a_client_that_goes_away_before_the_first_word_is_treated_alike(modern: bool) -> None:
    async with rig() as gate:
        await gate.see(modern=modern)
        waiting = asyncio.create_task(gate.send("hang", modern=modern))
        await until(lambda: bool(gate.upstream._slots["s"].channel and gate.upstream._slots["s"].channel.busy))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert len((await gate.see(modern=modern))["cancelled"]) == (1 if modern else 0)


async def test_an_answer_that_was_read_to_its_end_cancels_nothing() -> None:
    async with rig() as gate:
        answer = await gate.send("progressing", {"count": 1}, modern=True, _meta={"progressToken": 1})
        assert answer.events is not None
        assert len([event async for event in answer.events]) == 2
        await answer.aclose()
        assert (await gate.see(modern=True))["cancelled"] == []


async def test_a_late_answer_to_a_client_that_went_away_is_no_surprise() -> None:
    async with rig() as gate:
        await gate.see()
        waiting = asyncio.create_task(gate.send("hold"))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        await gate.send("release")
        assert not gate.warnings


async def test_a_cancellation_is_passed_on_with_our_number() -> None:
    async with rig() as gate:
        waiting = asyncio.create_task(gate.send("hang", id="mine"))
        await until(
            lambda: (slot := gate.upstream._slots.get("s")) is not None and slot.channel is not None and slot.channel.busy
        )
        await gate.upstream.exchange(notification("notifications/cancelled", {"requestId": "other"}))
        await gate.upstream.exchange(notification("notifications/cancelled", {"requestId": "mine", "reason": "enough"}))
        seen = await gate.see()
        assert seen["cancelled"] == [seen["id"] - 1]
        waiting.cancel()
        await asyncio.wait([waiting])


async def test_a_cancelled_request_ends_even_if_the_server_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stdio_channel, "CANCELLED_GRACE_S", 0.01)
    async with rig() as gate:
        await gate.see()
        waiting = asyncio.create_task(gate.send("hang", id="mine"))
        await asyncio.sleep(0)
        await gate.upstream.exchange(notification("notifications/cancelled", {"requestId": "mine"}))
        with pytest.raises(UpstreamFault, match="cancelled by its client"):
            await waiting


async def test_a_child_that_does_not_answer_times_out_and_is_told() -> None:
    async with rig(timeout_s=3.0) as gate:
        await gate.see()
        gate.upstream._timeout_s = 0.05
        with pytest.raises(UpstreamTimedOut, match=r"did not answer within 0\.05 s"):
            await gate.send("hang")
        gate.upstream._timeout_s = 3.0
        seen = await gate.see()
        assert seen["cancelled"] == [seen["id"] - 1]


async def test_a_child_that_does_not_read_holds_writers_back() -> None:
    async with rig() as gate:
        await gate.send("deaf")
        gate.upstream._timeout_s = 0.1
        big = {"x": "y" * 500_000}
        with pytest.raises(UpstreamTimedOut):
            await gate.send("echo", big)
        with pytest.raises(UpstreamNotReached, match="did not take the request"):
            await gate.send("echo", big)


async def test_a_server_that_is_far_behind_gets_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stdio_channel, "PENDING_MAX", 3)
    async with rig() as gate:
        await gate.see()
        waiting = [asyncio.create_task(gate.send("hang")) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(UpstreamNotReached, match="3 requests unanswered"):
            await gate.send("echo")
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
        await gate.send("echo")
