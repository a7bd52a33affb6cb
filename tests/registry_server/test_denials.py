"""A decision of the log, explained without a word about grants."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest

from tests.cli.ledger import recorded, usual
from tests.cli.terminal import Terminal
from yett.registry_server import denials
from yett.registry_server.denials import Answer, explained
from yett.stores.state_file import STATE_FILE, open_writer

NEWEST = 1_000


@pytest.fixture
def log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    return recorded(Terminal(tmp_path, capsys), usual).parent


def test_a_denial_is_explained_with_what_would_make_it_pass(log: Path) -> None:
    found = explained(log, "r2", lambda _: True).found
    assert found is not None
    assert (found["decision"], found["target"]) == ("deny", "drop")
    assert found["code"]
    assert found["explanation"]
    assert found["would_pass"]
    text = json.dumps(found)
    assert "g2" not in text
    assert "other" not in text.replace("another", "")


def test_a_refused_request_is_explained_too(log: Path) -> None:
    found = explained(log, "r4", lambda server: server == "payments").found
    assert found is not None
    assert (found["decision"], found["message"]) == ("refused", "no such token")


def test_what_is_out_of_reach_and_what_is_not_there_read_alike(log: Path, tmp_path: Path) -> None:
    nothing = Answer(None, "the decision log")
    assert explained(log, "r2", lambda _: False) == nothing
    assert explained(log, "r9", lambda _: True) == nothing
    assert explained(tmp_path / "elsewhere", "r2", lambda _: True) == nothing


@pytest.fixture
def long_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A second passes from one record to the next; the newest tenth of them is searched."""
    monkeypatch.setattr(denials, "LOOKED_AT", NEWEST)
    with contextlib.closing(open_writer(tmp_path / STATE_FILE)) as connection:
        columns = "seq, at_ns, request_id, grant_id, grant_label, server_id, server_name, method, target, decision, argument_keys"
        connection.execute(
            "WITH RECURSIVE each(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM each WHERE n < ?)"
            f" INSERT INTO calls ({columns}, arguments_digest, reservations)"
            " SELECT n, n * 1000000000, 'r' || n, 'g', 'g', 's', 'shop', 'tools/call', 't', 'deny', '[]', '', '[]' FROM each",
            (10 * NEWEST,),
        )
    return tmp_path


def test_a_denial_older_than_the_newest_records_is_found_by_its_time(long_log: Path) -> None:
    def found(number: int, at: int | None = None) -> Answer:
        return explained(long_log, f"r{number}", lambda _: True, None if at is None else at * 10**9)

    newest, old = 10 * NEWEST, 5 * NEWEST
    assert found(newest - NEWEST + 1).found is not None
    assert found(old).found is None
    assert "older ones were not searched: say `at`" in found(old).searched
    for at in (old, old - NEWEST, old + NEWEST - 1):
        assert found(old, at).found is not None
    assert found(old, old - NEWEST - 5).found is None
    assert "others were not searched" in found(old, old - NEWEST - 5).searched
    assert found(1, 0).found is not None
    assert found(newest, 0).found is not None


def test_a_call_that_passed_is_said_to_have_passed(log: Path) -> None:
    found = explained(log, "r1", lambda _: True).found
    assert found is not None
    assert found["decision"] == "allow"
