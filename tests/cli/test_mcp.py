"""`yett mcp`."""

from __future__ import annotations

import sys

import pytest

from tests.cli.terminal import Terminal
from yett.cli.mcp import command


def test_it_says_how_to_put_it_behind_the_gateway(terminal: Terminal) -> None:
    assert command.name == "mcp"
    assert "yett server add yett -- yett mcp" in terminal.ok("mcp", "--help").out


def test_without_the_sdk_it_says_what_to_install(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("yett.registry_server")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mcp_types", None)
    done = terminal.run("mcp")
    assert (done.status, "install `yett[demo]`" in done.err) == (3, True), done.err
