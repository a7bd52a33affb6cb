"""`yett unwrap` as a person or a script meets it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.clients import SECRET, put, wrap
from tests.cli.terminal import Terminal
from yett.cli.unwrap import command


def test_unwrapping_restores_and_shows_what_stood_there(terminal: Terminal, cursor: Path) -> None:
    before = cursor.read_bytes()
    wrap(terminal, "--all")
    assert SECRET in terminal.ok("unwrap", "--show", "files").out
    assert terminal.ok("unwrap", "cursor", "--yes").out == "files (Cursor): as it was\n"
    assert cursor.read_bytes() == before
    assert terminal.ok("unwrap", "--all", "--yes").err == "nothing was changed\n"


def test_what_cannot_be_put_back_says_why_and_may_be_forgotten(terminal: Terminal, cursor: Path) -> None:
    wrap(terminal, "--all")
    cursor.unlink()
    done = terminal.run("unwrap", "--all", "--yes", "--json")
    assert (done.status, done.json[0]["state"]) == (1, "left as it is")
    assert "cannot be read" in done.json[0]["why"]
    assert terminal.ok("unwrap", "--only", "files", "--forget", "--yes", "--json").json[0]["state"] == "as it was"
    assert terminal.ok("server", "list", "--json").json == []
    assert terminal.ok("wrap", "--status", "--json").json == []


def test_only_what_is_named_is_put_back(terminal: Terminal, home: Path) -> None:
    path = put(home / ".cursor" / "mcp.json", a={"command": "x"}, b={"command": "y"})
    wrap(terminal, "--all")
    assert terminal.ok("unwrap", "--only", "a", "--yes").out == "a (Cursor): as it was\n"
    assert path.read_text().count("connect") == 1
    done = terminal.ok("unwrap", path, "--keep", "--yes")
    assert done.out == "b (Cursor): as it was: the server `b` stays\n"
    assert [server["name"] for server in terminal.ok("server", "list", "--json").json] == ["b"]


@pytest.mark.parametrize("option", ["--force", "--forget", "--keep", "--show", "--only", "--all", "--yes"])
def test_every_option_is_explained(option: str) -> None:
    parameter = next(parameter for parameter in command.params if option in parameter.opts)
    assert getattr(parameter, "help", "")
