"""What servers answer about tasks and tell of them, what tasks ask, and lists of them: as much of it as the client may see."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.gateway.gate import HTTP_SERVER, Gate, events_of, grant
from tests.gateway.task_rig import TaskServer, about, capable, error_of, session_of, started, starting, task
from tests.support.fake_upstream import Chunks, Stream, content, encode, result, streamed
from tests.support.policies import ALLOW_ALL
from tests.support.wire import META, notification, parsed, request
from yett.audit.record import Refused, Result
from yett.errors import UpstreamFault
from yett.gateway.snapshot import ClassesEntry, ToolClass
from yett.ports import Answer, Event

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
    "an id that is none": {**task("t"), "taskId": 5},
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


# --- lists ----------------------------------------------------------------------------------------------------------------


async def test_a_list_shows_the_grants_own_tasks_of_tools_that_it_sees_and_the_rest_keeps_its_bytes() -> None:
    gate = Gate()
    gate.publish(ALLOW_ALL, grants=TWO)
    TaskServer(gate)
    for tool, grant_id in (("echo", "g1"), ("echo", "g2"), ("pay", "g1")):
        await started(gate, starting(tool), grant_id=grant_id)
    listed = b'{"jsonrpc":"2.0","id":1,"result":{"tasks":[%b],"x":1.50}}'
    items = [b'{"status":"working", "taskId":"%b","n":1.0}' % id for id in (b"task-1", b"task-2", b"task-3", b"other")]
    gate.upstream.replies["tasks/list"] = Answer(body=listed % b",".join(items))
    assert (await gate.send(request("tasks/list"))).body == listed % b",".join((items[0], items[2]))
    classes = [ClassesEntry(server=HTTP_SERVER.id, tools={"pay": ToolClass("Financial")})]
    for hidden in ("pay", {"risk": "Financial"}):
        gate.publish(allowing(hide=[hidden]), grants=TWO, classes=classes)
        for grant_id, item in (("g1", items[0]), ("g2", items[1])):
            assert (await gate.send(request("tasks/list"), grant_id=grant_id)).body == listed % item


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
    stream = await gate.dispatcher.listen(gate.route(session=session, headers=[(b"last-event-id", b"1")]))
    assert stream.events is not None
    assert parsed((await anext(stream.events)).data)["result"] == made
    await stream.aclose()
    assert parsed((await gate.send(about("tasks/get", "late"), session=session)).body)["error"]["message"] == "Task not found"
    assert gate.ledger.records[-1].target == "pay"
