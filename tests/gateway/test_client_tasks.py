"""Tasks of clients, in revision 2025-11-25: what a server asks may become one, and only that server asks about it.

Rows of the table of duties: tasks/* from the server, notifications/tasks/status from the client.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.gateway.gate import Gate, events_of
from tests.gateway.task_rig import session_of, task
from tests.support.fake_upstream import content, encode, result, streamed
from tests.support.policies import ALLOW_ALL
from tests.support.wire import fields_of, notification, request
from yett.gateway.sessions import Session
from yett.protocol.messages import Message, classify_http

pytestmark = pytest.mark.anyio

CAN: dict[str, Any] = {"sampling": {}, "tasks": {"list": {}, "cancel": {}, "requests": {"sampling": {"createMessage": {}}}}}


def asking(method: str, id: str, **params: Any) -> bytes:
    return encode({"jsonrpc": "2.0", "id": id, "method": method, "params": params})


async def hears(gate: Gate, session: Session, *said: bytes) -> list[bytes]:
    """What of this the client is told during a call."""
    gate.upstream.replies["tools/call"] = streamed(*said, result(b"1", content("done")))
    answer = await gate.send(request("tools/call", {"name": "echo"}), session=session)
    return (await events_of(answer))[:-1]


def answered(id: str, value: Any) -> Message:
    message = classify_http(result(encode(id), value), dict(fields_of("", None, stateless=False)))
    assert isinstance(message, Message)
    return message


async def test_what_a_server_asks_may_become_a_task_of_the_client_which_it_alone_may_ask_about() -> None:
    gate = Gate()
    session = await session_of(gate, **CAN)
    told = json.loads(gate.upstream.of("initialize")[-1].body)["params"]["capabilities"]
    assert told == {"sampling": {}, "tasks": {"cancel": {}, "requests": {"sampling": {"createMessage": {}}}}}
    wish = asking("sampling/createMessage", "a", task={"ttl": 1000})
    assert await hears(gate, session, wish) == [wish]
    made = {"task": task("c-1")}
    await gate.dispatcher.respond(gate.route(session=session), answered("a", made))
    about = [asking(f"tasks/{what}", what, taskId="c-1") for what in ("get", "result", "cancel")]
    assert await hears(gate, session, *about, asking("tasks/get", "x", taskId="c-2"), asking("tasks/list", "l")) == about
    refused = {
        answer["id"]: answer["error"]["code"] for answer in map(json.loads, (sent.body for sent in gate.upstream.of("")[1:]))
    }
    assert refused == {"x": -32602, "l": -32601}
    status = notification("notifications/tasks/status", task("c-1"))
    await gate.send(status, session=session)
    await gate.send(notification("notifications/tasks/status", task("c-2")), session=session)
    assert [sent.body for sent in gate.upstream.of("notifications/tasks/status")] == [status.body]
    gate.publish({**ALLOW_ALL, "server_requests": {"sampling": "deny"}})
    assert await hears(gate, session, asking("tasks/get", "late", taskId="c-1")) == []
    assert json.loads(gate.upstream.of("")[-1].body)["error"]["message"] == "sampling is denied by policy"


async def test_a_client_that_takes_no_tasks_makes_none() -> None:
    gate = Gate()
    session = await session_of(gate, sampling={})
    wish = asking("sampling/createMessage", "a", task={})
    assert await hears(gate, session, wish) == [wish]
    await gate.dispatcher.respond(gate.route(session=session), answered("a", {"task": task("c-1")}))
    assert await hears(gate, session, asking("tasks/get", "g", taskId="c-1")) == []


async def test_no_kind_that_the_policy_denies_is_offered_as_a_task() -> None:
    gate = Gate()
    gate.publish({**ALLOW_ALL, "server_requests": {"sampling": "deny"}})
    await session_of(gate, **CAN)
    assert json.loads(gate.upstream.of("initialize")[-1].body)["params"]["capabilities"] == {"tasks": {"cancel": {}}}
