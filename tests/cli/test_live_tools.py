"""Asking a configured server for its tools; the commands that do are tested in test_catalog.py."""

from __future__ import annotations

import pytest

from tests.cli.terminal import Terminal
from yett.admin.outside import Seen
from yett.cli.context import CliContext
from yett.cli.live_tools import live_tools


def test_the_definitions_are_what_the_server_told(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal.ok("server", "add", "shop", "--url", "http://127.0.0.1:9/mcp")
    told = [{"name": "a", "inputSchema": {"type": "object"}, "unknown": [1]}]
    monkeypatch.setattr("yett.app.lookout.ServerLookout.look", lambda *_, **__: Seen({"tools": told}, None))
    assert live_tools(CliContext(), "shop") == told
