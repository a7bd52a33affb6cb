"""One file of each client, as that client writes it: a program and, where it can, an address; each with a secret."""

from __future__ import annotations

from typing import Final, NamedTuple

from tests.scan.files import SECRETS
from yett.scan.model import Client

KEY: Final = SECRETS[0]
HEADER: Final = SECRETS[9]


class Case(NamedTuple):
    """A file below the home directory on Linux, and the servers in it: name, transport, and line."""

    client: Client
    path: str
    text: str
    servers: list[tuple[str, str, int]]


USUAL: Final = f"""{{
  "mcpServers": {{
    "files": {{
      "command": "npx",
      "args": ["-y", "some-files-mcp@1.0.0", "--token", "{KEY}"],
      "env": {{"API_KEY": "{KEY}"}}
    }}
  }}
}}
"""


def _with_address(address: str) -> str:
    """The usual file, and a server at an address; `address` is the body of that entry."""
    return USUAL.replace("    }\n  }\n}", f'    }},\n    "remote": {{{address}}}\n  }}\n}}')


_HEADERS: Final = f'"headers": {{"Authorization": "Bearer {HEADER}"}}'
_BOTH: Final = [("files", "stdio", 3), ("remote", "http", 8)]

CASES: Final = [
    Case(Client.CLAUDE_DESKTOP, ".config/Claude/claude_desktop_config.json", USUAL, [("files", "stdio", 3)]),
    Case(
        Client.CLAUDE_CODE, ".claude.json",
        f"""{{
  "mcpServers": {{"remote": {{"type": "http", "url": "https://a.example/mcp", {_HEADERS}}}}},
  "projects": {{
    "/home/me/shop": {{
      "mcpServers": {{
        "files": {{"type": "stdio", "command": "npx", "args": ["x@1.0.0"], "env": {{"API_KEY": "{KEY}"}}}}
      }}
    }}
  }}
}}""",
        [("remote", "http", 2), ("files", "stdio", 6)],
    ),
    Case(Client.CURSOR, ".cursor/mcp.json", _with_address(f'"url": "https://a.example/mcp", {_HEADERS}'), _BOTH),
    Case(
        Client.VS_CODE, ".config/Code/User/mcp.json",
        f"""{{
  // asked for once
  "inputs": [{{"id": "key", "type": "promptString", "password": true}}],
  "servers": {{
    /* a program,
       and below it an address */
    "files": {{"type": "stdio", "command": "npx", "args": ["x@1.0.0"], "env": {{"API_KEY": "{KEY}"}},}},
    "remote": {{"type": "sse", "url": "https://a.example/sse", {_HEADERS}}},
  }},
}}""",
        [("files", "stdio", 7), ("remote", "sse", 8)],
    ),
    Case(
        Client.VS_CODE, ".config/Code - Insiders/User/profiles/1a2b/mcp.json",
        '{"servers": {"files": {"command": "x"}}}', [("files", "stdio", 1)],
    ),
    Case(
        Client.COPILOT_CLI, ".copilot/mcp-config.json",
        _with_address(f'"type": "http", "url": "https://a.example/mcp", "tools": ["*"], {_HEADERS}'), _BOTH,
    ),
    Case(
        Client.CODEX, ".codex/config.toml",
        f"""model = "some-model"

[mcp_servers.files]  # a comment
command = "npx"
args = ["x@1.0.0"]

[mcp_servers.files.env]
API_KEY = "{KEY}"

[mcp_servers."the remote"]
url = "https://a.example/mcp"
http_headers = {{ Authorization = "Bearer {HEADER}" }}
""",
        [("files", "stdio", 3), ("the remote", "http", 10)],
    ),
    Case(
        Client.GEMINI_CLI, ".gemini/settings.json",
        _with_address(f'"httpUrl": "https://a.example/mcp", "trust": false, {_HEADERS}').replace(
            "  }\n}", '  , "old": {"url": "https://b.example/sse"}}\n}'
        ),
        [*_BOTH, ("old", "sse", 9)],
    ),
    Case(
        Client.WINDSURF, ".codeium/windsurf/mcp_config.json",
        _with_address(f'"serverUrl": "https://a.example/mcp", {_HEADERS}'), _BOTH,
    ),
    Case(
        Client.OPENCODE, ".config/opencode/opencode.jsonc",
        f"""{{
  "mcp": {{
    "files": {{"type": "local", "command": ["npx", "x@1.0.0"], "environment": {{"API_KEY": "{KEY}"}}}}, // first
    "remote": {{"type": "remote", "url": "https://a.example/mcp", {_HEADERS}, "enabled": false}},
  }}
}}""",
        [("files", "stdio", 3), ("remote", "http", 4)],
    ),
    Case(
        Client.OPENCODE, ".config/opencode/opencode.json",
        '{"mcp": {"timeout": 5,\n"servers": {\n"files": {"type": "local", "command": ["x"]}}}}', [("files", "stdio", 3)],
    ),
    Case(
        Client.ZED, ".config/zed/settings.json",
        f"""// Zed settings
{{
  "theme": "One Dark",
  "context_servers": {{
    "files": {{"command": "npx", "args": ["x@1.0.0"], "env": {{"API_KEY": "{KEY}"}}}},
    "older": {{"command": {{"path": "npx", "args": ["x@1.0.0", "{KEY}"], "env": {{"API_KEY": "{KEY}"}}}}}},
    "remote": {{"url": "https://a.example/mcp", {_HEADERS}}},
  }},
}}""",
        [("files", "stdio", 5), ("older", "stdio", 6), ("remote", "http", 7)],
    ),
    Case(
        Client.CLINE, ".config/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json",
        _with_address(f'"type": "streamableHttp", "url": "https://a.example/mcp", "disabled": true, {_HEADERS}'), _BOTH,
    ),
    Case(Client.CLINE, ".cline/data/settings/cline_mcp_settings.json", USUAL, [("files", "stdio", 3)]),
    Case(
        Client.ROO_CODE, ".config/Code/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json",
        _with_address(f'"type": "streamable-http", "url": "https://a.example/mcp", {_HEADERS}'), _BOTH,
    ),
    Case(
        Client.CONTINUE, ".continue/config.yaml",
        f"""name: mine
version: 0.0.1
mcpServers:
  - name: files
    command: npx
    args: ["x@1.0.0"]
    env:
      API_KEY: "{KEY}"
  # and one that is elsewhere
  - name: remote
    type: streamable-http
    url: https://a.example/mcp
    requestOptions:
      headers:
        Authorization: Bearer {HEADER}
""",
        [("files", "stdio", 4), ("remote", "http", 10)],
    ),
    Case(Client.CONTINUE, ".continue/mcpServers/copied.json", USUAL, [("files", "stdio", 3)]),
    Case(
        Client.GOOSE, ".config/goose/config.yaml",
        f"""GOOSE_PROVIDER: some
extensions:
  developer:
    type: builtin
    enabled: true
  files:
    type: stdio
    cmd: npx
    args:
      - x@1.0.0
    envs:
      API_KEY: {KEY}
  remote:
    type: streamable_http
    uri: https://a.example/mcp
    headers:
      Authorization: Bearer {HEADER}
""",
        [("files", "stdio", 6), ("remote", "http", 13)],
    ),
    Case(Client.JUNIE, ".junie/mcp/mcp.json", USUAL, [("files", "stdio", 3)]),
    Case(
        Client.JETBRAINS_COPILOT, ".config/github-copilot/intellij/mcp.json",
        f"""{{"servers": {{
  "files": {{"command": "npx", "args": ["x@1.0.0"], "env": {{"API_KEY": "{KEY}"}}}},
  "remote": {{"url": "https://a.example/mcp", "requestInit": {{{_HEADERS}}}}}
}}}}""",
        [("files", "stdio", 2), ("remote", "http", 3)],
    ),
    Case(Client.LM_STUDIO, ".lmstudio/mcp.json", _with_address(f'"url": "https://a.example/mcp", {_HEADERS}'), _BOTH),
    Case(Client.KIRO, ".kiro/settings/mcp.json", _with_address(f'"url": "https://a.example/mcp", {_HEADERS}'), _BOTH),
    Case(
        Client.AMAZON_Q, ".aws/amazonq/mcp.json",
        _with_address(f'"type": "http", "url": "https://a.example/mcp", {_HEADERS}'), _BOTH,
    ),
]  # fmt: skip
"""Every client of `Client`, but for the one that may be any."""
