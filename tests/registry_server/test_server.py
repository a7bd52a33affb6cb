"""The server over the wire: real clients, every revision, and what is no tool."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.support.real_clients import CLIENTS, Endpoint, RealClient, Step
from yett.registry_server.listing import TOOLS


@pytest.fixture
def endpoint(tmp_path: Path) -> Endpoint:
    program = str(Path(sys.executable).parent / "yett")
    return Endpoint(command=(program, "mcp"), env={"YETT_STATE_DIRECTORY": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)})


SPOKEN = [(CLIENTS[0], "2024-11-05"), *((client, revision) for client in CLIENTS for revision in ("2025-11-25", "auto"))]


@pytest.mark.parametrize(("client", "revision"), SPOKEN, ids=lambda one: getattr(one, "name", one))
def test_a_client_lists_the_tools_and_calls_one(endpoint: Endpoint, client: RealClient, revision: str) -> None:
    steps = [Step("list"), Step("call", "check_tool", {"server": "redbook", "tool": "generate_images"})]
    listed, answer = client.run(endpoint, revision, steps).seen
    assert sorted(listed.tools) == sorted(tool.name for tool in TOOLS)
    assert json.loads(answer.text)["tool"]["class"] == "Execute"


def test_a_name_that_no_tool_has_is_an_error_of_the_protocol(endpoint: Endpoint) -> None:
    (seen,) = CLIENTS[0].run(endpoint, "auto", [Step("call", "format_disk", {})]).seen
    assert (seen.error_code, seen.error_message) == (-32602, "Unknown tool: format_disk")


def test_a_refusal_is_a_result_that_a_model_can_read(endpoint: Endpoint) -> None:
    (seen,) = CLIENTS[0].run(endpoint, "auto", [Step("call", "check_mcp_server", {"server": "ftp://x"})]).seen
    assert seen.is_error
    assert json.loads(seen.text)["error"]["code"] == "invalid"
