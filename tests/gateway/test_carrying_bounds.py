"""What bounds calls that nobody listens to, and answers that nobody comes for; and how they end."""

from __future__ import annotations

import asyncio

import pytest

from tests.gateway.carrying_rig import DONE, NEWS, PATH, events, lost, self_explaining, talking
from tests.gateway.feeds import until
from tests.gateway.gate import STDIO_SERVER
from tests.gateway.listener import token_grant
from tests.support.policies import ALLOW_ALL
from tests.support.wire import notification, parsed
from yett.audit.record import Refused, Result
from yett.gateway.kept_answers import MESSAGE_BYTES, Terms
from yett.gateway.tokens import mint

pytestmark = pytest.mark.anyio


async def test_a_call_that_nobody_listens_to_keeps_its_place_and_its_record() -> None:
    async with talking() as talk:
        feed = talk.feed()
        client, _ = await talk.begun()
        await lost(client)
        await asyncio.sleep(0.05)
        assert talk.gateway.in_flight._open == {"g1": 1}
        assert talk.results == []
        feed.say(DONE)
        await until(lambda: talk.results == [Result.OK])
        await until(lambda: not talk.gateway.in_flight._open)


async def test_a_call_that_nobody_comes_for_is_given_up() -> None:
    async with talking(Terms(kept_s=0.2)) as talk:
        feed = talk.feed()
        client, first = await talk.begun()
        await asyncio.sleep(0.3)  # as long as the client is there, it may take what it takes
        await lost(client)
        await until(lambda: talk.results == [Result.CLIENT_GONE])
        await until(lambda: not talk.gateway.in_flight._open)
        assert feed.closed or not feed.taken
        (told,) = [parsed(data) for data in await self_explaining(talk, first)]
        assert (told["id"], told["error"]["code"]) == (1, -32603)
        assert "nobody came" in told["error"]["message"]


async def test_a_call_is_not_given_up_while_somebody_came_again() -> None:
    async with talking(Terms(kept_s=0.5)) as talk:
        feed = talk.feed()
        client, first = await talk.begun()
        await lost(client)
        again = await talk.take_up(first)
        await again.head()
        await again.chunk()
        await asyncio.sleep(0.8)
        feed.say(DONE)
        assert events(await again.chunk())[0][2] == DONE


async def test_what_was_dropped_for_want_of_room_is_said_to_be() -> None:
    async with talking(Terms(bytes_max=2 * MESSAGE_BYTES)) as talk:
        feed = talk.feed()
        client, first = await talk.begun()
        await lost(client)
        for message in (NEWS[0], NEWS[1], DONE):
            feed.say(message)
        await until(lambda: talk.results == [Result.OK])
        (told,) = [parsed(data) for data in await self_explaining(talk, first)]
        assert told["id"] == 1
        assert "more waited" in told["error"]["message"]


async def test_who_is_there_gets_what_is_too_much_to_keep() -> None:
    async with talking(Terms(bytes_max=1)) as talk:
        feed = talk.feed()
        client, _ = await talk.begun()
        for message in (NEWS[0], NEWS[1], DONE):
            feed.say(message)
            assert events(await client.chunk())[0][2] == message
        assert await client.chunk() == b""


async def test_nothing_is_left_of_a_session_that_its_client_ended() -> None:
    async with talking() as talk:
        feed = talk.feed()
        client, first = await talk.begun()
        await lost(client)
        feed.say(NEWS[0])
        kept = talk.gateway.parts().kept
        await until(lambda: kept.size)
        ended = await (await talk.gateway.client()).ask("DELETE", PATH, [*talk.gateway.fields(), talk.session])
        assert (ended.status, kept.size) == (200, 0)
        assert (await (await talk.take_up(first)).reply()).status == 404
        feed.say(DONE)
        await until(lambda: talk.results == [Result.OK])
        assert kept.size == 0


async def test_a_grant_that_is_taken_away_ends_what_runs_for_it() -> None:
    async with talking() as talk:
        talk.feed()
        client, first = await talk.begun()
        await lost(client)
        again = await talk.take_up(first)
        await again.head()
        await again.chunk()
        talk.gateway.gate.publish(ALLOW_ALL, grants=[token_grant(mint(), "other", server=STDIO_SERVER)])
        assert await again.chunk() == b""
        await until(lambda: talk.results == [Result.CLIENT_GONE])
        await until(lambda: not talk.gateway.in_flight._open)
        assert [record.kind for record in talk.gateway.gate.ledger.security] == [Refused.STOPPED]
        assert talk.gateway.parts().kept.size == 0
        assert (await (await talk.take_up(first)).reply()).status == 401


async def test_a_gateway_that_stops_waits_for_what_runs_with_nobody_there() -> None:
    async with talking() as talk:
        feed = talk.feed()
        client, _ = await talk.begun()
        await lost(client)
        assert talk.gateway.server is not None
        stopping = asyncio.create_task(talk.gateway.server.aclose(5.0))
        await asyncio.sleep(0.3)
        assert not stopping.done()
        feed.say(DONE)
        await stopping
        assert talk.results == [Result.OK]


async def test_a_gateway_that_stops_brings_who_came_again_the_rest() -> None:
    async with talking() as talk:
        feed = talk.feed()
        client, first = await talk.begun()
        await lost(client)
        again = await talk.take_up(first)
        await again.head()
        await again.chunk()
        assert talk.gateway.server is not None
        await talk.gateway.server.stop_listening()
        talk.gateway.gate.dispatcher.live.end_all()
        stopping = asyncio.create_task(talk.gateway.server.aclose(5.0))
        await asyncio.sleep(0.1)
        feed.say(DONE)
        assert events(await again.chunk())[0][2] == DONE
        assert await again.chunk() == b""
        await stopping


async def test_a_gateway_that_stops_waits_no_longer_than_it_may() -> None:
    async with talking() as talk:
        talk.feed()
        client, _ = await talk.begun()
        await lost(client)
        assert talk.gateway.server is not None
        await talk.gateway.server.aclose(0.2)
        assert talk.results == [Result.CLIENT_GONE]


async def test_a_client_that_is_gone_may_still_cancel() -> None:
    async with talking() as talk:
        feed = talk.feed()
        client, _ = await talk.begun()
        await lost(client)
        assert (await talk.post(notification("notifications/cancelled", {"requestId": 1}))).status == 202
        assert [sent.method for sent in talk.gateway.gate.upstream.sent][-1] == "notifications/cancelled"
        feed.say(DONE)
        await until(lambda: talk.results)
