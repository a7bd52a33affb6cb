"""Progress of a program's task comes under the caller's own token after the call was answered."""

from __future__ import annotations

import json
import sys

import pytest

from tests.upstreams.stdio_rig import outbound, rig, until
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
