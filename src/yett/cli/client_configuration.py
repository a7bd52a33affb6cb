"""What a person pastes into the configuration of an MCP client."""

from __future__ import annotations

import json
from typing import Any


def client_configurations(name: str, url: str, token: str) -> dict[str, dict[str, Any]]:
    """By client, the JSON that makes it use `url` with `token`. `name` is what the client shows."""
    entry = {"type": "http", "url": url, "headers": {"Authorization": f"Bearer {token}"}}
    return {
        "Claude Code (.mcp.json), Cursor (.cursor/mcp.json)": {"mcpServers": {name: entry}},
        "VS Code (.vscode/mcp.json)": {"servers": {name: entry}},
    }


def as_text(configuration: dict[str, Any]) -> str:
    """As it is pasted."""
    return json.dumps(configuration, indent=2)
