"""Clients of revision 2024-11-05 through the real edge (reference section 1, row 2024-11-05)."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.gateway.feeds import fed
from tests.gateway.gate import STDIO_SERVER, Gate
from tests.gateway.listener import PUBLIC_URL, listening, token_grant
from tests.gateway.old_client import connect, connected, refused, until
from tests.support.fake_upstream import WELCOME, Chunks, content, result, streamed
from tests.support.policies import ALLOW_ALL, policy
from yett.audit.record import Refused, Result
from yett.errors import UpstreamFault
from yett.gateway.admission import InFlight
from yett.gateway.live_streams import GRANT_STREAMS_MAX
from yett.gateway.tokens import mint
from yett.policy.decision import Code
from yett.ports import Answer, Outbound

pytestmark = pytest.mark.anyio

PING = {"jsonrpc": "2.0", "id": 7, "method": "ping"}
NOTICE = b'{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}'


async def test_the_first_event_names_the_address_and_answers_come_on_the_stream() -> None:
    gate = Gate()
    gate.upstream.session = "up"
    async with listening(gate) as gateway, connected(gateway) as client:
        assert client.address.startswith("/sse/files/messages?session=")
        assert (await client.call("echo", text="hi"))["result"] == content("done")
        (sent,) = gateway.gate.upstream.calls
        assert json.loads(sent.body)["params"] == {"name": "echo", "arguments": {"text": "hi"}}
        assert not {b"accept", b"content-type", b"authorization"} & {name for name, _ in sent.headers}
        (record,) = gateway.gate.ledger.records
        assert (record.method, record.target, record.session) == ("tools/call", "echo", sent.isolation)


async def test_the_address_has_the_path_under_which_clients_reach_the_listener(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.gateway.listener.PUBLIC_URL", "https://gate.example/yett")
    async with listening() as gateway:
        stream = await gateway.client()
        await stream.send("GET", "/sse/files", [*gateway.fields(), (b"accept", b"text/event-stream")])
        assert (await stream.head()).status == 200
        assert (await stream.chunk()).startswith(b"event: endpoint\ndata: /yett/sse/files/messages?session=")


async def test_a_denied_call_says_why_and_a_hidden_one_is_unknown() -> None:
    document = policy(tools={"pay": {"action": "deny", "reason": "no"}, "echo": {}}, hide=["drop_*"])
    async with listening(document=document) as gateway, connected(gateway) as client:
        assert (await client.call("pay"))["result"]["content"][0]["text"] == "[POLICY DENIED] no"
        assert (await client.call("drop_table"))["error"] == {"code": -32602, "message": "Unknown tool: drop_table"}
        listed = await client.ask("tools/list")
        assert [tool["name"] for tool in listed["result"]["tools"]] == ["echo", "pay"]
        assert gateway.gate.upstream.calls == []
        assert [record.decision.code for record in gateway.gate.ledger.records] == [Code.DENY_IF_MATCHED, Code.HIDDEN]


async def test_progress_and_what_else_belongs_to_a_call_come_before_its_answer() -> None:
    async with listening() as gateway, connected(gateway) as client:
        gateway.gate.upstream.replies["tools/call"] = streamed(NOTICE, result(b"1", content("done")))
        assert (await client.call("echo"))["method"] == "notifications/message"
        assert (await client.hear())["result"] == content("done")


async def test_a_long_answer_is_one_event_and_line_breaks_are_kept_apart() -> None:
    async with listening() as gateway, connected(gateway) as client:
        body = b'{"jsonrpc":"2.0",\n"id":1,"result":{}}'
        gateway.gate.upstream.replies["tools/call"] = Answer(chunks=Chunks([body[:20], body[20:]]))
        await client.post({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "echo"}})
        assert await client.stream.chunk() == b'event: message\ndata: {"jsonrpc":"2.0",\ndata: "id":1,"result":{}}\n\n'


async def test_a_server_that_breaks_off_is_an_error_on_the_stream() -> None:
    async with listening() as gateway, connected(gateway) as client:
        gateway.gate.upstream.replies["tools/call"] = streamed(NOTICE, fault=UpstreamFault("it fell"))
        assert (await client.call("echo"))["method"] == "notifications/message"
        error = (await client.hear())["error"]
        assert error["code"] == -32603
        assert "it fell" not in error["message"]
        assert gateway.gate.ledger.outcome.result is Result.LOST


# --- sessions -------------------------------------------------------------------------------------------------------------


async def test_a_client_that_leaves_ends_its_session_on_both_sides() -> None:
    async with listening() as gateway:
        gateway.gate.upstream.session = "up"
        async with connected(gateway) as client:
            assert len(gateway.gate.sessions) == 1
            await client.stream.aclose()
            await until(lambda: gateway.gate.upstream.ended)
        assert [ended.session for ended in gateway.gate.upstream.ended] == ["up"]
        assert (len(gateway.gate.sessions), len(gateway.gate.dispatcher.live)) == (0, 0)
        assert (await client.post(PING)).status == 404


async def test_a_call_in_work_is_settled_when_its_client_leaves() -> None:
    async with listening() as gateway, connected(gateway) as client:
        begun = asyncio.Event()

        async def never(_: Outbound) -> Answer:
            begun.set()
            await asyncio.Event().wait()
            raise AssertionError

        gateway.gate.upstream.replies["tools/call"] = never
        await client.post({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "echo"}})
        await begun.wait()
        await client.stream.aclose()
        await until(lambda: gateway.gate.ledger.outcomes)
        assert gateway.gate.ledger.outcome.result is Result.CLIENT_GONE
        assert gateway.in_flight.total == 0


async def test_another_grants_stream_is_as_if_it_were_not_there() -> None:
    async with listening() as gateway:
        other = mint()
        gateway.gate.publish(ALLOW_ALL, grants=[token_grant(gateway.token), token_grant(other, "g2")])
        async with connected(gateway) as client:
            foreign = await client.post(PING, token=other)
            client.address = "/sse/files/messages?session=absent"
            absent = await client.post(PING)
            assert (foreign.status, foreign.body) == (absent.status, absent.body) == (404, absent.body)
            assert [record.kind for record in gateway.gate.ledger.security] == [Refused.SESSION] * 2
            client.address = "/sse/files/messages"
            assert (await client.post(PING)).status == 404
            assert gateway.gate.upstream.of("ping") == []


async def test_a_session_is_opened_once_and_before_anything_else() -> None:
    async with listening(Gate(server=STDIO_SERVER)) as gateway:
        client = await connect(gateway, path=f"/sse/{STDIO_SERVER.name}")
        early = await client.ask("tools/list")
        assert early["error"]["message"] == "the session of this stream is not open yet; send `initialize` first"
        assert (await client.shake_hands())["result"]["protocolVersion"] == WELCOME["protocolVersion"]
        again = await client.shake_hands()
        assert again["error"]["message"] == "the session of this stream is open already"
        assert len(gateway.gate.upstream.of("initialize")) == 1


async def test_a_refused_handshake_leaves_room_for_another() -> None:
    async with listening() as gateway:
        gateway.gate.upstream.replies["initialize"] = UpstreamFault("not now")
        client = await connect(gateway)
        assert (await client.shake_hands())["error"]["code"] == -32603
        del gateway.gate.upstream.replies["initialize"]
        assert "result" in await client.shake_hands()


# --- what the server says by itself ----------------------------------------------------------------------------------------


async def test_the_server_may_speak_and_ask_on_the_stream_and_is_answered_by_post() -> None:
    async with listening(document={**ALLOW_ALL, "server_requests": {"roots": "allow"}}) as gateway:
        gateway.gate.upstream.session, feed = "up", fed(gateway.gate)
        async with connected(gateway, "roots") as client:
            feed.say(NOTICE)
            assert (await client.hear())["method"] == "notifications/message"
            feed.say(b'{"jsonrpc":"2.0","id":"q1","method":"roots/list"}')
            assert await client.hear() == {"jsonrpc": "2.0", "id": "q1", "method": "roots/list"}
            answer = {"jsonrpc": "2.0", "id": "q1", "result": {"roots": []}}
            assert (await client.post(answer)).status == 202
            assert (await client.post(answer)).status == 202
            assert [json.loads(sent.body) for sent in gateway.gate.upstream.of("")] == [answer]
            assert [record.kind for record in gateway.gate.ledger.security] == [Refused.RESPONSE]


async def test_what_the_policy_forbids_servers_to_ask_never_reaches_the_client() -> None:
    async with listening(document={**ALLOW_ALL, "server_requests": {"sampling": "deny"}}) as gateway:
        gateway.gate.upstream.session, feed = "up", fed(gateway.gate)
        async with connected(gateway, "sampling") as client:
            feed.say(b'{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage","params":{}}')
            feed.say(NOTICE)
            assert (await client.hear())["method"] == "notifications/message"
            assert [record.kind for record in gateway.gate.ledger.security] == [Refused.SERVER_REQUEST]


async def test_a_policy_that_alters_what_the_grant_sees_is_told() -> None:
    async with listening() as gateway, connected(gateway) as client:
        gateway.gate.publish(policy(tools={"echo": {}}), grants=[token_grant(gateway.token)])
        assert (await client.hear())["method"].endswith("/list_changed")


async def test_signs_of_life_pass_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yett.gateway.sse_2024.KEEP_ALIVE_S", 0.01)
    async with listening() as gateway:
        client = await connect(gateway)
        assert [await client.stream.chunk() for _ in range(2)] == [b":\n\n"] * 2


# --- the end --------------------------------------------------------------------------------------------------------------


async def test_a_stream_ends_with_its_grant_and_what_was_asked_is_not_answered() -> None:
    async with listening() as gateway, connected(gateway) as client:
        begun = asyncio.Event()

        async def never(_: Outbound) -> Answer:
            begun.set()
            await asyncio.Event().wait()
            raise AssertionError

        gateway.gate.upstream.replies["tools/call"] = never
        await client.post({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "echo"}})
        await begun.wait()
        gateway.gate.publish(ALLOW_ALL, grants=[])
        assert await client.stream.chunk() == b""
        assert gateway.in_flight.total == 0
        assert (await client.post(PING)).status == 401


async def test_when_the_gateway_stops_a_call_in_work_is_still_answered() -> None:
    async with listening() as gateway, connected(gateway) as client:
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def late(message: Outbound) -> Answer:
            begun.set()
            await go_on.wait()
            return Answer(body=result(message.id, content("late")))

        gateway.gate.upstream.replies["tools/call"] = late
        await client.post({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "echo"}})
        await begun.wait()
        gateway.gate.dispatcher.live.end_all()
        go_on.set()
        assert (await client.hear())["result"] == content("late")
        assert await client.stream.chunk() == b""


# --- who may, and how much ------------------------------------------------------------------------------------------------


async def test_neither_endpoint_answers_without_a_grant() -> None:
    async with listening() as gateway:
        for method, path in (("GET", "/sse/files"), ("POST", "/sse/files/messages?session=x"), ("GET", "/sse/none/x/y")):
            reply = await refused(gateway, path=path, method=method)
            assert reply.status == 401
            place = path.partition("?")[0]
            expected = f'Bearer resource_metadata="{PUBLIC_URL}/.well-known/oauth-protected-resource{place}"'
            assert reply.fields[b"www-authenticate"] == expected.encode()
        metadata = await gateway.get("/.well-known/oauth-protected-resource/sse/files")
        assert metadata.json["resource"] == f"{PUBLIC_URL}/sse/files"
        assert {record.kind for record in gateway.gate.ledger.security} == {Refused.TOKEN}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/sse/files", 405),
        ("DELETE", "/sse/files", 405),
        ("GET", "/sse/files/messages", 405),
        ("GET", "/sse/files/other", 404),
        ("POST", "/sse/files/messages/more", 404),
    ],
)
async def test_there_is_nothing_else(method: str, path: str, status: int) -> None:
    async with listening() as gateway:
        assert (await refused(gateway, *gateway.fields(), path=path, method=method)).status == status


async def test_a_client_that_takes_no_events_gets_none() -> None:
    async with listening() as gateway:
        assert (await refused(gateway, *gateway.fields(), (b"accept", b"application/json"))).status == 406


@pytest.mark.parametrize(("name", "value", "status"), [(b"host", b"evil.test", 421), (b"origin", b"https://evil.test", 403)])
async def test_foreign_hosts_and_pages_are_refused_as_everywhere(name: bytes, value: bytes, status: int) -> None:
    async with listening() as gateway:
        reply = await refused(gateway, *gateway.fields(), (name, value))
        assert reply.status == status


async def test_a_grant_has_its_share_of_streams_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    assert GRANT_STREAMS_MAX == 64
    monkeypatch.setattr("yett.gateway.live_streams.GRANT_STREAMS_MAX", 2)
    async with listening() as gateway:
        first = await connect(gateway)
        await connect(gateway)
        reply = await refused(gateway, *gateway.fields())
        assert (reply.status, reply.fields[b"retry-after"]) == (429, b"1")
        await first.stream.aclose()
        await until(lambda: len(gateway.gate.dispatcher.live) == 1)
        await connect(gateway)


async def test_a_request_past_the_grants_share_is_answered_so_on_the_stream() -> None:
    async with listening(in_flight=InFlight(1)) as gateway, connected(gateway) as client:
        gateway.in_flight.enter("g1")
        said = await client.call("echo")
        assert said["error"]["code"] == -32000
        assert gateway.gate.upstream.calls == []
        gateway.in_flight.leave("g1")
        assert "result" in await client.call("echo")


# --- the door -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "fields", "code", "kind"),
    [
        ({**PING, "method": "tasks/made_up"}, (), -32601, Refused.METHOD),
        ({**PING, "method": "tools/call", "params": {"name": 5}}, (), -32602, Refused.ENVELOPE),
        (PING, ((b"mcp-protocol-version", b"2025-06-18"),), -32600, Refused.ENVELOPE),
        (PING, ((b"mcp-method", b"tools/call"),), -32020, Refused.ENVELOPE),
    ],
)
async def test_what_the_door_refuses_is_recorded_and_answered_where_the_client_waits(
    message: Any, fields: Any, code: int, kind: Refused
) -> None:
    async with listening() as gateway:
        gateway.gate.upstream.session = "up"
        async with connected(gateway) as client:
            assert (await client.post(message, *fields)).status == 202
            said = await client.hear()
            assert (said["id"], said["error"]["code"]) == (7, code)
            assert [record.kind for record in gateway.gate.ledger.security] == [kind]


@pytest.mark.parametrize(
    ("message", "fields", "kind"),
    [
        ([PING], (), Refused.BATCH),
        ({"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "echo"}}, (), Refused.ENVELOPE),
        ({**PING, "id": None}, (), Refused.ENVELOPE),
        (PING, ((b"mcp-protocol-version", b"2026-07-28"),), Refused.ENVELOPE),
    ],
)
async def test_what_names_no_request_is_refused_at_once(message: Any, fields: Any, kind: Refused) -> None:
    async with listening() as gateway, connected(gateway) as client:
        reply = await client.post(message, *fields)
        assert (reply.status, "error" in reply.json) == (400, True)
        assert [record.kind for record in gateway.gate.ledger.security] == [kind]
        assert gateway.gate.upstream.calls == []
