"""The agent of the demonstration: the official MCP client, sent through the gate with a grant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from yett.errors import OperatorFault

try:
    import httpx2
    from mcp import Client, MCPError
    from mcp.client.streamable_http import streamable_http_client
except ImportError as missing:
    raise OperatorFault("the demonstration needs the extra `demo`: pip install 'yett[demo]'") from missing


@dataclass(frozen=True, slots=True)
class Reply:
    """What the agent got for one call."""

    text: str
    refused: bool


class Agent:
    """One connected client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def tools(self) -> list[str]:
        """The tools that the agent is shown."""
        return [tool.name for tool in (await self._client.list_tools()).tools]

    async def call(self, tool: str, arguments: dict[str, str]) -> Reply:
        """Call a tool; a refusal is a reply too."""
        try:
            result = await self._client.call_tool(tool, arguments)
        except MCPError as error:
            return Reply(str(error), refused=True)
        text = " ".join(part.text for part in result.content if part.type == "text")
        return Reply(text, refused=bool(result.is_error))


@asynccontextmanager
async def connected(url: str, token: str) -> AsyncIterator[Agent]:
    """An agent that holds `token`."""
    async with (
        httpx2.AsyncClient(headers={"authorization": f"Bearer {token}"}, timeout=30) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        yield Agent(client)
