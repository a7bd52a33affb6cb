"""The two clients of the demonstration: the agent, sent through the gate with a grant, and a witness beside the server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from yett.demo.stage import EXTRA, Stage
from yett.errors import OperatorFault
from yett.policy.json_value import JsonValue

try:
    import httpx2
    from mcp import Client, MCPError, StdioServerParameters
    from mcp.client.streamable_http import streamable_http_client
except ImportError as missing:
    raise OperatorFault(EXTRA) from missing

CALL_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What a client got for one call."""

    text: str
    refused: bool

    @property
    def value(self) -> Mapping[str, JsonValue]:
        """The text as the JSON object that this server answers with; empty if it is none."""
        try:
            value = json.loads(self.text)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


class Agent:
    """One connected client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def tools(self) -> list[str]:
        """The tools that the agent is shown."""
        return [tool.name for tool in (await self._client.list_tools()).tools]

    async def call(self, tool: str, arguments: Mapping[str, JsonValue]) -> Reply:
        """Call a tool; a refusal is a reply too."""
        try:
            result = await self._client.call_tool(tool, dict(arguments), read_timeout_seconds=CALL_S)
        except MCPError as error:
            return Reply(str(error), refused=True)
        text = " ".join(part.text for part in result.content if part.type == "text")
        return Reply(text, refused=bool(result.is_error))


@dataclass(frozen=True, slots=True)
class Seen:
    """What the server holds of a project, whatever anybody says."""

    pages: int
    drawn: frozenset[int]
    """Pages that have a picture."""


class Witness:
    """A second copy of the server on the same folder, asked without the gate."""

    def __init__(self, client: Client) -> None:
        self._agent = Agent(client)

    async def look(self, project_id: str) -> Seen:
        """What is there now. Errors: `OperatorFault` where the server cannot tell."""
        reply = await self._agent.call("get_project", {"projectId": project_id})
        outline, images = reply.value.get("outline"), reply.value.get("images")
        if reply.refused or not isinstance(outline, list) or not isinstance(images, dict):
            raise OperatorFault(f"the server does not tell what it holds: {reply.text}")
        return Seen(len(outline), frozenset(map(int, images)))


@asynccontextmanager
async def connected(url: str, token: str) -> AsyncIterator[Agent]:
    """An agent that holds `token`."""
    async with (
        httpx2.AsyncClient(headers={"authorization": f"Bearer {token}"}, timeout=CALL_S) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        yield Agent(client)


@asynccontextmanager
async def witnessing(stage: Stage) -> AsyncIterator[Witness]:
    """A witness beside the server that stands behind the gate."""
    program, *arguments = stage.server
    server = StdioServerParameters(command=program, args=arguments, env=dict(stage.server_environment))
    async with Client(server) as client:
        yield Witness(client)
