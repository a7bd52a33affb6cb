"""Servers are looked at soon after a data plane says that a tool of theirs changed, and not over and over."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from tests.admin.service import Office
from yett.admin import wanted_looks
from yett.admin.wanted_looks import WantedLooks

pytestmark = pytest.mark.anyio


async def test_a_server_is_asked_soon_and_once_for_many_words(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wanted_looks, "POLL_S", 0.01)
    office.with_server("shop")
    (server,) = office.publication.last.servers
    office.lookout.asked.clear()
    looks = WantedLooks(office.service.desk, pause_s=0.2)
    watching = asyncio.create_task(looks.watch())
    for name in (server.id, server.id, "nobody"):
        looks.wanted(name)
    async with asyncio.timeout(10):
        while not office.lookout.asked:  # noqa: ASYNC110 - what is waited for happens in a thread
            await asyncio.sleep(0.01)
        looks.wanted(server.id)
        await asyncio.sleep(0.05)
        assert len(office.lookout.asked) == 1, "it has a pause"
        while len(office.lookout.asked) < 2:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
