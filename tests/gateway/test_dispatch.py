"""One call from the client's message to the answer: what reaches the server, what the client sees, how it is settled."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.gateway.gate import STDIO_SERVER, Gate, decision_of, grant
from tests.support.fake_upstream import Chunks, content, encode, result, rpc_error, streamed
from tests.support.policies import DENY_ALL, policy
from tests.support.wire import call, parsed, request
from yett.audit.record import Result
from yett.errors import OperatorFault, UpstreamFault, UpstreamNotReached, UpstreamTimedOut
from yett.gateway.snapshot import PolicyEntry
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


# --- allowed --------------------------------------------------------------------------------------------------------------


@ERAS
async def test_an_allowed_call_is_forwarded_with_identical_bytes(stateless: bool) -> None:
    gate = Gate()
    sent = call("echo", {"text": "ä\\n", "n": 1.50}, stateless=stateless)
    await gate.send(sent)
    (forwarded,) = gate.upstream.calls
    assert forwarded.body is sent.message.body or forwarded.body == sent.body
    assert (forwarded.method, forwarded.id, forwarded.modern) == ("tools/call", b"1", stateless)


async def test_odd_spacing_and_unknown_members_of_a_call_reach_the_server_as_they_stand() -> None:
    gate = Gate()
    params = b'{"x-vendor":[1.0],"arguments":{"b":1e2,"a":"\\u00e4"},"name":"echo"}'
    body = b'{ "id":7 ,"params":%b,"method":"tools/call","jsonrpc":"2.0"}' % params
    sent = call("echo")
    await gate.send(type(sent)(body, sent.fields))
    assert gate.upstream.calls[0].body == body


@ERAS
async def test_the_servers_answer_reaches_the_client_with_identical_bytes(stateless: bool) -> None:
    gate = Gate()
    body = b'{"result": {"content":[], "resultType":"complete","x":1.0},"jsonrpc":"2.0","id":1}'
    gate.upstream.replies["tools/call"] = Answer(body=body)
    answer = await gate.call(stateless=stateless)
    assert (answer.status, answer.body) == (200, body)


async def test_the_record_is_written_before_the_server_hears_of_the_call() -> None:
    gate = Gate()
    seen: list[int] = []

    async def reply(message: Outbound) -> Answer:
        seen.append(len(gate.ledger.records))
        return Answer(body=result(message.id, {"content": []}))

    gate.upstream.replies["tools/call"] = reply
    await gate.call()
    assert seen == [1]


async def test_the_servers_own_credential_goes_along_and_nothing_of_it_comes_back() -> None:
    gate = Gate()
    answer = await gate.call()
    assert gate.upstream.calls[0].credential == {"authorization": "Bearer server-secret"}
    assert b"server-secret" not in (answer.body or b"")
    assert "server-secret" not in repr(gate.upstream.calls[0])


@ERAS
async def test_the_servers_session_id_never_reaches_the_client(stateless: bool) -> None:
    gate = Gate()
    gate.upstream.session = "upstream-session"
    session = None if stateless else await gate.open()
    answers = [
        await gate.send(call("echo", stateless=stateless), session=session),
        await gate.send(request("tools/list", stateless=stateless), session=session),
    ]
    stream = streamed(result(b"1", content("x", resultType="complete")))
    stream.session = "upstream-session"
    gate.upstream.replies["tools/call"] = stream
    answers.append(await gate.send(call("echo", stateless=stateless), session=session))
    gate.upstream.replies["tools/call"] = Answer(chunks=Chunks([b"{}"]), session="upstream-session")
    answers.append(await gate.send(call("echo", stateless=stateless), session=session))
    gate.upstream.replies["tools/call"] = Answer(status=400, body=rpc_error(b"1", -32602), session="upstream-session")
    answers.append(await gate.send(call("echo", stateless=stateless), session=session))
    assert [answer.session for answer in answers] == [None] * 5


# --- denied ---------------------------------------------------------------------------------------------------------------


@ERAS
async def test_a_denied_call_never_reaches_the_server_and_is_a_result_of_the_tool(stateless: bool) -> None:
    gate = Gate()
    gate.publish(policy(tools={"pay": {"deny_if": [{"path": "args.amount", "op": "gt", "value": 100}]}}))
    answer = await gate.call("pay", {"amount": 101}, stateless=stateless)
    assert answer.status == 200
    assert not gate.upstream.calls
    assert decision_of(answer)["code"] == "deny_if_matched"
    assert parsed(answer.body)["id"] == 1
    assert parsed(answer.body)["result"].get("resultType") == ("complete" if stateless else None)


@ERAS
async def test_a_hidden_tool_and_one_that_does_not_exist_read_alike(stateless: bool) -> None:
    gate = Gate()
    gate.publish({**policy(), "default": "allow", "hide": ["drop_*"]})
    hidden = await gate.call("drop_table", stateless=stateless)
    unknown = await gate.call("drop_tables", stateless=stateless)
    assert parsed(hidden.body)["error"] == {"code": -32602, "message": "Unknown tool: drop_table"}
    assert (hidden.body or b"").replace(b"drop_table", b"drop_tables") == unknown.body
    assert hidden.status == unknown.status == (400 if stateless else 200)
    assert [decision.rule for decision in gate.ledger.decisions] == ["(hidden)", "(hidden)"]


async def test_only_the_log_tells_a_hidden_tool_from_an_unknown_one() -> None:
    gate = Gate()
    gate.publish({**policy(), "default": "allow", "hide": ["drop_*"]})
    hidden = await gate.call("drop_table")
    unknown = await gate.call("no_such_tool")
    assert parsed(unknown.body)["error"]["message"] == "Unknown tool: no_such_tool"
    assert hidden.status == unknown.status
    assert [decision.rule for decision in gate.ledger.decisions] == ["(hidden)", "(unknown tool)"]


async def test_without_a_policy_every_call_is_denied_and_the_server_is_not_even_asked_for_its_tools() -> None:
    gate = Gate()
    gate.publish(grants=[grant(policy=None)])
    assert decision_of(await gate.call())["code"] == "no_policy"
    assert not gate.upstream.sent


async def test_without_a_policy_the_list_is_empty() -> None:
    gate = Gate()
    gate.publish(grants=[grant(policy="missing")])
    assert await gate.list() == []


async def test_what_no_key_names_is_denied_by_default() -> None:
    gate = Gate()
    gate.publish(DENY_ALL)
    assert decision_of(await gate.call())["rule"] == "(default deny)"
    assert not gate.upstream.calls


async def test_a_call_in_shadow_mode_is_forwarded_and_recorded_as_would_deny() -> None:
    gate = Gate()
    gate.publish(policy(mode="shadow"))
    await gate.call()
    assert len(gate.upstream.calls) == 1
    assert [decision.effect.value for decision in gate.ledger.decisions] == ["would_deny"]


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
    await gate.list()
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


@pytest.mark.parametrize("kind", ["input_required", "task", "later", 1])
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


# --- the rest -------------------------------------------------------------------------------------------------------------


async def test_one_call_is_judged_by_one_revision_though_another_becomes_active_meanwhile() -> None:
    gate = Gate()
    gate.publish(policy(tools={"echo": {}}))

    async def slow_list(message: Outbound) -> Answer:
        gate.publish(DENY_ALL)
        return Answer(body=result(message.id, {"tools": [{"name": "echo", "inputSchema": {"type": "object"}}]}))

    gate.upstream.replies["tools/list"] = slow_list
    await gate.call()
    assert len(gate.upstream.calls) == 1
    assert gate.ledger.records[0].policy_revision == "2-000000000002"
    assert decision_of(await gate.call())["policy_revision"] == "3-000000000003"


async def test_a_revision_that_cannot_be_compiled_leaves_the_last_good_one_in_force() -> None:
    gate = Gate()
    gate.publish(DENY_ALL)
    problems = gate.publish(PolicyEntry(name="p", revision="9-broken", document='{"version":"1","default":"alow"}'))
    assert "revision 9-broken cannot be read" in problems[0]
    assert decision_of(await gate.call())["policy_revision"] == "2-000000000002"


async def test_ping_and_log_level_are_relayed_with_identical_bytes() -> None:
    gate = Gate()
    for sent in (request("ping"), request("logging/setLevel", {"level": "info"})):
        answer = await gate.send(sent)
        assert gate.upstream.sent[-1].body == sent.body
        assert parsed(answer.body)["id"] == 1


async def test_a_relayed_request_whose_server_is_away_gets_an_error() -> None:
    gate = Gate()
    gate.upstream.replies["ping"] = UpstreamNotReached("refused by http://files.internal:9000")
    answer = await gate.send(request("ping"))
    assert (answer.status, parsed(answer.body)["error"]["code"]) == (502, -32603)
    assert b"files.internal" not in (answer.body or b"")


async def test_a_relayed_request_without_credential_gets_an_error_and_is_not_sent() -> None:
    gate = Gate()
    gate.credential = OperatorFault("`file:/etc/secret` is not readable")
    answer = await gate.send(request("ping"))
    assert answer.status == 502
    assert b"/etc/secret" not in (answer.body or b"")
    assert not gate.upstream.sent


async def test_a_call_answered_with_404_ends_the_session_that_the_server_forgot() -> None:
    gate = Gate()
    gate.upstream.session = "up-1"
    session = await gate.open()
    gate.upstream.replies["tools/call"] = Answer(status=404, body=b"")
    assert (await gate.send(call("echo"), session=session)).status == 404
    assert len(gate.sessions) == 0


async def test_a_relayed_request_answered_with_404_ends_the_session_too() -> None:
    gate = Gate()
    gate.upstream.session = "up-1"
    session = await gate.open()
    gate.upstream.replies["ping"] = Answer(status=404, body=b"")
    assert (await gate.send(request("ping"), session=session)).status == 404
    assert len(gate.sessions) == 0


async def test_an_answer_in_chunks_is_relayed_piece_by_piece_and_settled_at_its_end() -> None:
    gate = limited()
    body = result(b"1", content("x" * 50))
    chunks = Chunks([body[:20], body[20:]])
    gate.upstream.replies["tools/call"] = Answer(chunks=chunks)
    answer = await gate.call()
    assert answer.chunks is not None
    assert [chunk async for chunk in answer.chunks] == [body[:20], body[20:]]
    assert gate.ledger.results == [Result.OK]
    assert gate.ledger.outcome.response_bytes == len(body)
    await answer.aclose()
    assert chunks.closed
    assert gate.ledger.results == [Result.OK]


async def test_an_answer_in_chunks_that_breaks_off_is_lost() -> None:
    gate = limited()
    gate.upstream.replies["tools/call"] = Answer(chunks=Chunks([b'{"js'], UpstreamFault("reset")))
    answer = await gate.call()
    assert answer.chunks is not None
    with pytest.raises(UpstreamFault):
        [chunk async for chunk in answer.chunks]
    assert (gate.ledger.results, held(gate)) == ([Result.LOST], KEPT)


async def test_closing_an_answer_in_chunks_early_closes_the_servers_side_and_settles() -> None:
    gate = limited()
    chunks = Chunks([b"{", b"}"])
    gate.upstream.replies["tools/call"] = Answer(chunks=chunks)
    answer = await gate.call()
    assert answer.chunks is not None
    await anext(answer.chunks)
    await answer.aclose()
    assert chunks.closed
    assert gate.ledger.results == [Result.CLIENT_GONE]


async def test_an_answer_that_nobody_ever_reads_is_settled_and_closed_all_the_same() -> None:
    for reply in (Answer(chunks=Chunks([b"{}"])), streamed(result(b"1", {}))):
        gate = limited()
        gate.upstream.replies["tools/call"] = reply
        answer = await gate.call()
        await answer.aclose()
        assert gate.ledger.results == [Result.CLIENT_GONE]
        inner = reply.chunks or reply.events
        assert getattr(inner, "closed")  # noqa: B009 - of either kind


async def test_arguments_that_do_not_fit_the_servers_schema_are_denied_where_the_policy_demands_it() -> None:
    gate = Gate()
    gate.upstream.pages = [
        [{"name": "echo", "inputSchema": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}}]
    ]
    gate.publish(policy(tools={"echo": {"validate_arguments": True}}))
    assert decision_of(await gate.call("echo", {"n": "x"}))["code"] == "argument_schema"
    assert "isError" not in parsed((await gate.call("echo", {"n": 1})).body)["result"]
    assert [encode(decision.code.value if decision.code else None) for decision in gate.ledger.decisions] == [
        b'"argument_schema"',
        b"null",
    ]
