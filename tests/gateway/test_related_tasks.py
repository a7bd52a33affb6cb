"""Requests that say to which task they belong."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.gateway.gate import Gate, grant
from tests.gateway.task_rig import TaskServer, about, capable, started, starting
from tests.support.policies import ALLOW_ALL
from tests.support.wire import parsed, request
from yett.protocol.replies import RELATED_TASK

pytestmark = pytest.mark.anyio

NOT_FOUND: Final = "Failed to retrieve task: Task not found"


@pytest.mark.parametrize("stateless", [False, True], ids=["2025-11-25", "2026-07-28"])
@pytest.mark.parametrize("related", ["its own", "another's", "made up", None])
async def test_a_call_may_say_that_it_belongs_to_a_task_of_its_own_grant_only(stateless: bool, related: str | None) -> None:
    gate = Gate()
    gate.publish(ALLOW_ALL, grants=[grant("g1"), grant("g2")])
    server = TaskServer(gate, stateless=stateless)
    ids = [await started(gate, starting(stateless=stateless), grant_id=grant_id) for grant_id in ("g1", "g2")]
    id = {"its own": ids[0], "another's": ids[1], "made up": "task-9", None: None}[related]
    before = len(gate.upstream.sent)
    meta = {"_meta": {RELATED_TASK: {"taskId": id}}}
    for sent in (
        request("tools/call", {"name": "echo", "arguments": {}, **meta}, stateless=stateless),
        request("prompts/get", {"name": "p", **meta}, stateless=stateless),
    ):
        answer = await gate.send(sent, grant_id="g1")
        found = "error" not in parsed(answer.body) or parsed(answer.body)["error"]["message"] != NOT_FOUND
        assert found is (related == "its own")
    assert (len(gate.upstream.sent) == before) is (related != "its own")
    members: dict[str, Any] = {"meta": capable() | meta["_meta"]} if stateless else meta
    told = await gate.send(about("tasks/get", ids[0], stateless=stateless, **members), grant_id="g1")
    assert ("error" in parsed(told.body)) is (related != "its own")
    assert len(server.tasks) == 2
