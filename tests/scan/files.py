"""Configuration files as each client writes them, full of secrets that must never be seen again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

SECRETS: Final = (
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "sk-live-51H8xQ2eZvKYlo2C",
    "hunter2-in-the-query",
    "QmFzZTY0U2VjcmV0VmFsdWU",
    "p4ssw0rd-of-the-database",
    "xoxb-1234567890-abcdefghij",
    "s3cr3t-path-of-a-hook",
    "codex-header-value-9f8e7d",
    "windsurf-env-value-1a2b3c",
    "bridge-header-value-4d5e6f",
)

CLAUDE_DESKTOP: Final = json.dumps(
    {
        "globalShortcut": "Ctrl+Space",
        "mcpServers": {
            "filesystem": {
                "command": "npx",
                "args": ["-y", "@modelcontextprotocol/server-filesystem@2025.8.21", "/home/me/notes"],
            },
            "database": {
                "command": "/usr/local/bin/pg-mcp",
                "args": ["--read-only", f"postgresql://admin:{SECRETS[4]}@db.internal/prod"],
            },
            "bridged": {
                "command": "npx",
                "args": [
                    "-y",
                    "mcp-remote@0.1.29",
                    "https://mcp.linear.app/mcp",
                    "--header",
                    f"Authorization: Bearer {SECRETS[9]}",
                ],
            },
        },
    }
)
MCP_JSON: Final = json.dumps(
    {
        "mcpServers": {
            "github": {
                "type": "http",
                "url": "https://api.githubcopilot.com/mcp/",
                "headers": {"Authorization": f"Bearer {SECRETS[0]}"},
            },
            "files": {
                "type": "http",
                "url": "http://127.0.0.1:8700/mcp/files",
                "headers": {"Authorization": "Bearer ${YETT_TOKEN}"},
            },
            "wrapped": {"command": "yett", "args": ["run", "--policy", "p.json", "--", "uvx", "mcp-server-git"]},
        }
    }
)
CLAUDE_JSON: Final = json.dumps(
    {
        "numStartups": 12,
        "history": [{"display": "cut in half \ud83d"}],
        "mcpServers": {"stripe": {"type": "http", "url": "https://mcp.stripe.com", "headers": {"Authorization": SECRETS[1]}}},
        "projects": {"/home/me/shop": {"mcpServers": {"local-time": {"command": "uvx", "args": ["mcp-server-time"]}}}},
    }
)
CURSOR: Final = json.dumps(
    {"mcpServers": {"hook": {"url": f"https://user:{SECRETS[3]}@hooks.example.com/{SECRETS[6]}/mcp?key={SECRETS[2]}"}}}
)
VS_CODE: Final = """{
  // the servers of this workspace
  "inputs": [{"id": "key", "type": "promptString", "password": true}],
  "servers": {
    "playwright": {"type": "stdio", "command": "npx", "args": ["-y", "@playwright/mcp@latest"], /* one */ },
    "slack": {
      "type": "stdio",
      "command": "docker",
      "args": ["run", "-i", "--rm", "-e", "SLACK_TOKEN=xoxb-1234567890-abcdefghij", "mcp/slack:1.2"],
    },
  },
}
"""
WINDSURF: Final = json.dumps(
    {
        "mcpServers": {
            "typo": {"command": "npx", "args": ["-y", "@modelcontextprotocl/server-memory"], "env": {"API_KEY": SECRETS[8]}},
            "sentry": {"serverUrl": "https://mcp.sentry.dev.evil.io/mcp", "disabled": True},
        }
    }
)
CODEX: Final = f"""
model = "some-model"

[mcp_servers.fetch]
command = "uvx"
args = ["mcp-server-fetch"]

[mcp_servers."internal tools"]
url = "http://tools.internal/mcp"
bearer_token_env_var = "TOOLS_TOKEN"
http_headers = {{ "X-Api-Key" = "{SECRETS[7]}" }}
"""

IN_HOME: Final = {
    ".config/Claude/claude_desktop_config.json": CLAUDE_DESKTOP,
    ".claude.json": CLAUDE_JSON,
    ".cursor/mcp.json": CURSOR,
    ".codeium/windsurf/mcp_config.json": WINDSURF,
    ".codex/config.toml": CODEX,
}
IN_REPOSITORY: Final = {".mcp.json": MCP_JSON, ".vscode/mcp.json": VS_CODE}


def write(folder: Path, files: dict[str, str]) -> None:
    """Put these files below `folder`."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
