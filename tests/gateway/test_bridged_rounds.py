"""Limits and approvals of calls that a bridge carries in several rounds: the first may have acted, whatever becomes of others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.asking_rig import asking_gate
from tests.gateway.gate import Gate
from tests.support.fake_upstream import FakeUpstream, encode, result
from tests.support.policies import policy
from tests.support.wire import Sent, call, fields_of, parsed, request
from tests.upstreams.bridge_rig import HELLO, QUESTION, bridge_to, stateless_only
from yett.approvals.model import State
from yett.audit.record import Result
from yett.errors import UpstreamNotReached
from yett.gateway.sessions import Session
from yett.ports import Answer, Outbound

pytestmark = pytest.mark.anyio

LIMITED = policy(default="allow", tools={"echo": {"limits": [{"counter": "n", "window": "day", "max": 2}]}})


def curious() -> FakeUpstream:
    """A server without a handshake that wants to know something before each call, and is gone when it is told."""
    upstream = stateless_only()

    async def reply(message: Outbound) -> Answer:
        if "inputResponses" in json.loads(message.body)["params"]:
            raise UpstreamNotReached("connection refused")
        return Answer(body=result(message.id, QUESTION))

    upstream.replies["tools/call"] = reply
    return upstream


async def opened(gate: Gate) -> Session:
    """A session of a client that can be asked, at the server behind the bridge."""
    gate.upstream = bridge_to(gate.upstream)  # type: ignore[assignment]  # one way to a server around another
    answer = await gate.send(request("initialize", HELLO))
    session = gate.sessions.find(answer.session or "", grant_id="g1", server_id=gate.server.id)
    assert session is not None
    return session


async def asked_and_told(gate: Gate, session: Session, **reply: Any) -> bytes | None:
    """The last word on a call whose client answers so; None where the stream breaks off."""
    answer = await gate.send(call("echo", {"text": "a"}), session=session)
    assert answer.events is not None
    question = json.loads((await anext(answer.events)).data)
    body = encode({"jsonrpc": "2.0", "id": question["id"], **reply})
    message = Sent(body, fields_of("", None, stateless=False)).message
    assert (await gate.dispatcher.respond(gate.route(session=session), message)).status == 202
    try:
        return (await anext(answer.events)).data
    except UpstreamNotReached:
        return None
    finally:
        await answer.aclose()


async def test_a_client_that_refuses_what_a_call_needs_has_made_the_call_all_the_same() -> None:
    gate = Gate(upstream=curious())
    session = await opened(gate)
    gate.publish(LIMITED)
    refusal = {"error": {"code": -32601, "message": "no"}}
    for _ in range(2):
        told = await asked_and_told(gate, session, **refusal)
        assert "refused" in parsed(told)["error"]["message"]
    assert gate.ledger.results == [Result.RPC_ERROR] * 2
    third = parsed((await gate.send(call("echo", {"text": "a"}), session=session)).body)
    assert third["result"]["_meta"]["dev.yett/decision"]["code"] == "limit_exceeded"


async def test_a_call_whose_second_round_cannot_be_sent_counts() -> None:
    gate = Gate(upstream=curious())
    session = await opened(gate)
    gate.publish(LIMITED)
    assert await asked_and_told(gate, session, result={"action": "accept"}) is None
    assert (gate.ledger.results, gate.ledger.count("n", gate.clock.now_ns())) == ([Result.LOST], 1)


async def test_an_approved_call_whose_second_round_cannot_be_sent_needs_another_approval(tmp_path: Path) -> None:
    async with asking_gate(tmp_path / "state.db") as asked:
        asked.gate.upstream = curious()
        session = await opened(asked.gate)

        async def request_of_call() -> str:
            answer = await asked.gate.send(call("echo", {"text": "a"}), session=session)
            id: str = parsed(answer.body)["result"]["_meta"]["dev.yett/decision"]["approval"]["id"]
            return id

        id = await request_of_call()
        asked.approve(id)
        assert await asked_and_told(asked.gate, session, result={"action": "accept"}) is None
        assert await request_of_call() != id
        assert asked.standing(id) is State.UNKNOWN
