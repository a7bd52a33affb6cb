"""Files of somebody else, replaced with everything about them but their content as it was."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from yett.app.client_files import FileChanged, read_client_file, real_path, refusal, replace_client_file
from yett.errors import OperatorFault
from yett.scan.document import BadFile


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mcp.json"
    path.write_bytes(b"old")
    path.chmod(0o604)
    return path


def test_a_file_is_replaced_and_keeps_its_mode_and_nothing_is_left_beside_it(file: Path) -> None:
    replace_client_file(file, b"old", b"new")
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b"new", 0o604)
    assert list(file.parent.iterdir()) == [file]


def test_a_file_that_is_another_by_now_stays(file: Path) -> None:
    with pytest.raises(FileChanged, match="run this again"):
        replace_client_file(file, b"older", b"new")
    assert file.read_bytes() == b"old"
    assert list(file.parent.iterdir()) == [file]


def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "links" / "there.json"
    link.parent.mkdir()
    link.symlink_to("../mcp.json")
    replace_client_file(link, b"old", b"new")
    assert (link.is_symlink(), file.read_bytes(), real_path(link)) == (True, b"new", file)


def test_a_file_that_is_gone_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(OperatorFault, match="it stays as it is"):
        replace_client_file(tmp_path / "none.json", b"", b"new")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_replaced_says_why(file: Path, tmp_path: Path) -> None:
    assert refusal(file) is None
    assert "cannot be read" in (refusal(tmp_path / "none.json") or "")
    (tmp_path / "again.json").hardlink_to(file)
    assert "hard links" in (refusal(file) or "")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_that_may_not_be_written_is_left(file: Path) -> None:
    file.chmod(0o400)
    assert "may not be written" in (refusal(file) or "")


def test_only_plain_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadFile, match="no plain file"):
        read_client_file(tmp_path / "pipe")
    with pytest.raises(OSError, match="No such file"):
        read_client_file(tmp_path / "none")
