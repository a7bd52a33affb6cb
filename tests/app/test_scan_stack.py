"""A scan from files to findings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from yett.app.scan_stack import Asking, find, given_command, given_url, never, scan
from yett.app.scanning import read_seen
from yett.catalog.model import ToolDefinition
from yett.scan.model import FoundServer
from yett.settings import Settings, read_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings(None, {"YETT_STATE_DIRECTORY": str(tmp_path / "state")})


def test_each_file_is_read_once_and_a_broken_one_beside_the_others(tmp_path: Path) -> None:
    (tmp_path / ".claude.json").write_text('{"mcpServers": {"a": {"command": "x"}}}')
    (tmp_path / ".mcp.json").write_text('{"mcpServers": {\n"b": }')
    found = find(tmp_path, {"HOME": str(tmp_path)}, "linux", alone=False)
    assert [server.name for server in found.servers] == ["a"]
    assert [(fault.file.name, fault.message) for fault in found.faults] == [(".mcp.json", "it is no JSON (line 2)")]
    assert find(None, {"HOME": str(tmp_path)}, "linux", alone=True).servers == []


def test_a_given_server_is_named_by_what_it_is() -> None:
    names = [
        given_command(line.split()).name
        for line in ("npx -y @scope/some-mcp@1.0.0", "/usr/bin/node server.js", "uvx some-mcp", "docker run a/b")
    ]
    assert names == ["some-mcp", "node", "some-mcp", "b"]
    assert (given_url("https://a.example/mcp").name, given_url("https://[").name) == ("a.example", "server")
    assert given_url("https://a.example/mcp").file is None


def test_whoever_goes_through_yett_is_not_asked_and_nobody_else_without_consent(settings: Settings) -> None:
    asked: list[str] = []

    def may(server: FoundServer) -> bool:
        asked.append(server.name)
        return False

    governed = given_command(["yett", "run", "--policy", "p.json", "--", "x"])
    scan(settings, [governed, given_command(["other"])], Asking(may, {}))
    assert asked == ["other"]


def test_what_was_seen_is_remembered_only_where_that_is_wanted(settings: Settings) -> None:
    server = given_command(["notes"])
    told = {"notes": [ToolDefinition("get_note")]}
    scan(settings, [server], Asking(never, told, remember=False))
    assert read_seen(settings) == {}
    (one,) = scan(settings, [server], Asking(never, told))
    assert one.changes.first
    (one,) = scan(settings, [server], Asking(never, {"notes": [ToolDefinition("delete_note")]}))
    assert one.changes.added == ("delete_note",)


def test_a_package_of_the_catalogue_has_its_tools_and_says_how_fresh_they_are(settings: Settings) -> None:
    (one,) = scan(settings, [given_command(["npx", "-y", "@playwright/mcp@0.0.1"])], Asking(never, {}))
    assert one.tools.source == "the catalogue of Yett"
    assert "browser_navigate" in {tool.name for tool in one.tools.listed or ()}
    assert any("listed on 20" in reason and "here it is 0.0.1" in reason for reason in one.judgement.reasons)
    (diverted,) = scan(
        settings, [given_command(["npx", "--registry=https://evil.example", "@playwright/mcp"])], Asking(never, {})
    )
    assert diverted.tools.listed is None


def test_what_is_made_of_a_server_otherwise_than_before_is_told(settings: Settings) -> None:
    server, reading, writing = given_command(["notes"]), [ToolDefinition("get_note")], [ToolDefinition("delete_note")]
    scan(settings, [server], Asking(never, {"notes": reading}))
    (same,) = scan(settings, [server], Asking(never, {}))
    assert not same.changes
    (one,) = scan(settings, [server], Asking(never, {"notes": writing}))
    assert one.changes.turned == ("grade A → D",)
    assert "since last seen: grade A → D" in one.judgement.reasons
    keyed = replace(server, authentication="by variables")
    (one,) = scan(settings, [keyed], Asking(never, {"notes": writing}))
    assert one.changes.turned == ("authentication none written → by variables",)
