"""Where clients keep their configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
    ".vs/mcp.json": Client.VS_CODE,
    "User/mcp.json": Client.VS_CODE,
    "User/settings.json": Client.VS_CODE,
    "devcontainer.json": Client.VS_CODE,
    ".devcontainer.json": Client.VS_CODE,
    "mcp-config.json": Client.COPILOT_CLI,
    ".codex/config.toml": Client.CODEX,
    ".gemini/settings.json": Client.GEMINI_CLI,
    "gemini-cli/settings.json": Client.GEMINI_CLI,
    "mcp_config.json": Client.WINDSURF,
    "opencode.json": Client.OPENCODE,
    "opencode.jsonc": Client.OPENCODE,
    ".zed/settings.json": Client.ZED,
    "zed/settings.json": Client.ZED,
    "Zed/settings.json": Client.ZED,
    "cline_mcp_settings.json": Client.CLINE,
    "mcp_settings.json": Client.ROO_CODE,
    ".roo/mcp.json": Client.ROO_CODE,
    ".continue/config.yaml": Client.CONTINUE,
    "goose/config.yaml": Client.GOOSE,
    "goose/config/config.yaml": Client.GOOSE,
    ".junie/mcp/mcp.json": Client.JUNIE,
    "github-copilot/intellij/mcp.json": Client.JETBRAINS_COPILOT,
    ".lmstudio/mcp.json": Client.LM_STUDIO,
    ".kiro/settings/mcp.json": Client.KIRO,
    ".amazonq/mcp.json": Client.AMAZON_Q,
    "amazonq/mcp.json": Client.AMAZON_Q,
    "mcp.json": Client.ANY,
}
"""Files by the last part of their path, or the last two or three."""
BY_FOLDER: Final[Mapping[str, Client]] = {".continue/mcpServers": Client.CONTINUE}
"""Folders whose YAML and JSON files are configuration, whatever they are called."""
BY_SUFFIX: Final[Mapping[str, Client]] = {".code-workspace": Client.VS_CODE}
SKIPPED: Final = frozenset(
    {".git", ".hg", ".svn", "node_modules", ".venv", "venv", "__pycache__", ".tox", ".mypy_cache", ".ruff_cache", "site-packages"}
)
"""Directories of what others wrote, or of nothing."""
_LISTED: Final = frozenset({".yaml", ".yml", ".json"})
_EDITORS: Final = ("Code", "Code - Insiders", "VSCodium", "Cursor", "Windsurf")
"""Editors that keep the settings of extensions in the same way."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder whose files, as far as `pattern` fits, are configuration of this client."""

    client: Client
    path: Path
    pattern: str


@dataclass(frozen=True, slots=True)
class _User:
    """Whose files are looked for, and where programs keep them on this platform."""

    home: Path
    environment: Mapping[str, str]
    platform: str

    def named(self, variable: str, otherwise: Path) -> Path:
        """The path that a variable of the environment gives, or the usual one."""
        return Path(self.environment[variable]) if self.environment.get(variable) else otherwise

    @property
    def settings(self) -> Path:
        """Where programs with windows keep their settings."""
        if self.platform == "darwin":
            return self.home / "Library" / "Application Support"
        if self.platform == "win32":
            return self.named("APPDATA", self.home / "AppData" / "Roaming")
        return self.config

    @property
    def config(self) -> Path:
        """Where programs of the terminal keep theirs, on every platform."""
        return self.named("XDG_CONFIG_HOME", self.home / ".config")


def client_of(path: Path) -> Client | None:
    """Whose file this is, by its name; None where the name says nothing."""
    for count in (3, 2, 1):
        client = BY_NAME.get("/".join(path.parts[-count:]))
        if client is not None:
            return client
    folder = BY_FOLDER.get("/".join(path.parts[-3:-1]))
    if folder is not None and path.suffix in _LISTED:
        return folder
    return BY_SUFFIX.get(path.suffix)


def user_files(home: Path, environment: Mapping[str, str], platform: str) -> list[ConfigFile]:
    """The configuration files that this user's clients read; most will not be there. `platform` is as `sys.platform` says it."""
    user = _User(home, environment, platform)
    rows = [*_applications(user), *_terminal(user), *_extensions(user)]
    return [ConfigFile(client, path) for client, path in dict.fromkeys(rows)]


