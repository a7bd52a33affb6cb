"""Classes of tools where no control plane judged them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from tests.app.test_local import running
from tests.support.policies import entry, policy
from tests.support.wire import initialize, request
from yett.app.local_classes import LocalClasses
from yett.protocol.lists import ToolDefinition

RISK: Final = policy(
    risk={"Read": {}, "Write": {"limits": [{"counter": "w", "window": "day", "max": 1}]}}, hide=[{"risk": "Destructive"}]
)
SERVER: Final = """
import json, sys
tools = [{"name": name, "inputSchema": {"type": "object"}} for name in ("get_order", "update_order", "delete_order")]
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    answers = {
        "initialize": {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {}},
        "tools/list": {"tools": tools},
        "tools/call": {"content": [{"type": "text", "text": "done"}]},
    }
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": answers[message["method"]]}), flush=True)
"""


def tool(name: str, description: str = "") -> ToolDefinition:
    raw = json.dumps({"name": name, "description": description}).encode()
    return ToolDefinition(name, None, raw)


def judging(document: Any = RISK) -> LocalClasses:
    classes = LocalClasses("shop")
    classes.policy(entry(document))
    return classes


def risks(classes: LocalClasses, *listed: ToolDefinition) -> dict[str, str]:
    return {name: one.risk for name, one in classes(listed).items()}


def test_a_list_is_judged_where_the_policy_asks_for_classes_and_else_not_at_all() -> None:
    listed = tool("get_order"), tool("delete_order")
    assert risks(judging(), *listed) == {"get_order": "Read", "delete_order": "Destructive"}
    assert risks(judging(policy(tools={"get_order": {}})), *listed) == {}
    asking = policy(default="allow", all_tools={"require": [{"path": "tool.risk", "op": "eq", "value": "Read"}]})
    assert risks(judging(asking), *listed) == {"get_order": "Read", "delete_order": "Destructive"}


def test_a_policy_that_begins_to_ask_has_lists_read_again_and_one_that_goes_on_does_not() -> None:
    classes = LocalClasses("shop")
    documents = policy(tools={"a": {}}), RISK, RISK, policy(tools={"a": {}}), RISK
    assert [classes.policy(entry(document)) for document in documents] == [False, True, False, False, True]


def test_a_page_is_judged_beside_the_pages_before_it_and_a_changed_definition_anew() -> None:
    classes = judging()
    assert risks(classes, tool("get_order")) == {"get_order": "Read"}
    first = classes([tool("get_order")])["get_order"]
    assert risks(classes, tool("delete_order")) == {"get_order": "Read", "delete_order": "Destructive"}
    assert classes([tool("get_order")])["get_order"] is first, "judged once"
    changed = tool("get_order", "Get an order, and refund it.")
    assert classes([changed])["get_order"].definition != first.definition


def test_no_more_is_kept_than_a_server_may_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yett.app.local_classes.TOOLS_MAX", 2)
    classes = judging()
    assert set(risks(classes, tool("get_a"), tool("get_b"))) == {"get_a", "get_b"}
    assert set(risks(classes, tool("get_c"))) == {"get_c"}


def test_yett_run_judges_by_class(tmp_path: Path) -> None:
    with running(tmp_path, RISK, sys.executable, "-c", SERVER) as client:
        assert "result" in client.ask(initialize())
        listed = client.ask(request("tools/list"))["result"]["tools"]
        assert [one["name"] for one in listed] == ["get_order", "update_order"]
        assert client.call("get_order")["content"][0]["text"] == "done"
        assert not client.call("update_order").get("isError")
        assert "limit_exceeded" in json.dumps(client.call("update_order"))
        assert client.call("delete_order") is None, "as a tool that is not there"
