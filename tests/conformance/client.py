"""The client of the client leg, on the official Python SDK: does what the scenario in its environment asks.

With `YETT_CONFORMANCE_GATE=1` it first registers its URL as a server of the running gateway, and speaks to that one instead.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

import anyio
import httpx2
import mcp.client.session
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CreateMessageResult, ElicitResult, ListRootsResult, TextContent

from tests.support.real_clients import HANDSHAKE, SECONDS_MAX
from yett.admin.client import RemoteControl
from yett.admin.views import NewGrant, NewServer

GATE: Final = "YETT_CONFORMANCE_GATE"
GATE_URL: Final = "YETT_CONFORMANCE_GATE_URL"
POLICY: Final = "allow-all"

Scenario = Callable[[Client], Awaitable[None]]


async def list_tools(client: Client) -> None:
    """Only look."""
    await client.list_tools()


async def add_numbers(client: Client) -> None:
    """Call the one tool that there is."""
    await client.list_tools()
    await client.call_tool("add_numbers", {"a": 5, "b": 3})


async def call_everything(client: Client) -> None:
    """Call each tool that the SDK lets through, without arguments or with plain ones."""
    for tool in (await client.list_tools()).tools:
        needed = tool.input_schema.get("required", [])
        await client.call_tool(tool.name, dict.fromkeys(needed, "word"))


async def read_everything(client: Client) -> None:
    """Every list, and the first thing of each."""
    await call_everything(client)
    for resource in (await client.list_resources()).resources:
        await client.read_resource(resource.uri)
    for prompt in (await client.list_prompts()).prompts:
        await client.get_prompt(prompt.name)


async def ordered_calls(client: Client) -> None:
    """The calls that the scenario names."""
    await client.list_tools()
    for call in json.loads(os.environ["MCP_CONFORMANCE_CONTEXT"])["toolCalls"]:
        await client.call_tool(call["name"], call["arguments"])


async def rounds(client: Client) -> None:
    """Two conversations in rounds, and calls that must not carry anything of them."""
    await client.list_tools()
    for name in ("test_mrtr_echo_state", "test_mrtr_unrelated", "test_mrtr_no_state", "test_mrtr_no_result_type"):
        await client.call_tool(name, {})


async def echo_schema(client: Client) -> None:
    """Send back the schema as it was read."""
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    await client.call_tool("json_schema_echo", {"schema": tools["json_schema_2020_12_tool"].input_schema})


SCENARIOS: Final[Mapping[str, Scenario]] = {
    "initialize": list_tools,
    "tools_call": add_numbers,
    "elicitation-sep1034-client-defaults": call_everything,
    "sse-retry": call_everything,
    "request-metadata": list_tools,
    "sep-2322-client-request-state": rounds,
    "http-standard-headers": read_everything,
    "http-custom-headers": ordered_calls,
    "http-invalid-tool-headers": call_everything,
    "json-schema-ref-no-deref": list_tools,
    "json-schema-2020-12-preservation": echo_schema,
}


async def elicited(context: Any, params: Any) -> ElicitResult:
    """Accept, with the defaults of the form and yes to every question."""
    properties = params.requested_schema.get("properties", {})
    filled = {name: field["default"] for name, field in properties.items() if "default" in field}
    filled |= {name: True for name, field in properties.items() if field.get("type") == "boolean" and name not in filled}
    return ElicitResult(action="accept", content=filled)


async def sampled(context: Any, params: Any) -> CreateMessageResult:
    """What a model might say."""
    return CreateMessageResult(role="assistant", content=TextContent(text="Paris"), model="none")


async def rooted(context: Any) -> ListRootsResult:
    """No folder at all."""
    return ListRootsResult(roots=[])


def through_gate(url: str) -> tuple[str, dict[str, str]]:
    """Where the gateway serves the server at `url`, and the header field that it asks for."""
    token = (Path(os.environ["YETT_STATE_DIRECTORY"]) / "admin.token").read_text(encoding="utf-8").strip()
    control = RemoteControl("127.0.0.1", int(os.environ["YETT_CONTROL_PLANE_PORT"]), token)
    name = f"mock-{uuid.uuid4().hex[:12]}"
    control.add_server(NewServer(name=name, url=url, look=False))  # nothing reaches the suite but what its client sends
    minted = control.mint_grant(NewGrant(server=name, policy=POLICY, label="conformance"))
    return f"{os.environ[GATE_URL]}/mcp/{name}", {"Authorization": f"Bearer {minted.token}"}


async def main(url: str) -> None:
    """Connect as the revision asks, and do the scenario."""
    revision = os.environ["MCP_CONFORMANCE_PROTOCOL_VERSION"]
    if revision in HANDSHAKE:  # the SDK offers its newest one only; older clients offered theirs
        vars(mcp.client.session)["LATEST_HANDSHAKE_VERSION"] = revision
    headers: dict[str, str] = {}
    if os.environ.get(GATE):
        url, headers = through_gate(url)
    callbacks: dict[str, Any] = {"elicitation_callback": elicited, "sampling_callback": sampled, "list_roots_callback": rooted}
    with anyio.fail_after(SECONDS_MAX):
        async with httpx2.AsyncClient(headers=headers, timeout=SECONDS_MAX) as http:
            transport: Any = streamable_http_client(url, http_client=http)
            async with Client(transport, mode="legacy" if revision in HANDSHAKE else "auto", **callbacks) as client:
                await SCENARIOS[os.environ["MCP_CONFORMANCE_SCENARIO"]](client)


def run(arguments: list[str]) -> None:
    """What a copy made by `tests.conformance.forks` does; the URL is the last argument."""
    anyio.run(main, arguments[-1])
