"""A server with tasks behind a gate, in both generations, and the requests of its clients."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.gateway.gate import Gate
from tests.support.fake_upstream import content, result, rpc_error
from tests.support.wire import META, Sent, parsed, request
from yett.gateway.sessions import Session
from yett.ports import Answer, Outbound

EXTENSION = "io.modelcontextprotocol/tasks"
METHODS = ("tasks/get", "tasks/result", "tasks/cancel", "tasks/update", "tasks/list")
TIMES = {"createdAt": "2026-11-22T10:30:00Z", "lastUpdatedAt": "2026-11-22T10:30:00Z"}


def task(id: str, status: str = "working", *, stateless: bool = False, ttl: Any = 60_000, **members: Any) -> dict[str, Any]:
    """A task as a server of this generation describes it."""
    return {"taskId": id, "status": status, **TIMES, "ttlMs" if stateless else "ttl": ttl, **members}


def starting(name: str = "echo", arguments: Any = None, *, id: Any = 1, stateless: bool = False, declared: Any = None) -> Sent:
    """A call that asks to become a task, or whose client takes one."""
    params: dict[str, Any] = {"name": name, "arguments": arguments or {}}
    if stateless:
        params["_meta"] = capable() if declared is None else {f"{META}clientCapabilities": declared}
    else:
        params["task"] = {"ttl": 60_000}
    return request("tools/call", params, id=id, stateless=stateless)


def capable(**kinds: Any) -> dict[str, Any]:
    """The member of the envelope with which a client says that it takes tasks, and can be asked these things."""
    return {f"{META}clientCapabilities": {"extensions": {EXTENSION: {}}, **kinds}}


def about(method: str, task_id: Any, *, id: Any = 2, stateless: bool = False, meta: Any = None, **params: Any) -> Sent:
    """A request about a task."""
    envelope = {"_meta": capable() if meta is None else meta} if stateless else {}
    return request(method, {"taskId": task_id, **params, **envelope}, id=id, stateless=stateless)


@dataclass
class TaskServer:
    """Makes the behaviour of a gate's fake server: each call that may become a task does, and all is told of it that is asked."""

    gate: Gate
    stateless: bool = False
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)
    """Ids for the next tasks; without any, they are counted."""

    def __post_init__(self) -> None:
        for method in METHODS:
            self.gate.upstream.replies[method] = self._answer
        self.gate.upstream.replies["tools/call"] = self._call

    async def _call(self, message: Outbound) -> Answer:
        params = json.loads(message.body)["params"]
        declared = params.get("_meta", {}).get(f"{META}clientCapabilities", {}).get("extensions", {})
        if "task" not in params and EXTENSION not in declared:
            kind = {"resultType": "complete"} if message.modern else {}
            return Answer(body=result(message.id, content("at once", **kind)))
        id = self.ids.pop(0) if self.ids else f"task-{len(self.tasks) + 1}"
        made = self.tasks[id] = task(id, stateless=self.stateless)
        return Answer(body=result(message.id, {"resultType": "task", **made} if self.stateless else {"task": made}))

    async def _answer(self, message: Outbound) -> Answer:
        params = json.loads(message.body)["params"] if b'"params"' in message.body else {}
        kind = {"resultType": "complete"} if self.stateless else {}
        if message.method == "tasks/list":
            return Answer(body=result(message.id, {"tasks": list(self.tasks.values())}))
        found = self.tasks.get(params["taskId"])
        if found is None:
            return Answer(body=rpc_error(message.id, -32602, "Task not found"))
        if message.method == "tasks/result":
            meta = {f"{META}related-task": {"taskId": found["taskId"]}}
            return Answer(body=result(message.id, content("the result", _meta=meta)))
        if message.method == "tasks/cancel":
            found["status"] = "cancelled"
        if self.stateless and message.method != "tasks/get":
            return Answer(body=result(message.id, kind))
        return Answer(body=result(message.id, {**kind, **found}))


async def session_of(gate: Gate, *, grant_id: str = "g1", revision: str = "2025-11-25", **capabilities: Any) -> Session:
    """A handshake session of a grant."""
    gate.upstream.session = f"up-{len(gate.sessions)}"
    client = {"name": "t", "version": "1"}
    welcome = {"protocolVersion": revision, "capabilities": {"tools": {}, "tasks": {}}, "serverInfo": client}
    gate.upstream.replies["initialize"] = Answer(body=result(b"1", welcome), session=gate.upstream.session)
    params = {"protocolVersion": revision, "capabilities": capabilities, "clientInfo": client}
    answer = await gate.send(request("initialize", params), grant_id=grant_id)
    assert answer.session is not None
    session = gate.sessions.find(answer.session, grant_id=grant_id, server_id=gate.server.id)
    assert session is not None
    return session


async def started(gate: Gate, sent: Sent, **route: Any) -> str:
    """The id of the task that a call became."""
    answer = parsed((await gate.send(sent, **route)).body)
    made = answer["result"].get("task", answer["result"])
    id: str = made["taskId"]
    return id


async def error_of(gate: Gate, sent: Sent, **route: Any) -> tuple[int, int, str]:
    """Status, code and message of a refusal."""
    answer = await gate.send(sent, **route)
    fault = parsed(answer.body)["error"]
    return answer.status, fault["code"], fault["message"]
