"""One process at a time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from yett.errors import StoreFault
from yett.stores.control.lock import ControlBusy, is_held, take_lock


def test_a_second_one_is_told_who_has_it(tmp_path: Path) -> None:
    with take_lock(tmp_path):
        assert is_held(tmp_path)
        with pytest.raises(ControlBusy, match=f"process {os.getpid()} has the control database .*stop it, or let it") as busy:
            take_lock(tmp_path)
        assert busy.value.holder == os.getpid()
    assert not is_held(tmp_path)
    take_lock(tmp_path).close()


def test_looking_takes_nothing_away(tmp_path: Path) -> None:
    assert not is_held(tmp_path)
    with take_lock(tmp_path):
        assert is_held(tmp_path)
        assert is_held(tmp_path)


def test_a_lock_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "control.lock").mkdir()
    with pytest.raises(StoreFault, match="cannot open the lock"):
        take_lock(tmp_path)
