"""`yett catalog show` tells the record of a server."""

from __future__ import annotations

import sys

from tests.cli.terminal import Terminal


def test_the_record_is_told_with_formula_and_history(terminal: Terminal) -> None:
    terminal.ok("server", "add", "clock", "--", sys.executable, "-m", "mcp_server_time")
    terminal.ok("catalog", "set-class", "clock", "get_current_time", "Destructive")
    shown = terminal.ok("catalog", "show", "clock")
    told = shown.out + shown.err
    assert "identity: unknown (none)" in told
    assert "grade: D" in told
    assert "dangerous / tools = 0.50" in told
    assert "authentication: not known" in told
    assert "tools: 2: 1 Read, 1 Destructive" in told
    assert "its grade is worse than before" in told
    record = terminal.ok("catalog", "show", "clock", "--json").json["record"]
    assert (record["grade"]["letter"], record["by_class"]["Destructive"], record["source"]) == ("D", 1, "installation")
    assert [change["kind"] for change in record["changes"]] == ["grade"]
