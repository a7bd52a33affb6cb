"""Tasks through a restart, an end by kill -9, and a second data plane: official clients of both generations go on with them."""

from __future__ import annotations

import asyncio
import json
import signal
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import anyio
import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client.extension import ClaimContext, ResultClaim
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, ElicitRequestParams, ElicitResult, Request, RequestParams, TextContent

from tests.conformance.stage import program
from tests.integration.test_kill import Installation, data_plane, installed
from tests.integration.test_restart import outcomes
from tests.integration.test_tasks import Anything, Made, Tasks
from tests.support.ports import free_port
from tests.support.programs import MODULES, require_program
from tests.support.real_clients import Endpoint
from yett.gateway.feed import SNAPSHOT_FILE, store_snapshot
from yett.gateway.snapshot import GrantEntry, PolicyEntry, ServerEntry, SnapshotData
from yett.gateway.tokens import digest, mint, token_key

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

SECONDS_MAX: Final = 40.0
NOT_FOUND: Final = "Failed to retrieve task: Task not found"
ONCE: Final = {"limits": [{"counter": "calls", "window": "month", "max": 1}]}
POLICY: Final = {"version": "1", "default": "allow", "tools": {"slow": ONCE, "confirm_delete": ONCE}}
KILLED: Final = pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL], ids=["restarted", "killed"])


@dataclass
class Place:
    """An installation with two grants for one server."""

    installation: Installation
    tokens: dict[str, str]
    url: str

    def publish(self, **members: Any) -> None:
        """What the data plane reads at its start."""
        key = token_key(self.installation.state)
        grants = [
            GrantEntry(organisation="o", id=id, digest=digest(token, key), server="s", policy="p", label=id)
            for id, token in self.tokens.items()
        ]
        store_snapshot(
            self.installation.state / SNAPSHOT_FILE,
            SnapshotData(
                revision=2,
                origin="o",
                servers=[ServerEntry(organisation="o", id="s", name="tasks", url=self.url, **members)],
                grants=grants,
                policies=[PolicyEntry(id="p", organisation="o", name="p", revision="1-0", document=json.dumps(POLICY))],
            ),
        )

    def endpoint(self, grant: str = "g1", installation: Installation | None = None) -> Endpoint:
        port = (installation or self.installation).port
        return Endpoint(url=f"http://127.0.0.1:{port}/mcp/tasks", headers={"Authorization": f"Bearer {self.tokens[grant]}"})

    def beside(self) -> Installation:
        """The same state behind another port."""
        port, config = free_port(), self.installation.config.with_name("beside.toml")
        text = f'[state]\ndirectory = "{self.installation.state}"\n[data_plane]\nport = {port}\n'
        config.write_text(text, encoding="utf-8")
        return replace(self.installation, config=config, port=port)


def place(directory: Path, url: str) -> Place:
    made = Place(installed(directory, 9), {"g1": mint(), "g2": mint()}, url)
    made.publish()
    return made


async def ended(process: asyncio.subprocess.Process, how: signal.Signals) -> None:
    process.send_signal(how)
    await asyncio.wait_for(process.wait(), 20)


# --- revision 2025-11-25 -----------------------------------------------------------------------------------------------


