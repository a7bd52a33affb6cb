"""Where clients keep their configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from yett.scan.model import Client, ConfigFile

BY_NAME: Final[Mapping[str, Client]] = {
    ".mcp.json": Client.CLAUDE_CODE,
    ".claude.json": Client.CLAUDE_CODE,
    "managed-mcp.json": Client.CLAUDE_CODE,
    "claude_desktop_config.json": Client.CLAUDE_DESKTOP,
    ".cursor/mcp.json": Client.CURSOR,
    ".vscode/mcp.json": Client.VS_CODE,
    ".vscode/settings.json": Client.VS_CODE,
    ".codex/config.toml": Client.CODEX,
    "mcp_config.json": Client.WINDSURF,
    "mcp.json": Client.ANY,
}
"""Files of a repository, by the last part of their path, or the last two."""
SKIPPED: Final = frozenset(
    {".git", ".hg", ".svn", "node_modules", ".venv", "venv", "__pycache__", ".tox", ".mypy_cache", ".ruff_cache", "site-packages"}
)
"""Directories of what others wrote, or of nothing."""


def client_of(path: Path) -> Client | None:
    """Whose file this is, by its name; None where the name says nothing."""
    return BY_NAME.get("/".join(path.parts[-2:])) or BY_NAME.get(path.name)


def user_files(home: Path, environment: Mapping[str, str], platform: str) -> list[ConfigFile]:
    """The configuration files that this user's clients read; most will not be there. `platform` is as `sys.platform` says it."""
    base = _settings_directory(home, environment, platform)
    codex = Path(environment["CODEX_HOME"]) if environment.get("CODEX_HOME") else home / ".codex"
    code = [base / name / "User" for name in ("Code", "Code - Insiders")]
    return [
        ConfigFile(Client.CLAUDE_DESKTOP, base / "Claude" / "claude_desktop_config.json"),
        ConfigFile(Client.CLAUDE_CODE, home / ".claude.json"),
        ConfigFile(Client.CLAUDE_CODE, _managed(environment, platform)),
        ConfigFile(Client.CURSOR, home / ".cursor" / "mcp.json"),
        *(ConfigFile(Client.VS_CODE, user / name) for user in code for name in ("mcp.json", "settings.json")),
        ConfigFile(Client.WINDSURF, home / ".codeium" / "windsurf" / "mcp_config.json"),
        ConfigFile(Client.CODEX, codex / "config.toml"),
    ]


def _settings_directory(home: Path, environment: Mapping[str, str], platform: str) -> Path:
    if platform == "darwin":
        return home / "Library" / "Application Support"
    if platform == "win32":
        return Path(environment["APPDATA"]) if environment.get("APPDATA") else home / "AppData" / "Roaming"
    return Path(environment["XDG_CONFIG_HOME"]) if environment.get("XDG_CONFIG_HOME") else home / ".config"


def _managed(environment: Mapping[str, str], platform: str) -> Path:
    if platform == "darwin":
        return Path("/Library/Application Support/ClaudeCode/managed-mcp.json")
    if platform == "win32":
        return Path(environment.get("PROGRAMFILES") or "C:/Program Files") / "ClaudeCode" / "managed-mcp.json"
    return Path("/etc/claude-code/managed-mcp.json")
