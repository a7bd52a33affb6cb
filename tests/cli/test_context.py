"""What every command is handed."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from yett.cli.context import WIDTH_WITHOUT_TERMINAL, CliContext


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "terminal", "colour"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
        ({"TERM": "dumb"}, True, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True, False),
    ],
)
def test_colour_is_for_terminals_unless_the_environment_says_otherwise(
    environment: dict[str, str], terminal: bool, colour: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", Terminal() if terminal else io.StringIO())
    context = CliContext(environment=environment)
    assert context.color() is colour
    assert context.console().no_color is not colour


def test_a_pipe_is_wide_unless_it_says_how_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert CliContext(environment={}).console().width == WIDTH_WITHOUT_TERMINAL
    assert CliContext(environment={"COLUMNS": "50"}).console().width == 50
    assert CliContext(environment={"COLUMNS": "wide"}).console().width == WIDTH_WITHOUT_TERMINAL


def test_settings_are_read_once_and_not_before_they_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "yett.toml"
    context = CliContext(config=path, environment={"YETT_STATE_DIRECTORY": str(tmp_path / "state")})
    path.write_text("[data_plane]\nport = 1\n")
    assert context.settings.data_plane.port == 1
    path.write_text("[data_plane]\nport = 2\n")
    assert context.settings.data_plane.port == 1
