"""A decision of the log, explained without a word about grants."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.ledger import recorded, usual
from tests.cli.terminal import Terminal
from yett.registry_server.denials import explained


@pytest.fixture
def log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    return recorded(Terminal(tmp_path, capsys), usual).parent


def test_a_denial_is_explained_with_what_would_make_it_pass(log: Path) -> None:
    found = explained(log, "r2", lambda _: True)
    assert found is not None
    assert (found["decision"], found["target"]) == ("deny", "drop")
    assert found["code"]
    assert found["explanation"]
    assert found["would_pass"]
    text = json.dumps(found)
    assert "g2" not in text
    assert "other" not in text.replace("another", "")


def test_a_refused_request_is_explained_too(log: Path) -> None:
    found = explained(log, "r4", lambda server: server == "payments")
    assert found is not None
    assert (found["decision"], found["message"]) == ("refused", "no such token")


def test_what_is_out_of_reach_and_what_is_not_there_read_alike(log: Path, tmp_path: Path) -> None:
    assert explained(log, "r2", lambda _: False) is None
    assert explained(log, "r9", lambda _: True) is None
    assert explained(tmp_path / "elsewhere", "r2", lambda _: True) is None


def test_a_call_that_passed_is_said_to_have_passed(log: Path) -> None:
    found = explained(log, "r1", lambda _: True)
    assert found is not None
    assert found["decision"] == "allow"
