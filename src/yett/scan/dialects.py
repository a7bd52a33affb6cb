"""How each client writes its servers down: under which keys they stand, and what the members of an entry are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath
from typing import Final

from yett.scan.model import Client

KeyPath = tuple[str, ...]


class Format(StrEnum):
    """How a file is written."""

    JSON = "JSON"
    """With comments and trailing commas where a client leaves them in."""
    TOML = "TOML"
    YAML = "YAML"


@dataclass(frozen=True, slots=True)
class Dialect:
    """One client's way of writing a server. The first of several names is the one that the client's documents give."""

    keys: tuple[KeyPath, ...] = (("mcpServers",),)
    """The places in the document where servers stand, each an object of them by name (or a list, with `listed`)."""
    command: str = "command"
    args: str | None = "args"
    """None: the arguments follow the program in the list `command`."""
    env: str = "env"
    urls: KeyPath = ("url",)
    headers: KeyPath = ("headers",)
    """The way to the object of header fields within the entry."""
    stdio_type: str | None = None
    """What `type` says of a program; None where that is left out."""
    http_type: str | None = None
    """What `type` says of Streamable HTTP; None where that is left out."""
    variable: str | None = None
    """How a header field takes the variable NAME of the environment; None where the client cannot."""
    remote: bool = True
    """Whether the file may name addresses at all; else a program has to carry messages there."""
    listed: bool = False
    """Whether servers stand in a list, each with its `name`."""


_ENV: Final = "${env:NAME}"
DIALECTS: Final[Mapping[Client, Dialect]] = {
    Client.CLAUDE_DESKTOP: Dialect(remote=False),
    Client.CLAUDE_CODE: Dialect(stdio_type="stdio", http_type="http", variable="${NAME}"),
    Client.CURSOR: Dialect(variable=_ENV),
    Client.VS_CODE: Dialect(
        keys=(
            ("servers",),
            ("mcp", "servers"),
            ("mcp.servers",),
            ("settings", "mcp", "servers"),
            ("customizations", "vscode", "mcp", "servers"),
        ),
        stdio_type="stdio",
        http_type="http",
        variable=_ENV,
    ),
    Client.COPILOT_CLI: Dialect(stdio_type="local", http_type="http", variable="${NAME}"),
    Client.CODEX: Dialect(keys=(("mcp_servers",),), headers=("http_headers",)),
    Client.GEMINI_CLI: Dialect(urls=("httpUrl", "url"), variable="$NAME"),
    Client.WINDSURF: Dialect(urls=("serverUrl", "url"), variable=_ENV),
    Client.OPENCODE: Dialect(
        keys=(("mcp", "servers"), ("mcp",)), args=None, env="environment", stdio_type="local", http_type="remote",
        variable="{env:NAME}",
    ),
    Client.ZED: Dialect(keys=(("context_servers",),)),
    Client.CLINE: Dialect(stdio_type="stdio", http_type="streamableHttp"),
    Client.ROO_CODE: Dialect(stdio_type="stdio", http_type="streamable-http", variable=_ENV),
    Client.CONTINUE: Dialect(
        headers=("requestOptions", "headers"), stdio_type="stdio", http_type="streamable-http", listed=True
    ),
    Client.GOOSE: Dialect(
        keys=(("extensions",),), command="cmd", env="envs", urls=("uri",), stdio_type="stdio", http_type="streamable_http"
    ),
    Client.JUNIE: Dialect(remote=False),
    Client.JETBRAINS_COPILOT: Dialect(keys=(("servers",),), headers=("requestInit", "headers")),
    Client.LM_STUDIO: Dialect(),
    Client.KIRO: Dialect(variable="${NAME}"),
    Client.AMAZON_Q: Dialect(http_type="http"),
    Client.ANY: Dialect(),
}  # fmt: skip
COMMON: Final[tuple[KeyPath, ...]] = (
    ("mcpServers",), ("servers",), ("mcp", "servers"), ("mcp_servers",), ("mcp.servers",), ("context_servers",),
)  # fmt: skip
"""Keys that are looked at in every file: a scan rather finds too much."""
MIXED: Final[tuple[KeyPath, ...]] = (("mcp",), ("extensions",))
"""Keys under which other things stand beside servers: for the clients that have them, and files of nobody knows whom."""


def format_of(path: PurePath) -> Format:
    """How a file is written, by its name."""
    return {".toml": Format.TOML, ".yaml": Format.YAML, ".yml": Format.YAML}.get(path.suffix.lower(), Format.JSON)


def keys_of(client: Client) -> tuple[KeyPath, ...]:
    """Where servers may stand in a file of this client, its own keys first; each key once."""
    everyones = MIXED if client is Client.ANY else ()
    return tuple(dict.fromkeys((*DIALECTS[client].keys, *COMMON, *everyones)))
