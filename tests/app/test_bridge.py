"""`yett connect`: each line to the gateway, each message of the answer back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.fake_upstream import Chunks, FakeUpstream, Stream, content, result, streamed
from tests.support.wire import Sent, call, initialize, notification, request
from yett.app.bridge import Bridge
from yett.errors import UpstreamFault, UpstreamNotReached
from yett.ports import Answer, Event, Outbound

pytestmark = pytest.mark.anyio

PROGRESS = b'{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}'


@dataclass
class Client:
    """A client on stdio, before a gateway that answers as it is told."""

    gateway: FakeUpstream = field(default_factory=FakeUpstream)
    written: list[bytes] = field(default_factory=list)
    gone: bool = False

    async def say(self, *sent: Sent | bytes) -> list[Any]:
        """Send lines and close; what came back."""
        await Bridge(self.gateway, "yett_token", self._write).serve(self._lines(sent))
        return [json.loads(line) for line in self.written]

    async def _write(self, line: bytes) -> None:
        if self.gone:
            raise BrokenPipeError
        self.written.append(line)

    async def _lines(self, sent: tuple[Sent | bytes, ...]) -> AsyncIterator[bytes]:
        for line in sent:
            yield line.body if isinstance(line, Sent) else line
            for _ in range(5):
                await asyncio.sleep(0)


async def test_a_handshake_settles_session_and_revision_for_what_follows() -> None:
    client = Client()
    client.gateway.session = "s-1"
    said = await client.say(initialize(), notification("notifications/initialized"), call("echo", id=2))
    assert [answer["id"] for answer in said] == [1, 2]
    first, second, third = client.gateway.sent
    assert (first.session, second.session, third.session) == (None, "s-1", "s-1")
    assert b"mcp-protocol-version" not in dict(first.headers)
    assert dict(third.headers)[b"mcp-protocol-version"] == b"2025-11-25"
    assert third.body == call("echo", id=2).body


async def test_a_stateless_request_is_mirrored_in_its_fields() -> None:
    client = Client()
    await client.say(call("echo", stateless=True), call("größe", id=2, stateless=True))
    fields = [dict(message.headers) for message in client.gateway.calls]
    assert fields[0][b"mcp-protocol-version"] == b"2026-07-28"
    assert (fields[0][b"mcp-method"], fields[0][b"mcp-name"]) == (b"tools/call", b"echo")
    assert fields[1][b"mcp-name"] == b"=?base64?Z3LDtsOfZQ==?="


async def test_a_resource_is_named_in_a_field_by_its_uri_and_a_completion_by_none() -> None:
    client = Client()
    complete = {"ref": {"type": "ref/prompt", "name": "p"}, "argument": {"name": "a", "value": ""}}
    await client.say(
        request("resources/read", {"uri": "a:b"}, stateless=True), request("completion/complete", complete, stateless=True)
    )
    assert [dict(message.headers).get(b"mcp-name") for message in client.gateway.sent] == [b"a:b", None]


async def test_the_token_goes_with_every_message_and_is_shown_nowhere() -> None:
    client = Client()
    await client.say(initialize(), call("echo", id=2))
    assert [message.credential for message in client.gateway.sent] == [{"authorization": "Bearer yett_token"}] * 2
    assert "yett_token" not in repr(Bridge(client.gateway, "yett_token", client._write))


@pytest.mark.parametrize(
    "body",
    [
        result(b"1", content("x")),
        b'{"result":{"content":[]},"id":1,"jsonrpc":"2.0"}',
        b' {\n "id": 1, "jsonrpc": "2.0", "error": {"code": -32603, "message": "no"}}',
    ],
)
async def test_an_answer_is_written_as_it_stands_however_it_is_written(body: bytes) -> None:
    client = Client()
    client.gateway.replies["tools/call"] = Answer(body=body)
    await client.say(call("echo"))
    assert client.written == [body]


async def test_a_stream_becomes_lines() -> None:
    client = Client()
    done = result(b"1", content("done"))
    client.gateway.replies["tools/call"] = streamed(PROGRESS, done)
    await client.say(call("echo"))
    assert client.written == [PROGRESS, done]


async def test_a_long_answer_becomes_one_line() -> None:
    client = Client()
    client.gateway.replies["tools/call"] = Answer(chunks=Chunks([b'{"a":', b"1}"]))
    await client.say(call("echo"))
    assert client.written == [b'{"a":1}']


async def test_a_stream_that_breaks_off_ends_in_an_error_for_its_request() -> None:
    client = Client()
    client.gateway.replies["tools/call"] = streamed(PROGRESS, fault=UpstreamFault("the gateway broke off"))
    said = await client.say(call("echo", id="x"))
    assert (said[1]["id"], said[1]["error"]["message"]) == ("x", "the gateway broke off")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(status=401, body=b'{"error":"a valid grant for this server is needed"}'), "does not know this grant"),
        (Answer(status=503, body=b'{"error":"not ready"}'), "HTTP status 503"),
        (Answer(status=500), "HTTP status 500"),
        (UpstreamNotReached("cannot connect to the gateway"), "cannot connect"),
    ],
)
async def test_what_the_gateway_refuses_is_an_error_in_words(answer: Any, words: str) -> None:
    client = Client()
    client.gateway.replies["tools/call"] = answer
    (said,) = await client.say(call("echo"))
    assert (said["id"], said["error"]["code"]) == (1, -32603)
    assert words in said["error"]["message"]


async def test_a_notification_that_fails_is_silent() -> None:
    client = Client()
    client.gateway.replies["notifications/initialized"] = UpstreamNotReached("gone")
    assert await client.say(notification("notifications/initialized")) == []


async def test_a_line_that_is_no_message_is_answered_here() -> None:
    client = Client()
    (said,) = await client.say(b"{")
    assert said["error"]["code"] == -32700
    assert not client.gateway.sent


async def test_requests_do_not_wait_for_each_other() -> None:
    client = Client()
    proceed = asyncio.Event()

    async def reply(message: Outbound) -> Answer:
        if message.id == b"1":
            await proceed.wait()
        proceed.set()
        return Answer(body=result(message.id, content("x")))

    client.gateway.replies["tools/call"] = reply
    said = await client.say(call("echo"), call("echo", id=2))
    assert [answer["id"] for answer in said] == [2, 1]


async def test_a_client_that_no_longer_reads_ends_the_bridge_quietly() -> None:
    client = Client(gone=True)
    stream = Stream([Event(PROGRESS)])
    client.gateway.replies["tools/call"] = Answer(events=stream)
    assert await client.say(call("echo"), request("ping", id=2)) == []
    assert stream.closed


# --- what servers say and ask -----------------------------------------------------------------------------------------------


ASKED = b'{"jsonrpc":"2.0","id":0,"method":"roots/list"}'


async def test_what_a_server_says_in_a_session_becomes_lines_and_an_answer_goes_back() -> None:
    client = Client()
    client.gateway.session = "s-1"
    client.gateway.replies["GET"] = Answer(events=Stream([Event(ASKED)]))
    answer = b'{"jsonrpc":"2.0","id":0,"result":{"roots":[]}}'
    said = await client.say(initialize(), notification("notifications/initialized"), answer)
    assert said[1:] == [json.loads(ASKED)]
    (listened,) = client.gateway.listened
    assert (listened.session, dict(listened.headers)[b"accept"]) == ("s-1", b"text/event-stream")
    assert dict(listened.headers)[b"mcp-protocol-version"] == b"2025-11-25"
    (back,) = client.gateway.of("")
    assert (back.body, back.session) == (answer, "s-1")


async def test_an_answer_that_cannot_be_delivered_is_no_request_that_failed() -> None:
    client = Client()
    client.gateway.replies[""] = UpstreamNotReached("gone")
    assert len(await client.say(initialize(), b'{"jsonrpc":"2.0","id":0,"result":{}}')) == 1


async def test_a_stream_that_ended_is_opened_again_after_its_last_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yett.app.bridge.AGAIN_S", 0.0)
    client = Client()
    streams = iter([Answer(events=Stream([Event(ASKED, None, b"7")])), Answer(status=405)])

    async def listen(_: Outbound) -> Answer:
        return next(streams)

    client.gateway.replies["GET"] = listen
    await client.say(initialize(), notification("notifications/initialized"), request("ping", id=2))
    assert [dict(one.headers).get(b"last-event-id") for one in client.gateway.listened] == [None, b"7"]


async def test_a_call_whose_stream_closes_is_resumed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yett.app.bridge.AGAIN_S", 0.0)
    client = Client()
    client.gateway.replies["tools/call"] = Answer(events=Stream([Event(b"", None, b"p-1")]))
    client.gateway.replies["GET"] = Answer(events=Stream([Event(result(b"3", content("done")))]))
    assert await client.say(call("echo", id=3)) == [json.loads(result(b"3", content("done")))]
    assert dict(client.gateway.listened[0].headers)[b"last-event-id"] == b"p-1"


async def test_in_the_stateless_era_a_cancellation_closes_the_connection() -> None:
    client = Client()
    closed = asyncio.Event()

    async def hang(_: Outbound) -> Answer:
        try:
            await asyncio.Event().wait()
        finally:
            closed.set()
        raise AssertionError

    client.gateway.replies["subscriptions/listen"] = hang
    listen = request("subscriptions/listen", {"notifications": {}}, id=4, stateless=True)
    await client.say(listen, notification("notifications/cancelled", {"requestId": 4}))
    assert closed.is_set()
    assert not client.gateway.of("notifications/cancelled")
