"""Files that only their owner may read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from yett.errors import OperatorFault
from yett.private_files import create_private, read_private, write_private


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_was_written_is_read_and_belongs_to_its_owner_alone(tmp_path: Path) -> None:
    write_private(tmp_path / "f", b"one")
    write_private(tmp_path / "f", b"two")
    assert read_private(tmp_path / "f") == b"two"
    assert mode_of(tmp_path / "f") == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_a_missing_file_is_none(tmp_path: Path) -> None:
    assert read_private(tmp_path / "f") is None


def test_a_failed_write_leaves_the_old_content_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    with pytest.raises(OperatorFault, match="cannot write"):
        write_private(tmp_path / "f", b"two")
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_the_first_content_stays(tmp_path: Path) -> None:
    assert create_private(tmp_path / "f", b"one") == b"one"
    assert create_private(tmp_path / "f", b"two") == b"one"
    assert mode_of(tmp_path / "f") == 0o600


def test_whoever_comes_in_between_is_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def overtaken(path: Path, content: bytes) -> None:
        path.write_bytes(content)
        (tmp_path / "f").write_bytes(b"theirs")
        (tmp_path / "f").chmod(0o600)

    monkeypatch.setattr("yett.private_files._write_new", overtaken)
    assert create_private(tmp_path / "f", b"ours") == b"theirs"
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_a_file_that_others_may_use_is_refused(tmp_path: Path) -> None:
    write_private(tmp_path / "f", b"one")
    (tmp_path / "f").chmod(0o644)
    with pytest.raises(OperatorFault, match=r"others may use .* \(mode 0644\); run `chmod 600"):
        read_private(tmp_path / "f")


def test_one_byte_too_many_is_refused(tmp_path: Path) -> None:
    write_private(tmp_path / "f", b"12345")
    assert read_private(tmp_path / "f", size_max=5) == b"12345"
    with pytest.raises(OperatorFault, match="longer than 4 bytes"):
        read_private(tmp_path / "f", size_max=4)


def test_a_pipe_in_its_place_is_refused_without_waiting_for_who_writes(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "f", 0o600)
    with pytest.raises(OperatorFault, match="is not a plain file"):
        read_private(tmp_path / "f")


def test_a_file_of_another_user_is_refused_unless_that_is_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_private(tmp_path / "f", b"one")
    owner = (tmp_path / "f").stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    if owner == 0:
        assert read_private(tmp_path / "f") == b"one"
        os.chown(tmp_path / "f", 7, 7)
        owner = 7
    with pytest.raises(OperatorFault, match=rf"belongs to another user \(uid {owner}\); run this as that user"):
        read_private(tmp_path / "f")


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    with pytest.raises(OperatorFault, match="is not a plain file"):
        read_private(tmp_path / "f")


def test_a_directory_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorFault, match=r"cannot write `.*none/f`"):
        create_private(tmp_path / "none" / "f", b"")
