"""What comes of a forwarded call: how it is settled, what its client is told, and what the operator."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.gateway.gate import STDIO_SERVER, Gate, decision_of, grant
from tests.support.fake_upstream import content, result, rpc_error
from tests.support.policies import policy
from tests.support.wire import call, parsed
from yett.audit.record import Result
from yett.egress.routes import EgressRefused
from yett.errors import OperatorFault, UpstreamFault, UpstreamNotReached, UpstreamTimedOut
from yett.ports import Answer, Outbound
from yett.protocol.answers import MalformedAnswer

pytestmark = pytest.mark.anyio

LIMITED = policy(tools={"echo": {"limits": [{"counter": "n", "window": "day", "max": 2}]}})
ERAS = pytest.mark.parametrize("stateless", [False, True], ids=["handshake", "stateless"])


def limited(**members: Any) -> Gate:
    gate = Gate(**members)
    gate.publish(LIMITED)
    return gate


def held(gate: Gate) -> int:
    """Units that count against the limit now."""
    count: int = gate.ledger.count("n", gate.clock.now_ns())
    return count


# --- settled --------------------------------------------------------------------------------------------------------------

GIVEN_BACK = 0
KEPT = 1


@pytest.mark.parametrize(
    ("reply", "expected", "kept"),
    [
        (Answer(body=result(b"1", content("ok"))), Result.OK, KEPT),
        (Answer(body=result(b"1", content("no", isError=True))), Result.TOOL_ERROR, KEPT),
        (Answer(body=rpc_error(b"1", -32601)), Result.RPC_ERROR, GIVEN_BACK),
        (Answer(body=rpc_error(b"1", -32600)), Result.RPC_ERROR, GIVEN_BACK),
        (Answer(body=rpc_error(b"1", -32700)), Result.RPC_ERROR, GIVEN_BACK),
        (Answer(body=rpc_error(b"1", -32602)), Result.RPC_ERROR, KEPT),
        (Answer(body=rpc_error(b"1", -32603)), Result.RPC_ERROR, KEPT),
        (Answer(body=rpc_error(None, -32700)), Result.RPC_ERROR, GIVEN_BACK),
        (Answer(status=401, body=b""), Result.HTTP_ERROR, GIVEN_BACK),
        (Answer(status=403, body=b""), Result.HTTP_ERROR, KEPT),
        (Answer(status=404, body=b""), Result.HTTP_ERROR, GIVEN_BACK),
        (Answer(status=429, body=b""), Result.HTTP_ERROR, GIVEN_BACK),
        (Answer(status=500, body=b"boom"), Result.HTTP_ERROR, KEPT),
        (Answer(status=500, body=rpc_error(b"1", -32601)), Result.HTTP_ERROR, GIVEN_BACK),
        (Answer(status=202), Result.MALFORMED, KEPT),
        (Answer(body=b""), Result.MALFORMED, KEPT),
        (Answer(body=b"[1]"), Result.MALFORMED, KEPT),
        (Answer(body=result(b"2", {})), Result.MALFORMED, KEPT),
        (UpstreamNotReached("refused"), Result.NOT_SENT, GIVEN_BACK),
        (EgressRefused("not to be asked"), Result.NOT_SENT, GIVEN_BACK),
        (UpstreamTimedOut("late"), Result.TIMED_OUT, KEPT),
        (UpstreamFault("reset"), Result.LOST, KEPT),
        (MalformedAnswer("odd"), Result.LOST, KEPT),
    ],
    ids=lambda value: value.value if isinstance(value, Result) else "",
)
async def test_what_came_of_a_call_is_recorded_and_its_units_are_given_back_only_if_it_surely_did_not_run(
    reply: Answer | UpstreamFault, expected: Result, kept: int
) -> None:
    gate = limited()
    gate.upstream.replies["tools/call"] = reply
    await gate.call()
    assert gate.ledger.results == [expected]
    assert held(gate) == kept
    assert gate.ledger.unsettled == 0


async def test_a_server_that_cannot_be_reached_is_an_internal_error_that_names_the_request() -> None:
    gate = limited()
    gate.upstream.replies["tools/call"] = UpstreamNotReached("connection refused by http://files.internal:9000")
    answer = await gate.call()
    error = parsed(answer.body)["error"]
    assert (answer.status, error["code"]) == (502, -32603)
    assert error["data"] == {"request_id": gate.ledger.records[0].request_id}


async def test_a_server_that_is_late_is_a_gateway_timeout() -> None:
    gate = limited()
    gate.upstream.replies["tools/call"] = UpstreamTimedOut("http://files.internal:9000 did not answer in 60 s")
    answer = await gate.call()
    assert (answer.status, parsed(answer.body)["error"]["code"]) == (504, -32603)


async def test_where_a_server_is_and_why_it_failed_is_told_to_the_operator_and_not_to_the_client() -> None:
    gate = limited()
    for failure in (UpstreamNotReached, UpstreamTimedOut, UpstreamFault):
        gate.upstream.replies["tools/call"] = failure("http://files.internal:9000 said so")
        answer = await gate.call()
        assert b"internal" not in (answer.body or b"").replace(b"internal error", b"")
    assert [text for _, text in gate.reported] == ["http://files.internal:9000 said so"] * 3
    assert gate.reported[0][0] == gate.ledger.records[0].request_id


async def test_who_runs_the_server_on_this_machine_is_told_what_went_wrong() -> None:
    gate = limited(server=STDIO_SERVER)
    gate.publish(LIMITED, grants=[grant(server=STDIO_SERVER)])
    gate.upstream.replies["tools/call"] = UpstreamNotReached("cannot start `npx`: no such file")
    answer = await gate.send(call("echo"), local=True)
    assert parsed(answer.body)["error"]["message"] == "cannot start `npx`: no such file"


async def test_a_refused_credential_does_not_read_like_a_refused_grant() -> None:
    gate = limited()
    gate.upstream.replies["tools/call"] = Answer(status=401, body=b"")
    answer = await gate.call()
    assert answer.status == 502
    assert "credential" in parsed(answer.body)["error"]["message"]


async def test_a_missing_credential_denies_and_gives_the_units_back() -> None:
    gate = limited()
    await gate.call("pay")  # denied, but now the tools are known
    gate.credential = OperatorFault("`env:TOKEN` is not set")
    answer = await gate.call()
    assert decision_of(answer)["code"] == "credential_unavailable"
    assert "TOKEN" not in str(answer.body)
    assert not gate.upstream.calls
    assert (gate.ledger.results, held(gate)) == ([Result.NOT_SENT], GIVEN_BACK)


async def test_a_missing_credential_denies_also_where_the_tools_are_not_known_yet() -> None:
    gate = limited()
    gate.credential = OperatorFault("`env:TOKEN` is not set")
    assert decision_of(await gate.call())["code"] == "credential_unavailable"
    assert not gate.upstream.sent


async def test_an_error_body_that_is_no_json_rpc_is_replaced_and_its_status_kept() -> None:
    gate = Gate()
    gate.upstream.replies["tools/call"] = Answer(status=500, body=b"Traceback: /srv/secret.py")
    answer = await gate.call()
    assert answer.status == 500
    assert parsed(answer.body)["error"]["message"] == "the server answered with HTTP status 500"


@ERAS
@pytest.mark.parametrize(
    "body",
    [
        result(b"2", {}),
        result(b'"1"', {}),
        b'{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}',
        b'{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage"}',
        b'{"jsonrpc":"2.0","method":"notifications/message"}',
        b'[{"jsonrpc":"2.0","id":1,"result":{}}]',
        b"not json",
        b"",
    ],
)
async def test_an_answer_to_something_else_is_not_relayed(body: bytes, stateless: bool) -> None:
    gate = Gate()
    gate.upstream.replies["tools/call"] = Answer(body=body)
    answer = await gate.call(stateless=stateless)
    error = parsed(answer.body)["error"]
    assert (answer.status, error["code"]) == (502, -32603)
    assert gate.ledger.results == [Result.MALFORMED]


@pytest.mark.parametrize("kind", ["task", "later", 1])
async def test_a_stateless_result_that_is_not_final_is_not_relayed(kind: Any) -> None:
    gate = Gate()
    gate.upstream.answering({"resultType": kind, "inputRequests": {"k": {"method": "sampling/createMessage"}}})
    answer = await gate.call(stateless=True)
    assert parsed(answer.body)["error"]["code"] == -32603
    assert b"sampling" not in (answer.body or b"")
    assert gate.ledger.results == [Result.RPC_ERROR]


async def test_an_id_that_is_written_differently_is_the_same_id() -> None:
    gate = Gate()
    gate.upstream.replies["tools/call"] = Answer(body=b'{"jsonrpc":"2.0","id":"\\u0061","result":{"content":[]}}')
    answer = await gate.call(id="a")
    assert parsed(answer.body)["result"] == {"content": []}


# --- gone -----------------------------------------------------------------------------------------------------------------


async def test_a_call_that_is_cancelled_before_its_answer_is_settled_as_left_by_the_client_and_kept() -> None:
    gate = limited()
    reached = asyncio.Event()

    async def hang(_: Outbound) -> Answer:
        reached.set()
        await asyncio.Event().wait()
        raise AssertionError

    gate.upstream.replies["tools/call"] = hang
    waiting = asyncio.create_task(gate.call())
    await reached.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (gate.ledger.results, held(gate)) == ([Result.CLIENT_GONE], KEPT)


async def test_a_bug_of_an_adapter_is_settled_as_lost_and_not_as_left_by_the_client() -> None:
    gate = limited()

    async def bug(_: Outbound) -> Answer:
        raise KeyError("bug")

    gate.upstream.replies["tools/call"] = bug
    with pytest.raises(KeyError):
        await gate.call()
    assert gate.ledger.results == [Result.LOST]