@pytest.fixture
async def handshake(tmp_path: Path) -> AsyncIterator[Place]:
    script = Path(__file__).with_name("task_server.mjs")
    process = await asyncio.create_subprocess_exec(
        *(str(require_program("node")), str(script), str(MODULES)), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        url = (await asyncio.wait_for(process.stdout.readline(), 20)).decode().strip()
        yield place(tmp_path, url)
    finally:
        process.kill()
        await process.communicate()


async def typescript(endpoint: Endpoint, *steps: tuple[str, str | None]) -> list[Any]:
    """What the TypeScript SDK sees of these steps, over one connection."""
    order = {"modules": str(MODULES), "endpoint": asdict(endpoint), "steps": steps}
    process = await asyncio.create_subprocess_exec(
        *(str(require_program("node")), str(Path(__file__).with_name("task_steps.mjs"))),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await asyncio.wait_for(process.communicate(json.dumps(order).encode()), SECONDS_MAX)
    seen: list[Any] = json.loads(said)
    return seen


def end_tasks(url: str) -> None:
    urllib.request.urlopen(url.removesuffix("/mcp") + "/end", timeout=5).close()


@KILLED
async def test_a_handshake_client_goes_on_with_its_task_after_the_gateway_has_ended(
    handshake: Place, end: signal.Signals
) -> None:
    """tools/call with `task`, then tasks/get, tasks/result and tasks/list at another process."""
    async with data_plane(handshake.installation) as first:
        (id,) = await typescript(handshake.endpoint(), ("start", None))
        await ended(first, end)
    async with data_plane(handshake.installation):
        assert await typescript(handshake.endpoint("g2"), ("get", id), ("get", "never"), ("cancel", id), ("list", None)) == [
            f"-32602 MCP error -32602: {NOT_FOUND}",
            f"-32602 MCP error -32602: {NOT_FOUND}",
            f"-32602 MCP error -32602: {NOT_FOUND}",
            [],
        ]
        assert await typescript(handshake.endpoint(), ("get", id), ("list", None)) == ["working", [id]]
        await asyncio.to_thread(end_tasks, handshake.url)
        status, text, again = await typescript(handshake.endpoint(), ("get", id), ("result", id), ("start", None))
    assert (status, text) == ("completed", "done in 1 call")
    assert "calls" in again, "the limit of one call was charged once, and is used up"
    assert outcomes(handshake.installation.state)["counted"] == 1


async def test_a_task_is_cancelled_through_the_data_plane_that_did_not_make_it(handshake: Place) -> None:
    beside = handshake.beside()
    async with data_plane(handshake.installation), data_plane(beside):
        (id,) = await typescript(handshake.endpoint(), ("start", None))
        there, here = handshake.endpoint(installation=beside), handshake.endpoint()
        assert await typescript(there, ("get", id), ("cancel", id)) == ["working", "cancelled"]
        assert await typescript(here, ("get", id)) == ["cancelled"]


async def test_a_grant_that_was_revoked_and_a_server_that_was_stopped_meanwhile_deny_its_tasks(handshake: Place) -> None:
    async with data_plane(handshake.installation):
        (id,) = await typescript(handshake.endpoint(), ("start", None))
    handshake.publish(stopped=True)
    async with data_plane(handshake.installation):
        assert "an administrator has stopped" in (await _asked(handshake.endpoint(), id)).text
    revoked = handshake.endpoint()
    del handshake.tokens["g1"]
    handshake.publish()
    async with data_plane(handshake.installation):
        assert (await _asked(revoked, id)).status_code == 401


async def _asked(endpoint: Endpoint, id: str) -> httpx2.Response:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tasks/get", "params": {"taskId": id}}
    fields = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-11-25", **endpoint.headers}
    async with httpx2.AsyncClient() as http:
        return await http.post(endpoint.url or "", json=body, headers=fields)


# --- the extension of 2026-07-28 ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def extension() -> Iterator[str]:
    with program("tests.conformance.fixture.server") as url:
        yield url


class Update(RequestParams):
    task_id: str
    input_responses: dict[str, Any] | None = None


class Ask(Request[Update, str]):
    name_param = "taskId"


class Patient(Tasks):
    """Takes a task, and asks for it later."""

    def claims(self) -> list[ResultClaim[Any]]:
        return [ResultClaim(result_type="task", model=Made, resolve=self._kept)]

    async def _kept(self, made: Made, context: ClaimContext) -> CallToolResult:
        return CallToolResult(content=[TextContent(type="text", text=made.task_id)])


async def _never(context: Any, params: ElicitRequestParams) -> ElicitResult:
    raise AssertionError("it is asked within tasks/get only")


async def python(endpoint: Endpoint, *steps: tuple[str, str | None]) -> list[Any]:
    """What the Python SDK sees of these steps."""
    seen: list[Any] = []
    assert endpoint.url is not None
    with anyio.fail_after(SECONDS_MAX):
        async with (
            httpx2.AsyncClient(headers=endpoint.headers, timeout=SECONDS_MAX) as http,
            Client(
                streamable_http_client(endpoint.url, http_client=http),
                mode="2026-07-28",
                extensions=[Patient()],
                elicitation_callback=_never,
            ) as client,
        ):
            for method, id in steps:
                try:
                    seen.append(await _step(client, method, id))
                except MCPError as error:
                    seen.append(f"{error.error.code} {error.error.message}")
    return seen


async def _step(client: Client, method: str, id: str | None) -> Any:
    if id is None:
        (part,) = (await client.call_tool("confirm_delete", {})).content
        return part.text if isinstance(part, TextContent) else part
    responses = {"confirm": {"action": "accept", "content": {"confirm": True}}} if method == "tasks/update" else None
    found: Anything = await client.session.send_request(
        Ask(method=method, params=Update(task_id=id, input_responses=responses)), Anything
    )
    told = found.model_dump(by_alias=True)
    return told.get("result", {}).get("content", [{}])[0].get("text", told.get("status"))


@KILLED
async def test_a_stateless_client_answers_what_its_task_asked_after_the_gateway_has_ended(
    tmp_path: Path, extension: str, end: signal.Signals
) -> None:
    """tools/call answered with a task, tasks/get, tasks/update; the question was shown by the process that is gone."""
    made = place(tmp_path, extension)
    async with data_plane(made.installation) as first:
        id, status = await python(made.endpoint(), ("tools/call", None), ("tasks/cancel", "never"))
        assert status == f"-32602 {NOT_FOUND}"
        assert await python(made.endpoint(), ("tasks/get", id)) == ["input_required"]
        await ended(first, end)
    async with data_plane(made.installation):
        steps = (("tasks/get", id), ("tasks/update", id), ("tasks/cancel", id))
        assert await python(made.endpoint("g2"), *steps) == [f"-32602 {NOT_FOUND}"] * 3
        assert (await python(made.endpoint(), ("tasks/update", id), ("tasks/get", id)))[1] == "deleted: accept"
        (again,) = await python(made.endpoint(), ("tools/call", None))
    assert "calls" in again, "the limit of one call was charged once, and is used up"
    assert outcomes(made.installation.state)["counted"] == 1
