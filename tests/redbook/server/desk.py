"""A server over a real store with a fake painter, and its client."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mcp import Client
from mcp.server.lowlevel.server import Server
from mcp_types import CallToolResult, TextContent

from redbook_mcp.painters import Painters
from redbook_mcp.server.app import build_server
from redbook_mcp.server.tools import Desk
from tests.redbook.generation.house import OUTLINE, Bench, make_bench

THEMES = ("plain", "poster")


def open_shop(folder: Path, **rules: object) -> tuple[Bench, Server[dict[str, Any]]]:
    bench = make_bench(folder, **rules)
    painters = Painters({"openai": lambda: bench.painter, "local": lambda: bench.local}, "openai")
    return bench, build_server(Desk(bench.house, bench.generation, painters, THEMES))


def body(result: CallToolResult) -> dict[str, Any]:
    """The object that a tool gave, from its text; it is the same as the structured one where there is one."""
    text = result.content[0]
    assert isinstance(text, TextContent)
    value: dict[str, Any] = json.loads(text.text)
    assert result.structured_content is None or result.structured_content == value
    return value


def code(result: CallToolResult) -> str:
    """The code of a refusal, which has exactly the original's form."""
    value = body(result)
    assert result.is_error
    assert result.structured_content is None
    assert set(value) == {"error"}
    assert set(value["error"]) == {"code", "message"}
    found: str = value["error"]["code"]
    return found


async def made(client: Client, **more: object) -> str:
    """The id of a new project."""
    result = await client.call_tool("generate_outline", {"theme": "手冲咖啡", "outline": OUTLINE, **more})
    project_id: str = body(result)["projectId"]
    return project_id


__all__ = ["Client", "body", "code", "made", "open_shop"]
