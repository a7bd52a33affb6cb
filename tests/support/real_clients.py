"""The official MCP clients, Python and TypeScript, driven by one script of steps, so that one test runs with both."""

from __future__ import annotations

import json
import subprocess
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import anyio
import httpx2
import mcp.client.session
import msgspec
import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPDeprecationWarning
from mcp_types import PromptReference, ResourceTemplateReference, TextContent, TextResourceContents

from tests.support.programs import MODULES, require_program

HANDSHAKE: Final = ("2025-06-18", "2025-11-25")
OLD: Final = ("2024-11-05", "2025-03-26")
"""Handshake revisions before those: what old clients ask for, and what clients of today still take."""
STATELESS: Final = "2026-07-28"
REVISIONS: Final = (*HANDSHAKE, STATELESS)
SECONDS_MAX: Final = 30.0
"""A whole conversation; a gate that stops answering fails its test."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a client connects to: a URL with header fields, or a program on stdio."""

    url: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    sse: bool = False
    """Whether the two endpoints of 2024-11-05 are at the url."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a client does: `list` the tools, or `call` one.

    Of resources: list them (`resources`) and their `templates`; `read`, `subscribe`, `unsubscribe`, `name` being the URI. Of
    prompts: list them (`prompts`), `get` one. `complete` the arguments of what `name` says: a prompt, or a template if it has a
    colon; `arguments` is the one to complete, after those that are settled.
    """

    op: str
    name: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of one step, as the client's own caller sees it."""

    tools: tuple[str, ...] = ()
    """Or what else was listed or suggested: URIs, templates, prompts, values."""
    text: str = ""
    is_error: bool = False
    meta: dict[str, Any] = field(default_factory=dict)
    progress: tuple[float, ...] = ()
    error_code: int | None = None
    error_message: str = ""
    error_data: Any = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """The revision that was negotiated, and what came of each step."""

    revision: str
    seen: tuple[Seen, ...]


class RealClient(Protocol):
    """An official client; `revision` is what it is made to speak, or `auto` for its own negotiation."""

    name: str

    def run(self, endpoint: Endpoint, revision: str, steps: Sequence[Step]) -> Conversation:
        """Connect, do all steps, close."""
        ...


class PythonClient:
    """`mcp.Client` of the official Python SDK."""

    name = "python"

    def run(self, endpoint: Endpoint, revision: str, steps: Sequence[Step]) -> Conversation:
        with pytest.MonkeyPatch.context() as patch:
            if revision in OLD + HANDSHAKE:  # the SDK offers its newest one only; older clients offered theirs
                patch.setattr(mcp.client.session, "LATEST_HANDSHAKE_VERSION", revision)
            return anyio.run(self._run, endpoint, revision, steps)

    async def _run(self, endpoint: Endpoint, revision: str, steps: Sequence[Step]) -> Conversation:
        mode = "legacy" if revision in OLD + HANDSHAKE else revision
        with anyio.fail_after(SECONDS_MAX):
            async with transport_to(endpoint) as transport, Client(transport, mode=mode) as client:
                seen = [await _step(client, step) for step in steps]
                return Conversation(str(client.session.protocol_version), tuple(seen))


@asynccontextmanager
async def transport_to(endpoint: Endpoint) -> AsyncIterator[Any]:
    """What a Python client connects through."""
    if endpoint.url is None:
        yield StdioServerParameters(command=endpoint.command[0], args=list(endpoint.command[1:]), env=endpoint.env)
        return
    if endpoint.sse:
        yield _old_transport(endpoint.url, endpoint.headers)
        return
    async with httpx2.AsyncClient(headers=endpoint.headers, timeout=SECONDS_MAX) as http:
        transport: AbstractAsyncContextManager[Any] = streamable_http_client(endpoint.url, http_client=http)
        yield transport


@asynccontextmanager
async def _old_transport(url: str, headers: dict[str, str]) -> AsyncIterator[Any]:
    """The SDK's transport of 2024-11-05, whose reader fails where something is still said while its client closes."""
    try:
        async with sse_client(url, headers=headers) as streams:
            yield streams
    except* anyio.BrokenResourceError:
        pass


async def _step(client: Client, step: Step) -> Seen:
    reports: list[float] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        reports.append(progress)

    try:
        if step.op != "call":
            return await _OTHERS[step.op](client, step)
        result = await client.call_tool(step.name, step.arguments, progress_callback=note)
    except MCPError as error:
        return Seen(error_code=error.error.code, error_message=error.error.message, error_data=error.error.data)
    text = "".join(part.text for part in result.content if isinstance(part, TextContent))
    return Seen(text=text, is_error=bool(result.is_error), meta=dict(result.meta or {}), progress=tuple(reports))


async def _list(client: Client, _: Step) -> Seen:
    return Seen(tools=tuple(tool.name for tool in (await client.list_tools()).tools))


async def _resources(client: Client, _: Step) -> Seen:
    return Seen(tools=tuple(str(resource.uri) for resource in (await client.list_resources()).resources))


async def _templates(client: Client, _: Step) -> Seen:
    return Seen(tools=tuple(template.uri_template for template in (await client.list_resource_templates()).resource_templates))


async def _prompts(client: Client, _: Step) -> Seen:
    return Seen(tools=tuple(prompt.name for prompt in (await client.list_prompts()).prompts))


async def _read(client: Client, step: Step) -> Seen:
    parts = (await client.read_resource(step.name)).contents
    return Seen(text="".join(part.text for part in parts if isinstance(part, TextResourceContents)))


async def _subscribe(client: Client, step: Step) -> Seen:
    with warnings.catch_warnings():  # the SDK regrets that handshake sessions have subscriptions
        warnings.simplefilter("ignore", MCPDeprecationWarning)
        await (client.subscribe_resource if step.op == "subscribe" else client.unsubscribe_resource)(step.name)
    return Seen()


async def _get(client: Client, step: Step) -> Seen:
    messages = (await client.get_prompt(step.name, step.arguments)).messages
    return Seen(text="".join(message.content.text for message in messages if isinstance(message.content, TextContent)))


async def _complete(client: Client, step: Step) -> Seen:
    *settled, (name, value) = step.arguments.items()
    template = ":" in step.name
    reference = ResourceTemplateReference(uri=step.name) if template else PromptReference(name=step.name)
    result = await client.complete(reference, {"name": name, "value": value}, dict(settled) or None)
    return Seen(tools=tuple(result.completion.values))


_OTHERS: Final[Mapping[str, Callable[[Client, Step], Awaitable[Seen]]]] = {
    "list": _list,
    "resources": _resources,
    "templates": _templates,
    "prompts": _prompts,
    "read": _read,
    "subscribe": _subscribe,
    "unsubscribe": _subscribe,
    "get": _get,
    "complete": _complete,
}


class TypeScriptClient:
    """`Client` of @modelcontextprotocol/client, in a Node process of its own."""

    name = "typescript"

    def run(self, endpoint: Endpoint, revision: str, steps: Sequence[Step]) -> Conversation:
        require_program("typescript-client")
        script = Path(__file__).parents[1] / "integration" / "client.mjs"
        order = {
            "modules": str(MODULES),
            "endpoint": asdict(endpoint),
            "revision": revision,
            "steps": [asdict(step) for step in steps],
        }
        done = subprocess.run(
            [str(require_program("node")), str(script)],
            input=json.dumps(order),
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return msgspec.json.decode(done.stdout, type=Conversation)


CLIENTS: Final[tuple[RealClient, ...]] = (PythonClient(), TypeScriptClient())
