"""The demonstration keeps what it promises, and says so when it cannot."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.programs import require_program
from yett.cli.demo import _hidden
from yett.demo import agent, show, stage, story
from yett.demo.show import _failures
from yett.demo.stage import Stage
from yett.errors import OperatorFault
from yett.policy.document import read_policy
from yett.settings import Settings

YETT = str(Path(sys.executable).parent / "yett")


@pytest.fixture
def built(tmp_path: Path) -> Stage:
    require_program("git")
    return Stage(stage._repository(tmp_path / "repository"), Settings(config_path=None, state_dir=tmp_path))


@pytest.mark.timeout(120)
def test_every_decision_of_the_demonstration_is_as_stated_in_the_log_and_in_the_repository(tmp_path: Path) -> None:
    require_program("git")
    done = subprocess.run(
        [YETT, "demo", "--check", "--json"], cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["passed"]
    assert [(scene["tool"], scene["decision"], scene["code"]) for scene in told["scenes"]] == [
        (scene.tool, scene.decision, scene.code) for scene in story.SCENES
    ]
    assert story.HIDDEN_TOOL not in told["tools"]
    assert {scene.code for scene in story.SCENES} >= {None, "require_failed", "limit_exceeded", "hidden"}


def test_the_policy_of_the_demonstration_is_a_policy(tmp_path: Path) -> None:
    read_policy(json.dumps(story.policy(tmp_path)).encode())


def test_the_repository_shows_what_really_happened(built: Stage) -> None:
    assert built.has_branch("main")
    assert not built.has_branch("agent/fix-typo")
    assert built.still_staged()
    stage._git(built.repository, "branch", "agent/fix-typo")
    stage._git(built.repository, "reset", "--quiet")
    assert built.has_branch("agent/fix-typo")
    assert not built.still_staged()


def test_an_effect_that_did_not_happen_and_a_record_that_is_missing_are_told(built: Stage) -> None:
    scene = story.SCENES[1]
    failures = _failures(built, scene, agent.Reply("Created", refused=False), None)
    assert failures == ["the decision log has no record of it", "branch agent/fix-typo is missing"]


def test_a_denial_that_was_answered_as_a_success_is_told(built: Stage) -> None:
    failures = show._failures(built, story.SCENES[2], agent.Reply("Created", refused=False), None)
    assert "the agent was answered otherwise" in failures


def test_a_list_that_shows_the_hidden_tool_or_nothing_at_all_does_not_pass() -> None:
    assert _hidden(["git_status"])
    assert not _hidden([story.HIDDEN_TOOL, "git_status"])
    assert not _hidden([])


def test_without_git_the_demonstration_says_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OperatorFault, match="needs git on this machine"):
        stage._repository(tmp_path / "repository")


def test_without_the_extra_the_demonstration_names_it(tmp_path: Path) -> None:
    program = "import sys; sys.modules['mcp'] = None; from yett.cli.main import main; sys.exit(main(['demo', '--check']))"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 3
    assert "pip install 'yett[demo]'" in done.stderr


def test_the_picture_in_the_readme_shows_these_scenes() -> None:
    picture = (Path(__file__).parents[2] / "docs" / "demo.svg").read_text(encoding="utf-8").replace("&#160;", " ")
    for scene in story.SCENES:
        assert f"{scene.tool}(" in picture
        assert (scene.code or "allowed") in picture
    assert "src: url" not in picture, "nothing is fetched to look at it"
