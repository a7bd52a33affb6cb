"""Where this very program is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from yett.app.own_program import own_names, own_program
from yett.errors import OperatorFault


def test_it_is_where_the_path_finds_it_else_beside_the_interpreter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "yett"
    program.touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert own_program() == str(program)
    assert own_names() == ("yett", str(program))
    monkeypatch.setenv("PATH", "")
    assert own_program() == str(Path(sys.executable).parent / "yett")


def test_where_there_is_none_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(OperatorFault, match="on the PATH"):
        own_program()
    assert own_names() == ("yett",)
