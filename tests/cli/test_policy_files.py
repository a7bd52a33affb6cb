"""`yett policy check|fmt|test|schema` as a person runs them: output, exit status, files."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema_rs
import pytest

from yett.cli.main import main
from yett.cli.policy_source import read_source
from yett.cli.policy_text import canonical_text

GOOD = """{
  "version": "1", "default": "deny",
  "tools": {"pay": {"rate_limit": {"max": 5, "window": 60}}, "drop_*": {"action": "hide"}}
}
"""
BAD = """{
  "version": "1",
  "default": "deny",
  "tools": {
    "pay": {"deny_if": [
      {"path": "args.amount", "op": "gtt", "value": 100}
    ]},
    "a/b": {"limit": []}
  }
}
"""
HOLDS = {
    "name": "holds",
    "policy": {"version": "1", "default": "allow"},
    "steps": [{"call": {"name": "t"}, "expect": "allow"}],
}
FAILS = {**HOLDS, "name": "fails", "steps": [{"call": {"name": "t"}, "expect": "deny"}]}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    (tmp_path / "good.json").write_text(GOOD)
    (tmp_path / "bad.json").write_text(BAD)
    return tmp_path


def stdin(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


# --- check ------------------------------------------------------------------------------------------------------------------


def test_a_good_policy_is_said_to_be_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "check", "good.json"]) == 0
    assert capsys.readouterr().out == "good.json: ok (default deny, 2 rules, 1 counter)\n"


def test_every_error_is_shown_with_line_pointer_and_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "check", "bad.json"]) == 1
    assert capsys.readouterr().out == (
        "bad.json:6:31: error: `gtt` is not one of the words for this key\n"
        "    at /tools/pay/deny_if/0/op\n"
        "    did you mean `gt`?\n"
        "bad.json:8:13: error: unknown key `limit`\n"
        "    at /tools/a~1b/limit\n"
        "    did you mean `limits`?\n"
    )


def test_errors_are_shown_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "check", "good.json", "bad.json", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is False
    assert [len(file["errors"]) for file in report["files"]] == [0, 2]
    assert report["files"][1]["errors"][0] == {
        "pointer": "/tools/pay/deny_if/0/op",
        "message": "`gtt` is not one of the words for this key",
        "hint": "did you mean `gt`?",
        "line": 6,
        "column": 31,
    }


def test_a_yaml_policy_is_read_by_its_name_or_by_demand(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = 'version: "1"\ndefault: deny\ntools:\n  pay:\n    deny_iff: []\n'
    (folder / "p.yaml").write_text(text)
    assert main(["policy", "check", "p.yaml"]) == 1
    assert capsys.readouterr().out.startswith("p.yaml:5:5: error: unknown key `deny_iff`")
    stdin(monkeypatch, text)
    assert main(["policy", "check", "--yaml", "-"]) == 1
    assert capsys.readouterr().out.startswith("<stdin>:5:5: error: ")


@pytest.mark.parametrize(
    ("name", "text", "where"),
    [("a.json", '{"version": "1",\n "default": }', "a.json:2:13: "), ("a.yaml", "version: '1'\n  default: [", "a.yaml:2:3: ")],
)
def test_a_text_that_cannot_be_read_is_shown_where_it_breaks_off(
    name: str, text: str, where: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / name).write_text(text)
    assert main(["policy", "check", name]) == 1
    assert capsys.readouterr().out.startswith(where + "error: not readable as")


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_a_file_that_cannot_be_read_at_all_is_another_matter(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "check", name]) == 3
    assert f"cannot read `{name}`" in capsys.readouterr().err


def test_a_terminal_is_not_told_what_to_do_by_a_policy(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "evil.json").write_text('{"version": "1", "default": "deny", "\\u001b[31m\\n": 1}')
    assert main(["policy", "check", "evil.json"]) == 1
    assert "\x1b" not in capsys.readouterr().out


# --- fmt ----------------------------------------------------------------------------------------------------------------------

CANONICAL = """{
  "version": "1",
  "default": "deny",
  "hide": ["drop_*"],
  "tools": {
    "pay": {"limits": [{"counter": "pay_rate", "window": 60, "max": 5, "scope": "session"}]},
    "drop_*": {}
  }
}
"""


def test_the_canonical_form_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "fmt", "good.json"]) == 0
    assert capsys.readouterr().out == CANONICAL


def test_files_are_rewritten_in_place_with_their_permissions(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "good.json").chmod(0o640)
    (folder / "link.json").symlink_to("good.json")
    assert main(["policy", "fmt", "--write", "link.json"]) == 0
    assert capsys.readouterr().out == "link.json: rewritten\n"
    assert (folder / "good.json").read_text() == CANONICAL
    assert (folder / "good.json").stat().st_mode & 0o777 == 0o640
    assert (folder / "link.json").is_symlink()
    assert sorted(path.name for path in folder.iterdir()) == ["bad.json", "good.json", "link.json"]


def test_a_check_changes_nothing_and_says_what_it_would_change(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "fmt", "--check", "good.json"]) == 1
    assert capsys.readouterr().out == "good.json: not in canonical form\n"
    assert (folder / "good.json").read_text() == GOOD
    main(["policy", "fmt", "--write", "good.json"])
    assert main(["policy", "fmt", "--check", "good.json"]) == 0


def test_a_policy_with_errors_is_not_formatted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "fmt", "--write", "bad.json"]) == 1
    said = capsys.readouterr()
    assert "bad.json is no policy (2 errors)" in said.err
    assert "/tools/pay/deny_if/0/op: " in said.err
    assert (folder / "bad.json").read_text() == BAD


YAML = """# yaml-language-server: $schema=policy.json
# who may pay

