"""One gateway and one witness for all tests of this folder that can share them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.programs import find_program, node_command, require_program
from tests.support.real_gateway import Gateway, running_gateway
from tests.support.real_server import Witness, running_witness


@pytest.fixture(scope="session")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the filesystem server, with one file."""
    folder = tmp_path_factory.mktemp("notes").resolve()
    (folder / "hello.txt").write_text("hello from the server\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def programs(notes: Path) -> dict[str, list[str]]:
    """The stdio servers that are at hand, by name; a test that needs another asks `require_program`."""
    found = {"time": [str(require_program("mcp-server-time"))], "git": [str(require_program("mcp-server-git"))]}
    if find_program("node") and find_program("server-everything"):
        found["everything"] = node_command("server-everything", "stdio")
        found["files"] = node_command("server-filesystem", str(notes))
    return found


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory, programs: dict[str, list[str]]) -> Iterator[Gateway]:
    """`yett up`, with the stdio servers as its commands."""
    tables = [f"[servers.commands.{name}]\nargv = {json.dumps(command)}\n" for name, command in programs.items()]
    with running_gateway(tmp_path_factory.mktemp("gateway"), configuration="\n".join(tables)) as running:
        for name in programs:
            running.yett("server", "add", name, "--command", name)
            if name == "everything":
                running.unpinned(name)
        yield running


@pytest.fixture(scope="session")
def witness(gateway: Gateway) -> Iterator[Witness]:
    """A server that remembers what reached it, registered as `witness`."""
    with running_witness() as running:
        gateway.yett("server", "add", "witness", "--url", running.url)
        yield running