def user_folders(home: Path, environment: Mapping[str, str], platform: str) -> list[Folder]:
    """Folders of this user in which any file that fits is configuration."""
    user = _User(home, environment, platform)
    profiles = [Folder(Client.VS_CODE, user.settings / editor / "User" / "profiles", "*/mcp.json") for editor in _EDITORS[:3]]
    return [*profiles, *(Folder(Client.CONTINUE, home / ".continue" / "mcpServers", f"*{suffix}") for suffix in sorted(_LISTED))]


def _applications(user: _User) -> Iterator[tuple[Client, Path]]:
    """Programs with windows."""
    base = user.settings
    yield Client.CLAUDE_DESKTOP, base / "Claude" / "claude_desktop_config.json"
    yield Client.CURSOR, user.home / ".cursor" / "mcp.json"
    for editor in _EDITORS[:3]:
        for name in ("mcp.json", "settings.json"):
            yield Client.VS_CODE, base / editor / "User" / name
    yield Client.WINDSURF, user.home / ".codeium" / "windsurf" / "mcp_config.json"
    yield Client.WINDSURF, user.home / ".codeium" / "mcp_config.json"
    yield Client.ZED, (base / "Zed" if user.platform == "win32" else user.config / "zed") / "settings.json"
    yield Client.LM_STUDIO, user.home / ".lmstudio" / "mcp.json"
    yield Client.JUNIE, user.home / ".junie" / "mcp" / "mcp.json"
    local = user.named("LOCALAPPDATA", user.home / "AppData" / "Local") if user.platform == "win32" else user.config
    yield Client.JETBRAINS_COPILOT, local / "github-copilot" / "intellij" / "mcp.json"
    yield Client.KIRO, user.home / ".kiro" / "settings" / "mcp.json"


def _terminal(user: _User) -> Iterator[tuple[Client, Path]]:
    """Programs of the terminal."""
    yield Client.CLAUDE_CODE, user.named("CLAUDE_CONFIG_DIR", user.home) / ".claude.json"
    yield Client.CLAUDE_CODE, _system(user, "ClaudeCode", "claude-code") / "managed-mcp.json"
    yield Client.COPILOT_CLI, user.named("COPILOT_HOME", user.home / ".copilot") / "mcp-config.json"
    yield Client.CODEX, user.named("CODEX_HOME", user.home / ".codex") / "config.toml"
    yield Client.GEMINI_CLI, user.home / ".gemini" / "settings.json"
    system = _system(user, "GeminiCli", "gemini-cli") / "settings.json"
    yield Client.GEMINI_CLI, user.named("GEMINI_CLI_SYSTEM_SETTINGS_PATH", system)
    for name in ("opencode.json", "opencode.jsonc", "config.json"):
        yield Client.OPENCODE, user.named("OPENCODE_CONFIG_DIR", user.config / "opencode") / name
    if user.environment.get("OPENCODE_CONFIG"):
        yield Client.OPENCODE, Path(user.environment["OPENCODE_CONFIG"])
    goose = user.settings / "Block" / "goose" / "config" if user.platform == "win32" else user.config / "goose"
    yield Client.GOOSE, goose / "config.yaml"
    yield Client.AMAZON_Q, user.home / ".aws" / "amazonq" / "mcp.json"


def _extensions(user: _User) -> Iterator[tuple[Client, Path]]:
    """Extensions of editors."""
    for editor in _EDITORS:
        storage = user.settings / editor / "User" / "globalStorage"
        yield Client.CLINE, storage / "saoudrizwan.claude-dev" / "settings" / "cline_mcp_settings.json"
        yield Client.ROO_CODE, storage / "rooveterinaryinc.roo-cline" / "settings" / "mcp_settings.json"
    cline = user.home / ".cline" / "data" / "settings" / "cline_mcp_settings.json"
    yield Client.CLINE, user.named("CLINE_MCP_SETTINGS_PATH", cline)
    yield Client.CONTINUE, user.home / ".continue" / "config.yaml"


def _system(user: _User, name: str, short: str) -> Path:
    """Where whoever looks after this machine configures a program for all its users."""
    if user.platform == "darwin":
        return Path("/Library/Application Support") / name
    if user.platform == "win32" and name == "ClaudeCode":
        return Path(user.environment.get("PROGRAMFILES") or "C:/Program Files") / name
    if user.platform == "win32":
        return Path(user.environment.get("PROGRAMDATA") or "C:/ProgramData") / short
    return Path("/etc") / short
