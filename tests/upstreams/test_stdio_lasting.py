"""Progress of a program's task comes under the caller's own token after the call was answered."""

from __future__ import annotations

import asyncio
import json
import sys

import pytest

from tests.upstreams.stdio_rig import notification, outbound, request, result, rig, until
from yett.errors import UpstreamTimedOut
from yett.gateway.sessions import IDLE_S as SESSION_IDLE_S
from yett.protocol.tasks import RESULT_S
from yett.upstreams.stdio import IDLE_S as CHILD_IDLE_S
from yett.upstreams.stdio_lasting import LASTING_MAX, Lasting

pytestmark = pytest.mark.anyio

CHILD = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    token = asked["params"].get("_meta", {}).get("progressToken")
    result = {"task": {"taskId": "t"}} if "task" in asked["params"] else {"content": []}
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}), flush=True)
    told = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": token, "progress": 1}}
    print(json.dumps(told), flush=True)
"""


async def test_a_task_reports_progress_after_its_call_was_answered_and_nothing_else_does() -> None:
    async with rig(argv=[sys.executable, "-I", "-S", "-c", CHILD]) as children:
        await children.upstream.exchange(outbound("plain", _meta={"progressToken": "p-1"}))
        await children.upstream.exchange(outbound("lasting", task={}, _meta={"progressToken": "p-2"}))
        await until(lambda: bool(children.messages))
        said = [json.loads(data) for _, data in children.messages]
    assert [(one["method"], one["params"]["progressToken"]) for one in said] == [("notifications/progress", "p-2")]


def test_only_so_many_tokens_are_remembered() -> None:
    lasting = Lasting()
    for number in range(LASTING_MAX + 1):
        lasting.keep(number, b"%d" % number, outbound("x", task={}))
    assert (lasting.token(0), lasting.token(1)) == (None, b"1")
    lasting.keep(-1, b"1", outbound("x", task={}, modern=True))
    lasting.keep(-2, None, outbound("x", task={}))
    assert lasting.token(-1) is lasting.token(-2) is None


HOLDING = """
import json, sys
held = None
for line in sys.stdin:
    asked = json.loads(line)
    if asked["method"] == "tasks/result":
        held = asked["id"]
    if asked["method"] == "notifications/go":
        print(json.dumps({"jsonrpc": "2.0", "id": held, "result": {"content": []}}), flush=True)
"""


async def test_the_result_of_a_task_is_waited_for_longer_than_an_answer() -> None:
    async with rig(argv=[sys.executable, "-I", "-S", "-c", HOLDING], timeout_s=0.3) as children:
        asking = asyncio.ensure_future(children.upstream.exchange(request("tasks/result", {"taskId": "t"})))
        with pytest.raises(UpstreamTimedOut):
            await children.upstream.exchange(request("tasks/get", {"taskId": "t"}, id=2))
        assert not asking.done()
        await children.upstream.exchange(notification("notifications/go"))
        assert result(await asking) == {"content": []}


def test_nobody_who_waits_for_a_result_counts_as_idle() -> None:
    assert min(SESSION_IDLE_S, CHILD_IDLE_S) > RESULT_S
