"""`yett scan comment`, as the GitHub Action runs it; with an API in tests/test_action.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.terminal import Terminal


def test_without_a_pull_request_nothing_is_said(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_EVENT_PATH", raising=False)
    Path("report.md").write_text("x")
    assert "no pull request" in terminal.ok("scan", "comment", "report.md").err
    assert terminal.run("scan", "comment", "gone.md").status == 2
