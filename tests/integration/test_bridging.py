"""Clients of one era before servers of the other: what each of them sees is its own era."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import anyio
import httpx2
import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp_types import ElicitRequestParams, ElicitResult, TextContent

from tests.support.one_era import HANDSHAKE, STATELESS, Server, running_server
from tests.support.programs import ROOT, node_command
from tests.support.real_clients import CLIENTS, Endpoint, RealClient, Step, TypeScriptClient
from tests.support.real_gateway import SILENT, YETT, Gateway, running_gateway
from tests.support.real_server import running_everything

pytestmark = pytest.mark.anyio

SECONDS_MAX: Final = 15.0
POLICY: Final[dict[str, Any]] = {
    "version": "1",
    "default": "allow",
    "hide": ["test_image_content"],
    "tools": {"test_audio_content": {"action": "deny", "reason": "not in this test"}},
}
NO_ASKING: Final[dict[str, Any]] = {"version": "1", "default": "allow", "server_requests": {"elicitation": "deny"}}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    directory = tmp_path_factory.mktemp("bridging")
    command = json.dumps(node_command("server-everything", "stdio"))
    with running_gateway(directory, configuration=f"{SILENT}[servers.commands.everything]\nargv = {command}\n") as running:
        running.publish("most", POLICY, directory)
        running.publish("no-asking", NO_ASKING, directory)
        yield running


@pytest.fixture(scope="module")
def stateless(gateway: Gateway) -> Iterator[Server]:
    with running_server(STATELESS) as running:
        gateway.yett("server", "add", "stateless", "--url", running.url, "--no-look")
        yield running


@pytest.fixture(scope="module", params=["fixture over HTTP", "everything over HTTP", "everything over stdio"])
def handshake(request: pytest.FixtureRequest, gateway: Gateway) -> Iterator[str]:
    """The name of a server that knows only the handshake."""
    name = request.param.replace(" ", "-").lower()
    with ExitStack() as stack:
        if "fixture" in name:
            gateway.yett("server", "add", name, "--url", stack.enter_context(running_server(HANDSHAKE)).url)
        elif "http" in name:
            gateway.yett("server", "add", name, "--url", stack.enter_context(running_everything()))
        else:
            gateway.yett("server", "add", name, "--command", "everything")
        gateway.unpinned(name)
        yield name


@asynccontextmanager
async def _connected(endpoint: Endpoint, mode: str, **how: Any) -> AsyncIterator[Client]:
    assert endpoint.url is not None
    with anyio.fail_after(SECONDS_MAX):
        async with (
            httpx2.AsyncClient(headers=endpoint.headers, timeout=SECONDS_MAX) as http,
            Client(streamable_http_client(endpoint.url, http_client=http), mode=mode, **how) as client,
        ):
            yield client


def _text(result: Any) -> str:
    return "".join(part.text for part in result.content if isinstance(part, TextContent))


# --- a handshake client before a stateless server ------------------------------------------------------------------------


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
@pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25"])
def test_a_handshake_client_calls_tools_of_a_stateless_server(
    gateway: Gateway, stateless: Server, client: RealClient, revision: str
) -> None:
    steps = (
        Step("list"),
        Step("call", "test_simple_text"),
        Step("call", "test_tool_with_progress"),
        Step("call", "test_audio_content"),
        Step("call", "test_image_content"),
    )
    conversation = client.run(gateway.endpoint("stateless", "most"), revision, steps)
    listed, simple, progressing, denied, hidden = conversation.seen
    assert conversation.revision == revision
    assert "test_simple_text" in listed.tools
    assert "test_image_content" not in listed.tools
    assert "simple text" in simple.text
    assert progressing.progress == (0.0, 50.0, 100.0)
    assert denied.is_error
    assert "not in this test" in denied.text
    assert hidden.error_code == -32602
    assert "initialize" not in stateless.seen()[2:], "it is asked once whether it knows a handshake"


async def test_resources_prompts_and_completions_pass_the_bridge(gateway: Gateway, stateless: Server) -> None:
    async with _connected(gateway.endpoint("stateless", "most"), "legacy") as client:
        resources = (await client.list_resources()).resources
        assert resources
        assert (await client.read_resource(resources[0].uri)).contents
        assert (await client.list_resource_templates()).resource_templates
        prompts = (await client.list_prompts()).prompts
        assert (await client.get_prompt(prompts[0].name)).messages
        with pytest.raises(MCPError) as missing:
            await client.read_resource("test://no-such-resource")
    assert missing.value.error.code == -32002, "the handshake era's code"


async def _fill_in(context: Any, params: ElicitRequestParams) -> ElicitResult:
    return ElicitResult(action="accept", content={"name": "Ada", "color": "blue", "context": "tea", "ok": True})


async def test_what_a_stateless_server_needs_to_know_is_asked_of_the_handshake_client(
    gateway: Gateway, stateless: Server
) -> None:
    async with _connected(gateway.endpoint("stateless", "most"), "legacy", elicitation_callback=_fill_in) as client:
        once = await client.call_tool("test_input_required_result_elicitation", {})
        often = await client.call_tool("test_input_required_result_multi_round", {})
        prompt = await client.get_prompt("test_input_required_result_prompt")
    assert _text(once) == "Hello, Ada!"
    assert "Ada" in _text(often)
    assert "blue" in _text(often)
    assert prompt.messages


async def test_a_policy_that_forbids_asking_ends_the_call(gateway: Gateway, stateless: Server) -> None:
    async with _connected(gateway.endpoint("stateless", "no-asking"), "legacy", elicitation_callback=_fill_in) as client:
        with pytest.raises(MCPError):
            await client.call_tool("test_input_required_result_elicitation", {})
        assert _text(await client.call_tool("test_simple_text", {}))


async def test_list_changes_of_a_stateless_server_reach_the_session(gateway: Gateway, stateless: Server) -> None:
    heard: list[str] = []
    changed = anyio.Event()

    async def note(message: Any) -> None:
        heard.append(getattr(getattr(message, "root", message), "method", ""))
        if "notifications/tools/list_changed" in heard:
            changed.set()

    async with _connected(gateway.endpoint("stateless", "most"), "legacy", message_handler=note) as client:
        while not changed.is_set():  # until the session's stream is open
            await client.call_tool("test_trigger_tool_change", {})
            with anyio.move_on_after(0.2):
                await changed.wait()


async def test_a_handshake_client_runs_a_program_that_knows_no_handshake(tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text('{"version":"1","default":"allow"}', encoding="utf-8")
    environment = {**os.environ, "YETT_STATE_DIRECTORY": str(tmp_path / "state")}
    program = [sys.executable, str(ROOT / "tests/support/stateless_program.py")]
    gate = StdioServerParameters(command=YETT, args=["run", "--policy", str(policy), "--", *program], env=environment)
    with anyio.fail_after(SECONDS_MAX):
        async with Client(gate, mode="legacy", elicitation_callback=_fill_in) as client:
            assert [tool.name for tool in (await client.list_tools()).tools] == ["greet"]
            assert _text(await client.call_tool("greet", {})) == "Hello, Ada!"


# --- a stateless client before a server that needs a handshake -----------------------------------------------------------

MODERN: Final = "2026-07-28"


async def test_a_stateless_client_calls_tools_of_a_server_that_needs_a_handshake(gateway: Gateway, handshake: str) -> None:
    of_fixture = "fixture" in handshake
    name, arguments = ("test_simple_text", {}) if of_fixture else ("echo", {"message": "tea"})
    async with _connected(gateway.endpoint(handshake, "most"), MODERN) as client:
        tools = [tool.name for tool in (await client.list_tools()).tools]
        assert name in tools
        assert "test_image_content" not in tools
        assert ("simple text" if of_fixture else "tea") in _text(await client.call_tool(name, arguments))
        with pytest.raises(MCPError):
            await client.call_tool("test_image_content", {})


async def test_a_stateless_client_reads_resources_and_prompts_from_a_session(gateway: Gateway, handshake: str) -> None:
    async with _connected(gateway.endpoint(handshake, "most"), MODERN) as client:
        resources = (await client.list_resources()).resources
        assert (await client.read_resource(resources[0].uri)).contents
        prompts = (await client.list_prompts()).prompts
        plain = next(prompt for prompt in prompts if not prompt.arguments)
        assert (await client.get_prompt(plain.name)).messages


async def test_progress_of_a_session_reaches_the_stateless_request(gateway: Gateway, handshake: str) -> None:
    seen: list[float] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        seen.append(progress)

    tool, arguments = "trigger-long-running-operation", {"duration": 0.2, "steps": 2}
    if "fixture" in handshake:
        tool, arguments = "test_tool_with_progress", {}
    async with _connected(gateway.endpoint(handshake, "most"), MODERN) as client:
        await client.call_tool(tool, arguments, progress_callback=note)
    assert len(seen) >= 2


async def test_what_a_session_asks_is_asked_of_the_stateless_client(gateway: Gateway, handshake: str) -> None:
    tool, arguments = "trigger-elicitation-request", {}
    if "fixture" in handshake:
        tool, arguments = "test_elicitation", {"message": "who?"}
    asked: list[str] = []

    async def fill_in(context: Any, params: ElicitRequestParams) -> ElicitResult:
        asked.append(params.message)
        return ElicitResult(action="accept", content={"username": "Ada", "email": "ada@example.org", "name": "Ada"})

    async with _connected(gateway.endpoint(handshake, "most"), MODERN, elicitation_callback=fill_in) as client:
        result = await client.call_tool(tool, arguments)
    assert len(asked) == 1
    assert "Ada" in _text(result)


async def test_what_a_client_can_be_asked_settles_which_tools_it_may_call_whoever_called_before(
    gateway: Gateway, handshake: str
) -> None:
    """The reference server lists `trigger-elicitation-request` to clients that can be asked, and to no others."""
    if "everything" not in handshake:
        pytest.skip("the fixture lists the same to all")

    async def decline(context: Any, params: ElicitRequestParams) -> ElicitResult:
        return ElicitResult(action="decline")

    before, after = gateway.endpoint(handshake, "most"), gateway.endpoint(handshake, "most")
    for _ in range(3):
        async with _connected(before, MODERN) as client:
            assert _text(await client.call_tool("echo", {"message": "tea"})) == "Echo: tea"
            with pytest.raises(MCPError) as unknown:
                await client.call_tool("trigger-elicitation-request", {})
            assert unknown.value.error.message == "Unknown tool: trigger-elicitation-request"
        async with _connected(after, MODERN, elicitation_callback=decline) as client:
            assert "declined" in _text(await client.call_tool("trigger-elicitation-request", {}))


async def test_changes_that_a_session_tells_reach_the_subscription(gateway: Gateway, handshake: str) -> None:
    """Only the reference server changes anything of its own accord: a resource, now and then."""
    if "everything" not in handshake:
        pytest.skip("the fixture announces only to subscriptions")
    endpoint = gateway.endpoint(handshake, "most")
    async with _connected(endpoint, MODERN) as client:
        resource = (await client.list_resources()).resources[0]
        async with client.listen(resource_subscriptions=[str(resource.uri)]) as subscription:
            await client.call_tool("toggle-subscriber-updates", {})
            async for event in subscription:
                assert "updated" in str(event).lower()
                break


async def test_a_python_client_that_asks_first_falls_back_to_the_handshake(gateway: Gateway, handshake: str) -> None:
    async with _connected(gateway.endpoint(handshake, "most"), "auto") as client:
        assert client.session.protocol_version == "2025-11-25"
        assert (await client.list_tools()).tools


def test_a_typescript_client_that_asks_first_falls_back_to_the_handshake(gateway: Gateway, handshake: str) -> None:
    conversation = TypeScriptClient().run(gateway.endpoint(handshake, "most"), "auto", (Step("list"),))
    assert conversation.revision == "2025-11-25"
    assert conversation.seen[0].tools
