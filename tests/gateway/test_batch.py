"""Batches of 2025-03-26 through the real edge: judged member by member (reference section 1, row 2025-03-26; 3.1, rule 1)."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.gateway.gate import STDIO_SERVER, Gate
from tests.gateway.listener import Listener, listening, token_grant
from tests.gateway.old_client import until
from tests.support.fake_upstream import WELCOME, Chunks, content, result, streamed
from tests.support.policies import ALLOW_ALL, policy
from tests.support.wire import Reply, request
from yett.audit.record import Refused
from yett.errors import UpstreamFault
from yett.gateway.admission import InFlight
from yett.gateway.tokens import mint
from yett.ports import Answer, Outbound

pytestmark = pytest.mark.anyio

NOTICE = b'{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}'
FIELDS = [(b"content-type", b"application/json"), (b"accept", b"application/json, text/event-stream")]


def call(id: int, name: str = "echo", **arguments: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": name, "arguments": arguments}}


def ping(id: int) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id, "method": "ping"}


INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}


MANY = [ping(n) for n in range(51)]


async def session(gateway: Listener, revision: str = "2025-03-26") -> tuple[bytes, bytes]:
    """The field that names a session of this revision."""
    gateway.gate.upstream.session = "up"

    async def welcome(message: Outbound) -> Answer:
        return Answer(body=result(message.id, {**WELCOME, "protocolVersion": revision}), session="up")

    gateway.gate.upstream.replies["initialize"] = welcome
    params = {"protocolVersion": revision, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    reply = await gateway.post(request("initialize", params), path=f"/mcp/{gateway.gate.server.name}")
    return b"mcp-session-id", reply.fields[b"mcp-session-id"]


async def post(gateway: Listener, value: Any, *fields: tuple[bytes, bytes], token: str | None = None) -> Reply:
    client = await gateway.client()
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return await client.ask("POST", f"/mcp/{gateway.gate.server.name}", [*gateway.fields(token=token), *FIELDS, *fields], body)


async def test_each_member_is_judged_recorded_and_forwarded_alone_and_the_answers_are_one_array() -> None:
    document = policy(tools={"echo": {}, "pay": {"action": "deny", "reason": "no"}}, hide=["drop_*"])
    async with listening(document=document) as gateway:
        reply = await post(
            gateway, [INITIALIZED, call(1, text="a"), call(2, "pay"), call(3, "drop_table")], await session(gateway)
        )
        assert (reply.status, reply.fields[b"content-type"]) == (200, b"application/json")
        answers = {answer["id"]: answer for answer in reply.json}
        assert answers[1]["result"] == content("done")
        assert answers[2]["result"]["content"][0]["text"] == "[POLICY DENIED] no"
        assert answers[3]["error"]["message"] == "Unknown tool: drop_table"
        assert [record.target for record in sorted(gateway.gate.ledger.records, key=lambda one: one.target)] == [
            "drop_table",
            "echo",
            "pay",
        ]
        sent = gateway.gate.upstream.sent
        assert [json.loads(message.body)["params"]["name"] for message in gateway.gate.upstream.calls] == ["echo"]
        assert not any(message.body.lstrip().startswith(b"[") for message in sent)
        assert gateway.gate.upstream.of("notifications/initialized")


async def test_a_limit_counts_every_member() -> None:
    document = policy(tools={"echo": {"limits": [{"counter": "n", "window": "day", "max": 2}]}})
    async with listening(document=document) as gateway:
        reply = await post(gateway, [call(n) for n in range(1, 5)], await session(gateway))
        assert sum(bool(answer["result"].get("isError")) for answer in reply.json) == 2
        assert len(gateway.gate.upstream.calls) == 2


async def test_what_needs_no_answer_gets_none() -> None:
    async with listening() as gateway:
        reply = await post(gateway, [INITIALIZED, INITIALIZED], await session(gateway))
        assert (reply.status, reply.body) == (202, b"")
        response = {"jsonrpc": "2.0", "id": "nobody-asked", "result": {}}
        assert (await post(gateway, [response], await session(gateway))).status == 202
        assert [record.kind for record in gateway.gate.ledger.security] == [Refused.RESPONSE]


async def test_a_bad_notification_among_such_is_an_error() -> None:
    async with listening() as gateway:
        bad = {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "echo"}}
        reply = await post(gateway, [INITIALIZED, bad], await session(gateway))
        assert (reply.status, reply.json[0]["id"]) == (400, None)
        assert [record.kind for record in gateway.gate.ledger.security] == [Refused.ENVELOPE]
        assert gateway.gate.upstream.calls == []


async def test_a_member_that_the_door_refuses_is_recorded_and_answered_beside_the_others() -> None:
    async with listening() as gateway:
        reply = await post(
            gateway, [call(1), {**ping(2), "method": "tasks/made_up"}, {**ping(3), "x": 1}], await session(gateway)
        )
        codes = {answer["id"]: answer.get("error", {}).get("code") for answer in reply.json}
        assert (reply.status, codes) == (200, {1: None, 2: -32601, 3: -32600})
        assert [record.kind for record in gateway.gate.ledger.security] == [Refused.METHOD, Refused.ENVELOPE]


async def test_an_answer_that_streams_makes_a_stream_of_all() -> None:
    async with listening() as gateway:
        field = await session(gateway)
        begun = asyncio.Event()

        async def reply(message: Outbound) -> Answer:
            if json.loads(message.body)["params"]["name"] == "echo":
                await begun.wait()
                return streamed(NOTICE, result(message.id, content("late")))
            begun.set()
            return Answer(body=result(message.id, content("soon")))

        gateway.gate.upstream.replies["tools/call"] = reply
        answered = await post(gateway, [call(1), call(2, "pay")], field)
        assert (answered.status, answered.fields[b"content-type"]) == (200, b"text/event-stream")
        told = [json.loads(chunk.split(b"data: ")[1]) for chunk in answered.chunks]
        assert sorted(str(message.get("id")) for message in told) == ["1", "2", "None"]


async def test_a_long_answer_and_one_that_breaks_off_are_answers_of_their_own() -> None:
    async with listening() as gateway:
        field = await session(gateway)

        async def reply(message: Outbound) -> Answer:
            if json.loads(message.body)["params"]["name"] == "echo":
                return Answer(chunks=Chunks([result(message.id, content("long"))]))
            raise UpstreamFault("gone")

        gateway.gate.upstream.replies["tools/call"] = reply
        answers = {answer["id"]: answer for answer in (await post(gateway, [call(1), call(2, "pay")], field)).json}
        assert answers[1]["result"] == content("long")
        assert answers[2]["error"]["code"] == -32603


async def test_answers_that_are_too_much_to_be_held_are_sent_as_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yett.gateway.batch.HELD_BYTES_MAX", 100)
    async with listening() as gateway:
        reply = await post(gateway, [call(n) for n in range(1, 6)], await session(gateway))
        assert reply.fields[b"content-type"] == b"text/event-stream"
        assert sorted(json.loads(chunk.split(b"data: ")[1])["id"] for chunk in reply.chunks) == [1, 2, 3, 4, 5]


async def test_a_batch_takes_as_much_room_as_its_members() -> None:
    async with listening(in_flight=InFlight(2)) as gateway:
        field = await session(gateway)
        go_on = asyncio.Event()

        async def reply(message: Outbound) -> Answer:
            await go_on.wait()
            return Answer(body=result(message.id, content("done")))

        gateway.gate.upstream.replies["tools/call"] = reply
        posted = asyncio.ensure_future(post(gateway, [call(1), call(2)], field))
        await until(lambda: bool(gateway.gate.upstream.calls))
        go_on.set()
        answers = {answer["id"]: answer for answer in (await posted).json}
        assert (answers[1]["result"], answers[2]["error"]["code"]) == (content("done"), -32000)
        assert gateway.in_flight.total == 0


async def test_a_client_that_leaves_does_not_stop_what_it_asked() -> None:
    async with listening() as gateway:
        field = await session(gateway)
        go_on = asyncio.Event()

        async def reply(message: Outbound) -> Answer:
            await go_on.wait()
            return streamed(NOTICE, result(message.id, content("done")))

        gateway.gate.upstream.replies["tools/call"] = reply
        client = await gateway.client()
        await client.send("POST", "/mcp/files", [*gateway.fields(), *FIELDS, field], json.dumps([call(1), call(2)]).encode())
        await until(lambda: len(gateway.gate.upstream.calls) == 2)
        await client.aclose()
        go_on.set()
        await until(lambda: len(gateway.gate.ledger.outcomes) == 2)
        assert {outcome.result.value for _, outcome in gateway.gate.ledger.outcomes} == {"ok"}


# --- where there are none -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("revision", ["2024-11-05", "2025-06-18", "2025-11-25"])
async def test_no_other_revision_has_them(revision: str) -> None:
    async with listening() as gateway:
        reply = await post(gateway, [call(1)], await session(gateway, revision))
        assert (reply.status, reply.json["id"]) == (400, None)
        assert [record.kind for record in gateway.gate.ledger.security] == [Refused.BATCH]
        assert gateway.gate.upstream.calls == []


async def test_without_such_a_session_of_this_grant_there_are_none() -> None:
    async with listening() as gateway:
        other = mint()
        gateway.gate.publish(ALLOW_ALL, grants=[token_grant(gateway.token), token_grant(other, "g2")])
        field = await session(gateway)
        assert (await post(gateway, [call(1)])).status == 400
        assert (await post(gateway, [call(1)], field, token=other)).status == 400
        assert (await post(gateway, [call(1)], field, (b"mcp-protocol-version", b"2026-07-28"))).status == 400
        assert [record.kind for record in gateway.gate.ledger.security] == [Refused.BATCH] * 3
        assert gateway.gate.upstream.calls == []


@pytest.mark.parametrize(
    "value",
    [
        [],
        [[call(1)]],
        [call(1), 5],
        [call(1), {**ping(2), "method": "initialize"}],
        [call(1), call(1)],
        b"[{},",
        [ping(n) for n in range(51)],
    ],
)
async def test_a_doubtful_array_is_refused_whole_and_recorded_once(value: Any) -> None:
    async with listening() as gateway:
        reply = await post(gateway, value, await session(gateway))
        assert (reply.status, reply.json["id"]) == (400, None)
        assert [record.kind for record in gateway.gate.ledger.security] == [Refused.BATCH]
        assert [message.method for message in gateway.gate.upstream.sent] == ["initialize"]


async def test_programs_get_the_members_one_by_one_too() -> None:
    async with listening(Gate(server=STDIO_SERVER)) as gateway:
        reply = await post(gateway, [call(1), ping(2)], await session(gateway))
        assert {answer["id"] for answer in reply.json} == {1, 2}
        assert len(gateway.gate.upstream.calls) == 1


# --- the revision of a session --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settled", "stated", "status"),
    [
        ("2025-06-18", b"2025-11-25", 400),
        ("2025-11-25", b"2025-03-26", 400),
        ("2025-11-25", b"2025-11-25", 200),
        ("2025-03-26", b"2025-11-25", 200),
    ],
)
async def test_a_version_that_contradicts_the_session_is_refused_where_the_revision_has_the_field(
    settled: str, stated: bytes, status: int
) -> None:
    async with listening() as gateway:
        field = await session(gateway, settled)
        reply = await post(gateway, call(1), field, (b"mcp-protocol-version", stated))
        assert reply.status == status
        assert len(gateway.gate.upstream.calls) == (status == 200)
        assert [record.kind for record in gateway.gate.ledger.security] == [Refused.ENVELOPE] * (status == 400)
        listened = await gateway.get(
            "/mcp/files", *gateway.fields(), field, (b"mcp-protocol-version", stated), (b"accept", b"text/event-stream")
        )
        assert (listened.status == 400) is (status == 400)
