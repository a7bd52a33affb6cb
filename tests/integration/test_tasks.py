"""Tasks with real peers: the official SDKs as clients and servers, over HTTP and stdio, and what the log says of it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final, Literal

import anyio
import pytest
from mcp import Client, MCPError
from mcp.client.extension import ClaimContext, ClientExtension, ResultClaim
from mcp_types import CallToolResult, Request, RequestParams, Result, TextContent
from pydantic import ConfigDict

from tests.conformance.stage import program
from tests.support.programs import MODULES, node_command, require_program
from tests.support.real_clients import Endpoint, transport_to
from tests.support.real_gateway import YETT, Gateway
from tests.support.real_server import running_everything

pytestmark = pytest.mark.xdist_group("gateway")

SECONDS_MAX: Final = 40.0
RESEARCH: Final = {"name": "simulate-research-query", "arguments": {"topic": "python", "ambiguous": True}}
SERVERS: Final = {
    "http": "tasks-http",
    "http as in 2024": "tasks-http",
    "server as of 2024": "tasks-old",
    "program": "everything",
}
"""By the way to them."""
ALLOW_ALL: Final = {"version": "1", "default": "allow"}


def typescript(endpoint: Endpoint, *, foreign: str | None = None) -> Any:
    """What the TypeScript SDK sees of a call that becomes a task."""
    script = Path(__file__).with_name("tasks.mjs")
    order = {"modules": str(MODULES), "endpoint": asdict(endpoint), "call": RESEARCH, "foreign": foreign}
    done = subprocess.run(
        [str(require_program("node")), str(script)],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def everything(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """The reference server, whose research is a task, behind the gateway over HTTP and as its program."""
    require_program("server-everything")
    with running_everything() as url, running_everything(sse=True) as old:
        gateway.yett("server", "add", "tasks-http", "--url", url)
        gateway.yett("server", "add", "tasks-old", "--url", old, "--transport", "sse")
        gateway.publish("tasks", ALLOW_ALL, tmp_path_factory.mktemp("policies"))
        yield gateway


def endpoint_of(gateway: Gateway, way: str, directory: Path) -> Endpoint:
    """Where a client finds the reference server."""
    if way == "run":
        path = directory / "policy.json"
        path.write_text(json.dumps(ALLOW_ALL), encoding="utf-8")
        command = (YETT, "run", "--policy", str(path), "--", *node_command("server-everything", "stdio"))
        return Endpoint(command=command, env=dict(gateway.environment))
    if way == "connect":
        token = gateway.mint("tasks-http", "tasks")["token"]
        command = (YETT, "connect", "tasks-http", "--url", gateway.url)
        return Endpoint(command=command, env={**gateway.environment, "YETT_TOKEN": token})
    endpoint = gateway.endpoint(SERVERS[way], "tasks")
    if way == "http as in 2024":
        return replace(endpoint, url=f"{gateway.url}/sse/{SERVERS[way]}", sse=True)
    return endpoint


@pytest.mark.parametrize("way", [*SERVERS, "run", "connect"])
def test_a_tool_of_the_reference_server_runs_as_a_task_and_asks_its_client_under_way(
    everything: Gateway, way: str, tmp_path: Path
) -> None:
    """tools/call with `task`, tasks/get, tasks/result, tasks/list, tasks/cancel of revision 2025-11-25."""
    seen = typescript(endpoint_of(everything, way, tmp_path))
    assert seen["capabilities"]["tasks"] == {"list": {}, "cancel": {}, "requests": {"tools": {"call": {}}}}
    assert (seen["seen"][0], seen["seen"][-1], seen["error"]) == ("taskCreated", "result", None)
    assert "Research Report: python (snake)" in seen["text"]
    assert seen["asked"] == [seen["id"]]
    assert seen["id"] in seen["listed"]
    assert seen["strange"].startswith("-32602 ")
    assert seen["cancelled"] == "cancelled"


def test_a_task_of_one_grant_is_not_there_for_another_and_the_log_names_it(everything: Gateway, tmp_path: Path) -> None:
    first = typescript(endpoint_of(everything, "http", tmp_path))
    second = typescript(endpoint_of(everything, "http", tmp_path), foreign=first["id"])
    assert second["strange"] == "-32602 MCP error -32602: Failed to retrieve task: Task not found"
    assert first["id"] not in second["listed"]
    command = [YETT, "--json", "log", "--limit", "1000", "--tool", "simulate-research-query"]
    log = subprocess.run(command, env=everything.environment, capture_output=True, text=True, timeout=30, check=True).stdout
    lines = [json.loads(line) for line in log.splitlines()]
    of_task = {line["method"] for line in lines if line["task"] == first["id"]}
    assert {"tools/call", "tasks/get", "tasks/result"} <= of_task


# --- the extension --------------------------------------------------------------------------------------------------------


class Made(Result):
    result_type: Literal["task"] = "task"
    task_id: str
    status: str


class About(RequestParams):
    task_id: str


class Ask(Request[About, str]):
    name_param = "taskId"


class Anything(Result):
    model_config = ConfigDict(extra="allow")


class Tasks(ClientExtension):
    """What a client does that takes tasks: it asks until there is a result."""

    identifier = "io.modelcontextprotocol/tasks"

    def __init__(self) -> None:
        self.made: list[str] = []

    def claims(self) -> list[ResultClaim[Any]]:
        return [ResultClaim(result_type="task", model=Made, resolve=self._resolve)]

    async def _resolve(self, made: Made, context: ClaimContext) -> CallToolResult:
        self.made.append(made.task_id)
        while True:
            state = (await ask(context.session, "tasks/get", made.task_id)).model_dump(by_alias=True)
            if state["status"] in {"completed", "failed", "cancelled"}:
                return CallToolResult.model_validate(state["result"])
            await anyio.sleep(0.05)


async def ask(session: Any, method: str, task_id: str) -> Anything:
    found: Anything = await session.send_request(Ask(method=method, params=About(task_id=task_id)), Anything)
    return found


async def _python(endpoint: Endpoint, foreign: str | None) -> tuple[str, list[str], str]:
    extension = Tasks()
    with anyio.fail_after(SECONDS_MAX):
        async with transport_to(endpoint) as transport, Client(transport, mode="auto", extensions=[extension]) as client:
            result = await client.call_tool("slow_compute", {"seconds": 0.2, "label": "x"})
            try:
                await ask(client.session, "tasks/get", foreign or "never")
                refusal = "found"
            except MCPError as error:
                refusal = f"{error.error.code} {error.error.message}"
    return "".join(part.text for part in result.content if isinstance(part, TextContent)), extension.made, refusal


def test_the_python_client_follows_a_task_of_the_extension(gateway: Gateway, tmp_path: Path) -> None:
    """tools/call answered with a task, tasks/get of revision 2026-07-28."""
    with program("tests.conformance.fixture.server") as url:
        gateway.yett("server", "add", "tasks-extension", "--url", url)
        gateway.publish("tasks-of-extension", ALLOW_ALL, tmp_path)
        endpoints = [gateway.endpoint("tasks-extension", "tasks-of-extension") for _ in range(2)]
        text, made, refusal = anyio.run(_python, endpoints[0], None)
        assert (text, len(made)) == ("computed x", 1)
        assert refusal == "-32602 Failed to retrieve task: Task not found"
        assert anyio.run(_python, endpoints[1], made[0])[2] == refusal
