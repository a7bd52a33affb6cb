"""Where configuration files are looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scan.client_files import CASES, Case
from yett.scan.model import Client
from yett.scan.places import client_of, user_files, user_folders

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
    assert found("linux")["Windsurf"][:1] == ["/home/me/.codeium/windsurf/mcp_config.json"]


@pytest.mark.parametrize(
    ("platform", "client", "path"),
    [
        ("win32", "Cursor", "/home/me/.cursor/mcp.json"),
        ("darwin", "VS Code", "/home/me/Library/Application Support/Code/User/mcp.json"),
        ("win32", "VS Code", "/roaming/Code/User/mcp.json"),
        ("linux", "Zed", "/home/me/.config/zed/settings.json"),
        ("darwin", "Zed", "/home/me/.config/zed/settings.json"),
        ("win32", "Zed", "/roaming/Zed/settings.json"),
        ("win32", "Goose", "/roaming/Block/goose/config/config.yaml"),
        ("darwin", "Goose", "/home/me/.config/goose/config.yaml"),
        ("win32", "opencode", "/home/me/.config/opencode/opencode.json"),
        ("win32", "Copilot for JetBrains", "/local/github-copilot/intellij/mcp.json"),
        ("darwin", "Copilot for JetBrains", "/home/me/.config/github-copilot/intellij/mcp.json"),
        ("darwin", "Gemini CLI", "/Library/Application Support/GeminiCli/settings.json"),
        ("win32", "Gemini CLI", "C:/ProgramData/gemini-cli/settings.json"),
        ("linux", "Gemini CLI", "/etc/gemini-cli/settings.json"),
        ("linux", "Claude Code", "/etc/claude-code/managed-mcp.json"),
        ("darwin", "Claude Code", "/Library/Application Support/ClaudeCode/managed-mcp.json"),
        ("win32", "Claude Code", "C:/Program Files/ClaudeCode/managed-mcp.json"),
        (
            "linux",
            "Cline",
            "/home/me/.config/VSCodium/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json",
        ),
        ("darwin", "LM Studio", "/home/me/.lmstudio/mcp.json"),
    ],
)
def test_each_client_has_its_place_on_each_platform(platform: str, client: str, path: str) -> None:
    assert path in found(platform, APPDATA="/roaming", LOCALAPPDATA="/local")[client]


@pytest.mark.parametrize(
    ("variable", "client", "path"),
    [
        ("CLAUDE_CONFIG_DIR", "Claude Code", "/o/.claude.json"),
        ("CODEX_HOME", "Codex", "/o/config.toml"),
        ("COPILOT_HOME", "Copilot CLI", "/o/mcp-config.json"),
        ("OPENCODE_CONFIG", "opencode", "/o"),
        ("OPENCODE_CONFIG_DIR", "opencode", "/o/opencode.jsonc"),
        ("CLINE_MCP_SETTINGS_PATH", "Cline", "/o"),
        ("GEMINI_CLI_SYSTEM_SETTINGS_PATH", "Gemini CLI", "/o"),
    ],
)
def test_a_variable_moves_the_place(variable: str, client: str, path: str) -> None:
    assert path in found("linux", **{variable: "/o"})[client]
    assert path not in found("linux", **{variable: ""})[client]


def test_without_variables_the_usual_folders_are_meant() -> None:
    assert "/home/me/AppData/Roaming/Claude/claude_desktop_config.json" in found("win32")["Claude Desktop"]
    assert "/home/me/AppData/Local/github-copilot/intellij/mcp.json" in found("win32")["Copilot for JetBrains"]
    assert "/home/me/.config/opencode/opencode.json" in found("darwin")["opencode"]


def test_folders_of_many_files_are_looked_into() -> None:
    folders = user_folders(HOME, {}, "linux")
    assert {folder.client for folder in folders} == {Client.VS_CODE, Client.CONTINUE}
    assert any(folder.path.as_posix() == "/home/me/.config/Code/User/profiles" for folder in folders)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.path)
def test_a_file_that_is_given_by_its_path_is_known_too(case: Case) -> None:
    expected = Client.ANY if "profiles" in case.path else case.client
    assert client_of(HOME / case.path) is expected


def test_a_file_of_a_repository_is_known_by_its_name() -> None:
    assert client_of(Path("a/.mcp.json")) is Client.CLAUDE_CODE
    assert client_of(Path("a/.cursor/mcp.json")) is Client.CURSOR
    assert client_of(Path("a/.vscode/mcp.json")) is Client.VS_CODE
    assert client_of(Path("a/.codex/config.toml")) is Client.CODEX
    assert client_of(Path("a/config.toml")) is None
    for name, client in (
        (".gemini/settings.json", Client.GEMINI_CLI),
        (".zed/settings.json", Client.ZED),
        (".roo/mcp.json", Client.ROO_CODE),
        ("opencode.jsonc", Client.OPENCODE),
        (".continue/mcpServers/a.yaml", Client.CONTINUE),
        (".kiro/settings/mcp.json", Client.KIRO),
        (".junie/mcp/mcp.json", Client.JUNIE),
        ("x.code-workspace", Client.VS_CODE),
        (".devcontainer/devcontainer.json", Client.VS_CODE),
        ("a/settings.json", None),
        (".continue/mcpServers/a.txt", None),
    ):
        assert client_of(Path("a", name)) is client
