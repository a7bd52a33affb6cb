"""`yett server look` and `yett server tools`."""

from __future__ import annotations

import sys

from tests.cli.terminal import Terminal

TIME = (sys.executable, "-m", "mcp_server_time")


def test_a_program_is_looked_at_and_its_tools_are_kept(terminal: Terminal) -> None:
    terminal.ok("server", "add", "clock", "--", *TIME)
    assert "well" in terminal.ok("server", "list").out
    out = terminal.ok("server", "look", "clock").out
    assert "mcp-time" in out
    assert "tools         2" in out
    kept = terminal.ok("server", "tools", "clock", "--kept", "--json").json
    assert [tool["name"] for tool in kept] == ["get_current_time", "convert_time"]
    assert terminal.ok("server", "look", "clock", "--json").json["tools"][0]["definition"] == kept[0]


def test_a_server_is_added_without_its_being_asked(terminal: Terminal) -> None:
    assert "tools" not in terminal.ok("server", "add", "gone", "--url", "http://127.0.0.1:9/mcp", "--no-look").err
    terminal.ok("server", "add", "clock", "--no-look", "--", *TIME)
    assert [server["health"] for server in terminal.ok("server", "list", "--json").json] == [None, None]


def test_a_server_that_cannot_be_asked_is_an_error_and_unwell(terminal: Terminal) -> None:
    terminal.ok("server", "add", "gone", "--url", "http://127.0.0.1:9/mcp")
    for words in (["look", "gone"], ["look", "gone", "--json"], ["tools", "gone"]):
        done = terminal.run("server", *words)
        assert (done.status, "did not tell its tools: cannot connect to http://127.0.0.1:9" in done.err) == (3, True)
    assert "unwell" in terminal.ok("server", "list").out
    shown = terminal.ok("server", "show", "gone").out
    assert "cannot connect" in shown
    assert "then `yett server look gone`" in " ".join(shown.split())
    assert terminal.ok("server", "tools", "gone", "--kept").err == "the server `gone` offers no tools\n"
