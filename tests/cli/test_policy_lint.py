"""`yett policy lint`: formats, severities, tool lists."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from yett.cli.main import main
from yett.cli.output import CommandError
from yett.cli.policy_lint import read_tools

POLICY = """{
  "version": "1",
  "default": "deny",
  "tools": {
    "pay": {"deny_if": [{"path": "args.amount", "op": "gt", "value": 100}]},
    "*": {}
  },
  "risk": {"Read": {}, "Unknown": {}}
}
"""
TOOLS = [{"name": "pay", "inputSchema": {"type": "object", "properties": {"amount": {"type": "string"}}}}]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    (tmp_path / "p.json").write_text(POLICY)
    (tmp_path / "clean.json").write_text('{"version": "1", "default": "deny"}')
    (tmp_path / "tools.json").write_text(json.dumps({"tools": TOOLS}))
    return tmp_path


def test_findings_are_shown_with_place_code_and_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "lint", "p.json"]) == 1
    said = capsys.readouterr()
    assert said.out == (
        "p.json:6:5: error: `*` fits every tool, so no rule of `risk` is ever used [star-beside-risk]\n"
        "    at /tools/*\n"
        "    remove it, or put its rule under `risk`\n"
        "p.json:5:25: warning: a call without `args.amount` is not denied here [absent-path]\n"
        "    at /tools/pay/deny_if/0\n"
        '    add `{"path": "args.amount", "op": "exists", "value": true}` to `require`\n'
    )
    assert said.err == "1 error, 1 warning\n"


def test_a_clean_policy_has_no_findings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "lint", "clean.json"]) == 0
    assert capsys.readouterr() == ("", "no findings\n")


def test_tools_make_the_linter_see_more(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    main(["policy", "lint", "p.json", "--tools", "tools.json"])
    assert "[type-mismatch]" in capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps(TOOLS).encode())))
    main(["policy", "lint", "p.json", "--tools", "-"])
    assert "[type-mismatch]" in capsys.readouterr().out


@pytest.mark.parametrize("wrapped", [TOOLS, {"tools": TOOLS}, {"jsonrpc": "2.0", "id": 1, "result": {"tools": TOOLS}}])
def test_a_list_of_tools_may_come_as_it_came(wrapped: Any, folder: Path) -> None:
    (folder / "t.json").write_text(json.dumps(wrapped))
    assert [tool.name for tool in read_tools(folder / "t.json")] == ["pay"]


@pytest.mark.parametrize("text", ["{", "5", "{}", '{"tools": {}}', '[{"title": "x"}]', "[5]"])
def test_a_file_without_tools_is_refused(text: str, folder: Path) -> None:
    (folder / "t.json").write_text(text)
    with pytest.raises(CommandError):
        read_tools(folder / "t.json")


@pytest.mark.parametrize(
    ("level", "status"), [("error", 1), ("ERROR", 1), ("warning", 1), ("Note", 1), ("never", 0), ("high", 2), ("", 2)]
)
def test_the_severity_that_fails_is_chosen_whatever_its_case(level: str, status: int) -> None:
    assert main(["policy", "lint", "p.json", "--fail-on", level]) == status


def test_a_warning_fails_only_where_it_should(folder: Path) -> None:
    (folder / "w.json").write_text('{"version": "1", "default": "allow"}')
    assert main(["policy", "lint", "w.json"]) == 0
    assert main(["policy", "lint", "w.json", "--fail-on", "warning"]) == 1


def test_an_error_of_the_policy_is_a_finding(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bad.json").write_text('{"version": "1",\n "default": "no"}')
    assert main(["policy", "lint", "bad.json"]) == 1
    assert capsys.readouterr().out.startswith("bad.json:2:2: error: `no` is not one of the words for this key [invalid]")


def test_findings_are_printed_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--json"], ["--format", "json"], ["--format", "JSON"]):
        assert main(["policy", "lint", "p.json", *arguments]) == 1
        first = json.loads(capsys.readouterr().out)[0]
        assert (first["code"], first["severity"], first["pointer"]) == ("star-beside-risk", "error", "/tools/*")
        assert (first["path"], first["line"], first["column"]) == ("p.json", 6, 5)


def test_findings_are_printed_as_sarif(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "lint", "p.json", "--format", "sarif"]) == 1
    log = json.loads(capsys.readouterr().out)
    (run,) = log["runs"]
    first = run["results"][0]
    assert log["version"] == "2.1.0"
    assert run["tool"]["driver"]["rules"][first["ruleIndex"]]["id"] == first["ruleId"] == "star-beside-risk"
    assert first["level"] == "error"
    location = first["locations"][0]
    assert location["physicalLocation"] == {"artifactLocation": {"uri": "p.json"}, "region": {"startLine": 6, "startColumn": 5}}
    assert location["logicalLocations"][0]["fullyQualifiedName"] == "/tools/*"


def test_findings_are_printed_as_github_annotations(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a,b:c.json").write_text('{"version": "1", "default": "deny", "tools": {"%\\n*": {}, "%\\n**": {}}}')
    assert main(["policy", "lint", "a,b:c.json", "--format", "github"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("::warning file=a%2Cb%3Ac.json,line=1,col=")
    assert "title=shadowed-pattern::`%25%0A*` fits every name" in line


def test_a_counter_that_starts_anew_is_found_beside_the_revision_before(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rule = '{{"version": "1", "default": "deny", "tools": {{"t": {{"limits": [{{"counter": "c", "window": "{}", "max": 1}}]}}}}}}'
    (folder / "old.json").write_text(rule.format("day"))
    (folder / "new.json").write_text(rule.format("hour"))
    assert main(["policy", "lint", "new.json", "--previous", "old.json", "--fail-on", "warning"]) == 1
    assert "[changed-counter]" in capsys.readouterr().out
    (folder / "old.json").write_text("{")
    assert main(["policy", "lint", "new.json", "--previous", "old.json"]) == 3
