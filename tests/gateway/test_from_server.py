"""What a server says of its own accord while it works: relayed, answered for the client, or dropped."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.gateway.gate import Gate, events_of
from tests.support.fake_upstream import content, encode, result, streamed
from tests.support.wire import call
from yett.errors import OperatorFault, UpstreamNotReached
from yett.protocol.methods import ROWS, Direction, Handling, MethodKind

pytestmark = pytest.mark.anyio

DONE = result(b"1", content("done"))
TO_CLIENT = [row for row in ROWS if row.direction is Direction.TO_CLIENT]
REQUESTS = [row.name for row in TO_CLIENT if row.kind is MethodKind.REQUEST and row.name != "ping"]
RELAYED = [row.name for row in TO_CLIENT if row.kind is MethodKind.NOTIFICATION and row.handling is Handling.RELAYED]
DROPPED = [row.name for row in TO_CLIENT if row.kind is MethodKind.NOTIFICATION and row.handling is not Handling.RELAYED]


def message(method: str, **members: Any) -> bytes:
    return encode({"jsonrpc": "2.0", "method": method, "params": {}, **members})


async def during_a_call(gate: Gate, *said: bytes, stateless: bool = False) -> list[bytes]:
    """What the client sees of a call during which the server says these things."""
    gate.upstream.replies["tools/call"] = streamed(*said, DONE)
    return (await events_of(await gate.call(stateless=stateless)))[:-1]


def answers(gate: Gate) -> list[Any]:
    """What the server was answered."""
    return [json.loads(outbound.body) for outbound in gate.upstream.of("")]


@pytest.mark.parametrize("method", [*REQUESTS, "made/up"])
async def test_a_request_of_the_server_is_refused_in_the_clients_place_and_never_relayed(method: str) -> None:
    gate = Gate()
    assert await during_a_call(gate, message(method, id="s-1")) == []
    (answer,) = answers(gate)
    assert (answer["id"], answer["error"]["code"]) == ("s-1", -32601)


async def test_a_ping_of_the_server_is_answered() -> None:
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
    gate = Gate()
    said = message(method)
    assert await during_a_call(gate, said) == [said]


@pytest.mark.parametrize("method", [*DROPPED, "notifications/made_up", "tools/call"])
async def test_notifications_that_do_not_concern_the_client_are_dropped(method: str) -> None:
    assert await during_a_call(Gate(), message(method)) == []


async def test_an_answer_for_the_client_goes_to_its_own_session_with_the_servers_credential() -> None:
    gate = Gate()
    gate.upstream.session = "up-1"
    session = await gate.open()
    gate.upstream.replies["tools/call"] = streamed(message("roots/list", id=1), DONE)
    await events_of(await gate.send(call("echo"), session=session))
    (outbound,) = gate.upstream.of("")
    assert (outbound.session, outbound.isolation, outbound.id) == ("up-1", session.id, None)
    assert outbound.credential == {"authorization": "Bearer server-secret"}
    assert not {name for name, _ in outbound.headers} & {b"mcp-method", b"mcp-name"}


@pytest.mark.parametrize("fault", [UpstreamNotReached("gone"), OperatorFault("no credential")])
async def test_a_server_that_cannot_be_answered_harms_nobody(fault: Any) -> None:
    gate = Gate()
    await gate.list()
    said = message("notifications/progress")
    if isinstance(fault, OperatorFault):
        gate.upstream.replies["tools/call"] = streamed(message("roots/list", id=1), said, DONE)
        answer = await gate.call()
        gate.credential = fault
        assert await events_of(answer) == [said, DONE]
    else:
        gate.upstream.replies[""] = fault
        assert await during_a_call(gate, message("roots/list", id=1), said) == [said]


async def test_a_changed_list_is_read_again_before_the_next_call() -> None:
    gate = Gate()
    await during_a_call(gate, message("notifications/tools/list_changed"))
    before = len(gate.upstream.of("tools/list"))
    gate.clock.advance(1)
    await gate.call()
    assert len(gate.upstream.of("tools/list")) == before + 1
