"""`yett run`: an official client starts it in place of the server's own command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.programs import node_command
from tests.support.real_clients import CLIENTS, Endpoint, RealClient, Step
from tests.support.real_gateway import YETT

POLICY: Final[dict[str, Any]] = {
    "version": "1",
    "default": "deny",
    "tools": {"list_directory": {}, "read_text_file": {"limits": [{"counter": "reads", "window": "day", "max": 1}]}},
}


@pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25", "auto"])
@pytest.mark.parametrize("client", CLIENTS, ids=[client.name for client in CLIENTS])
def test_a_stdio_server_stands_behind_a_policy_without_a_gateway(
    client: RealClient, revision: str, notes: Path, tmp_path: Path
) -> None:
    path = tmp_path / "p.json"
    path.write_text(json.dumps(POLICY), encoding="utf-8")
    command = (YETT, "run", "--policy", str(path), "--", *node_command("server-filesystem", str(notes)))
    endpoint = Endpoint(command=command, env={"YETT_STATE_DIRECTORY": str(tmp_path / "state"), "HOME": str(tmp_path)})
    read = Step("call", "read_text_file", {"path": str(notes / "hello.txt")})
    write = Step("call", "write_file", {"path": str(notes / "no.txt"), "content": "no"})
    _, first, _, denied = client.run(endpoint, revision, (Step("list"), read, Step("list"), write)).seen
    assert first.text.startswith("hello from the server")
    assert denied.meta["dev.yett/decision"]["code"] == "not_listed"
    assert not (notes / "no.txt").exists()
    (again,) = client.run(endpoint, revision, (read,)).seen  # a new process, the same quota
    assert again.meta["dev.yett/decision"]["code"] == "limit_exceeded"
