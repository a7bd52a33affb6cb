"""Asking servers for their tools."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.ports import free_port
from yett.app.probe import list_tools
from yett.errors import OperatorFault
from yett.gateway.snapshot import ServerEntry
from yett.settings import Settings
from yett.stores.commands import Command, add_command


def test_a_program_tells_its_tools_as_it_defines_them(tmp_path: Path) -> None:
    add_command(tmp_path, "time", Command(argv=(sys.executable, "-m", "mcp_server_time")))
    settings = Settings(config_path=None, state_dir=tmp_path)
    tools = list_tools(settings, ServerEntry(organisation="o", id="s", name="time", command="time"))
    assert {tool["name"] for tool in tools} == {"get_current_time", "convert_time"}
    assert all(tool["inputSchema"]["type"] == "object" for tool in tools)


def test_a_server_that_is_away_is_named_with_the_reason(tmp_path: Path) -> None:
    settings = Settings(config_path=None, state_dir=tmp_path)
    with pytest.raises(OperatorFault, match="server `gone` did not tell its tools"):
        list_tools(settings, ServerEntry(organisation="o", id="s", name="gone", url=f"http://127.0.0.1:{free_port()}/mcp"))


def test_a_command_that_the_host_does_not_list_is_not_started(tmp_path: Path) -> None:
    settings = Settings(config_path=None, state_dir=tmp_path)
    with pytest.raises(OperatorFault, match="lists no command `anything`"):
        list_tools(settings, ServerEntry(organisation="o", id="s", name="x", command="anything"))
