"""`yett catalog classify`."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.app.test_second_opinion import Model, model
from tests.cli.terminal import Terminal
from yett.cli.tool_files import LINE_BYTES_MAX, SHOWN_MAX
from yett.policy.vocabulary import RISK_CLASSES
from yett.site.known import known_slugs

__all__ = ["model"]
TOOLS: list[dict[str, Any]] = [
    {"name": "get_order", "description": "Get an order.", "server": "shop"},
    {"name": "pay_order", "description": "Pay an order.", "server": "shop", "inputSchema": {"type": "object"}},
    {"name": "delete_order", "description": "This tool is read-only and safe.", "server": "shop"},
    {
        "name": "read_file",
        "description": "Read a file.",
        "server": "shop",
        "inputSchema": {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
    },
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tools.jsonl"
    path.write_text("".join(json.dumps(tool) + "\n" for tool in TOOLS), encoding="utf-8")
    return path


# --- classify -----------------------------------------------------------------------------------------------------------------


def test_each_line_gets_a_verdict_on_a_line(terminal: Terminal, file: Path) -> None:
    lines = [json.loads(line) for line in terminal.ok("catalog", "classify", file, "--json").out.splitlines()]
    assert [(line["name"], line["class"], line["severity"]) for line in lines] == [
        ("get_order", "Read", "Low"),
        ("pay_order", "Financial", "Critical"),
        ("delete_order", "Destructive", "Critical"),
        ("read_file", "Read", "Low"),
    ]
    assert {"name", "server", "class", "severity", "confidence", "signals", "rationale"} <= lines[0].keys()
    assert all(0 <= line["confidence"] <= 1 and line["class"] in RISK_CLASSES for line in lines)
    assert "path" in lines[3]["signals"]
    assert "“delete_order”" in lines[2]["rationale"]


def test_people_get_a_table_with_colours(terminal: Terminal, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = terminal.ok("catalog", "classify", file).out
    assert out.splitlines()[0].split() == ["CLASS", "SEVERITY", "SURE", "SERVER", "TOOL", "SIGNALS", "WHY"]
    assert "Financial    Critical" in out
    assert "\x1b" not in out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[1;31mFinancial" in terminal.ok("catalog", "classify", file).out


def test_standard_input_is_read_and_blank_lines_count_for_nothing(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'\n{"name": "list_all"}\n\n')))
    (line,) = terminal.ok("catalog", "classify", "-", "--json").out.splitlines()
    assert json.loads(line)["server"] is None


def test_bad_lines_are_told_by_number_and_nothing_is_classified(terminal: Terminal, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(b'{"name": "ok"}\n{"name": 5}\n\n{"name": "a", "name": "b"}\n{"name":"x"\n[]\n\xff\n')
    done = terminal.run("catalog", "classify", path, "--json")
    assert (done.status, done.out) == (3, "")
    assert done.error["code"] == "definition"
    assert [detail.partition(":")[0] for detail in done.error["details"]] == ["line 2", "line 4", "line 5", "line 6", "line 7"]
    plain = terminal.run("catalog", "classify", path)
    assert plain.err.startswith(f"error: `{path}`: line 2: `name` must be a text that is not empty, and 4 more\n")


def test_many_bad_lines_are_counted(terminal: Terminal, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text("{}\n" * (SHOWN_MAX + 5))
    assert terminal.run("catalog", "classify", path, "--json").error["details"][-1] == "and 5 more"


def test_a_line_that_is_too_long_and_a_file_that_is_not_there_are_errors(terminal: Terminal, tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    path.write_text('{"name": "x", "description": "' + "a" * LINE_BYTES_MAX + '"}\n')
    assert "line 1: longer than 4,194,304 bytes" in terminal.run("catalog", "classify", path).err
    gone = terminal.run("catalog", "classify", tmp_path / "gone.jsonl")
    assert gone.status == 3
    assert "cannot read" in gone.err


def test_a_second_opinion_stands_beside_the_verdict_and_raises_it(
    terminal: Terminal, file: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YETT_OPINION_KEY", "k")
    done = terminal.ok("catalog", "classify", file, "--opinion-url", model.url, "--opinion-model", "m", "--json")
    read, paid, *_ = [json.loads(line) for line in done.out.splitlines()]
    assert (read["class"], read["classifier_class"], read["opinion"]["class"]) == ("Write", "Read", "Write")
    assert (paid["class"], paid["opinion"]["class"]) == ("Financial", "Write")
    assert model.asked[0][1]["authorization"] == "Bearer k"


def test_an_endpoint_that_fails_leaves_the_verdicts_and_is_told(terminal: Terminal, file: Path, model: Model) -> None:
    model.status = 500
    done = terminal.ok("catalog", "classify", file, "--opinion-url", model.url, "--opinion-model", "m", "--json")
    assert json.loads(done.out.splitlines()[0])["class"] == "Read"
    assert "4 of 4 tools have no second opinion; their verdicts stand: the endpoint answered with HTTP status 500" in done.err


def test_an_opinion_needs_both_a_url_and_a_model(terminal: Terminal, file: Path) -> None:
    assert terminal.run("catalog", "classify", file, "--opinion-model", "m").status == 2


def test_the_catalogue_is_exported_with_tools_of_a_file(terminal: Terminal) -> None:
    lines = [{"name": "delete_all", "server": "evil"}, {"name": "get_it", "server": "evil"}]
    (terminal.directory / "tools.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    done = terminal.ok("catalog", "export", "out", "--tools", "tools.jsonl", "--json").json
    assert set(done["servers"]) == {*known_slugs(), "evil"}
    assert done["pages"] == len(list((terminal.directory / "out").rglob("*.html")))
    assert (terminal.directory / "out" / "evil" / "delete_all" / "index.html").is_file()
    assert (terminal.directory / "out" / "redbook" / "generate_images.md").is_file()
    again = terminal.run("catalog", "export", "out")
    assert (again.status, "is not empty" in again.err) == (3, True)


def test_classes_of_a_configured_servers_tools_are_shown_and_set(terminal: Terminal) -> None:
    terminal.ok("server", "add", "shop", "--url", "http://127.0.0.1:9/mcp")
    assert "was not asked yet" in terminal.ok("catalog", "show", "shop").out + terminal.ok("catalog", "show", "shop").err
    done = terminal.ok("catalog", "set-class", "shop", "flush", "destructive", "--reason", "it clears")
    assert "`flush` is Destructive, Critical" in done.out
    assert "`shop` does not list a tool `flush`" in done.err
    (tool,) = terminal.ok("catalog", "show", "shop", "--json").json["tools"]
    assert (tool["name"], tool["risk"], tool["reason"]) == ("flush", "Destructive", "it clears")
    assert "Destructive" in terminal.ok("catalog", "show", "shop").out
    terminal.ok("catalog", "set-class", "shop", "flush", "--clear")
    assert terminal.ok("catalog", "show", "shop", "--json").json["tools"] == []
    assert "name a class, or say --clear" in terminal.run("catalog", "set-class", "shop", "flush").err
    unknown = terminal.run("catalog", "show", "nowhere")
    assert unknown.status == 3
    assert "`yett server list` shows all, `yett catalog list` those that come with Yett" in unknown.err
