"""What goes out to a server, and that nothing else does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.clock import ManualClock
from tests.upstreams.http_server import JSON_OK, Server, always, chunked, response, serving
from yett.errors import UpstreamNotReached
from yett.ports import Outbound
from yett.upstreams.http import HttpUpstream

pytestmark = pytest.mark.anyio
CALL = Outbound(b'{"jsonrpc":"2.0","id":1,"method":"tools/call"}', "tools/call", b"1", modern=True)
OF_A_CLIENT = [
    (b"host", b"gate.example"),
    (b"content-type", b"application/json"),
    (b"accept", b"application/json"),
    (b"authorization", b"Bearer yett_of_the_client"),
    (b"cookie", b"a=b"),
    (b"proxy-authorization", b"Basic eDp5"),
    (b"x-api-key", b"of the client"),
    (b"x-forwarded-for", b"10.0.0.1"),
    (b"origin", b"http://x"),
    (b"connection", b"keep-alive"),
    (b"transfer-encoding", b"chunked"),
    (b"content-length", b"999"),
    (b"accept-encoding", b"gzip"),
    (b"user-agent", b"client/1"),
    (b"mcp-session-id", b"session of the gate"),
    (b"mcp-protocol-version", b"2026-07-28"),
    (b"mcp-param-city", b"Berlin"),
    (b"traceparent", b"00-1-2-01"),
]


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": request.param}


def upstream_of(server: Server) -> HttpUpstream:
    return HttpUpstream(server.url, clock=ManualClock())


async def test_a_message_goes_out_with_its_own_fields_and_the_servers_credential_and_nothing_else() -> None:
    async with serving(always(response(JSON_OK))) as server:
        upstream = upstream_of(server)
        message = Outbound(
            CALL.body,
            "tools/call",
            b"1",
            modern=True,
            headers=OF_A_CLIENT,
            credential={"Authorization": "Bearer mine"},
            session="s-1",
        )
        await upstream.exchange(message)
        assert server.heads[0].split(b"\r\n") == [
            b"POST /mcp HTTP/1.1",
            b"host: 127.0.0.1:%d" % server.port,
            b"accept-encoding: identity",
            b"content-type: application/json",
            b"accept: application/json",
            b"mcp-protocol-version: 2026-07-28",
            b"mcp-param-city: Berlin",
            b"traceparent: 00-1-2-01",
            b"mcp-session-id: s-1",
            b"authorization: Bearer mine",
            b"content-length: %d" % len(CALL.body),
            b"",
            b"",
        ]
        assert server.bodies == [CALL.body]
        await upstream.aclose()


async def test_a_message_without_fields_gets_the_usual_ones() -> None:
    async with serving(always(response(JSON_OK))) as server:
        upstream = upstream_of(server)
        await upstream.exchange(CALL)
        assert b"\r\ncontent-type: application/json\r\n" in server.heads[0]
        assert b"\r\naccept: application/json, text/event-stream\r\n" in server.heads[0]
        await upstream.aclose()


@pytest.mark.parametrize(
    "credential",
    [
        {"authorization": "Bearer a\r\nx: y"},
        {"authorization": "Bearer a\n"},
        {"authorization": "Bearer \u00e4"},
        {"x y": "a"},
        {"host": "evil.example"},
        {"Content-Length": "0"},
        {"transfer-encoding": "chunked"},
        {"": "a"},
    ],
)
async def test_a_credential_that_no_field_can_hold_is_not_sent_and_not_shown(credential: dict[str, str]) -> None:
    async with serving(always(response(JSON_OK))) as server:
        upstream = upstream_of(server)
        with pytest.raises(UpstreamNotReached) as caught:
            await upstream.exchange(Outbound(b"{}", "ping", b"1", modern=True, credential=credential))
        assert "Bearer" not in str(caught.value)
        assert server.connections == 0
        await upstream.aclose()


async def test_concurrent_calls_carry_each_its_own_credential() -> None:
    async with serving(always(response(JSON_OK))) as server:
        upstream = upstream_of(server)
        async with asyncio.TaskGroup() as group:
            for number in range(100):
                message = Outbound(b"%d" % number, "ping", b"1", modern=True, credential={"authorization": f"Bearer {number}."})
                group.create_task(upstream.exchange(message))
        sent = {body: head for head, body in zip(server.heads, server.bodies, strict=True)}
        assert all(b"authorization: Bearer %d.\r\n" % number in sent[b"%d" % number] for number in range(100))
        await upstream.aclose()


async def test_a_session_is_ended_with_delete_and_the_status_told() -> None:
    async with serving(always(b"HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n")) as server:
        upstream = upstream_of(server)
        message = Outbound(b"", "", None, modern=False, session="s-1", credential={"authorization": "Bearer mine"})
        assert await upstream.end_session(message) == 405
        head = server.heads[0]
        assert head.startswith(b"DELETE /mcp HTTP/1.1\r\n")
        assert b"mcp-session-id: s-1\r\n" in head
        assert b"authorization: Bearer mine\r\n" in head
        assert b"content-" not in head
        await upstream.aclose()


async def test_the_servers_own_stream_is_opened_with_get() -> None:
    stream = chunked(b"data: 1\n\n", content_type=b"text/event-stream")
    async with serving(always(stream)) as server:
        upstream = upstream_of(server)
        headers = [(b"accept", b"text/event-stream"), (b"last-event-id", b"7")]
        answer = await upstream.listen(Outbound(b"", "", None, modern=False, session="s-1", headers=headers))
        assert answer.events is not None
        assert [event.data async for event in answer.events] == [b"1"]
        assert server.heads[0].startswith(b"GET /mcp HTTP/1.1\r\n")
        assert b"last-event-id: 7\r\n" in server.heads[0]
        await upstream.aclose()
