"""The control plane's own looks at servers."""

from __future__ import annotations

import asyncio

import pytest

from tests.admin.service import Office
from yett.admin.health import JITTER, NS, HealthRounds, due_ns
from yett.admin.views import NewServer

INTERVAL_S = 300.0


def rounds(office: Office) -> HealthRounds:
    return HealthRounds(office.service.desk, interval_s=INTERVAL_S, at_once=2)


def test_a_server_is_due_an_interval_after_it_was_last_asked_the_longest_waiting_first(office: Office) -> None:
    office.with_server("one")
    office.clock.advance(30)
    office.with_server("two")
    health = rounds(office)
    assert health.due() == []
    office.clock.advance(INTERVAL_S * (1 - JITTER) - 31)
    assert health.due() == []
    office.clock.advance(INTERVAL_S)
    assert [due.server.name for due in health.due()] == ["one", "two"]
    health.look(health.due()[0])
    assert [due.server.name for due in health.due()] == ["two"]


def test_servers_asked_at_once_are_not_asked_at_once_again() -> None:
    moments = {due_ns(f"server {number}", 7 * NS, INTERVAL_S) for number in range(200)}
    earliest, latest = 7 * NS + INTERVAL_S * NS * (1 - JITTER), 7 * NS + INTERVAL_S * NS * (1 + JITTER)
    assert all(earliest <= moment <= latest for moment in moments)
    assert max(moments) - min(moments) > INTERVAL_S * NS * JITTER


def test_what_a_look_finds_is_shown_and_changes_no_decision(office: Office) -> None:
    office.with_server("shop")
    snapshots, lines = len(office.publication.snapshots), len(office.service.changes())
    office.clock.advance(2 * INTERVAL_S)
    office.lookout.problem = "it is away"
    health = rounds(office)
    for due in health.due():
        health.look(due)
    assert office.service.status().unwell == ["shop"]
    assert (len(office.publication.snapshots), len(office.service.changes())) == (snapshots, lines)


def test_a_server_that_was_removed_meanwhile_is_not_remembered(office: Office) -> None:
    office.with_server("shop")
    office.clock.advance(2 * INTERVAL_S)
    health = rounds(office)
    (due,) = health.due()
    office.service.remove_server("shop")
    health.look(due)
    assert health.due() == []


@pytest.mark.anyio
async def test_the_watch_asks_every_server_and_stops_when_it_is_told(office: Office) -> None:
    for name in ("one", "two", "three"):
        office.service.add_server(NewServer(name=name, url="http://127.0.0.1:9/mcp"))
    office.lookout.asked.clear()
    office.clock.advance(1_000)
    watching = asyncio.create_task(HealthRounds(office.service.desk, interval_s=0.05, at_once=2).watch())
    async with asyncio.timeout(10):
        while len({server.name for server in office.lookout.asked}) < 3:  # noqa: ASYNC110 - the looks run in threads
            await asyncio.sleep(0.01)
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching


@pytest.mark.anyio
async def test_no_interval_is_no_watch(office: Office) -> None:
    async with asyncio.timeout(5):
        await HealthRounds(office.service.desk, interval_s=0, at_once=2).watch()
