"""Our hook in the settings of Claude Code, and everything else as it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from yett.app.claude_hooks import install, remove, settings_file
from yett.errors import OperatorFault

THEIRS = """{
    "permissions": {"deny": ["Read(./.env)"]},
    "hooks": {
        "PreToolUse": [{"matcher": "Bash", "hooks": [{"type": "command", "command": "./check ü"}]}],
        "Stop": [{"hooks": [{"type": "command", "command": "say done"}]}]
    }
}
"""
COMMAND = "/opt/bin/yett scan hook"


def test_the_hook_is_put_in_once_and_everything_else_stays(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text(THEIRS)
    path.chmod(0o640)
    assert install(path, COMMAND)
    first = path.read_bytes()
    assert not install(path, COMMAND)
    assert path.read_bytes() == first
    assert path.stat().st_mode & 0o777 == 0o640
    value, theirs = json.loads(first), json.loads(THEIRS)
    assert list(value) == list(theirs)
    assert value["hooks"]["Stop"] == theirs["hooks"]["Stop"]
    assert value["hooks"]["PreToolUse"][0] == theirs["hooks"]["PreToolUse"][0]
    assert value["hooks"]["PreToolUse"][1] == {
        "matcher": "Write|Edit|MultiEdit|Bash",
        "hooks": [{"type": "command", "command": COMMAND, "timeout": 30}],
    }
    assert b"\n    " in first
    assert "ü".encode() in first


def test_taken_out_it_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text(THEIRS)
    install(path, "yett scan hook")
    install(path, COMMAND)
    assert path.read_text().count("scan hook") == 1
    assert remove(path)
    assert json.loads(path.read_text()) == json.loads(THEIRS)
    assert not remove(path)
    fresh = tmp_path / "a" / "settings.json"
    assert not remove(fresh)
    assert install(fresh, COMMAND)
    assert remove(fresh)
    assert fresh.read_text() == "{}\n"
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith(".")] == []


def test_a_hook_of_ours_beside_others_in_a_group_is_taken_out_alone(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    hooks = [{"type": "command", "command": COMMAND}, {"type": "command", "command": "other"}]
    path.write_text(json.dumps({"hooks": {"PreToolUse": [{"matcher": "Bash", "hooks": hooks}]}}))
    assert remove(path)
    assert json.loads(path.read_text())["hooks"]["PreToolUse"][0]["hooks"] == [hooks[1]]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text("{}")
    (tmp_path / "settings.json").symlink_to("real.json")
    install(tmp_path / "settings.json", COMMAND)
    assert (tmp_path / "settings.json").is_symlink()
    assert "scan hook" in (tmp_path / "real.json").read_text()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{\n// no\n}", r"no JSON \(line 2\)"),
        ("[]", "no object"),
        ('{"hooks": []}', "`hooks` is not"),
        ('{"hooks": {"PreToolUse": {}}}', "`hooks` is not"),
        ('{"a": 1, "a": 2}', "one way"),
        ("\ud800", "UTF-8"),
    ],
)
def test_a_file_that_is_not_understood_is_left_alone(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(OperatorFault, match=why):
        install(path, COMMAND)
    with pytest.raises(OperatorFault, match=why):
        remove(path)
    assert path.read_bytes() == text.encode("utf-8", "surrogatepass")


def test_the_file_is_the_projects_or_the_users(tmp_path: Path) -> None:
    assert settings_file({}, tmp_path, project=True) == Path(".claude/settings.json")
    assert settings_file({}, tmp_path, project=False) == tmp_path / ".claude" / "settings.json"
    assert settings_file({"CLAUDE_CONFIG_DIR": "/x"}, tmp_path, project=False) == Path("/x/settings.json")
