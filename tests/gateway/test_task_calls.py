"""Tasks of both generations: bound to the grant and the call that made them, judged each time, charged once.

Rows of the table of duties: tools/call with `task`, tasks/get, tasks/result, tasks/cancel, tasks/update, tasks/list.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.gateway.gate import STDIO_SERVER, Gate, decision_of, events_of, grant
from tests.gateway.task_rig import TaskServer, about, capable, error_of, session_of, started, starting, task
from tests.support.fake_upstream import Chunks, Stream, content, encode, result, rpc_error, streamed
from tests.support.policies import ALLOW_ALL, policy
from tests.support.wire import META, notification, parsed, request
from yett.audit.record import Refused, Result
from yett.errors import UpstreamFault
from yett.gateway.tasks import GRANT_TASKS_MAX
from yett.ports import Answer, Event
from yett.protocol.replies import DECISION_KEY, RELATED_TASK

pytestmark = pytest.mark.anyio

ERAS = pytest.mark.parametrize("stateless", [False, True], ids=["2025-11-25", "2026-07-28"])
NOT_FOUND = "Failed to retrieve task: Task not found"
TWO = [grant("g1"), grant("g2")]


def allowing(**members: Any) -> dict[str, Any]:
    """A policy that allows what it does not name."""
    return {**ALLOW_ALL, **members}


def asked_of(stateless: bool) -> list[str]:
    """What may be asked about one task."""
    return ["tasks/get", "tasks/cancel", "tasks/update" if stateless else "tasks/result"]


def asking(method: str, id: Any, stateless: bool, **members: Any) -> Any:
    responses: dict[str, Any] = {"inputResponses": {}} if method == "tasks/update" else {}
    return about(method, id, stateless=stateless, **responses, **members)


# --- the way of a task ----------------------------------------------------------------------------------------------------


async def test_a_call_becomes_a_task_and_its_result_is_fetched_as_the_server_gives_it() -> None:
    gate = Gate()
    server = TaskServer(gate)
    sent = starting("pay", {"amount": 5})
    answer = await gate.send(sent)
    assert parsed(answer.body)["result"] == {"task": server.tasks["task-1"]}
    assert gate.upstream.calls[0].body == sent.body, "what was judged is what was sent"
    assert parsed((await gate.send(about("tasks/get", "task-1"))).body)["result"] == server.tasks["task-1"]
    done = parsed((await gate.send(about("tasks/result", "task-1"))).body)["result"]
    assert done == content("the result", _meta={f"{META}related-task": {"taskId": "task-1"}})
    assert parsed((await gate.send(about("tasks/cancel", "task-1"))).body)["result"]["status"] == "cancelled"


async def test_a_task_of_the_extension_is_followed_without_a_session() -> None:
    gate = Gate()
    server = TaskServer(gate, stateless=True)
    answer = parsed((await gate.send(starting("pay", {"amount": 5}, stateless=True))).body)["result"]
    assert answer == {"resultType": "task", **server.tasks["task-1"]}
    final = {"result": content("paid", isError=False), "status": "completed"}
    server.tasks["task-1"] |= final
    got = parsed((await gate.send(about("tasks/get", "task-1", stateless=True))).body)["result"]
    assert got == {"resultType": "complete", **server.tasks["task-1"]}
    for method in ("tasks/cancel", "tasks/update"):
        assert parsed((await gate.send(asking(method, "task-1", True))).body)["result"] == {"resultType": "complete"}


@ERAS
async def test_a_call_that_the_server_answers_at_once_is_answered_at_once(stateless: bool) -> None:
    gate = Gate()
    gate.upstream.answering(content("at once", **({"resultType": "complete"} if stateless else {})))
    assert parsed((await gate.send(starting(stateless=stateless))).body)["result"]["content"][0]["text"] == "at once"
    assert (await error_of(gate, about("tasks/get", "task-1", stateless=stateless)))[1:] == (-32602, NOT_FOUND)


@pytest.mark.parametrize("form", ["events", "chunks"])
async def test_the_result_of_a_task_may_come_in_any_form(form: str) -> None:
    gate = Gate()
    TaskServer(gate)
    await started(gate, starting())
    body = result(b"2", content("long" * 9_000))
    notice = encode({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": 1}})
    chunks = Answer(chunks=Chunks([body[:40], body[40:]]))
    gate.upstream.replies["tasks/result"] = streamed(notice, body) if form == "events" else chunks
    answer = await gate.send(about("tasks/result", "task-1"))
    if answer.chunks is not None:
        assert b"".join([piece async for piece in answer.chunks]) == body
    else:
        assert (await events_of(answer))[-1] == body
    assert gate.ledger.results == [Result.OK, Result.OK]


@ERAS
async def test_the_state_of_a_task_is_judged_whole_however_it_comes(stateless: bool) -> None:
    gate = Gate()
    TaskServer(gate, stateless=stateless)
    id = await started(gate, starting(stateless=stateless))
    body = result(b"2", task("another", stateless=stateless))
    for reply in (Answer(body=body), streamed(body), Answer(chunks=Chunks([body[:9], body[9:]]))):
        gate.upstream.replies["tasks/get"] = reply
        answer = await gate.send(about("tasks/get", id, stateless=stateless))
        data = answer.body if answer.events is None else (await events_of(answer))[-1]
        assert parsed(data)["error"]["message"].startswith("the server was asked about one task and told about another")


# --- whose it is ----------------------------------------------------------------------------------------------------------


@ERAS
async def test_a_task_of_another_grant_is_found_as_little_as_one_that_never_was(stateless: bool) -> None:
    """AU7 and AZ4 of the attacks: the same answer, the same record, nothing sent."""
    gate = Gate()
    gate.publish(ALLOW_ALL, grants=TWO)
    TaskServer(gate, stateless=stateless)
    id = await started(gate, starting(stateless=stateless))
    for method in asked_of(stateless):
        before, records = len(gate.upstream.sent), len(gate.ledger.security)
        status = 400 if stateless else 200
        theirs = await error_of(gate, asking(method, id, stateless), grant_id="g2")
        nobodys = await error_of(gate, asking(method, "never", stateless), grant_id="g2")
        assert theirs == nobodys == (status, -32602, NOT_FOUND)
        first, second = gate.ledger.security[records:]
        assert (first.kind, first.reason) == (second.kind, second.reason) == (Refused.SESSION, "no such task of this grant")
        assert len(gate.upstream.sent) == before
    assert parsed((await gate.send(about("tasks/get", id, stateless=stateless))).body)["result"]["taskId"] == id


@ERAS
async def test_an_id_that_the_server_gives_to_two_grants_is_nobodys(stateless: bool) -> None:
    gate = Gate()
    gate.publish(ALLOW_ALL, grants=TWO)
    TaskServer(gate, stateless=stateless, ids=["same", "same"])
    await started(gate, starting(stateless=stateless))
    refused = await error_of(gate, starting(stateless=stateless), grant_id="g2")
    assert refused[2].startswith("the server gave this task the id of another one")
    for grant_id in ("g1", "g2"):
        assert (await error_of(gate, about("tasks/get", "same", stateless=stateless), grant_id=grant_id))[2] == NOT_FOUND
    assert [outcome.surely_did_not_run for _, outcome in gate.ledger.outcomes] == [False, False]


async def test_where_each_session_has_a_child_of_its_own_an_id_means_something_there_only() -> None:
    gate = Gate(server=STDIO_SERVER)
    TaskServer(gate, ids=["task-1", "task-1"])
    first, second = await session_of(gate), await session_of(gate)
    await started(gate, starting("echo"), session=first)
    assert (await error_of(gate, about("tasks/get", "task-1"), session=second))[2] == NOT_FOUND
    await started(gate, starting("pay"), session=second)
    for session in (first, second):
        assert parsed((await gate.send(about("tasks/get", "task-1"), session=session)).body)["result"]["taskId"] == "task-1"
    assert [record.target for record in gate.ledger.records] == ["echo", "pay", "echo", "pay"]


async def test_before_a_server_with_sessions_a_task_outlives_the_session_for_its_own_grant() -> None:
    gate = Gate()
    TaskServer(gate)
    id = await started(gate, starting(), session=await session_of(gate))
    assert parsed((await gate.send(about("tasks/get", id), session=await session_of(gate))).body)["result"]["taskId"] == id


@ERAS
async def test_a_task_is_forgotten_some_time_after_its_end(stateless: bool) -> None:
    gate = Gate()
    TaskServer(gate, stateless=stateless)
    id = await started(gate, starting(stateless=stateless))
    gate.clock.advance(seconds=119)
    assert parsed((await gate.send(about("tasks/get", id, stateless=stateless))).body)["result"]["taskId"] == id
    gate.clock.advance(seconds=1)
    assert (await error_of(gate, about("tasks/get", id, stateless=stateless)))[2] == NOT_FOUND


@pytest.mark.parametrize("id", [None, 5, "", [], {"taskId": "x"}, "x" * 513, "a\u0000b", True])
def test_an_id_that_is_none_is_refused_at_the_door(id: Any) -> None:
    with pytest.raises(AssertionError, match="must be a task's id"):
        _ = about("tasks/get", id).message


def test_a_look_alike_of_the_id_is_refused_at_the_door() -> None:
    for key in ("TaskId", "taskid", "task\u0049d\u0000"):
        with pytest.raises(AssertionError, match="looks like"):
            _ = request("tasks/get", {"taskId": "a", key: "b"}).message


# --- judged each time, charged once ---------------------------------------------------------------------------------------


@ERAS
async def test_what_is_asked_about_a_task_consumes_nothing_and_is_recorded_with_method_tool_and_task(stateless: bool) -> None:
    gate = Gate()
    gate.publish(allowing(tools={"pay": {"limits": [{"counter": "n", "window": "day", "max": 1}]}}))
    TaskServer(gate, stateless=stateless)
    id = await started(gate, starting("pay", {"amount": 5}, stateless=stateless))
    for method in asked_of(stateless):
        assert "result" in parsed((await gate.send(asking(method, id, stateless))).body)
    assert gate.ledger.count("n", gate.clock.now_ns()) == 1
    made, *asked = gate.ledger.records
    assert [(record.method, record.target, record.task) for record in asked] == [
        (method, "pay", id) for method in asked_of(stateless)
    ]
    assert {record.arguments_digest for record in asked} == {made.arguments_digest}
    assert (made.task, gate.ledger.outcomes[0][1].task, gate.ledger.results) == (None, id, [Result.OK] * 4)


@ERAS
async def test_a_call_that_became_a_task_has_run_whatever_comes_of_the_task(stateless: bool) -> None:
    gate = Gate()
    gate.publish(allowing(tools={"pay": {"limits": [{"counter": "n", "window": "day", "max": 1}]}}))
    server = TaskServer(gate, stateless=stateless)
    id = await started(gate, starting("pay", stateless=stateless))
    server.tasks[id]["status"] = "failed"
    await gate.send(about("tasks/get", id, stateless=stateless))
    await gate.send(about("tasks/cancel", id, stateless=stateless))
    assert gate.ledger.count("n", gate.clock.now_ns()) == 1
    refused = decision_of(await gate.send(starting("pay", stateless=stateless)))
    assert refused["code"] == "limit_exceeded"


DENIED = {
    "a tool that is denied since": (allowing(tools={"pay": {"deny_if": [{"conditions": []}]}}), "deny_if_matched"),
    "arguments that are denied since": (
        allowing(tools={"pay": {"deny_if": [{"path": "args.amount", "op": "gt", "value": 4}]}}),
        "deny_if_matched",
    ),
    "a tool that is no longer listed": (policy(tools={"echo": {}}), "not_listed"),
    "a tool that needs an approval since": (allowing(tools={"pay": {"require_approval": True}}), "approval_required"),
}


@ERAS
@pytest.mark.parametrize("case", DENIED)
async def test_a_task_is_judged_by_the_policy_in_force(case: str, stateless: bool) -> None:
    document, code = DENIED[case]
    gate = Gate()
    TaskServer(gate, stateless=stateless)
    id = await started(gate, starting("pay", {"amount": 5}, stateless=stateless))
    gate.publish(document)
    before = len(gate.upstream.sent)
    for method in asked_of(stateless):
        answer = await gate.send(asking(method, id, stateless))
        body = parsed(answer.body)
        if method == "tasks/result":
            assert (decision_of(answer)["code"], body["result"]["_meta"][RELATED_TASK]) == (code, {"taskId": id})
        else:
            assert (body["error"]["code"], body["error"]["data"][DECISION_KEY]["code"]) == (-32602, code)
        record = gate.ledger.records[-1]
        assert (record.method, record.target, record.task, record.decision.code.value) == (method, "pay", id, code)
    assert len(gate.upstream.sent) == before


@ERAS
async def test_the_task_of_a_tool_that_is_hidden_since_is_not_found(stateless: bool) -> None:
    gate = Gate()
    TaskServer(gate, stateless=stateless)
    id = await started(gate, starting("pay", stateless=stateless))
    gate.publish(allowing(hide=["pay"]))
    for method in asked_of(stateless):
        assert (await error_of(gate, asking(method, id, stateless)))[1:] == (-32602, NOT_FOUND)
        assert gate.ledger.records[-1].decision.code.value == "hidden"


@ERAS
async def test_a_denied_call_becomes_no_task(stateless: bool) -> None:
    gate = Gate()
    gate.publish(allowing(tools={"pay": {"deny_if": [{"conditions": []}]}}))
    TaskServer(gate, stateless=stateless)
    assert decision_of(await gate.send(starting("pay", stateless=stateless)))["code"] == "deny_if_matched"
    assert gate.upstream.calls == []


# --- servers that say something else --------------------------------------------------------------------------------------


@ERAS
async def test_a_task_that_nobody_asked_for_is_an_error(stateless: bool) -> None:
    gate = Gate()
    made = task("t", stateless=stateless)
    gate.upstream.answering({"resultType": "task", **made} if stateless else {"task": made})
    answer = parsed((await gate.call("echo", stateless=stateless)).body)
    assert answer["error"]["message"] == "the server answered with a task where none was asked for"
    assert (await error_of(gate, about("tasks/get", "t", stateless=stateless)))[2] == NOT_FOUND
    assert gate.ledger.results == [Result.RPC_ERROR]


async def test_a_long_answer_is_no_way_around() -> None:
    gate = Gate()
    body = result(b"1", {"content": [{"type": "text", "text": "x" * 50_000}], "task": task("t")})
    for sent in (starting(), request("tools/call", {"name": "echo", "arguments": {}})):
        gate.upstream.replies["tools/call"] = Answer(chunks=Chunks([body[:9_000], body[9_000:]]))
        answer = await gate.send(sent)
        assert answer.chunks is not None
        with pytest.raises(UpstreamFault, match="promises a task"):
            _ = [piece async for piece in answer.chunks]


MADE_WRONG: dict[str, Any] = {
    "no id": {"status": "working", "ttl": 1},
    "an id that is none": task(5),  # type: ignore[arg-type]
    "an empty id": task(""),
    "an id that is too long": task("x" * 513),
    "a status that nobody knows": task("t", "done"),
    "a time to live that is a word": task("t", ttl="long"),
    "a time to live below zero": task("t", ttl=-1),
    "a look-alike of its id": {**task("t"), "TaskId": "u"},
    "no object": [],
}


@ERAS
@pytest.mark.parametrize("case", MADE_WRONG)
async def test_a_task_that_cannot_be_read_is_no_answer(case: str, stateless: bool) -> None:
    gate = Gate()
    wrong = MADE_WRONG[case]
    if stateless and isinstance(wrong, dict):
        wrong = {"resultType": "task", **{("ttlMs" if key == "ttl" else key): value for key, value in wrong.items()}}
    gate.upstream.answering(wrong if stateless else {"task": wrong})
    answer = parsed((await gate.send(starting(stateless=stateless))).body)
    assert answer["error"]["code"] == -32603
    assert gate.ledger.results == [Result.MALFORMED if isinstance(wrong, dict) or not stateless else Result.RPC_ERROR]


RESULTS_WRONG: dict[str, Any] = {
    "a look-alike": {"content": [], "IsError": True},
    "another promise": {"resultType": "task", "taskId": "u"},
    "a question": {"resultType": "input_required", "inputRequests": {}},
    "a task": {"content": [], "task": task("u")},
    "no object": [1],
}


@pytest.mark.parametrize("case", RESULTS_WRONG)
async def test_the_result_within_a_task_is_held_to_what_a_calls_answer_is_held_to(case: str) -> None:
    gate = Gate()
    server = TaskServer(gate, stateless=True)
    id = await started(gate, starting(stateless=True))
    server.tasks[id] |= {"status": "completed", "result": RESULTS_WRONG[case]}
    assert (await error_of(gate, about("tasks/get", id, stateless=True)))[1] == -32603
    assert gate.ledger.results == [Result.OK, Result.MALFORMED]


async def test_the_result_of_tasks_result_is_held_to_the_same() -> None:
    gate = Gate()
    TaskServer(gate)
    id = await started(gate, starting())
    for wrong in (b'{"content":[],"content":[]}', b'{"content":[],"IsError":true}', b'{"task":{"taskId":"u"}}'):
        gate.upstream.replies["tasks/result"] = Answer(body=b'{"jsonrpc":"2.0","id":2,"result":%b}' % wrong)
        assert (await error_of(gate, about("tasks/result", id)))[1] == -32603


async def test_a_tool_that_failed_within_its_task_is_recorded_so() -> None:
    gate = Gate()
    server = TaskServer(gate, stateless=True)
    id = await started(gate, starting(stateless=True))
    server.tasks[id] |= {"status": "completed", "result": content("no", isError=True)}
    await gate.send(about("tasks/get", id, stateless=True))
    assert gate.ledger.results == [Result.OK, Result.TOOL_ERROR]


# --- input within tasks ---------------------------------------------------------------------------------------------------

QUESTIONS = {"name": {"method": "elicitation/create", "params": {"message": "who?"}}}


async def test_what_a_task_asks_is_held_to_the_policy_and_to_what_the_client_can_be_asked() -> None:
    gate = Gate()
    server = TaskServer(gate, stateless=True)
    id = await started(gate, starting(stateless=True))
    server.tasks[id] |= {"status": "input_required", "inputRequests": QUESTIONS}
    undeclared = await error_of(gate, about("tasks/get", id, stateless=True))
    assert undeclared[2] == "the server asked for elicitation, which the client did not say that it can be asked"
    asks = about("tasks/get", id, stateless=True, meta=capable(elicitation={}))
    assert parsed((await gate.send(asks)).body)["result"]["inputRequests"] == QUESTIONS
    gate.publish(allowing(server_requests={"elicitation": "deny"}))
    assert "denied by /server_requests/elicitation" in (await error_of(gate, asks))[2]
    assert [record.kind for record in gate.ledger.security] == [Refused.SERVER_REQUEST] * 2


async def test_only_what_was_asked_is_answered() -> None:
    gate = Gate()
    server = TaskServer(gate, stateless=True)
    id = await started(gate, starting(stateless=True))
    server.tasks[id] |= {"status": "input_required", "inputRequests": QUESTIONS}
    given = {"name": {"action": "accept"}, "other": {"action": "accept"}}

    async def update() -> Any:
        await gate.send(about("tasks/update", id, stateless=True, inputResponses=given))
        return json.loads(gate.upstream.of("tasks/update")[-1].body)["params"]["inputResponses"]

    assert await update() == {}
    await gate.send(about("tasks/get", id, stateless=True, meta=capable(elicitation={})))
    assert await update() == {"name": {"action": "accept"}}


@pytest.mark.parametrize("responses", [{}, {"inputResponses": []}, {"inputResponses": {"a": 1}}])
def test_an_update_without_answers_is_refused_at_the_door(responses: Any) -> None:
    with pytest.raises(AssertionError, match="inputResponses"):
        _ = about("tasks/update", "t", stateless=True, **responses).message


async def test_who_does_not_take_tasks_is_told_what_is_missing() -> None:
    gate = Gate()
    TaskServer(gate, stateless=True)
    id = await started(gate, starting(stateless=True))
    for method in asked_of(True):
        answer = await gate.send(asking(method, id, True, meta={f"{META}clientCapabilities": {}}))
        fault = parsed(answer.body)["error"]
        assert (answer.status, fault["code"]) == (400, -32021)
        assert fault["data"] == {"requiredCapabilities": {"extensions": {"io.modelcontextprotocol/tasks": {}}}}


# --- rounds and tasks -----------------------------------------------------------------------------------------------------


async def test_a_call_of_several_rounds_may_become_a_task_and_is_charged_once() -> None:
    gate = Gate()
    gate.publish(allowing(tools={"pay": {"limits": [{"counter": "n", "window": "day", "max": 1}]}}))
    gate.upstream.answering({"resultType": "input_required", "inputRequests": {"name": QUESTIONS["name"]}, "requestState": "s"})
    params: dict[str, Any] = {"name": "pay", "arguments": {"amount": 5}, "_meta": capable(elicitation={})}
    first = parsed((await gate.send(request("tools/call", params, stateless=True))).body)["result"]
    server = TaskServer(gate, stateless=True)
    params |= {"requestState": first["requestState"], "inputResponses": {"name": {"action": "accept"}}}
    id = await started(gate, request("tools/call", params, id=2, stateless=True))
    assert json.loads(gate.upstream.calls[-1].body)["params"]["requestState"] == "s"
    assert parsed((await gate.send(about("tasks/get", id, stateless=True))).body)["result"]["taskId"] in server.tasks
    assert gate.ledger.count("n", gate.clock.now_ns()) == 1


# --- where there are no tasks ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("revision", ["2024-11-05", "2025-03-26", "2025-06-18"])
async def test_earlier_revisions_have_no_tasks(revision: str) -> None:
    gate = Gate()
    TaskServer(gate)
    session = await session_of(gate, revision=revision)
    assert (await error_of(gate, starting(), session=session))[1] == -32602
    assert (await error_of(gate, about("tasks/get", "t"), session=session))[1] == -32601
    assert (await error_of(gate, request("tasks/list"), session=session))[1] == -32601
    assert gate.upstream.calls == []


async def test_a_wish_for_a_task_of_the_other_generation_changes_nothing() -> None:
    """tools/call with `task` in revision 2026-07-28: servers are to pass over it, and one that does not is not believed."""
    gate = Gate()
    sent = request("tools/call", {"name": "echo", "arguments": {}, "task": {"ttl": 5}}, stateless=True)
    assert "result" in parsed((await gate.send(sent)).body)
    assert gate.upstream.calls[-1].body == sent.body
    gate.upstream.answering({"resultType": "complete", "content": [], "task": task("t")})
    assert "none was asked for" in (await error_of(gate, sent))[2]


@ERAS
@pytest.mark.parametrize("method", ["prompts/get", "resources/read", "completion/complete"])
def test_only_a_call_of_a_tool_may_ask_for_a_task(method: str, stateless: bool) -> None:
    params = {"name": "p", "uri": "a://b", "ref": {"type": "ref/prompt", "name": "p"}, "argument": {"name": "a", "value": "b"}}
    with pytest.raises(AssertionError, match="takes no `task`"):
        _ = request(method, {**params, "task": {}}, stateless=stateless).message


# --- how many -------------------------------------------------------------------------------------------------------------


async def test_a_grant_has_so_many_tasks_and_no_more_and_others_have_theirs() -> None:
    gate = Gate()
    gate.publish(ALLOW_ALL, grants=TWO)
    TaskServer(gate)
    for _ in range(GRANT_TASKS_MAX):
        await started(gate, starting())
    before = len(gate.upstream.calls)
    status, code, text = await error_of(gate, starting())
    assert (status, code) == (200, -32000)
    assert text.startswith("too many tasks of this grant are open")
    assert len(gate.upstream.calls) == before
    assert gate.ledger.security[-1].reason == "too many tasks of this grant"
    assert await started(gate, starting(), grant_id="g2")
    await gate.send(about("tasks/result", "task-7"))
    assert await started(gate, starting())
    assert (await error_of(gate, about("tasks/get", "task-7")))[2] == NOT_FOUND
    gate.clock.advance(seconds=121)
    assert await started(gate, starting())


async def test_a_server_does_not_hear_of_tasks_while_there_is_no_room_for_one() -> None:
    gate = Gate()
    TaskServer(gate, stateless=True)
    for _ in range(GRANT_TASKS_MAX):
        await started(gate, starting(stateless=True))
    answer = parsed((await gate.send(starting(stateless=True))).body)["result"]
    assert answer == content("at once", resultType="complete")
    gate.upstream.replies["tools/call"] = Answer(status=400, body=rpc_error(b"1", -32021, "Missing required client capability"))
    assert (await error_of(gate, starting(stateless=True)))[1] == -32000
    gate.upstream.answering({"resultType": "task", **task("more", stateless=True)})
    assert (await error_of(gate, starting(stateless=True)))[2] == "the server answered with a task where none was asked for"


# --- lists ----------------------------------------------------------------------------------------------------------------


async def test_a_list_shows_the_grants_own_tasks_of_tools_that_it_sees_and_the_rest_keeps_its_bytes() -> None:
    gate = Gate()
    gate.publish(ALLOW_ALL, grants=TWO)
    TaskServer(gate)
    await started(gate, starting("echo"))
    await started(gate, starting("echo"), grant_id="g2")
    await started(gate, starting("pay"))
    listed = b'{"jsonrpc":"2.0","id":1,"result":{"tasks":[%b],"x":1.50}}'
    items = [b'{"status":"working", "taskId":"%b","n":1.0}' % id for id in (b"task-1", b"task-2", b"task-3", b"other")]
    gate.upstream.replies["tasks/list"] = Answer(body=listed % b",".join(items))
    assert (await gate.send(request("tasks/list"))).body == listed % b",".join((items[0], items[2]))
    gate.publish(allowing(hide=["pay"]), grants=TWO)
    assert (await gate.send(request("tasks/list"))).body == listed % items[0]
    assert (await gate.send(request("tasks/list"), grant_id="g2")).body == listed % items[1]


async def test_a_huge_list_of_others_shows_none_of_them() -> None:
    gate = Gate()
    TaskServer(gate)
    await started(gate, starting())
    tasks = [task(f"other-{n}") for n in range(20_000)] + [task("task-1")]
    gate.upstream.replies["tasks/list"] = Answer(body=result(b"1", {"tasks": tasks}))
    assert [one["taskId"] for one in parsed((await gate.send(request("tasks/list"))).body)["result"]["tasks"]] == ["task-1"]


@pytest.mark.parametrize(
    "page",
    [
        {"tasks": {}},
        {"tasks": [5]},
        {"tasks": [{"status": "working"}]},
        {"tasks": [], "Tasks": []},
        {"tasks": [{"taskId": "task-1", "TaskId": "x"}]},
        {"tasks": [], "nextCursor": 5},
        {},
    ],
)
async def test_a_list_that_cannot_be_read_is_never_passed_on(page: Any) -> None:
    gate = Gate()
    gate.upstream.replies["tasks/list"] = Answer(body=result(b"1", page))
    with pytest.raises(UpstreamFault):
        await gate.dispatcher._filtered(gate.route(), request("tasks/list").message, {})


async def test_a_cursor_is_the_gateways_own_for_servers_put_ids_of_others_into_theirs() -> None:
    gate = Gate()
    gate.publish(ALLOW_ALL, grants=TWO)
    gate.upstream.replies["tasks/list"] = Answer(body=result(b"1", {"tasks": [], "nextCursor": "other-task"}))
    shown = parsed((await gate.send(request("tasks/list"))).body)["result"]["nextCursor"]
    assert "other-task" not in shown
    await gate.send(request("tasks/list", {"cursor": shown}))
    assert json.loads(gate.upstream.of("tasks/list")[-1].body)["params"] == {"cursor": "other-task"}
    asked = len(gate.upstream.of("tasks/list"))
    for cursor, grant_id in ((shown, "g2"), ("other-task", "g1"), (5, "g1"), (None, "g1")):
        assert (await error_of(gate, request("tasks/list", {"cursor": cursor}), grant_id=grant_id))[1] == -32602
    assert len(gate.upstream.of("tasks/list")) == asked


# --- what is said of tasks ------------------------------------------------------------------------------------------------


def status_of(id: str, status: str = "working") -> bytes:
    return encode({"jsonrpc": "2.0", "method": "notifications/tasks/status", "params": task(id, status)})


async def test_a_client_hears_of_its_own_tasks_only() -> None:
    gate = Gate()
    gate.publish(ALLOW_ALL, grants=TWO)
    TaskServer(gate)
    session = await session_of(gate)
    await started(gate, starting("pay"), session=session)
    await started(gate, starting(), grant_id="g2")
    wrong = encode({"jsonrpc": "2.0", "method": "notifications/tasks/status", "params": {"taskId": "task-1"}})
    heard = [status_of("task-1"), status_of("task-2"), status_of("never"), wrong]

    async def hears() -> list[bytes]:
        gate.upstream.replies["tools/call"] = streamed(*heard, result(b"1", content("done")))
        return (await events_of(await gate.send(request("tools/call", {"name": "echo"}), session=session)))[:-1]

    assert await hears() == [heard[0]]
    gate.publish(allowing(hide=["pay"]), grants=TWO)
    assert await hears() == []


async def test_progress_of_a_task_is_told_for_as_long_as_it_lasts() -> None:
    gate = Gate()
    server = TaskServer(gate)
    session = await session_of(gate)
    params = {"name": "echo", "arguments": {}, "task": {}, "_meta": {"progressToken": "p"}}
    id = await started(gate, request("tools/call", params), session=session)
    progress = encode({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": "p", "progress": 1}})

    async def hears() -> bool:
        gate.upstream.replies["tasks/result"] = streamed(progress, result(b"2", content("done")))
        events = await events_of(await gate.send(about("tasks/result", id), session=session))
        return progress in events

    assert await hears()
    server.tasks[id]["status"] = "completed"
    await gate.send(about("tasks/get", id), session=session)
    assert not await hears()


async def test_a_question_of_a_task_reaches_its_client_on_the_stream_of_its_result() -> None:
    gate = Gate()
    TaskServer(gate)
    session = await session_of(gate, elicitation={})
    id = await started(gate, starting(), session=session)
    meta = {"_meta": {f"{META}related-task": {"taskId": id}}}
    ask = encode({"jsonrpc": "2.0", "id": 77, "method": "elicitation/create", "params": {"message": "?", **meta}})
    gate.upstream.replies["tasks/result"] = streamed(ask, result(b"2", content("done")))
    assert (await events_of(await gate.send(about("tasks/result", id), session=session)))[0] == ask
    gate.publish(allowing(server_requests={"elicitation": "deny"}))
    gate.upstream.replies["tasks/result"] = streamed(ask, result(b"2", content("done")))
    assert len(await events_of(await gate.send(about("tasks/result", id), session=session))) == 1


# --- cancelled ------------------------------------------------------------------------------------------------------------


async def test_a_cancellation_of_the_call_does_not_reach_its_task() -> None:
    gate = Gate()
    TaskServer(gate)
    session = await session_of(gate)
    await started(gate, starting(id="c-1"), session=session)
    await gate.send(notification("notifications/cancelled", {"requestId": "c-1"}), session=session)
    assert gate.upstream.of("notifications/cancelled") == []
    await gate.send(notification("notifications/cancelled", {"requestId": "c-2"}), session=session)
    assert len(gate.upstream.of("notifications/cancelled")) == 1


async def test_an_interrupted_stream_may_end_in_a_task() -> None:
    gate = Gate()
    TaskServer(gate)
    session = await session_of(gate)
    made = {"task": task("late")}
    events = [Event(b"", b"id: 1\ndata:\n\n", b"1")]
    gate.upstream.replies["tools/call"] = Answer(content_type=b"text/event-stream", events=Stream(events))
    answer = await gate.send(starting("pay", id=9), session=session)
    await events_of(answer)
    await answer.aclose()
    gate.upstream.replies["GET"] = streamed(result(b"9", made))
    stream = await gate.dispatcher.listen(gate.route(session=session))
    assert stream.events is not None
    assert parsed((await anext(stream.events)).data)["result"] == made
    await stream.aclose()
    assert parsed((await gate.send(about("tasks/get", "late"), session=session)).body)["error"]["message"] == "Task not found"
    assert gate.ledger.records[-1].target == "pay"
