"""A body as its reader sees it."""

from __future__ import annotations

import asyncio

import pytest

from yett.errors import UpstreamFault
from yett.upstreams.http1_response import PAUSE_ABOVE_BYTES, Response

pytestmark = pytest.mark.anyio


class FakeSource:
    """Writes down what the response asks of its connection."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    def pause(self) -> None:
        self.asked.append("pause")

    def resume(self) -> None:
        self.asked.append("resume")

    def expect_within(self, seconds: float | None) -> None:
        self.asked.append(seconds)

    def abort(self) -> None:
        self.asked.append("abort")


def made(*headers: tuple[bytes, bytes]) -> tuple[Response, FakeSource]:
    source = FakeSource()
    return Response(200, headers, source), source


async def test_a_body_is_read_as_far_as_it_is_there_and_then_waited_for() -> None:
    response, _ = made()
    response.add(b"a")
    response.add(b"b")
    assert await response.read_some() == b"ab"
    reading = asyncio.ensure_future(response.read_some())
    await asyncio.sleep(0)
    assert not reading.done()
    response.add(b"c")
    response.wake()
    assert await reading == b"c"
    response.finish()
    assert await response.read_some() == b""


async def test_the_server_waits_while_much_is_unread() -> None:
    response, source = made()
    response.add(b"x" * PAUSE_ABOVE_BYTES)
    assert source.asked == []
    response.add(b"x")
    response.add(b"x")
    assert source.asked == ["pause"]
    await response.read_some()
    assert source.asked == ["pause", "resume"]


async def test_a_complete_response_lets_its_connection_alone() -> None:
    response, source = made()
    response.add(b"x" * (PAUSE_ABOVE_BYTES + 1))
    response.finish()
    source.asked.clear()
    await response.read_some()
    response.wait_at_most(5)
    await response.aclose()
    assert source.asked == [], "it is somebody else's by now"


async def test_what_arrived_before_a_fault_is_read_and_then_the_fault_raised() -> None:
    response, _ = made()
    response.add(b"a")
    response.fail(UpstreamFault("broken"))
    assert await response.read_some() == b"a"
    with pytest.raises(UpstreamFault, match="broken"):
        await response.read_some()


async def test_a_fault_takes_back_completeness() -> None:
    response, _ = made()
    response.add(b"a")
    response.finish()
    response.fail(UpstreamFault("there was more"))
    with pytest.raises(UpstreamFault, match="there was more"):
        await response.read_all(10)


async def test_a_whole_body_is_bounded_by_its_announcement_and_by_its_length() -> None:
    response, _ = made()
    response.length = 11
    with pytest.raises(UpstreamFault, match="longer than 10 bytes"):
        await response.read_all(10)
    response, _ = made()
    response.add(b"x" * 10)
    response.finish()
    assert await response.read_all(10) == b"x" * 10
    response, _ = made()
    response.add(b"x" * 11)
    response.finish()
    with pytest.raises(UpstreamFault, match="longer than 10 bytes"):
        await response.read_all(10)


async def test_only_waiting_counts_against_an_idle_time_out() -> None:
    response, source = made()
    response.wait_at_most(7)
    assert source.asked == [None]
    reading = asyncio.ensure_future(response.read_some())
    await asyncio.sleep(0)
    assert source.asked == [None, 7]
    response.add(b"x")
    response.wake()
    await reading
    assert source.asked == [None, 7, None]


async def test_leaving_an_incomplete_response_closes_its_connection() -> None:
    response, source = made()
    await response.aclose()
    assert source.asked == ["abort"]


async def test_a_field_that_contradicts_itself_is_a_fault() -> None:
    response, _ = made((b"a", b"1"), (b"b", b"1"), (b"a", b"1"), (b"b", b"2"))
    assert response.pick(frozenset({b"a", b"c"})) == {b"a": b"1"}
    with pytest.raises(UpstreamFault, match="`b` twice"):
        response.pick(frozenset({b"a", b"b"}))


async def test_a_body_that_is_all_here_is_had_without_waiting_if_it_is_short_and_surely_whole() -> None:
    response, _ = made()
    response.add(b"ab")
    assert response.whole(10) is None
    response.finish()
    assert response.whole(1) is None
    assert response.whole(2) == b"ab"
    for spoil in (
        lambda response: response.fail(UpstreamFault("x")),
        lambda response: setattr(response, "ends_with_connection", True),
    ):
        response, _ = made()
        response.finish()
        spoil(response)
        assert response.whole(10) is None
