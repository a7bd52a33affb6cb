"""The demonstration keeps what it promises, and says so when it cannot."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from yett.cli.demo import _short
from yett.demo import show, story
from yett.demo.agent import Reply, Seen
from yett.demo.note import OUTLINE, PAGES
from yett.demo.sheet import draw_sheet
from yett.demo.show import Played, Shown, failures_of, seconds_to_wait
from yett.demo.stage import Stage
from yett.errors import OperatorFault
from yett.policy.document import read_policy
from yett.settings import Settings
from yett.stores.state_reader import LogEntry

YETT = str(Path(sys.executable).parent / "yett")
REFUSED = story.CALLS.scenes[11]
"""The eleventh call."""


@pytest.mark.timeout(150)
def test_every_decision_is_as_stated_in_the_log_and_in_what_the_server_holds(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    command = [YETT, "demo", "--check", "--json", "--pictures", str(sheet)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=140, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["passed"]
    assert [(scene["policy"], scene["tool"], scene["decision"], scene["code"]) for scene in told["scenes"]] == [
        (scenario.policy, scene.tool, scene.decision, scene.code) for scenario in story.SCENARIOS for scene in scenario.scenes
    ]
    assert set(told["tools"]["redbook-calls"]) >= {"generate_outline", "generate_images", "get_project", "update_outline"}
    assert story.HIDDEN_TOOL not in told["tools"]["redbook-arguments"]
    assert told["pictures"] == str(sheet)
    with Image.open(sheet) as picture:
        assert picture.width > 1_000
    eleventh = next(scene for scene in told["scenes"] if scene["code"] == "limit_exceeded")
    assert "10 a minute for this grant" in eleventh["reply"]
    assert "opens again in" in eleventh["reply"]


def test_the_first_policy_is_the_documented_rule() -> None:
    tools = story.CALLS.document["tools"]
    assert tools == {
        "generate_images": {"limits": [{"counter": "generate_images_rate", "window": "minute", "max": 10, "scope": "grant"}]},
        "generate_outline": {"limits": [{"counter": "generate_outline_rate", "window": "minute", "max": 30, "scope": "grant"}]},
        "get_project": {},
    }
    assert story.CALLS.document["default"] == "deny"
    codes = [scene.code for scene in story.CALLS.scenes if scene.tool == "generate_images"]
    assert codes == [None] * 10 + ["limit_exceeded"]


@pytest.mark.parametrize("scenario", story.SCENARIOS, ids=lambda scenario: scenario.policy)
def test_each_policy_of_the_demonstration_is_a_policy(scenario: story.Scenario) -> None:
    read_policy(json.dumps(scenario.document).encode())


def test_the_scenarios_show_every_kind_of_denial_that_a_rule_can_make() -> None:
    codes = {scene.code for scenario in story.SCENARIOS for scene in scenario.scenes}
    assert codes == {None, "limit_exceeded", "not_listed", "require_failed", "hidden", "approval_required", "approval_denied"}


def test_the_note_has_as_many_pages_as_the_story_says() -> None:
    assert OUTLINE.count("<page>") == OUTLINE.count("</page>") == PAGES


def at(second: int) -> int:
    return int(datetime(2026, 11, 22, 10, 59, second, tzinfo=UTC).timestamp()) * 10**9


@pytest.mark.parametrize(("second", "waits"), [(0, 0), (40, 0), (41, 19), (59, 1)])
def test_a_fresh_minute_is_waited_for_when_fewer_than_twenty_seconds_are_left(second: int, waits: int) -> None:
    assert seconds_to_wait(at(second)) == waits


def seen(*drawn: int, pages: int = PAGES) -> Seen:
    return Seen(pages, frozenset(drawn))


EVERYTHING = seen(*range(1, PAGES + 1))


def test_a_record_that_is_missing_and_a_denial_that_was_answered_as_a_success_are_told() -> None:
    failures = failures_of(REFUSED, Reply("{}", refused=False), None, EVERYTHING)
    assert failures == ["the decision log has no record of it", "the agent was answered otherwise"]


def test_another_decision_than_stated_is_told() -> None:
    entry = _entry("allow", None)
    failures = failures_of(REFUSED, Reply("no", refused=True), entry, EVERYTHING)
    assert failures == ["the log says allow"]


def _entry(decision: str, code: str | None) -> LogEntry:
    others: dict[str, Any] = dict.fromkeys(field.name for field in fields(LogEntry))  # only two are looked at
    return LogEntry(**{**others, "decision": decision, "code": code})


def test_pictures_that_should_not_be_there_and_a_note_that_was_rewritten_are_told() -> None:
    failures = failures_of(REFUSED, Reply("no", refused=True), _entry("deny", "limit_exceeded"), seen(1, 2, pages=1))
    assert failures == ["the server holds a note of 1 pages", "the server holds pictures of pages [1, 2]"]


def test_a_list_that_shows_the_hidden_tool_or_nothing_at_all_does_not_pass() -> None:
    fine = Shown(story.CALLS, REFUSED, Reply("no", refused=True), None, ())
    played = Played((fine,), {story.ARGUMENTS.policy: ("generate_images",)}, "p")
    assert (played.hidden, played.wrong) == (True, 0)
    for tools in ((story.HIDDEN_TOOL, "generate_images"), ()):
        assert replace(played, tools={story.ARGUMENTS.policy: tools}).wrong == 1
    assert replace(played, scenes=(replace(fine, failures=("x",)),)).wrong == 1


def test_a_long_argument_is_shown_by_its_beginning_on_one_line() -> None:
    assert _short("one\ntwo") == "one two"
    assert _short([1, 2]) == "[1, 2]"
    assert len(_short(OUTLINE)) == 40


def test_without_the_server_or_the_client_the_demonstration_names_the_extra(tmp_path: Path) -> None:
    for absent in ("mcp", "redbook_mcp"):
        program = (
            f"import sys; sys.modules['{absent}'] = None; from yett.cli.main import main; sys.exit(main(['demo', '--check']))"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False
        )
        assert done.returncode == 3
        assert "pip install 'yett[demo]'" in done.stderr


def test_a_sheet_that_cannot_be_drawn_is_told_with_its_reason(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "notes", Settings(config_path=None, state_dir=tmp_path))
    with pytest.raises(OperatorFault, match=r"could not be drawn.*PROJECT_NOT_FOUND"):
        draw_sheet(stage, "00000000-0000-4000-8000-000000000000", tmp_path / "sheet.png")


def test_the_picture_in_the_readme_shows_these_scenes() -> None:
    picture = (Path(__file__).parents[2] / "docs" / "demo.svg").read_text(encoding="utf-8").replace("&#160;", " ")
    for scenario in story.SCENARIOS:
        for scene in scenario.scenes:
            assert f"{scene.tool}(" in picture
            assert (scene.code or "allowed") in picture
    assert "src: url" not in picture, "nothing is fetched to look at it"
    assert show.ROOM_S == 20
