"""`yett catalog import`, `search`, `list`, and `show` of servers that are in the catalogue only."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.terminal import Terminal
from yett.site.known import known_servers

TOOLS: list[dict[str, Any]] = [
    {"server": "bank", "name": "pay_invoice", "title": "Pay", "description": "Pay an invoice."},
    {"server": "bank", "name": "list_invoices", "description": "List invoices."},
    {"server": "云", "name": "删除文件", "description": "删除一个文件"},
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tools.jsonl"
    path.write_text("".join(f"{json.dumps(tool)}\n" for tool in TOOLS), encoding="utf-8")
    return path


def test_what_was_imported_is_found_beside_what_comes_with_yett(terminal: Terminal, file: Path) -> None:
    before = terminal.ok("catalog", "search", "generate", "images", "--json").json
    assert before[0]["name"] == "generate_images"
    assert terminal.ok("catalog", "import", file, "--json").json["tools"] == 3
    found = terminal.ok("catalog", "search", "invoice", "--json").json
    assert {one["name"] for one in found if one["server"] == "bank"} == {"pay_invoice", "list_invoices"}
    assert {"server", "slug", "name", "title", "class", "severity", "score"} == found[0].keys()
    assert terminal.ok("catalog", "search", "generate", "images", "--json").json[0]["name"] == "generate_images"
    assert "删除文件" in terminal.ok("catalog", "search", "文件", "--server", "云").out


def test_filters_are_taken_in_any_letter_case(terminal: Terminal, file: Path) -> None:
    terminal.ok("catalog", "import", file)
    financial = terminal.ok(
        "catalog", "search", "--class", "financial", "--severity", "CRITICAL", "--server", "bank", "--json"
    ).json
    assert [one["name"] for one in financial] == ["pay_invoice"]
    assert terminal.ok("catalog", "search", "zzyzx", "--json").json == []
    assert "no tool is like that" in terminal.ok("catalog", "search", "zzyzx").err


def test_an_index_may_stand_anywhere(terminal: Terminal, file: Path, tmp_path: Path) -> None:
    said = terminal.ok("catalog", "import", file, "--into", tmp_path / "other.db").out
    assert said == f"3 tools of 2 servers are in {tmp_path / 'other.db'}\n"
    assert terminal.ok("catalog", "search", "--server", "bank", "--json").json == []
    assert len(terminal.ok("catalog", "search", "--server", "bank", "--index", tmp_path / "other.db", "--json").json) == 2


def test_an_index_that_is_not_there_is_an_error(terminal: Terminal, tmp_path: Path) -> None:
    done = terminal.run("catalog", "search", "pay", "--index", tmp_path / "none.db")
    assert (done.status, done.out) == (3, "")
    assert f"there is no index `{tmp_path / 'none.db'}`; `yett catalog import FILE --into" in done.err


def test_bad_lines_are_told_and_nothing_is_changed(terminal: Terminal, file: Path) -> None:
    terminal.ok("catalog", "import", file)
    with file.open("a") as more:
        more.write('{"name": "x"}\n{"server": "s"}\n')
    done = terminal.run("catalog", "import", file, "--json")
    assert done.status == 3
    assert done.error["code"] == "definition"
    assert "nothing was changed" in done.error["message"]
    assert [line.partition(":")[0] for line in done.error["details"]] == ["line 4", "line 5"]
    assert len(terminal.ok("catalog", "search", "--server", "bank", "--json").json) == 2


@pytest.mark.parametrize("words", [(), ("…",), ("--limit", "0"), ("x", "--class", "Bad")])
def test_a_search_for_nothing_is_wrong_usage(terminal: Terminal, words: tuple[str, ...]) -> None:
    assert terminal.run("catalog", "search", *words).status == 2


def test_servers_that_come_with_yett_are_listed_with_their_packages(terminal: Terminal) -> None:
    listed = {one["server"]: one for one in terminal.ok("catalog", "list", "--json").json}
    assert listed.keys() == {server.slug for server in known_servers()}
    assert listed["redbook"]["package"] is None
    assert "redbook" in terminal.ok("catalog", "list").out


def test_a_server_is_shown_though_nobody_added_it(terminal: Terminal, file: Path) -> None:
    assert "generate_images" in terminal.ok("catalog", "show", "redbook").out
    terminal.ok("catalog", "import", file)
    shown = terminal.ok("catalog", "show", "bank", "--json").json
    assert [(tool["name"], tool["class"]) for tool in shown["tools"]] == [("pay_invoice", "Financial"), ("list_invoices", "Read")]
    assert shown["grade"] == "D"
    assert terminal.run("catalog", "show", "nobody").status == 3


def test_a_person_sees_how_far_it_is(file: Path, tmp_path: Path) -> None:
    """A real terminal: the bar is drawn there, and goes away."""
    main, other = pty.openpty()
    environment = {**os.environ, "YETT_STATE_DIRECTORY": str(tmp_path / "state"), "TERM": "xterm"}
    command = [sys.executable, "-c", "from yett.cli.main import main; main()", "catalog", "import", str(file)]
    done = subprocess.run(command, env=environment, stderr=other, stdout=subprocess.PIPE, check=True, cwd=tmp_path)
    os.close(other)
    shown = os.read(main, 65_536).decode()
    os.close(main)
    assert "Judging tools" in shown
    assert "100%" in shown
    assert done.stdout.startswith(b"3 tools of 2 servers are in ")
