"""Reading configuration files from disk, whatever stands in their place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from yett.app.scanning import Fault, files_of, own_files, read_seen, servers_of, write_seen
from yett.errors import OperatorFault
from yett.scan.model import Client, ConfigFile
from yett.scan.seen import Remembered
from yett.settings import read_settings


def test_a_repository_is_looked_through_without_what_others_wrote(tmp_path: Path) -> None:
    for name in (".mcp.json", "a/b/.cursor/mcp.json", "node_modules/x/.mcp.json", ".git/mcp.json", "a/settings.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    assert [(file.client, file.path.relative_to(tmp_path).as_posix()) for file in files_of(tmp_path)] == [
        (Client.CLAUDE_CODE, ".mcp.json"),
        (Client.CURSOR, "a/b/.cursor/mcp.json"),
    ]
    assert files_of(tmp_path / "a" / "settings.json") == [ConfigFile(Client.ANY, tmp_path / "a" / "settings.json")]


def test_only_files_that_are_there_are_read(tmp_path: Path) -> None:
    assert own_files({"HOME": str(tmp_path)}, "linux") == []
    (tmp_path / ".claude.json").write_text("{}")
    assert [file.path.name for file in own_files({"HOME": str(tmp_path)}, "linux")] == [".claude.json"]


def test_what_is_no_plain_file_is_a_fault_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "link.json").symlink_to("gone")
    for name, why in (("pipe.json", "no plain file"), ("link.json", "No such file"), (".", "Is a directory")):
        said = servers_of(ConfigFile(Client.ANY, tmp_path / name))
        assert isinstance(said, Fault)
        assert why in said.message


def test_the_memory_is_private_and_a_spoilt_one_is_named(tmp_path: Path) -> None:
    settings = read_settings(None, {"YETT_STATE_DIRECTORY": str(tmp_path / "state")})
    assert read_seen(settings) == {}
    write_seen(settings, {"k": Remembered("x", {"tool": "digest"})})
    assert read_seen(settings) == {"k": Remembered("x", {"tool": "digest"})}
    (tmp_path / "state" / "scan.json").write_text("{")
    with pytest.raises(OperatorFault, match="remove it to begin anew"):
        read_seen(settings)
