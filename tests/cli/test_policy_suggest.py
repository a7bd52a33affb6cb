"""`yett policy suggest`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.terminal import Terminal
from tests.cli.test_catalog import TOOLS, file
from yett.admin.outside import Seen
from yett.cli.tool_files import read_tool_list
from yett.policy.document import read_policy

__all__ = ["file"]


def test_a_policy_is_suggested_that_check_fmt_and_lint_accept(terminal: Terminal, file: Path, tmp_path: Path) -> None:
    for more in ((), ("--with-conditions",)):
        done = terminal.ok("policy", "suggest", "--tools", file, *more)
        policy, tools = tmp_path / "policy.json", tmp_path / "list.json"
        policy.write_text(done.out)
        tools.write_text(json.dumps({"tools": TOOLS}))
        terminal.ok("policy", "check", policy)
        terminal.ok("policy", "fmt", "--check", policy)
        assert terminal.ok("policy", "lint", policy, "--tools", tools, "--fail-on", "note").err == "no findings\n"
    assert done.json["hide"] == ["delete_order"]
    assert done.json["tools"]["read_file"]["require"][0]["conditions"][0]["op"] == "path_within"


def test_what_is_proposed_is_told_beside_the_policy(terminal: Terminal, file: Path) -> None:
    done = terminal.ok("policy", "suggest", "--tools", file)
    assert "2 Read, 1 Financial, 1 Destructive\n" in done.err
    assert "read_file: args.path: it is a path" in done.err
    silent = terminal.ok("policy", "suggest", "--tools", file, "--json")
    assert (silent.out, silent.err) == (done.out, "")


def test_one_tool_and_a_report_with_reasons(terminal: Terminal, file: Path) -> None:
    only = terminal.ok("policy", "suggest", "--tools", file, "--tool", "pay_order", "--json").json
    assert only == {"version": "1", "default": "deny", "tools": {"pay_order": {"require_approval": [{"conditions": []}]}}}
    report = terminal.ok("policy", "suggest", "--tools", file, "--report").json
    assert report["tools"][3]["proposals"][0]["path"] == "args.path"
    assert terminal.run("policy", "suggest", "--tools", file, "--tool", "gone").err == "error: there is no tool `gone`\n"


def test_a_configured_server_is_asked_for_its_tools(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal.ok("server", "add", "shop", "--url", "http://127.0.0.1:9/mcp")
    monkeypatch.setattr("yett.app.lookout.ServerLookout.look", lambda *_, **__: Seen({"tools": TOOLS[:2]}, None))
    done = terminal.ok("policy", "suggest", "shop", "--json")
    assert list(done.json["tools"]) == ["get_order", "pay_order"]
    assert not read_policy(done.out.encode()).default_allows


def test_a_server_that_cannot_be_asked_is_an_error(terminal: Terminal) -> None:
    terminal.ok("server", "add", "gone", "--url", "http://127.0.0.1:9/mcp")
    done = terminal.run("policy", "suggest", "gone")
    assert (done.status, done.out) == (3, "")
    assert "did not tell its tools" in done.err


def test_say_whose_tools_and_of_one_server_only(terminal: Terminal, file: Path, tmp_path: Path) -> None:
    assert terminal.run("policy", "suggest").status == 2
    assert terminal.run("policy", "suggest", "shop", "--tools", file).status == 2
    two = tmp_path / "two.jsonl"
    two.write_text('{"name": "a", "server": "s"}\n{"name": "b", "server": "t"}\n')
    assert "holds tools of 2 servers (`s`, `t`)" in terminal.run("policy", "suggest", "--tools", two).err


@pytest.mark.parametrize(
    "text",
    [
        '{"tools": [{"name": "a"}]}',
        '{"jsonrpc": "2.0", "id": 1, "result": {"tools": [{"name": "a"}]}}',
        '[{"name": "a"}]',
        '{"name": "a"}',
    ],
)
def test_tools_are_read_in_every_form_that_a_list_has(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tools.json"
    path.write_text(text)
    assert [tool.name for tool in read_tool_list(path)] == ["a"]
