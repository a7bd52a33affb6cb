"""Where configuration files are looked for."""

from __future__ import annotations

from pathlib import Path

from yett.scan.model import Client
from yett.scan.places import client_of, user_files

HOME = Path("/home/me")


def found(platform: str, **environment: str) -> dict[str, list[str]]:
    paths: dict[str, list[str]] = {}
    for file in user_files(HOME, environment, platform):
        paths.setdefault(file.client, []).append(file.path.as_posix())
    return paths


def test_each_platform_has_its_places() -> None:
    assert found("linux")["Claude Desktop"] == ["/home/me/.config/Claude/claude_desktop_config.json"]
    assert found("darwin")["Claude Desktop"] == ["/home/me/Library/Application Support/Claude/claude_desktop_config.json"]
    assert found("win32", APPDATA="/roaming")["Claude Desktop"] == ["/roaming/Claude/claude_desktop_config.json"]
    assert found("linux", XDG_CONFIG_HOME="/x")["VS Code"][0] == "/x/Code/User/mcp.json"
    assert found("linux", CODEX_HOME="/c")["Codex"] == ["/c/config.toml"]
    assert found("linux")["Claude Code"][0] == "/home/me/.claude.json"
    assert found("linux")["Cursor"] == ["/home/me/.cursor/mcp.json"]
    assert found("linux")["Windsurf"] == ["/home/me/.codeium/windsurf/mcp_config.json"]


def test_a_file_of_a_repository_is_known_by_its_name() -> None:
    assert client_of(Path("a/.mcp.json")) is Client.CLAUDE_CODE
    assert client_of(Path("a/.cursor/mcp.json")) is Client.CURSOR
    assert client_of(Path("a/.vscode/mcp.json")) is Client.VS_CODE
    assert client_of(Path("a/.codex/config.toml")) is Client.CODEX
    assert client_of(Path("a/config.toml")) is None
