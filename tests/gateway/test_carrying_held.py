"""Calls of programs that wait for people: they wait only while their client is there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.gateway.asking_rig import ASKING, Asked, asking_gate
from tests.gateway.carrying_rig import Talk, events, lost, self_explaining
from tests.gateway.feeds import until
from tests.gateway.gate import STDIO_SERVER
from tests.gateway.listener import listening
from tests.support.wire import initialize, parsed, request
from yett.gateway.kept_answers import KeptAnswers, Terms

pytestmark = pytest.mark.anyio

CALL = request("tools/call", {"name": "echo", "arguments": {"text": "a"}, "_meta": {"progressToken": 1}})
DECISION = "dev.yett/decision"


@asynccontextmanager
async def held(path: Path, terms: Terms = Terms()) -> AsyncIterator[tuple[Asked, Talk]]:  # noqa: B008 - frozen
    """A gateway that holds calls until people have decided."""
    async with asking_gate(path / "state.db") as asked:
        gate = asked.gate
        gate.server = STDIO_SERVER
        gate.dispatcher.waits.hold_s = 600.0
        async with listening(gate, document=ASKING, kept=KeptAnswers(gate.clock.monotonic, terms)) as gateway:
            opened = await gateway.post(initialize(), path="/mcp/time")
            yield asked, Talk(gateway, (b"mcp-session-id", opened.fields[b"mcp-session-id"]))


async def test_a_client_that_waits_for_people_gets_the_answer(tmp_path: Path) -> None:
    async with held(tmp_path, Terms(quiet_s=0.1)) as (asked, talk):
        client = await talk.begin(CALL)
        await client.head()
        await client.chunk()
        await asyncio.sleep(0.3)  # a stream on which people are waited for is not closed for being quiet
        asked.approve(await waiting(asked))
        assert parsed(events(await client.chunk())[0][2])["result"]["content"]
        assert asked.ran == 1


async def test_a_client_that_comes_back_is_told_to_call_again(tmp_path: Path) -> None:
    async with held(tmp_path) as (asked, talk):
        client = await talk.begin(CALL)
        await client.head()
        ((first, _, _),) = events(await client.chunk())
        await lost(client)
        await until(lambda: not talk.gateway.in_flight._open)
        asked.approve(await waiting(asked))
        (told,) = [parsed(message) for message in await self_explaining(talk, first)]
        assert told["result"]["_meta"][DECISION]["code"] == "approval_required"
        assert asked.ran == 0
        again = await talk.post(CALL)
        assert not parsed(events(again.body)[-1][2])["result"].get("isError")
        assert asked.ran == 1


async def waiting(asked: Asked) -> str:
    """The request that people have to decide on."""
    (found,) = asked.desk.listed(now_ns=asked.gate.clock.now_ns())
    return found.id
