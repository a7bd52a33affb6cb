"""Multi-round-trip requests: bound to what was called and by whom, judged each time, charged once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.gateway.gate import Gate, decision_of, events_of, grant
from tests.support.fake_upstream import content, result, streamed
from tests.support.policies import ALLOW_ALL, policy
from tests.support.wire import META, Sent, parsed, request
from yett.audit.record import Refused, Result
from yett.gateway.rounds import GRANT_ROUNDS_MAX, ROUND_S
from yett.ports import Answer, Outbound
from yett.protocol.messages import classify_http
from yett.protocol.rejection import Rejection
from yett.protocol.server_messages import KIND_OF

pytestmark = pytest.mark.anyio

ROOTS = {"r": {"method": "roots/list", "params": {}}}
DONE = content("done", resultType="complete")


def asking(requests: Any = ROOTS, state: str | None = "theirs") -> dict[str, Any]:
    return {"resultType": "input_required", "inputRequests": requests} | ({} if state is None else {"requestState": state})


def calling(arguments: Any = None, *, id: int = 1, name: str = "echo", declared: Any = None, **rounds: Any) -> Sent:
    offered = {"roots": {}, "sampling": {}, "elicitation": {}} if declared is None else declared
    params = {"name": name, "arguments": arguments or {}, "_meta": {f"{META}clientCapabilities": offered}, **rounds}
    return request("tools/call", params, id=id, stateless=True)


async def asked(gate: Gate, wanted: Any = None, **members: Any) -> str:
    """The state under which the client is asked."""
    gate.upstream.answering(asking() if wanted is None else wanted)
    answer = parsed((await gate.send(calling(**members))).body)
    state: str = answer["result"]["requestState"]
    gate.upstream.answering(DONE)
    return state


async def refused(gate: Gate, sent: Sent, **route: Any) -> bool:
    """Whether input is refused, and nothing of it reaches the server."""
    before = len(gate.upstream.calls)
    answer = await gate.send(sent, **route)
    assert len(gate.upstream.calls) == before
    return (answer.status, parsed(answer.body)["error"]["code"]) == (400, -32602)


@pytest.mark.parametrize("form", ["body", "events"])
async def test_the_client_is_asked_under_a_state_of_ours_and_the_server_gets_its_own(form: str) -> None:
    gate = Gate()
    body = result(b"1", asking())
    gate.upstream.replies["tools/call"] = Answer(body=body) if form == "body" else streamed(body)
    answer = await gate.send(calling({"x": 1}))
    shown = parsed(answer.body if form == "body" else (await events_of(answer))[-1])["result"]
    state = shown.pop("requestState")
    assert (shown, state == "theirs") == ({"resultType": "input_required", "inputRequests": ROOTS}, False)
    gate.upstream.answering(DONE)
    given: dict[str, Any] = {"r": {"roots": []}, "more": {}}
    done = await gate.send(calling({"x": 1}, id=2, requestState=state, inputResponses=given))
    assert parsed(done.body)["result"] == DONE
    params = json.loads(gate.upstream.calls[-1].body)["params"]
    assert (params["requestState"], params["inputResponses"], params["arguments"]) == ("theirs", {"r": {"roots": []}}, {"x": 1})
    assert gate.ledger.results == [Result.OK, Result.OK]


async def test_a_server_without_a_state_of_its_own_gets_none() -> None:
    gate = Gate()
    state = await asked(gate, asking(state=None))
    await gate.send(calling(requestState=state, inputResponses={"r": {}}))
    assert "requestState" not in json.loads(gate.upstream.calls[-1].body)["params"]


async def test_all_rounds_are_one_call_for_the_limits_and_each_is_recorded() -> None:
    gate = Gate()
    gate.publish(policy(default="allow", tools={"echo": {"limits": [{"counter": "n", "window": "day", "max": 1}]}}))
    state = await asked(gate)
    again = await asked(gate, requestState=state, inputResponses={"r": {}})
    done = await gate.send(calling(requestState=again, inputResponses={"r": {}}))
    assert parsed(done.body)["result"] == DONE
    assert gate.ledger.count("n", gate.clock.now_ns()) == 1
    assert len(gate.ledger.records) == 3
    assert decision_of(await gate.send(calling()))["code"] == "limit_exceeded"


async def test_each_round_is_judged_by_the_policy_in_force() -> None:
    gate = Gate()
    state = await asked(gate)
    gate.publish(policy())
    answer = await gate.send(calling(requestState=state, inputResponses={"r": {}}))
    assert decision_of(answer)["code"] == "not_listed"


async def test_a_state_is_used_once_and_for_this_very_call() -> None:
    gate = Gate()
    gate.publish(ALLOW_ALL, grants=[grant("g1"), grant("g2")])
    state = await asked(gate, arguments={"x": 1})
    given: dict[str, Any] = {"requestState": state, "inputResponses": {"r": {}}}
    assert await refused(gate, calling({"x": 2}, **given))
    assert await refused(gate, calling({"x": 1}, name="pay", **given))
    assert await refused(gate, calling({"x": 1}, **given), grant_id="g2")
    assert await refused(gate, calling({"x": 1}, **{**given, "requestState": state + "-TAMPERED"}))
    assert parsed((await gate.send(calling({"x": 1}, **given))).body)["result"] == DONE
    assert await refused(gate, calling({"x": 1}, **given))
    assert [record.kind for record in gate.ledger.security] == [Refused.RESPONSE] * 5


async def test_input_without_a_state_is_a_call_of_its_own_where_the_client_may_be_asked_for_everything() -> None:
    gate = Gate()
    limit = {"limits": [{"counter": "n", "window": "day", "max": 2}]}
    gate.publish(policy(default="allow", tools={"echo": limit}))
    await asked(gate)
    done = await gate.send(calling(inputResponses={"r": {}}))
    assert parsed(done.body)["result"] == DONE
    assert gate.ledger.count("n", gate.clock.now_ns()) == 2
    gate.publish({"version": "1", "default": "allow", "server_requests": {"sampling": "deny"}})
    assert await refused(gate, calling(inputResponses={"r": {}}))
    assert [record.kind for record in gate.ledger.security] == [Refused.RESPONSE]


async def test_input_is_not_waited_for_for_ever() -> None:
    gate = Gate()
    state = await asked(gate)
    gate.clock.advance(ROUND_S + 1)
    assert await refused(gate, calling(requestState=state, inputResponses={}))


async def test_a_grant_that_leaves_calls_waiting_loses_its_oldest() -> None:
    gate = Gate()
    states = [await asked(gate) for _ in range(GRANT_ROUNDS_MAX + 1)]
    assert await refused(gate, calling(requestState=states[0]))
    assert parsed((await gate.send(calling(requestState=states[1]))).body)["result"] == DONE


@pytest.mark.parametrize(("bound", "of_all"), [("GRANT_BYTES_MAX", False), ("BYTES_MAX", True)])
async def test_what_servers_want_back_is_kept_up_to_a_bound_and_the_oldest_gives_way(
    monkeypatch: pytest.MonkeyPatch, bound: str, of_all: bool
) -> None:
    monkeypatch.setattr(f"yett.gateway.rounds.{bound}", 2 * len(b'r"theirs"'))
    gate = Gate()
    gate.publish(ALLOW_ALL, grants=[grant("g1"), grant("g2")])
    others = parsed((await _asked_as(gate, "g2")).body)["result"]["requestState"]
    states = [await asked(gate) for _ in range(3)]
    assert [await _is_gone(gate, state) for state in states] == [True, False, False]
    assert await _is_gone(gate, others, "g2") is of_all


async def _asked_as(gate: Gate, grant_id: str) -> Answer:
    gate.upstream.answering(asking())
    return await gate.send(calling(), grant_id=grant_id)


async def _is_gone(gate: Gate, state: str, grant_id: str = "g1") -> bool:
    return (await gate.send(calling(requestState=state), grant_id=grant_id)).status == 400


@pytest.mark.parametrize(("method", "kind"), list(KIND_OF.items()))
@pytest.mark.parametrize("why", ["denied", "not declared"])
async def test_what_the_client_may_not_be_asked_becomes_an_error(method: str, kind: str, why: str) -> None:
    gate = Gate()
    if why == "denied":
        gate.publish({"version": "1", "default": "allow", "server_requests": {kind: "deny"}})
    declared: dict[str, Any] = {other: {} for other in KIND_OF.values() if why == "denied" or other != kind}
    gate.upstream.answering(asking({"k": {"method": method, "params": {}}}))
    answer = await gate.send(calling(declared=declared))
    assert parsed(answer.body)["error"]["code"] == -32603
    assert [record.kind for record in gate.ledger.security] == [Refused.SERVER_REQUEST]
    forwarded = json.loads(gate.upstream.calls[0].body)["params"]["_meta"][f"{META}clientCapabilities"]
    assert kind not in forwarded


@pytest.mark.parametrize(
    "wanted",
    [
        {"resultType": "input_required"},
        {"resultType": "input_required", "inputRequests": {}},
        {"resultType": "input_required", "inputRequests": []},
        {"resultType": "input_required", "inputRequests": {"k": {"method": "tools/call"}}},
        {"resultType": "input_required", "inputRequests": {"k": {"Method": "roots/list", "method": "roots/list"}}},
        {"resultType": "input_required", "requestState": 1},
        {"resultType": "input_required", "inputRequests": {str(n): {"method": "roots/list"} for n in range(65)}},
    ],
)
async def test_what_asks_for_nothing_that_can_be_read_becomes_an_error(wanted: Any) -> None:
    gate = Gate()
    gate.upstream.answering(wanted)
    assert parsed((await gate.send(calling())).body)["error"]["code"] == -32603
    assert gate.ledger.results == [Result.MALFORMED]


@pytest.mark.parametrize(
    "rounds",
    [{"inputResponses": None}, {"inputResponses": []}, {"inputResponses": {"k": 1}}, {"requestState": 7}, {"requestState": None}],
)
def test_input_of_another_form_is_refused_at_the_door(rounds: Any) -> None:
    sent = calling(**rounds)
    rejection = classify_http(sent.body, dict(sent.fields))
    assert isinstance(rejection, Rejection)
    assert rejection.rpc_code == -32602


@pytest.mark.parametrize("method", ["tools/call", "prompts/get"])
def test_in_the_handshake_era_there_are_no_rounds(method: str) -> None:
    sent = request(method, {"name": "echo", "requestState": "x"})
    assert isinstance(classify_http(sent.body, dict(sent.fields)), Rejection)


@pytest.mark.parametrize(("method", "params"), [("prompts/get", {"name": "p"}), ("resources/read", {"uri": "note://a"})])
async def test_prompts_and_resources_have_rounds_too(method: str, params: dict[str, Any]) -> None:
    gate = Gate()
    offered: dict[str, Any] = {"_meta": {f"{META}clientCapabilities": {"roots": {}}}}

    async def reply(message: Outbound) -> Answer:
        again = b"theirs" in message.body
        done = {"resultType": "complete", "messages": [], "contents": [], "ttlMs": 0, "cacheScope": "private"}
        return Answer(body=result(message.id, done if again else asking()))

    gate.upstream.replies[method] = reply
    fields = [(b"mcp-name", b"note://a")] if method == "resources/read" else []
    first = request(method, {**params, **offered}, stateless=True)
    first.fields.extend(fields)
    state = parsed((await gate.send(first)).body)["result"]["requestState"]
    second = request(method, {**params, **offered, "requestState": state, "inputResponses": {"r": {}}}, id=2, stateless=True)
    second.fields.extend(fields)
    assert parsed((await gate.send(second)).body)["result"]["resultType"] == "complete"
