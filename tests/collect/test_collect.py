"""The collector: its list, how it starts a program, and what it writes."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from collect.__main__ import described, text_of
from collect.installing import Installed, NotCollected
from collect.listing import listed
from collect.wanted import Wanted, wanted_servers

from yett.site.known import known_server, known_slugs

SERVER = """
import json, os, sys
for line in sys.stdin:
    request = json.loads(line)
    if request["method"] == "initialize":
        result = {"protocolVersion": request["params"]["protocolVersion"], "capabilities": {"tools": {}},
                  "serverInfo": {"name": "s", "version": "7"}}
    elif request["method"] == "tools/list":
        result = {"tools": [{"name": "environment", "description": json.dumps(dict(os.environ)), "inputSchema": {}}]}
    else:
        continue
    print(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}), flush=True)
"""
WANTED = Wanted("s", "S", "About it.", "pypi", "s", arguments=("{home}",), environment={"KEY": "none", "FILE": "{home}/x"})


def installed(*argv: str) -> Installed:
    return Installed((sys.executable, *argv), (), "s", "1", "MIT")


def test_the_list_names_each_server_once_at_one_version() -> None:
    servers = wanted_servers()
    assert len({one.slug for one in servers}) == len({one.package for one in servers}) == len(servers) >= 45
    assert {one.slug for one in servers} == known_slugs() - {"redbook"}
    for one in servers:
        shipped = known_server(one.slug)
        assert shipped is not None
        package = shipped.package
        assert package is not None
        assert (package.ecosystem, package.name, package.version) == (one.ecosystem, one.package, one.version)
        assert (shipped.name, shipped.about) == (one.name, one.about)
        assert package.arguments == one.arguments
        assert package.environment == tuple(sorted(one.environment))


def test_a_server_gets_nothing_of_whoever_runs_this(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://secret")
    said = listed(WANTED, installed("-c", SERVER), tmp_path)
    seen = json.loads(said["tools"][0]["description"])
    assert seen["HOME"] == str(tmp_path / "home")
    assert seen["KEY"] == "none"
    assert seen["FILE"] == f"{tmp_path}/home/x"
    assert not {"AWS_SECRET_ACCESS_KEY", "HTTPS_PROXY"} & seen.keys()
    assert "secret" not in json.dumps(seen)
    assert not {value for key, value in seen.items() if value == os.environ["HOME"] and key != "PWD"}


def test_a_server_that_ends_is_told_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(NotCollected, match="no key"):
        listed(WANTED, installed("-c", "import sys; sys.exit('no key')"), tmp_path)


def test_a_real_server_is_written_with_a_line_for_each_tool(tmp_path: Path) -> None:
    program = shutil.which("mcp-server-time", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("mcp-server-time is not installed")
    wanted = Wanted("time", "Time", "Tells the time.", "pypi", "mcp-server-time")
    found = Installed((program,), (), "mcp-server-time", "1", "MIT")
    text = text_of(described(wanted, found, listed(wanted, found, tmp_path), "2026-01-01"))
    read = json.loads(text)
    assert [tool["name"] for tool in read["tools"]] == ["get_current_time", "convert_time"]
    assert read["package"]["version"] == "1"
    assert len(text.splitlines()) == 4 + 1 + 1 + 1 + len(read["tools"]) + 2
