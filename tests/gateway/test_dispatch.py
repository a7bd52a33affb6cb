"""One call from the client's message to the answer: what reaches the server, and what the client sees.

UP7: a server that forgot its sessions. Rows of the reference: `tools/call`, `ping`, `logging/setLevel`.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.gateway.gate import STDIO_SERVER, Gate, decision_of, grant
from tests.support.fake_upstream import Chunks, content, encode, result, rpc_error, streamed
from tests.support.policies import DENY_ALL, policy
from tests.support.wire import call, parsed, request
from yett.audit.record import Refused
from yett.errors import OperatorFault, UpstreamNotReached
from yett.gateway.snapshot import PolicyEntry
from yett.ports import Answer, Outbound

pytestmark = pytest.mark.anyio

LIMITED = policy(tools={"echo": {"limits": [{"counter": "n", "window": "day", "max": 2}]}})
ERAS = pytest.mark.parametrize("stateless", [False, True], ids=["handshake", "stateless"])


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
    problems = gate.publish(
        PolicyEntry(id="p", organisation="o", name="p", revision="9-broken", document='{"version":"1","default":"alow"}')
    )
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


REGION = {"name": "echo", "inputSchema": {"type": "object", "properties": {"region": {"x-mcp-header": "Region"}}}}


@pytest.mark.parametrize(("field", "passes"), [(b"eu", True), (b"us", False), (b"", False)])
async def test_a_field_that_repeats_an_argument_wrongly_stops_the_call(field: bytes, passes: bool) -> None:
    gate = Gate()
    gate.upstream.pages = [[REGION]]
    sent = call("echo", {"region": "eu"}, stateless=True)
    answer = await gate.send(replace(sent, fields=[*sent.fields, (b"mcp-param-region", field), (b"mcp-param-new", b"x")]))
    if passes:
        assert (b"mcp-param-new", b"x") in gate.upstream.calls[0].headers
    else:
        assert (answer.status, parsed(answer.body)["error"]["code"]) == (400, -32020)
        assert not gate.upstream.calls
        assert [record.kind for record in gate.ledger.security] == [Refused.ENVELOPE]
        assert not gate.ledger.records


@pytest.mark.parametrize(("arguments", "refused"), [({"region": "eu"}, True), ({}, False), ({"region": None}, False)])
async def test_before_a_program_the_gate_itself_misses_a_field_that_should_repeat_an_argument(
    arguments: dict[str, object], refused: bool
) -> None:
    gate = Gate(server=STDIO_SERVER)
    gate.upstream.pages = [[REGION]]
    answer = await gate.send(call("echo", arguments, stateless=True))
    if refused:
        assert (answer.status, parsed(answer.body)["error"]["code"]) == (400, -32020)
        assert b"mcp-param-region" in (answer.body or b"")
    assert len(gate.upstream.calls) == (0 if refused else 1)


@pytest.mark.parametrize("case", ["over http", "in a session", "of one's own"])
async def test_a_field_is_missed_only_where_nobody_else_could_miss_it(case: str) -> None:
    gate = Gate() if case == "over http" else Gate(server=STDIO_SERVER)
    gate.upstream.pages = [[REGION]]
    await gate.send(call("echo", {"region": "eu"}, stateless=case != "in a session"), local=case == "of one's own")
    assert len(gate.upstream.calls) == 1


async def test_what_a_hidden_tool_repeats_in_fields_is_not_given_away() -> None:
    gate = Gate()
    gate.upstream.pages = [[REGION]]
    await gate.list()
    gate.publish({**policy(), "hide": ["echo"]})
    sent = call("echo", {"region": "eu"}, stateless=True)
    answer = await gate.send(replace(sent, fields=[*sent.fields, (b"mcp-param-region", b"us")]))
    assert parsed(answer.body)["error"] == {"code": -32602, "message": "Unknown tool: echo"}
