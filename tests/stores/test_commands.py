"""The programs that the host lists."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from yett.errors import OperatorFault
from yett.stores.commands import Command, add_command, read_commands, remove_command

TIME = Command(argv=("mcp-server-time", "--local-timezone", "UTC"), env={"A": "env:B"}, cwd="/")


def test_what_was_added_is_listed_until_it_is_removed(tmp_path: Path) -> None:
    assert read_commands(tmp_path) == {}
    add_command(tmp_path, "time", TIME)
    add_command(tmp_path, "git", Command(argv=("git",)))
    assert read_commands(tmp_path) == {"time": TIME, "git": Command(argv=("git",))}
    assert stat.S_IMODE((tmp_path / "commands.json").stat().st_mode) == 0o600
    remove_command(tmp_path, "time")
    remove_command(tmp_path, "never there")
    assert list(read_commands(tmp_path)) == ["git"]


def test_a_list_that_others_may_write_starts_nothing(tmp_path: Path) -> None:
    add_command(tmp_path, "time", TIME)
    (tmp_path / "commands.json").chmod(0o606)
    with pytest.raises(OperatorFault, match="others may use"):
        read_commands(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"[]", b'{"a":{}}', b'{"a":{"argv":[]}}', b'{"a":{"argv":["x"],"shell":true}}'),
        *(b'{"a":{"argv":["\xff"]}}', b'{"\xff":{"argv":["x"]}}', rb'{"a":{"argv":["\ud800"]}}'),
    ],
)
def test_an_unreadable_list_starts_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "commands.json").write_bytes(content)
    (tmp_path / "commands.json").chmod(0o600)
    with pytest.raises(OperatorFault, match=r"the list of commands .* is unreadable"):
        read_commands(tmp_path)
