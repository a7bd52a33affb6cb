"""What command lines add to a client's configuration."""

from __future__ import annotations

from typing import Any

import pytest

from yett.scan.adding import Unclear, added_by


def one(command: str) -> tuple[str, dict[str, Any]]:
    (entry,) = added_by(command)
    return entry.name, entry.value


@pytest.mark.parametrize(
    ("command", "name", "value"),
    [
        ("claude mcp add notes -- npx -y notes-mcp@1", "notes", {"command": "npx", "args": ["-y", "notes-mcp@1"], "env": {}}),
        (
            "claude mcp add --scope user -e KEY=1 --env B=2 notes -- npx notes-mcp -s x",
            "notes",
            {"command": "npx", "args": ["notes-mcp", "-s", "x"], "env": {"KEY": "1", "B": "2"}},
        ),
        ("claude mcp add -e A=1 B=2 notes -- x", "notes", {"command": "x", "args": [], "env": {"A": "1", "B": "2"}}),
        ("claude mcp add notes npx -y notes-mcp", "notes", {"command": "npx", "args": ["-y", "notes-mcp"], "env": {}}),
        (
            "claude mcp add --transport http far https://a.example/mcp --header 'Authorization: Bearer x'",
            "far",
            {"type": "http", "url": "https://a.example/mcp", "headers": {}},
        ),
        (
            "claude mcp add -t sse -H 'X-Key: 1' far https://a.example/sse",
            "far",
            {"type": "sse", "url": "https://a.example/sse", "headers": {"X-Key": " 1"}},
        ),
        ('claude mcp add-json far \'{"url": "https://a.example"}\'', "far", {"url": "https://a.example"}),
        ("codex mcp add far --url https://a.example/mcp", "far", {"type": "http", "url": "https://a.example/mcp", "headers": {}}),
        ("codex mcp add notes --env K=1 -- npx x", "notes", {"command": "npx", "args": ["x"], "env": {"K": "1"}}),
        ("gemini mcp add -s user notes node server.js", "notes", {"command": "node", "args": ["server.js"], "env": {}}),
        ("cd x && FOO=1 claude mcp add notes -- y", "notes", {"command": "y", "args": [], "env": {}}),
        ("npx @anthropic-ai/claude-code mcp add notes -- y", "notes", {"command": "y", "args": [], "env": {}}),
    ],
)
def test_the_server_is_read_from_the_command_line(command: str, name: str, value: dict[str, Any]) -> None:
    assert one(command) == (name, value)


def test_several_commands_of_one_line_each_count() -> None:
    assert [entry.name for entry in added_by("claude mcp add a -- x; claude mcp add b -- y\nclaude mcp add c -- z")] == [
        "a", "b", "c",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "command",
    [
        "ls", "claude mcp list", "claude mcp remove x", "echo claude mcp list", "cat .mcp.json", "jq . .mcp.json > out.json",
        "cp .mcp.json backup.json", "git add .mcp.json", "sed s/a/b/ .mcp.json", "grep -i x .mcp.json", "echo '", "x 'a.json",
    ],
)  # fmt: skip
def test_what_adds_nothing_adds_nothing(command: str) -> None:
    assert added_by(command) == []


@pytest.mark.parametrize(
    "command",
    [
        "claude mcp add",
        "claude mcp add x",
        "claude mcp add-json x '{'",
        "claude mcp add-json x '[1]'",
        "claude mcp add-from-claude-desktop",
        "claude mcp add 'x -- y",
        "echo '{}' > .mcp.json",
        "cat x >> ~/.cursor/mcp.json",
        "jq . x | tee .mcp.json",
        "cp other.json .mcp.json",
        "sed -i s/a/b/ .vscode/mcp.json",
        "mv a /home/me/.claude.json",
    ],
)
def test_what_cannot_be_told_is_said_to_be_unclear(command: str) -> None:
    with pytest.raises(Unclear):
        added_by(command)
