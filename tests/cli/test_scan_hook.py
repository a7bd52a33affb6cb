"""`yett scan install-hook` and the hook itself, as Claude Code runs it: JSON in, JSON out, never a refusal."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.terminal import Terminal


@pytest.fixture
def user(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("HOME", str(terminal.directory / "home"))
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    return terminal


def test_the_hook_is_installed_for_the_user_or_the_project_and_removed(user: Terminal) -> None:
    mine, ours = user.directory / "home/.claude/settings.json", Path(".claude/settings.json")
    assert user.ok("scan", "install-hook").err == f"installed in {mine}\n"
    assert user.ok("scan", "install-hook").err == f"it is in {mine} already\n"
    assert user.ok("scan", "install-hook", "--project").err == f"installed in {ours}\n"
    (group,) = json.loads(ours.read_text())["hooks"]["PreToolUse"]
    assert group["hooks"][0]["command"] == "yett scan hook"
    assert user.ok("scan", "install-hook", "--remove").err == f"removed from {mine}\n"
    assert user.ok("scan", "install-hook", "--remove").err == f"it was not in {mine}\n"
    assert "scan hook" in ours.read_text()


def test_a_broken_settings_file_is_named_with_its_line_and_left_alone(user: Terminal) -> None:
    path = user.directory / "home" / ".claude" / "settings.json"
    path.parent.mkdir(parents=True)
    path.write_text("{\n\n!}")
    done = user.run("scan", "install-hook")
    assert (done.status, "line 3" in done.err, path.read_text()) == (3, True, "{\n\n!}")


def asked(terminal: Terminal, monkeypatch: pytest.MonkeyPatch, call: object) -> Any:
    text = call if isinstance(call, str) else json.dumps(call)
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    done = terminal.ok("scan", "hook")
    assert done.err == ""
    return json.loads(done.out) if done.out else None


def bash(command: str) -> dict[str, object]:
    return {"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": {"command": command}}


def test_an_unknown_server_is_a_question_and_the_secret_in_it_is_not_told(
    user: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = asked(user, monkeypatch, bash("claude mcp add x -e API_KEY=hunter2hunter2 -- npx -y unheard-of-mcp@1.0.0"))
    decision = said["hookSpecificOutput"]
    assert decision["permissionDecision"] == "ask"
    assert "ask-first" in decision["permissionDecisionReason"]
    assert "hunter2" not in json.dumps(said)


def test_what_goes_through_yett_is_a_note(user: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    said = asked(user, monkeypatch, bash("claude mcp add notes -- yett run --policy p.json -- npx notes-mcp"))
    assert list(said) == ["systemMessage"]
    assert "proceed" in said["systemMessage"]


def test_what_adds_no_server_gets_no_answer(user: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(user, monkeypatch, bash("ls -l")) is None
    assert (
        asked(user, monkeypatch, {"tool_name": "Edit", "tool_input": {"file_path": "a.py", "old_string": "a", "new_string": "b"}})
        is None
    )


def test_an_edit_of_a_configuration_is_looked_at(user: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    path = user.directory / ".mcp.json"
    path.write_text('{"mcpServers": {}}')
    edit = {"file_path": str(path), "old_string": "{}}", "new_string": '{"x": {"url": "http://tools.example/mcp"}}}'}
    said = asked(user, monkeypatch, {"tool_name": "Edit", "tool_input": edit, "cwd": "/"})
    assert "plain http" in said["hookSpecificOutput"]["permissionDecisionReason"]
    assert path.read_text() == '{"mcpServers": {}}'


@pytest.mark.parametrize(
    "call",
    ["", "[]", "{", {"tool_name": "Write", "tool_input": {"file_path": "/x/.mcp.json", "content": "{\n!"}}],
    ids=["nothing", "a list", "half", "a file that could not be read"],
)  # fmt: skip
def test_what_goes_wrong_is_visible_and_forbids_nothing(user: Terminal, monkeypatch: pytest.MonkeyPatch, call: object) -> None:
    said = asked(user, monkeypatch, call)
    assert list(said) == ["systemMessage"]
    assert said["systemMessage"].startswith("yett scan: skipped: ")


def test_a_fault_of_this_machine_is_visible_too(user: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    (user.directory / "state").mkdir(exist_ok=True)
    (user.directory / "state" / "scan.json").write_text("{")
    (user.directory / "state" / "scan.json").chmod(0o600)
    said = asked(user, monkeypatch, bash("claude mcp add x -- y"))
    assert "skipped: " in said["systemMessage"]
    assert "scan.json" in said["systemMessage"]


def test_what_is_too_large_is_skipped_visibly(user: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    call = json.dumps(bash("ls"))
    monkeypatch.setattr("yett.cli.scan_hook.INPUT_CHARS_MAX", len(call))
    assert asked(user, monkeypatch, call) is None
    assert "too large" in asked(user, monkeypatch, f"{call} ")["systemMessage"]


def test_looking_does_not_count_as_having_seen(user: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    asked(user, monkeypatch, bash("claude mcp add x -- y"))
    assert not (user.directory / "state" / "scan.json").exists()


def test_it_runs_as_the_program_that_was_installed(user: Terminal) -> None:
    """As Claude Code runs it: a shell, the call on standard input, an answer that is JSON, and status 0."""
    user.ok("scan", "install-hook", "--project")
    program = Path(sys.executable).with_name("yett")
    command = json.loads(Path(".claude/settings.json").read_text())["hooks"]["PreToolUse"][0]["hooks"][0]["command"]
    done = subprocess.run(
        command, shell=True, input=json.dumps(bash("claude mcp add x -- y")), capture_output=True, text=True, timeout=30,
        env={"PATH": f"{program.parent}:/usr/bin:/bin", "HOME": str(user.directory), "YETT_STATE_DIRECTORY": str(user.directory)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["hookSpecificOutput"]["permissionDecision"] == "ask"
