"""Tasks of both generations: bound to the grant and the call that made them, judged each time, charged once.

Rows of the table of duties: tools/call with `task`, tasks/get, tasks/result, tasks/cancel, tasks/update, tasks/list.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.gate import HTTP_SERVER, STDIO_SERVER, Gate, decision_of, events_of, grant
from tests.gateway.task_rig import TaskServer, about, error_of, session_of, started, starting, task
from tests.support.fake_upstream import Chunks, content, encode, result, rpc_error, streamed
from tests.support.policies import ALLOW_ALL, policy
from tests.support.wire import META, parsed, request
from yett.audit.record import Refused, Result
from yett.gateway.snapshot import ClassesEntry, ToolClass
from yett.gateway.tasks import GRANT_TASKS_MAX
from yett.ports import Answer
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
    TaskServer(gate, stateless=stateless, ids=["same"] * 4)
    await started(gate, starting(stateless=stateless))
    for grant_id in ("g2", "g2", "g1"):  # nor does anybody get it who asks again
        refused = await error_of(gate, starting(stateless=stateless), grant_id=grant_id)
        assert refused[2].startswith("the server gave this task the id of another one")
    for grant_id in ("g1", "g2"):
        assert (await error_of(gate, about("tasks/get", "same", stateless=stateless), grant_id=grant_id))[2] == NOT_FOUND
    assert [outcome.surely_did_not_run for _, outcome in gate.ledger.outcomes] == [False] * 4


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


@pytest.mark.parametrize("hidden", ["pay", {"risk": "Financial"}])
@ERAS
async def test_the_task_of_a_tool_that_is_hidden_since_is_not_found(stateless: bool, hidden: Any) -> None:
    gate = Gate()
    TaskServer(gate, stateless=stateless)
    id = await started(gate, starting("pay", stateless=stateless))
    classes = [ClassesEntry(server=HTTP_SERVER.id, tools={"pay": ToolClass("Financial")})]
    gate.publish(allowing(hide=[hidden]), classes=classes)
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