version: "1"
default: deny
tools:
  on: {}
  "1": {}
  pay:
    require: [{path: args.note, op: regex, value: "^ a: #b$"}, {path: args.n, op: lte, value: 1e2}]
"""


def test_yaml_stays_yaml_and_keeps_the_comments_at_its_head(folder: Path) -> None:
    (folder / "p.yaml").write_text(YAML)
    before = read_source(folder / "p.yaml").policy()
    assert main(["policy", "fmt", "--write", "p.yaml"]) == 0
    text = (folder / "p.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=policy.json\n# who may pay\n\nversion: '1'\ndefault: deny\n")
    source = read_source(folder / "p.yaml")
    assert source.policy() == before
    assert canonical_text(before, source) == text


@pytest.mark.parametrize(
    "text",
    [
        YAML.replace("on: {}", "on: {}  # why"),
        YAML.replace("tools:", "# why\ntools:"),
        YAML + "# the end\n",
        YAML.replace("default: deny", "default: deny # why"),
    ],
)
def test_comments_that_would_be_lost_are_not(text: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "p.yaml").write_text(text)
    assert main(["policy", "fmt", "--write", "p.yaml"]) == 1
    assert "`--drop-comments` lets them go" in capsys.readouterr().err
    assert (folder / "p.yaml").read_text() == text
    assert main(["policy", "fmt", "--write", "--drop-comments", "p.yaml"]) == 0
    assert "why" not in (folder / "p.yaml").read_text()


def test_writing_and_checking_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "fmt", "--write", "--check", "good.json"]) == 2
    assert "do not stand together" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_stays_as_it_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / f".good.json.{os.getpid()}.new").mkdir()
    assert main(["policy", "fmt", "--write", "good.json"]) == 3
    assert "cannot write `good.json`: File exists" in capsys.readouterr().err
    assert (folder / "good.json").read_text() == GOOD


# --- test ---------------------------------------------------------------------------------------------------------------------


def scenarios(folder: Path, name: str, *found: Any) -> str:
    (folder / name).write_text(json.dumps(list(found)))
    return name


def test_scenarios_that_hold_are_counted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "test", scenarios(folder, "s.json", HOLDS)]) == 0
    assert capsys.readouterr().out == "s.json: 1 of 1 scenarios hold\n"
    assert main(["policy", "test", "-v", "s.json"]) == 0
    assert "  ok   holds\n" in capsys.readouterr().out


def test_a_scenario_that_does_not_hold_is_shown_with_its_step(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "test", scenarios(folder, "s.json", HOLDS, FAILS)]) == 1
    assert capsys.readouterr().out == (
        "s.json: 1 of 2 scenarios hold\n  FAIL fails\n       step 1 (tool `t`): decision is `allow`, expected `deny`\n"
    )


def test_a_bad_file_is_worse_than_a_scenario_that_does_not_hold(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = scenarios(folder, "bad.json", {**HOLDS, "polcy": None})
    assert main(["policy", "test", bad, scenarios(folder, "s.json", FAILS)]) == 3
    said = capsys.readouterr().out
    assert "bad.json:1:123: error: unknown key `polcy`\n    at /0/polcy\n    did you mean `policy`?\n" in said
    assert "s.json: 0 of 1 scenarios hold" in said


def test_a_folder_stands_for_its_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "cases").mkdir()
    scenarios(folder / "cases", "a.json", HOLDS)
    (folder / "cases" / "b.yaml").write_text(json.dumps(HOLDS))
    (folder / "cases" / "notes.txt").write_text("none")
    assert main(["policy", "test", "cases"]) == 0
    assert capsys.readouterr().out.count("1 of 1 scenarios hold") == 2
    (folder / "empty").mkdir()
    assert main(["policy", "test", "empty"]) == 3


def test_results_are_given_to_machines(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = scenarios(folder, "s.json", HOLDS, FAILS)
    assert main(["policy", "test", name, "--json", "--junit", "j.xml"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["passed"], report["failed"]) == (1, 1)
    suite = ElementTree.parse(folder / "j.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert main(["policy", "test", name, "--junit", "nowhere/j.xml"]) == 3


# --- schema -------------------------------------------------------------------------------------------------------------------


def test_the_printed_schema_takes_a_good_policy_and_no_bad_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "schema"]) == 0
    validator = jsonschema_rs.Draft7Validator(json.loads(capsys.readouterr().out))
    assert validator.is_valid(json.loads(GOOD))
    assert not validator.is_valid(json.loads(BAD))
