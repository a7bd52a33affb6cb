"""What docs/scan.md says of `yett scan` and of the action is so."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any, Final

import pytest
from ruamel.yaml import YAML

from tests.cli.terminal import Terminal
from yett.scan.findings import Code
from yett.scan.model import Advice, Client

ROOT: Final = Path(__file__).parents[2]
TEXT: Final = (ROOT / "docs" / "scan.md").read_text("utf-8")
ACTION: Final[dict[str, Any]] = YAML(typ="safe", pure=True).load((ROOT / "action.yml").read_text("utf-8"))


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("YETT_STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return Terminal(tmp_path, capsys)


def column(heading: str) -> list[str]:
    """The first cells of the table whose first heading this is."""
    table = TEXT.partition(f"\n| {heading} |")[2].partition("\n\n")[0]
    return [cell.strip("` ") for cell in re.findall(r"^\| ([^|]+) \|", table, flags=re.MULTILINE)]


def test_every_name_that_readers_meet_is_explained_and_no_other() -> None:
    assert column("client") == [client.value for client in Client if client is not Client.ANY]
    assert column("code") == [code.value for code in Code if code not in {Code.UNREADABLE_FILE, Code.REMARK}] + [
        "unreadable-file", "remark",
    ]  # fmt: skip
    assert column("advice") == [advice.value for advice in Advice]
    assert column("input") == list(ACTION["inputs"])
    assert column("output") == list(ACTION["outputs"])


def test_the_workflow_uses_inputs_and_outputs_that_there_are() -> None:
    workflow = YAML(typ="safe", pure=True).load(re.search(r"```yaml\n(.*?)```", TEXT, re.DOTALL)[1])  # type: ignore[index]  # it stands there
    ours = next(step for step in workflow["steps"] if "yett" in step.get("uses", ""))
    assert set(ours["with"]) <= set(ACTION["inputs"])
    used = re.findall(r"steps\.scan\.outputs\.([a-z-]+)", json.dumps(workflow))
    assert used
    assert set(used) <= set(ACTION["outputs"])


LINES: Final = [line for line in re.findall(r"^yett scan.*$", TEXT, flags=re.MULTILINE) if "--watch" not in line]


@pytest.mark.parametrize("line", LINES)
def test_an_example_runs(line: str, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a repository with one server; nothing is started or contacted: what would be is taken out."""
    (terminal.directory / ".mcp.json").write_text('{"mcpServers": {"x": {"command": "notes-mcp"}}}')
    (terminal.directory / "tools.jsonl").write_text('{"server": "x", "name": "get_note"}\n')
    words = [word for word in shlex.split(line)[1:] if word not in {"--start", "--contact"}]
    done = terminal.run(*words)
    expected = 3 if "--" in words or "https://mcp.example.com/mcp" in words else 1 if "--fail-on" in words else 0
    assert done.status == expected, done.err
    assert Path("report.sarif").exists() == ("report.sarif" in words)


def test_the_examples_are_all_there() -> None:
    assert len(LINES) == 10
