"""Fixtures of the command line's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.clients import make_cursor, make_home
from tests.cli.terminal import Terminal


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    for name in ("YETT_CONFIG", "YETT_TOKEN", "NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("YETT_STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return Terminal(tmp_path, capsys)


@pytest.fixture
def home(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The terminal's directory as a user's home."""
    return make_home(terminal, monkeypatch)


@pytest.fixture
def cursor(home: Path) -> Path:
    """The file of a client: a program with a secret, and an entry that cannot be wrapped."""
    return make_cursor(home)
