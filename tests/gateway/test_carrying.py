"""Answers of programs as streams that can be taken up again, through the real edge and with real sockets."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.gateway.carrying_rig import DONE, NEWS, PATH, events, lost, talking
from tests.gateway.feeds import until
from tests.gateway.gate import STDIO_SERVER
from tests.gateway.listener import token_grant
from tests.support.fake_upstream import Stream
from tests.support.policies import ALLOW_ALL
from tests.support.wire import Sent, call, initialize, notification, parsed, request
from yett.audit.record import Refused, Result
from yett.errors import UpstreamFault, UpstreamNotReached
from yett.gateway import carrying
from yett.gateway.carrying import RETRY_MS
from yett.gateway.kept_answers import Terms
from yett.gateway.tokens import mint
from yett.ports import Answer, Event, Outbound

pytestmark = pytest.mark.anyio


# --- what a client sees that stays ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [call("echo"), request("tools/list"), request("ping")], ids=["call", "list", "ping"])
async def test_a_quick_answer_is_a_stream_in_one_piece(sent: Sent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrying, "BEGINS_S", 10.0)  # this machine may be slow
    async with talking() as talk:
        reply = await talk.post(sent)
        assert (reply.status, reply.fields[b"content-type"]) == (200, b"text/event-stream")
        assert reply.fields[b"content-length"] == b"%d" % len(reply.body)
        (first, second) = events(reply.body)
        assert (first[1], first[2]) == (b"%d" % RETRY_MS, b"")
        assert second[0] != first[0]
        assert parsed(second[2])["id"] == 1


async def test_a_slow_answer_begins_with_what_it_is_taken_up_with() -> None:
    async with talking() as talk:
        feed = talk.feed()
        client, first = await talk.begun()
        feed.say(NEWS[0])
        feed.say(DONE)
        got = events(await client.chunk()) + events(await client.chunk())
        assert [data for _, _, data in got] == [NEWS[0], DONE]
        assert len({first, *(id for id, _, _ in got)}) == 3
        assert await client.chunk() == b""
        assert talk.results == [Result.OK]
        again = await client.ask("POST", PATH, [*talk.gateway.fields(call("echo")), talk.session], notification("x/y").body)
        assert again.status  # the connection serves on


@pytest.mark.parametrize("revision", ["2025-06-18", "2025-03-26"])
async def test_clients_of_earlier_revisions_are_answered_as_before(revision: str) -> None:
    async with talking(revision=revision) as talk:
        sent = call("echo")
        fields = [(n, v) for n, v in sent.fields if n != b"mcp-protocol-version"] + [(b"mcp-protocol-version", revision.encode())]
        reply = await talk.post(Sent(sent.body, fields))
        assert (reply.status, reply.fields[b"content-type"]) == (200, b"application/json")


async def test_a_gateway_that_keeps_nothing_answers_as_before() -> None:
    async with talking(Terms(kept_s=0)) as talk:
        reply = await talk.post(call("echo"))
        assert (reply.status, reply.fields[b"content-type"]) == (200, b"application/json")


async def test_a_quick_fault_keeps_its_status(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrying, "BEGINS_S", 10.0)
    async with talking() as talk:
        talk.gateway.gate.upstream.replies["tools/call"] = UpstreamNotReached("no")
        reply = await talk.post(call("echo"))
        assert (reply.status, reply.fields[b"content-type"]) == (502, b"application/json")
        assert talk.gateway.parts().kept.size == 0


async def test_a_slow_fault_is_an_answer_on_the_stream() -> None:
    async with talking() as talk:
        go_on = asyncio.Event()

        async def reply(message: Outbound) -> Answer:
            await go_on.wait()
            raise UpstreamFault("it died")

        talk.gateway.gate.upstream.replies["tools/call"] = reply
        client, _ = await talk.begun()
        go_on.set()
        assert parsed(events(await client.chunk())[0][2])["error"]["code"] == -32603
        assert await client.chunk() == b""
        assert talk.results == [Result.LOST]


async def test_a_program_that_dies_in_the_middle_is_an_answer() -> None:
    async with talking() as talk:
        stream = Stream([Event(NEWS[0])], UpstreamFault("it died"))
        talk.gateway.gate.upstream.replies["tools/call"] = Answer(events=stream)
        reply = await talk.post(call("echo"))
        assert reply.complete
        ((first, _, _), (_, _, news), (_, _, told)) = events(reply.body)
        assert news == NEWS[0]
        assert parsed(told)["error"]["code"] == -32603
        assert "it died" not in told.decode()
        assert talk.results == [Result.LOST]
        assert await talk.rest(first) == [news, told]


async def test_a_client_that_has_closed_its_side_is_answered() -> None:
    async with talking() as talk:
        go_on = asyncio.Event()

        async def reply(message: Outbound) -> Answer:
            await go_on.wait()
            return Answer(body=DONE)

        talk.gateway.gate.upstream.replies["tools/call"] = reply
        client = await talk.begin()
        client.writer.write_eof()
        await until(lambda: talk.gateway.gate.upstream.calls)
        await asyncio.sleep(0.1)
        go_on.set()
        assert DONE in await client.reader.read()


# --- taking up -----------------------------------------------------------------------------------------------------------


async def test_what_a_lost_client_missed_is_there_when_it_comes_again() -> None:
    async with talking() as talk:
        feed = talk.feed()
        client, first = await talk.begun()
        feed.say(NEWS[0])
        ((second, _, _),) = events(await client.chunk())
        await lost(client)
        for message in (NEWS[1], NEWS[2], DONE):
            feed.say(message)
        await until(lambda: talk.results == [Result.OK])
        assert await talk.rest(second) == [NEWS[1], NEWS[2], DONE]
        assert await talk.rest(first) == [NEWS[0], NEWS[1], NEWS[2], DONE]
        assert len(talk.gateway.gate.upstream.calls) == 1
        await until(lambda: not talk.gateway.in_flight._open)


async def test_a_client_that_comes_again_hears_on() -> None:
    async with talking() as talk:
        feed = talk.feed()
        client, first = await talk.begun()
        await lost(client)
        feed.say(NEWS[0])
        again = await talk.take_up(first)
        assert (await again.head()).status == 200
        assert events(await again.chunk())[0][0] == first
        assert events(await again.chunk())[0][2] == NEWS[0]
        feed.say(NEWS[1])
        ((third, _, data),) = events(await again.chunk())
        assert data == NEWS[1]
        await lost(again)
        feed.say(DONE)
        assert await talk.rest(third) == [DONE]


async def test_a_client_that_comes_again_takes_over_from_a_connection_that_only_seems_alive() -> None:
    async with talking() as talk:
        feed = talk.feed()
        client, first = await talk.begun()
        again = await talk.take_up(first)
        await again.head()
        await again.chunk()
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await client.chunk()
        third = await talk.take_up(first)
        await third.head()
        await third.chunk()
        assert await again.chunk() == b""
        feed.say(DONE)
        assert events(await third.chunk())[0][2] == DONE
        assert await third.chunk() == b""
        assert talk.results == [Result.OK]


async def test_a_quick_answer_can_be_taken_up_too() -> None:
    async with talking() as talk:
        reply = await talk.post(request("tools/list"))
        (first, second) = events(reply.body)
        assert await talk.rest(first[0]) == [second[2]]
        assert await talk.rest(second[0]) == []


async def test_answers_of_two_calls_are_kept_apart() -> None:
    async with talking() as talk:
        one = events((await talk.post(call("echo", id=7))).body)
        two = events((await talk.post(call("echo", id=7))).body)
        assert await talk.rest(one[0][0]) == [one[1][2]]
        assert await talk.rest(two[0][0]) == [two[1][2]]
        assert one[0][0] != two[0][0]


async def test_who_did_not_get_an_event_is_refused_as_for_one_that_never_was() -> None:
    async with talking() as talk:
        (first, second) = events((await talk.post(call("echo"))).body)
        gateway, other_token = talk.gateway, mint()
        gateway.gate.publish(
            ALLOW_ALL,
            grants=[token_grant(gateway.token, server=STDIO_SERVER), token_grant(other_token, "g2", server=STDIO_SERVER)],
        )
        refused = []
        for token in (None, other_token):
            opened = await gateway.post(initialize(), path=PATH, token=token)
            session = (b"mcp-session-id", opened.fields[b"mcp-session-id"])
            asking = [await talk.take_up(id, session, token) for id in (first[0], second[0], b"never-was-0")]
            refused += [await client.reply() for client in asking]
        assert {(reply.status, reply.body) for reply in refused} == {(400, refused[0].body)}
        assert [record.kind for record in gateway.gate.ledger.security] == [Refused.SESSION] * 6
        theirs = await (await talk.take_up(first[0], None, other_token)).reply()
        assert theirs.status == 404
        assert await talk.rest(first[0]) == [second[2]]


async def test_a_quiet_stream_is_closed_for_its_client_to_come_back() -> None:
    async with talking(Terms(quiet_s=0.2)) as talk:
        feed = talk.feed()
        client = await talk.begin()
        head = await client.head()
        assert head.fields[b"connection"] == b"close"
        ((first, _, _),) = events(await client.chunk())
        assert await client.chunk() == b""
        assert await client.reader.read() == b""
        assert talk.gateway.in_flight._open
        assert await talk.rest(first) == []
        feed.say(DONE)
        assert await talk.rest(first) == [DONE]
        assert talk.results == [Result.OK]


@pytest.mark.parametrize("seed", range(4))
async def test_however_often_the_connection_is_cut_each_message_comes_once_and_in_order(seed: int) -> None:
    chance = random.Random(seed)
    said = [b'{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":%d}}' % n for n in range(60)]
    async with talking() as talk:
        feed = talk.feed()
        client, last = await talk.begun()
        got: list[bytes] = []
        waiting = [*said, DONE]
        while not got or got[-1] != DONE:
            for _ in range(min(chance.randrange(4), len(waiting))):
                feed.say(waiting.pop(0))
            if chance.random() < 0.3:
                await lost(client)
            if chance.random() < 0.5:  # also from one that is still there
                client = await talk.take_up(last)
                await client.head()
                assert events(await client.chunk())[0][0] == last
            elif client.writer.is_closing():
                continue
            while len(got) < len(said) + 1 - len(waiting) and chance.random() < 0.7:
                ((last, _, data),) = events(await client.chunk())
                got.append(data)
        assert got == [*said, DONE]
        assert talk.results == [Result.OK]
