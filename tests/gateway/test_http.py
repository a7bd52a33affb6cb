"""The data plane's HTTP surface, through the real edge: what passes, and in which form."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.gateway.gate import HTTP_SERVER, grant
from tests.gateway.listener import listening, token_grant
from tests.support.fake_upstream import content, result
from tests.support.policies import ALLOW_ALL, DENY_ALL, policy
from tests.support.wire import call, notification, request
from yett.audit.record import Refused
from yett.errors import UpstreamFault, UpstreamNotReached, UpstreamTimedOut
from yett.ports import Answer, Outbound

pytestmark = pytest.mark.anyio

PROGRESS = b'{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}'
DONE = result(b"1", content("done"))
ERAS = pytest.mark.parametrize("stateless", [False, True], ids=["handshake", "stateless"])


# --- who may speak --------------------------------------------------------------------------------------------------------


# --- what passes ----------------------------------------------------------------------------------------------------------


@ERAS
async def test_nothing_but_the_fields_of_the_message_goes_to_the_server(stateless: bool) -> None:
    async with listening() as gateway:
        hostile = [
            (b"cookie", b"session=1"),
            (b"proxy-authorization", b"Basic eA=="),
            (b"x-api-key", b"k"),
            (b"x-forwarded-for", b"10.0.0.1"),
            (b"x-forwarded-user", b"root"),
            (b"forwarded", b"for=10.0.0.1"),
            (b"x-original-url", b"/admin"),
            (b"x-http-method-override", b"DELETE"),
            (b"mcp-init-host", b"evil.example"),
            (b"mcp-user", b"root"),
            (b"user-agent", b"agent"),
            (b"traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ]
        await gateway.post(call("echo", stateless=stateless), *hostile)
        allowed = {b"accept", b"content-type", b"mcp-protocol-version", b"traceparent"}
        allowed |= {b"mcp-method", b"mcp-name"} if stateless else set()
        for outbound in gateway.gate.upstream.sent:
            assert {name for name, _ in outbound.headers} <= allowed
            assert gateway.token not in repr(outbound)
            assert outbound.credential == {"authorization": "Bearer server-secret"}


async def test_the_peers_address_is_recorded_whatever_a_field_claims() -> None:
    async with listening() as gateway:
        await gateway.post(call("echo"), (b"x-forwarded-for", b"10.9.8.7"))
        assert gateway.gate.ledger.records[0].client_ip == "127.0.0.1"


@ERAS
async def test_a_denial_is_an_answer_with_status_200(stateless: bool) -> None:
    async with listening(document=DENY_ALL) as gateway:
        reply = await gateway.post(call("echo", stateless=stateless))
        assert reply.status == 200
        assert reply.json["result"]["isError"] is True
        assert reply.json["result"]["_meta"]["dev.yett/decision"]["code"] == "not_listed"
        assert not gateway.gate.upstream.calls


@pytest.mark.parametrize(
    ("sent", "fields", "status", "code", "kind"),
    [
        (b"{", (), 400, -32700, Refused.UNREADABLE),
        (b"", (), 400, -32700, Refused.UNREADABLE),
        (b'{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}', (), 400, -32700, Refused.UNREADABLE),
        (b"[]", (), 400, -32600, Refused.BATCH),
        (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', (), 400, -32600, Refused.ENVELOPE),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call"}', (), 400, -32600, Refused.ENVELOPE),
        (call("echo").body, ((b"mcp-method", b"tools/list"),), 400, -32020, Refused.ENVELOPE),
        (call("echo").body, ((b"mcp-name", b"other"),), 400, -32020, Refused.ENVELOPE),
        (b'{"jsonrpc":"2.0","method":"tools/call","params":{"name":"echo"}}', (), 400, -32600, Refused.ENVELOPE),
        (b'{"jsonrpc":"2.0","id":1,"method":"tasks/made_up"}', (), 200, -32601, Refused.METHOD),
        (b'{"jsonrpc":"2.0","id":1,"method":"admin/all"}', (), 200, -32601, Refused.METHOD),
    ],
)
async def test_what_cannot_be_read_in_one_way_is_refused_and_recorded_by_its_digest(
    sent: bytes, fields: tuple[tuple[bytes, bytes], ...], status: int, code: int, kind: Refused
) -> None:
    async with listening() as gateway:
        client = await gateway.client()
        reply = await client.ask("POST", "/mcp/files", gateway.fields(call("echo"), *fields), sent)
        assert (reply.status, reply.json["error"]["code"]) == (status, code)
        assert not gateway.gate.upstream.sent
        (record,) = gateway.gate.ledger.security
        assert (record.kind, record.grant_id, record.server, record.body_bytes) == (kind, "g1", "files", len(sent))
        assert (record.body_digest is None) is (sent == b"")


async def test_a_clients_response_and_its_notifications_are_accepted_without_a_body() -> None:
    async with listening() as gateway:
        response = type(call("x"))(b'{"jsonrpc":"2.0","id":7,"result":{}}', call("x").fields)
        assert (await gateway.post(response)).status == 202
        assert not gateway.gate.upstream.sent
        reply = await gateway.post(notification("notifications/initialized"))
        assert (reply.status, reply.body) == (202, b"")
        assert [message.method for message in gateway.gate.upstream.sent] == ["notifications/initialized"]


async def test_a_notification_that_its_server_did_not_get_is_an_error() -> None:
    async with listening() as gateway:
        gateway.gate.upstream.replies["notifications/initialized"] = UpstreamNotReached("refused")
        reply = await gateway.post(notification("notifications/initialized"))
        assert (reply.status, reply.json["id"]) == (502, None)


@pytest.mark.parametrize(
    ("fault", "status"), [(UpstreamNotReached("x"), 502), (UpstreamTimedOut("x"), 504), (UpstreamFault("x"), 502)]
)
async def test_a_server_that_fails_is_a_bad_gateway_or_a_timeout_with_the_requests_name(fault: Any, status: int) -> None:
    async with listening() as gateway:
        gateway.gate.upstream.replies["tools/call"] = fault
        reply = await gateway.post(call("echo"))
        assert (reply.status, reply.json["error"]["code"]) == (status, -32603)
        assert reply.json["error"]["data"]["request_id"] == gateway.gate.ledger.records[0].request_id


async def test_one_call_that_fails_inside_the_gate_is_no_call_that_passes_and_harms_nobody_else() -> None:
    async with listening() as gateway:

        async def bug(_: Outbound) -> Answer:
            raise KeyError("bug")

        gateway.gate.upstream.replies["tools/call"] = bug
        reply = await gateway.post(call("echo"))
        assert reply.status == 500
        assert b"bug" not in reply.body
        gateway.gate.upstream.replies.clear()
        assert (await gateway.post(call("echo"))).status == 200
        assert [type(failure) for failure in gateway.failures] == [KeyError]
        gateway.failures.clear()


# --- answers never cross --------------------------------------------------------------------------------------------------


@ERAS
async def test_many_clients_with_the_same_id_get_their_own_answers(stateless: bool) -> None:
    async with listening() as gateway:

        async def echo(message: Outbound) -> Answer:
            text = json.loads(message.body)["params"]["arguments"]["text"]
            await asyncio.sleep(0.001 * (int(text) % 3))
            return Answer(body=result(message.id, content(text)))

        gateway.gate.upstream.replies["tools/call"] = echo
        async with asyncio.TaskGroup() as group:
            replies = [group.create_task(gateway.post(call("echo", {"text": str(n)}, stateless=stateless))) for n in range(60)]
        assert [task.result().json["result"]["content"][0]["text"] for task in replies] == [str(n) for n in range(60)]


async def test_a_policy_may_ask_for_the_peers_address() -> None:
    condition = {"path": "client.ip", "op": "cidr_in", "value": ["127.0.0.0/8"]}
    async with listening(document=policy(tools={"echo": {"require": [condition]}})) as gateway:
        assert "isError" not in (await gateway.post(call("echo"))).json["result"]


async def test_a_grant_without_a_policy_is_denied_everything() -> None:
    async with listening() as gateway:
        gateway.gate.publish(ALLOW_ALL, grants=[token_grant(gateway.token, policy=None)])
        assert (await gateway.post(call("echo"))).json["result"]["_meta"]["dev.yett/decision"]["code"] == "no_policy"
        assert (await gateway.post(request("tools/list"))).json["result"]["tools"] == []
        assert grant().server == HTTP_SERVER.id


async def test_what_a_client_accepts_may_stand_on_two_lines() -> None:
    async with listening() as gateway:
        sent = call("echo")
        fields = [field for field in gateway.fields(sent) if field[0] != b"accept"]
        both = [(b"accept", b"application/json"), (b"accept", b"text/event-stream")]
        client = await gateway.client()
        assert (await client.ask("POST", "/mcp/files", [*fields, *both], sent.body)).status == 200
        assert (await client.ask("POST", "/mcp/files", [*fields, both[0]], sent.body)).status == 406


@pytest.mark.parametrize("method", ["notifications/progress", "notifications/roots/list_changed", "notifications/tasks/status"])
async def test_a_notification_that_concerns_nobody_is_accepted_and_goes_no_further(method: str) -> None:
    async with listening() as gateway:
        assert (await gateway.post(notification(method, {"progressToken": 1, "progress": 1}))).status == 202
        assert not gateway.gate.upstream.sent
