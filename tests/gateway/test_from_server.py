"""What a server says of its own accord while it works: relayed, judged, answered for the client, or dropped."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.gateway.gate import STDIO_SERVER, Gate, events_of
from tests.support.fake_upstream import content, encode, result, streamed
from tests.support.wire import Sent, fields_of, notification, request
from yett.errors import OperatorFault, UpstreamNotReached
from yett.gateway.sessions import Session
from yett.protocol.messages import Message
from yett.protocol.methods import ROWS, Direction, Handling, MethodKind

pytestmark = pytest.mark.anyio

DONE = result(b"1", content("done"))
TO_CLIENT = [row for row in ROWS if row.direction is Direction.TO_CLIENT]
REQUESTS = [row.name for row in TO_CLIENT if row.kind is MethodKind.REQUEST and row.name != "ping"]
CONDITIONAL = {
    "notifications/progress",
    "notifications/cancelled",
    "notifications/resources/updated",
    "notifications/subscriptions/acknowledged",
    "notifications/tasks",
    "notifications/tasks/status",
}
"""Relayed where they are about something that concerns the client."""
NOTIFICATIONS = [row for row in TO_CLIENT if row.kind is MethodKind.NOTIFICATION]
RELAYED = [row.name for row in NOTIFICATIONS if row.handling is Handling.RELAYED and row.name not in CONDITIONAL]
DROPPED = [row.name for row in NOTIFICATIONS if row.name not in RELAYED]


def message(method: str, **members: Any) -> bytes:
    return encode({"jsonrpc": "2.0", "method": method, "params": {}, **members})


async def during_a_call(gate: Gate, *said: bytes, stateless: bool = False, meta: Any = None, **route: Any) -> list[bytes]:
    """What the client sees of a call during which the server says these things."""
    gate.upstream.replies["tools/call"] = streamed(*said, DONE)
    params = {"name": "echo", "arguments": {}} | ({} if meta is None else {"_meta": meta})
    answer = await gate.send(request("tools/call", params, stateless=stateless), **route)
    return (await events_of(answer))[:-1]


async def session_of(gate: Gate, *declared: str) -> Session:
    """A session whose client says that it can be asked these things."""
    gate.upstream.session = "up-1"
    params = {"protocolVersion": "2025-11-25", "capabilities": {key: {} for key in declared}, "clientInfo": {"name": "t"}}
    answer = await gate.send(request("initialize", params))
    assert answer.session is not None
    session = gate.sessions.find(answer.session, grant_id="g1", server_id=gate.server.id)
    assert session is not None
    return session


def answers(gate: Gate) -> list[Any]:
    """What the server was answered."""
    return [json.loads(outbound.body) for outbound in gate.upstream.of("")]


@pytest.mark.parametrize("method", [*REQUESTS, "made/up"])
async def test_without_a_session_a_request_of_the_server_is_refused_in_the_clients_place(method: str) -> None:
    gate = Gate()
    assert await during_a_call(gate, message(method, id="s-1")) == []
    (answer,) = answers(gate)
    assert (answer["id"], answer["error"]["code"]) == ("s-1", -32601)
    (record,) = gate.ledger.security
    assert record.kind.value == "server_request_refused"


async def test_without_a_session_a_ping_of_the_server_is_answered() -> None:
    gate = Gate()
    assert await during_a_call(gate, message("ping", id=9)) == []
    assert answers(gate) == [{"jsonrpc": "2.0", "id": 9, "result": {}}]


@pytest.mark.parametrize("method", ["ping", *REQUESTS])
async def test_in_the_stateless_era_a_request_of_the_server_is_dropped(method: str) -> None:
    gate = Gate()
    assert await during_a_call(gate, message(method, id=1), stateless=True) == []
    assert answers(gate) == []


@pytest.mark.parametrize("method", RELAYED)
async def test_notifications_that_concern_the_client_are_relayed(method: str) -> None:
    """Rows of the method table: list changes, messages of the log, elicitation/complete."""
    gate = Gate()
    said = message(method)
    assert await during_a_call(gate, said) == [said]


@pytest.mark.parametrize("method", [*DROPPED, "notifications/made_up", "tools/call"])
async def test_notifications_that_do_not_concern_the_client_are_dropped(method: str) -> None:
    assert await during_a_call(Gate(), message(method)) == []


@pytest.mark.parametrize("stateless", [False, True], ids=["handshake", "stateless"])
async def test_notifications_progress_is_relayed_for_the_request_in_work_and_no_other(stateless: bool) -> None:
    gate = Gate()
    own, foreign, number = (message("notifications/progress", params={"progressToken": t, "progress": 1}) for t in ("a", "b", 1))
    seen = await during_a_call(gate, own, foreign, number, stateless=stateless, meta={"progressToken": "a"})
    assert seen == [own]


async def test_notifications_resources_updated_is_relayed_for_resources_that_the_policy_shows() -> None:
    gate = Gate()
    gate.publish({"version": "1", "default": "deny", "tools": {"echo": {}}, "resources": {"note://*": {}}})
    shown, hidden = (
        message("notifications/resources/updated", params={"uri": uri}) for uri in ("note://a", "file:///etc/passwd")
    )
    assert await during_a_call(gate, hidden, shown) == [shown]


async def test_notifications_cancelled_is_relayed_for_what_the_server_asked_itself() -> None:
    gate = Gate()
    session = await session_of(gate, "roots")
    asked, cancelled, again = (
        message("roots/list", id=5),
        message("notifications/cancelled", params={"requestId": 5}),
        message("notifications/cancelled", params={"requestId": 5, "reason": "again"}),
    )
    assert await during_a_call(gate, asked, cancelled, again, session=session) == [asked, cancelled]
    assert (await gate.dispatcher.respond(gate.route(session=session), response(5))).status == 202
    assert answers(gate) == []


async def test_a_server_that_cannot_be_answered_harms_nobody() -> None:
    gate = Gate()
    said = message("notifications/message")
    gate.upstream.replies[""] = UpstreamNotReached("gone")
    assert await during_a_call(gate, message("roots/list", id=1), said) == [said]
    gate.upstream.replies["tools/call"] = streamed(message("roots/list", id=1), said, DONE)
    answer = await gate.call()
    gate.credential = OperatorFault("no credential")
    assert await events_of(answer) == [said, DONE]


async def test_an_answer_for_the_client_goes_to_its_own_session_with_the_servers_credential() -> None:
    gate = Gate()
    session = await session_of(gate)
    await during_a_call(gate, message("roots/list", id=1), session=session)
    (outbound,) = gate.upstream.of("")
    assert (outbound.session, outbound.isolation, outbound.id) == ("up-1", session.id, None)
    assert outbound.credential == {"authorization": "Bearer server-secret"}
    assert not {name for name, _ in outbound.headers} & {b"mcp-method", b"mcp-name"}


async def test_a_changed_list_is_read_again_before_the_next_call() -> None:
    gate = Gate()
    await during_a_call(gate, message("notifications/tools/list_changed"))
    before = len(gate.upstream.of("tools/list"))
    gate.clock.advance(1)
    await gate.call()
    assert len(gate.upstream.of("tools/list")) == before + 1


async def test_what_passes_beside_a_list_reaches_the_client_too() -> None:
    gate = Gate()
    said = message("notifications/message")
    listed = result(b"1", {"tools": [{"name": "echo", "inputSchema": {"type": "object"}}]})
    gate.upstream.replies["tools/list"] = streamed(said, listed)
    assert await events_of(await gate.send(request("tools/list"))) == [said, listed]


# --- what clients say on behalf of it ---------------------------------------------------------------------------------------


def response(id: Any, **members: Any) -> Message:
    """What a client answers."""
    body = encode({"jsonrpc": "2.0", "id": id} | (members or {"result": {"roots": []}}))
    return Sent(body, fields_of("", None, stateless=False)).message


async def test_notifications_roots_list_changed_of_a_client_passes_where_roots_may_be_asked_for() -> None:
    gate = Gate()
    said = notification("notifications/roots/list_changed")
    with_roots, without = await session_of(gate, "roots"), await session_of(gate)
    for session in (with_roots, without, None):
        assert (await gate.send(said, session=session)).status == 202
    assert [outbound.isolation for outbound in gate.upstream.of("notifications/roots/list_changed")] == [with_roots.id]
    gate.publish({"version": "1", "default": "allow", "server_requests": {"roots": "deny"}})
    await gate.send(said, session=with_roots)
    assert len(gate.upstream.of("notifications/roots/list_changed")) == 1


async def test_notifications_progress_of_a_client_passes_where_the_server_asked_for_it() -> None:
    gate = Gate()
    session = await session_of(gate, "sampling")
    asked = message("sampling/createMessage", id=1, params={"_meta": {"progressToken": "p"}})
    await during_a_call(gate, asked, session=session)
    for token in ("p", "q"):
        await gate.send(notification("notifications/progress", {"progressToken": token, "progress": 1}), session=session)
    assert [json.loads(sent.body)["params"]["progressToken"] for sent in gate.upstream.of("notifications/progress")] == ["p"]


async def test_notifications_cancelled_of_a_client_passes_where_the_number_can_only_be_its_own_requests() -> None:
    sent = notification("notifications/cancelled", {"requestId": 1})
    shared, program = Gate(), Gate(server=STDIO_SERVER)
    assert (await shared.send(sent)).status == 202
    assert not shared.upstream.of("notifications/cancelled"), "without a session it may be the number of another grant's request"
    assert (await shared.send(sent, session=await session_of(shared))).status == 202
    assert (await program.send(sent)).status == 202
    for gate in (shared, program):
        assert [message.body for message in gate.upstream.of("notifications/cancelled")] == [sent.body]
