"""Handshake sessions belong to the grant that opened them, and end on both sides."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.gate import STDIO_SERVER, Gate, grant
from tests.support.clock import ManualClock
from tests.support.fake_upstream import WELCOME, result, rpc_error
from tests.support.policies import ALLOW_ALL
from tests.support.wire import call, initialize, parsed, request
from yett.errors import UpstreamFault, UpstreamNotReached
from yett.gateway.sessions import Session, Sessions
from yett.ports import Answer

pytestmark = pytest.mark.anyio


def opened(sessions: Sessions, id: str, grant_id: str = "g1", server_id: str = "srv") -> list[str]:
    """Open a session; the ids of those that gave way."""
    return [gone.id for gone in sessions.open(id, grant_id=grant_id, server_id=server_id, upstream=None)]


def found(sessions: Sessions, id: str, grant_id: str = "g1", server_id: str = "srv") -> Session | None:
    return sessions.find(id, grant_id=grant_id, server_id=server_id)


async def test_a_session_is_found_by_the_grant_that_opened_it_on_its_server_and_by_nobody_else() -> None:
    sessions = Sessions(ManualClock())
    opened(sessions, "a")
    assert found(sessions, "a") is not None
    assert found(sessions, "a", grant_id="g2") is None
    assert found(sessions, "a", server_id="other") is None
    assert found(sessions, "b") is None
    assert found(sessions, "") is None


async def test_ids_cannot_be_guessed() -> None:
    sessions = Sessions(ManualClock())
    ids = {sessions.mint() for _ in range(1_000)}
    assert len(ids) == 1_000
    assert min(map(len, ids)) == 32


async def test_the_session_idle_longest_gives_way() -> None:
    sessions = Sessions(ManualClock(), sessions_max=2)
    assert opened(sessions, "a") == opened(sessions, "b", "g2") == []
    found(sessions, "a")
    assert opened(sessions, "c", "g3") == ["b"]
    assert len(sessions) == 2


async def test_a_grant_that_opens_too_many_pushes_out_its_own_and_nobody_elses() -> None:
    sessions = Sessions(ManualClock(), grant_sessions_max=2)
    opened(sessions, "other", "g2")
    gone = [opened(sessions, id) for id in "abcd"]
    assert gone == [[], [], ["a"], ["b"]]
    assert found(sessions, "other", "g2") is not None


async def test_idle_sessions_expire_and_used_ones_do_not() -> None:
    clock = ManualClock()
    sessions = Sessions(clock, idle_s=60)
    opened(sessions, "a")
    opened(sessions, "b")
    clock.advance(50)
    found(sessions, "a")
    clock.advance(11)
    assert [session.id for session in sessions.expired()] == ["b"]
    assert (len(sessions), found(sessions, "b")) == (1, None)


async def test_closing_twice_is_closing_once() -> None:
    sessions = Sessions(ManualClock())
    opened(sessions, "a")
    session = found(sessions, "a")
    assert session is not None
    sessions.close(session)
    sessions.close(session)
    assert len(sessions) == 0


# --- through the gate -----------------------------------------------------------------------------------------------------


async def test_the_client_gets_an_id_of_ours_and_the_server_sees_its_own() -> None:
    gate = Gate()
    gate.upstream.session = "up-1"
    session = await gate.open()
    assert session.id != "up-1"
    await gate.send(call("echo"), session=session)
    assert [message.session for message in gate.upstream.sent] == [None, "up-1", "up-1"]


async def test_a_server_without_sessions_opens_none() -> None:
    gate = Gate()
    answer = await gate.send(initialize())
    assert (answer.session, len(gate.sessions)) == (None, 0)


async def test_a_program_has_a_session_for_each_handshake_and_a_child_for_each_session() -> None:
    gate = Gate(server=STDIO_SERVER)
    first, second = await gate.open(), await gate.open()
    assert first.id != second.id
    assert [message.isolation for message in gate.upstream.sent] == [first.id, second.id]


async def test_a_handshake_that_is_not_accepted_leaves_neither_session_nor_child_behind() -> None:
    refused = (
        Answer(body=rpc_error(b"1", -32602)),
        Answer(status=500, body=b""),
        Answer(body=result(b"1", {**WELCOME, "protocolVersion": "1999-01-01"})),
        Answer(body=b"nonsense"),
        UpstreamFault("broke off"),
    )
    for reply in refused:
        gate = Gate(server=STDIO_SERVER)
        gate.upstream.replies["initialize"] = reply
        answer = await gate.send(initialize())
        assert (answer.session, len(gate.sessions)) == (None, 0)
        assert [ended.isolation for ended in gate.upstream.ended] == [gate.upstream.sent[0].isolation]


async def test_a_session_at_the_server_that_came_to_nothing_is_ended_there() -> None:
    gate = Gate()
    body = result(b"1", {**WELCOME, "protocolVersion": "1999-01-01"})
    gate.upstream.replies["initialize"] = Answer(body=body, session="up-1")
    gate.upstream.end_status = UpstreamFault("gone")
    answer = await gate.send(initialize())
    assert (answer.status, answer.session) == (502, None)
    assert [ended.session for ended in gate.upstream.ended] == ["up-1"]


async def test_capabilities_that_are_not_mediated_are_told_to_neither_side() -> None:
    gate = Gate()
    gate.publish({"version": "1", "default": "allow", "server_requests": {"roots": "deny"}})
    offered: dict[str, Any] = {"sampling": {"tools": {}}, "roots": {}, "tasks": {}, "experimental": {}}
    params = {"protocolVersion": "2025-11-25", "capabilities": offered, "clientInfo": {"name": "t"}}
    answer = await gate.send(request("initialize", params))
    assert parsed(gate.upstream.sent[0].body)["params"]["capabilities"] == {"sampling": {"tools": {}}}
    assert set(parsed(answer.body)["result"]["capabilities"]) == {"tools"}


async def test_ending_a_session_ends_it_on_both_sides() -> None:
    gate = Gate()
    gate.upstream.session = "up-1"
    session = await gate.open()
    assert await gate.dispatcher.end_session(gate.route(session=session)) == 200
    assert len(gate.sessions) == 0
    (ended,) = gate.upstream.ended
    assert (ended.session, ended.isolation) == ("up-1", session.id)


async def test_a_session_is_over_here_though_its_server_cannot_be_reached() -> None:
    gate = Gate()
    gate.upstream.session = "up-1"
    session = await gate.open()
    gate.upstream.end_status = UpstreamNotReached("gone")
    with pytest.raises(UpstreamNotReached):
        await gate.dispatcher.end_session(gate.route(session=session))
    assert len(gate.sessions) == 0


async def test_the_child_of_a_session_that_gave_way_is_ended() -> None:
    gate = Gate(server=STDIO_SERVER)
    gate.sessions._grant_sessions_max = 1
    gate.publish(ALLOW_ALL, grants=[grant(server=STDIO_SERVER)])
    first = await gate.open()
    await gate.open()
    assert [ended.isolation for ended in gate.upstream.ended] == [first.id]
