"""Servers of revision 2024-11-05: the stream, and the address for messages (reference sections 1 and 3.4)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec.structs import replace

from tests.support.clock import ManualClock
from tests.support.sse_2024_server import SseServer, serving_sse
from tests.upstreams.http_server import Peer, serving, until
from tests.upstreams.stdio_rig import notification, outbound, request, result
from yett.errors import OperatorFault, UpstreamFault, UpstreamNotReached, UpstreamTimedOut
from yett.ports import Answer, Outbound
from yett.upstreams.http import HttpUpstreamLimits
from yett.upstreams.sse_2024 import STREAMS_MAX, SseUpstream
from yett.upstreams.stdio import BACK_OFF_FIRST_S

pytestmark = pytest.mark.anyio

SECRET = {"authorization": "Bearer server-secret", "x-more": "1"}


class Rig:
    """An upstream with everything it reported."""

    def __init__(self, url: str, *, timeout_s: float = 5.0, **limits: Any) -> None:
        self.clock = ManualClock()
        self.messages: list[tuple[str, bytes]] = []
        self.warnings: list[str] = []
        self.upstream = SseUpstream(
            url,
            clock=self.clock,
            timeout_s=timeout_s,
            on_message=lambda isolation, data: self.messages.append((isolation, data)),
            on_warning=self.warnings.append,
            limits=HttpUpstreamLimits(**limits),
        )

    async def send(self, message: Outbound) -> Answer:
        return await self.upstream.exchange(replace(message, credential=SECRET))

    async def echo(self, **members: Any) -> Any:
        return echoed(await self.send(outbound("echo", {"text": "hi"}, **members)))

    async def open(self, isolation: str = "s") -> None:
        await self.send(request("initialize", {"protocolVersion": "2024-11-05"}, isolation=isolation))


def echoed(answer: Answer) -> Any:
    """The arguments that the server saw."""
    return json.loads(result(answer)["content"][0]["text"])


@asynccontextmanager
async def behind(server: SseServer, **options: Any) -> AsyncIterator[Rig]:
    rig = Rig(server.url, **options)
    try:
        yield rig
    finally:
        await rig.upstream.aclose()


@asynccontextmanager
async def old_server(**members: Any) -> AsyncIterator[tuple[SseServer, Rig]]:
    options = {key: members.pop(key) for key in ("timeout_s", "event_bytes") if key in members}
    with serving_sse(**members) as server:
        async with behind(server, **options) as rig:
            yield server, rig


# --- messages -------------------------------------------------------------------------------------------------------------


async def test_messages_are_posted_to_the_named_address_and_answered_on_the_stream() -> None:
    async with old_server() as (server, rig):
        await rig.open()
        assert (await rig.send(notification("notifications/initialized"))).status == 202
        assert await rig.echo(id="my own") == {"text": "hi"}
        assert server.methods == ["initialize", "notifications/initialized", "tools/call"]
        assert {path for path, _, _ in server.posts} == {"/messages?id=0"}


async def test_the_credential_goes_with_the_stream_and_with_every_message() -> None:
    async with old_server() as (server, rig):
        await rig.open()
        for seen in (*server.gets, *(fields for _, fields, _ in server.posts)):
            assert (seen["authorization"], seen["x-more"]) == ("Bearer server-secret", "1")
        assert server.gets[0]["accept"] == "text/event-stream"


async def test_several_requests_share_one_stream_and_none_gets_anothers_answer() -> None:
    async with old_server() as (_, rig):
        await rig.open()
        async with asyncio.TaskGroup() as work:
            tasks = [
                work.create_task(rig.send(outbound("echo", {"n": n}, id=1)), name=f"call {n}")  # all with one id
                for n in range(20)
            ]
        assert [echoed(task.result())["n"] for task in tasks] == list(range(20))
        assert {json.loads(task.result().body or b"")["id"] for task in tasks} == {1}


async def test_each_session_has_a_stream_of_its_own() -> None:
    async with old_server() as (server, rig):
        for isolation in ("a", "b"):
            await rig.open(isolation)
            await rig.echo(isolation=isolation)
        assert [path for path, _, message in server.posts if message["method"] == "tools/call"] == [
            "/messages?id=0",
            "/messages?id=1",
        ]
        assert await rig.upstream.end_session(outbound("x", isolation="a")) == 200
        await rig.echo(isolation="b")
        assert len(server.gets) == 2


async def test_a_stateless_request_is_told_to_shake_hands_and_opens_nothing() -> None:
    async with old_server() as (server, rig):
        answer = await rig.send(request("server/discover", modern=True))
        assert answer.status == 400
        assert json.loads(answer.body or b"")["error"]["code"] == -32000
        assert server.gets == []


async def test_what_the_server_says_of_its_own_accord_reaches_its_session_and_is_answered_by_post() -> None:
    async with old_server() as (server, rig):
        await rig.open()
        listening = await rig.upstream.listen(outbound("x"))
        assert listening.events is not None
        server.say({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"})
        server.say({"jsonrpc": "2.0", "id": 5, "method": "roots/list"})
        heard = [json.loads((await anext(listening.events)).data) for _ in range(2)]
        assert [message["method"] for message in heard] == ["notifications/tools/list_changed", "roots/list"]
        assert [isolation for isolation, _ in rig.messages] == ["s", "s"]
        body = json.dumps({"jsonrpc": "2.0", "id": heard[1]["id"], "result": {"roots": []}}).encode()
        await rig.send(Outbound(body, "", None, False, isolation="s"))
        assert server.posts[-1][2] == {"jsonrpc": "2.0", "id": 5, "result": {"roots": []}}


async def test_events_that_are_no_messages_are_counted_and_skipped() -> None:
    async with old_server() as (server, rig):
        await rig.open()
        server.say({"x": 1}, kind="ping")
        server.say({"x": 1})
        assert await rig.echo() == {"text": "hi"}
        assert len(rig.warnings) == 1  # at the 1st, 10th, 100th
        assert "wrote 1 line(s) that were skipped" in rig.warnings[0]


# --- what is not taken ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://127.0.0.2:{port}/messages",
        "http://localhost:{port}/messages",
        "https://127.0.0.1:{port}/messages",
        "http://127.0.0.1:1/messages",
        "//evil.test/messages",
    ],
)
async def test_an_address_on_another_origin_gets_neither_message_nor_credential(endpoint: str) -> None:
    async with old_server(endpoint=endpoint) as (server, rig):
        with pytest.raises(UpstreamNotReached, match="wants messages sent to another origin, http"):
            await rig.open()
        assert server.posts == []


@pytest.mark.parametrize(
    "endpoint", ["http://u:p@127.0.0.1:{port}/m", "ftp://127.0.0.1/m", "/a b", "/ä", "http://[", "/m#x", "/" + "x" * 9000]
)
async def test_an_address_that_cannot_be_used_is_refused(endpoint: str) -> None:
    async with old_server(endpoint=endpoint) as (server, rig):
        with pytest.raises(UpstreamNotReached, match="named an address for messages that cannot be used"):
            await rig.open()
        assert server.posts == []


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:{port}/m?id=0", "m?id=0", "?id=0", "../m?id=0"])
async def test_an_address_on_the_same_origin_may_be_written_in_any_way(endpoint: str) -> None:
    async with old_server(endpoint=endpoint) as (_, rig):
        await rig.open()
        assert await rig.echo() == {"text": "hi"}


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"HTTP/1.1 405 No\r\ncontent-length: 0\r\n\r\n", "answered with status 405 instead of an event stream"),
        (b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 0\r\n\r\n", "instead of an event stream"),
        (b"HTTP/1.1 307 X\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n", "redirects with status 307"),
        (HEAD, "closed the stream before it had named"),
        (HEAD + b"data: {}\n\n", "does not begin with the address"),
        (HEAD.replace(b"\r\n\r\n", b"\r\ncontent-encoding: gzip\r\n\r\n"), "compressed its stream"),
        (b"nonsense\r\n\r\n", "not well-formed HTTP"),
    ],
)
async def test_what_is_no_such_stream_is_refused_with_the_reason(said: bytes, reason: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(said)

    async with serving(script) as server:
        rig = Rig(server.url)
        with pytest.raises(UpstreamNotReached, match=reason):
            await rig.open()
        await rig.upstream.aclose()


async def test_a_server_that_names_no_address_is_not_waited_for_longer_than_its_time() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(HEAD + b":\n\n")
        await peer.gone()

    async with serving(script) as server:
        rig = Rig(server.url, timeout_s=0.05)
        with pytest.raises(UpstreamNotReached, match=r"named no address for messages within|was not ready within"):
            await rig.open()
        await rig.upstream.aclose()


def test_a_url_that_is_none_is_the_operators_fault() -> None:
    with pytest.raises(OperatorFault, match="is not a usable server url"):
        Rig("ftp://x/sse")


async def test_a_credential_that_no_field_can_hold_is_not_sent() -> None:
    async with old_server() as (server, rig):
        with pytest.raises(UpstreamNotReached, match="cannot be sent in a field `host`"):
            await rig.upstream.exchange(replace(request("initialize"), credential={"Host": "evil.test"}))
        assert server.gets == []


# --- faults ---------------------------------------------------------------------------------------------------------------


async def test_a_request_that_the_server_refuses_to_take_is_a_fault_and_leaves_the_session() -> None:
    async with old_server() as (server, rig):
        await rig.open()
        server.post_status = 413
        with pytest.raises(UpstreamFault, match="answered a message with HTTP status 413"):
            await rig.echo()
        server.post_status = 202
        assert await rig.echo() == {"text": "hi"}
        assert len(server.gets) == 1


async def test_a_session_that_the_server_no_longer_knows_is_opened_again() -> None:
    async with old_server() as (server, rig):
        await rig.open()
        server.post_status = 404
        with pytest.raises(UpstreamFault, match="HTTP status 404"):
            await rig.echo()
        server.post_status = 202
        rig.clock.advance(seconds=BACK_OFF_FIRST_S)
        assert await rig.echo() == {"text": "hi"}
        assert server.methods.count("initialize") == 2


async def test_a_stream_that_ends_fails_what_is_asked_and_is_opened_again_with_the_same_handshake() -> None:
    async with old_server() as (server, rig):
        await rig.open()
        lost = asyncio.ensure_future(rig.send(outbound("never")))
        await until(lambda: server.methods.count("tools/call") == 1)
        server.hang_up()
        with pytest.raises(UpstreamFault, match="closed its event stream; it had not answered, and may have acted"):
            await lost
        assert "its stream is opened again when it is needed" in rig.warnings[0]
        rig.clock.advance(seconds=BACK_OFF_FIRST_S)
        assert await rig.echo() == {"text": "hi"}
        assert server.methods == ["initialize", "tools/call", "initialize", "notifications/initialized", "tools/call"]


async def test_a_server_that_is_gone_is_not_reached_and_nothing_was_sent() -> None:
    with serving_sse() as server:
        rig = Rig(server.url)
        await rig.open()
    await until(lambda: bool(rig.warnings))
    with pytest.raises(UpstreamNotReached):
        await rig.echo()
    await rig.upstream.aclose()


async def test_a_late_answer_is_doubtful_and_the_server_is_told_to_stop() -> None:
    async with old_server(timeout_s=0.1) as (server, rig):
        await rig.open()
        with pytest.raises(UpstreamTimedOut, match=r"did not answer within 0\.1 s; it may have acted"):
            await rig.send(outbound("never"))
        await until(lambda: "notifications/cancelled" in server.methods)


async def test_a_message_that_is_not_acknowledged_in_time_may_have_been_heard() -> None:
    async def script(peer: Peer) -> None:
        head, _ = await peer.request()
        if head.startswith(b"GET"):
            await peer.send(HEAD + b"event: endpoint\ndata: /m\n\n")
        await peer.gone()

    async with serving(script) as server:
        rig = Rig(server.url, timeout_s=0.1)
        with pytest.raises(UpstreamTimedOut, match="it may have acted"):
            await rig.open()
        await rig.upstream.aclose()


async def test_an_event_past_the_bound_ends_the_stream() -> None:
    async with old_server(event_bytes=2000) as (_, rig):
        await rig.open()
        with pytest.raises(UpstreamFault, match="broke off its event stream"):
            await rig.send(outbound("echo", {"text": "x" * 3000}))


async def test_past_the_bound_the_longest_idle_stream_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    assert STREAMS_MAX == 512
    monkeypatch.setattr("yett.upstreams.sse_2024.STREAMS_MAX", 2)
    async with old_server() as (server, rig):
        for isolation in "abc":
            await rig.open(isolation)
            rig.clock.advance(seconds=1)
        await rig.echo(isolation="a")  # its stream is opened again, in the place of another
        assert server.methods.count("initialize") == 4
        assert len(server.gets) == 4
        for isolation in "ac":
            await rig.upstream.listen(outbound("x", isolation=isolation))
        with pytest.raises(UpstreamNotReached, match="2 sessions use the server at http"):
            await rig.open("d")


async def test_closing_ends_every_stream() -> None:
    async with old_server() as (_, rig):
        await rig.open("a")
        await rig.open("b")
        await rig.upstream.aclose()
        assert rig.upstream._client.open_connections == 0
        with pytest.raises(UpstreamNotReached):
            await rig.echo(isolation="a")
