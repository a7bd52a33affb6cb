"""A policy of risk rules alone, in a running gateway: classes judge, and an admin's word counts for the next call."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import anyio
import pytest
from mcp import Client, MCPError
from mcp.types import TextContent

from tests.support.real_clients import STATELESS, Endpoint, transport_to
from tests.support.real_gateway import Gateway, running_gateway

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120), pytest.mark.xdist_group("gateway")]

POLICY: Final[dict[str, Any]] = {
    "version": "1",
    "default": "deny",
    "hide": [{"risk": "Destructive"}],
    "risk": {"Read": {}, "Write": {"limits": [{"counter": "writes", "window": "day", "max": 1}]}},
}
NAMES: Final = ("get_order", "update_order", "delete_order")
PROGRAM: Final = """
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    method, params = message["method"], message.get("params", {})
    result = {"content": [{"type": "text", "text": "done"}]}
    if method == "initialize":
        capabilities = {"tools": {"listChanged": True}}
        info = {"name": "shop", "version": "1"}
        result = {"protocolVersion": params["protocolVersion"], "capabilities": capabilities, "serverInfo": info}
    elif method == "tools/list":
        result = {"tools": json.load(open(sys.argv[1]))}
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"""


def tools(**described: str) -> str:
    """The file of definitions."""
    schema = {"type": "object"}
    return json.dumps([{"name": name, "description": described.get(name, ""), "inputSchema": schema} for name in NAMES])


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, Path]]:
    """A gateway with a server, and the file of the server's tools."""
    directory = tmp_path_factory.mktemp("risk")
    listed, program = directory / "tools.json", directory / "shop.py"
    listed.write_text(tools(), encoding="utf-8")
    program.write_text(PROGRAM, encoding="utf-8")
    with running_gateway(directory, configuration="[health]\ninterval_s = 0\n") as gateway:
        gateway.yett("server", "add", "shop", "--", sys.executable, str(program), str(listed))
        gateway.publish("by-class", POLICY, directory)
        yield gateway, listed


async def said(client: Client, tool: str) -> str:
    """What a call comes to."""
    try:
        answer = await client.call_tool(tool, {})
    except MCPError as error:
        return str(error.error.code)
    decision = (answer.meta or {}).get("dev.yett/decision", {})
    (content,) = answer.content
    return str(decision.get("code") or (content.text if isinstance(content, TextContent) else content))


async def yett(gateway: Gateway, *arguments: str) -> Any:
    return await anyio.to_thread.run_sync(gateway.yett, *arguments)


@pytest.mark.parametrize("mode", ["legacy", STATELESS])
async def test_classes_judge_and_an_admins_class_counts_for_the_next_call(shop: tuple[Gateway, Path], mode: str) -> None:
    gateway, listed = shop
    listed.write_text(tools(), encoding="utf-8")
    await yett(gateway, "server", "look", "shop")
    endpoint: Endpoint = await anyio.to_thread.run_sync(gateway.endpoint, "shop", "by-class")
    async with transport_to(endpoint) as transport, Client(transport, mode=mode) as client:
        assert [tool.name for tool in (await client.list_tools()).tools] == ["get_order", "update_order"]
        assert await said(client, "get_order") == "done"
        assert [await said(client, "update_order") for _ in range(2)] == ["done", "limit_exceeded"]
        assert await said(client, "delete_order") == "-32602"

        await yett(gateway, "catalog", "set-class", "shop", "get_order", "Destructive")
        assert await said(client, "get_order") == "-32602"
        assert [tool.name for tool in (await client.list_tools()).tools] == ["update_order"]
        await yett(gateway, "catalog", "set-class", "shop", "delete_order", "Read")
        assert await said(client, "delete_order") == "done"
        for tool in ("get_order", "delete_order"):
            await yett(gateway, "catalog", "set-class", "shop", tool, "--clear")
        assert [await said(client, tool) for tool in ("get_order", "delete_order")] == ["done", "-32602"]


async def test_a_tool_that_changed_is_unknown_until_its_server_is_looked_at(shop: tuple[Gateway, Path]) -> None:
    gateway, listed = shop
    listed.write_text(tools(), encoding="utf-8")
    await yett(gateway, "server", "look", "shop")
    await yett(gateway, "server", "pins", "mode", "shop", "off")  # else it would be `tool_changed` before its class is asked
    listed.write_text(tools(get_order="Look at an order, in detail."), encoding="utf-8")
    endpoint: Endpoint = await anyio.to_thread.run_sync(gateway.endpoint, "shop", "by-class")
    async with transport_to(endpoint) as transport, Client(transport, mode="legacy") as client:
        assert await said(client, "get_order") == "not_listed"
        await yett(gateway, "server", "look", "shop")
        assert await said(client, "get_order") == "done"
