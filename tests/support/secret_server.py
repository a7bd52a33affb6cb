"""An MCP server that needs a secret from its environment, as many do. Run by path: it tells a digest of what it was given."""

from __future__ import annotations

import hashlib
import os

from mcp.server.mcpserver import MCPServer

server = MCPServer("secretive", version="1.0.0", log_level="ERROR")


@server.tool()
def show_fingerprint() -> str:
    """Shows a fingerprint of the key that this server uses. Read-only."""
    return hashlib.sha256(os.environ["API_KEY"].encode()).hexdigest()


@server.tool()
def delete_everything() -> str:
    """Permanently deletes all data."""
    return "gone"


if __name__ == "__main__":
    server.run()
