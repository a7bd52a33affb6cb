"""What is compared, and what counts as a difference."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conformance import known
from tests.conformance.__main__ import Table, lines_of
from tests.conformance.known import Verdict, judge
from tests.conformance.suite import ABSENT, Outcome, differences

PASSED = Outcome({"a": ("SUCCESS",), "b": ("SUCCESS", "SUCCESS")})
HALF = Outcome({"a": ("SUCCESS",), "b": ("FAILURE", "SUCCESS")})


@pytest.fixture
def listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list with one entry: check `b` of `one`, over HTTP, in 2025-11-25."""
    file = tmp_path / "known.json"
    entry = {"legs": ["http"], "revisions": ["2025-11-25"], "scenario": "one", "checks": ["b"], "reason": "because"}
    file.write_text(json.dumps([entry]), encoding="utf-8")
    monkeypatch.setattr(known, "FILE", file)


def test_equal_outcomes_do_not_differ() -> None:
    assert differences({"one": PASSED}, {"one": PASSED}) == {}


def test_a_check_that_fails_once_more_is_a_difference() -> None:
    assert differences({"one": PASSED}, {"one": HALF}) == {"one": ("b",)}


def test_a_check_that_is_better_than_directly_is_a_difference_too() -> None:
    assert differences({"one": HALF}, {"one": PASSED}) == {"one": ("b",)}


def test_a_scenario_that_was_not_reached_is_a_difference() -> None:
    assert differences({"one": PASSED}, {}) == {"one": (ABSENT,)}


def test_a_scenario_without_checks_of_its_own_differs_in_those_that_it_lacks() -> None:
    assert differences({"one": PASSED}, {"one": Outcome({})}) == {"one": ("a", "b")}


def test_a_scenario_that_is_missing_reads_as_such_and_one_without_checks_reads_otherwise() -> None:
    gone = Table(
        "server", "2025-11-25", {"one": PASSED}, {"http": ({}, Verdict({}, {})), "stdio": ({"one": Outcome({})}, Verdict({}, {}))}
    )
    (line,) = [line for line in lines_of(gone, colour=False) if line.startswith("one ")]
    assert "✗ no result ≠" in line
    assert "✓ nothing checked ≠" in line


def test_a_warning_does_not_fail_a_scenario_and_a_failure_does() -> None:
    assert Outcome({"a": ("SUCCESS", "WARNING")}).passed
    assert not HALF.passed


def test_a_listed_difference_holds(listed: None) -> None:
    assert judge("http", "2025-11-25", {"one": PASSED}, {"one": HALF}).holds


def test_a_difference_that_nobody_wrote_down_is_named(listed: None) -> None:
    verdict = judge("stdio", "2025-11-25", {"one": PASSED}, {"one": HALF})
    assert verdict == Verdict({"one": ("b",)}, {})
    assert "differs and is not in known.json: one: b" in str(verdict)


def test_a_listed_difference_that_is_gone_must_be_taken_off(listed: None) -> None:
    verdict = judge("http", "2025-11-25", {"one": PASSED}, {"one": PASSED})
    assert verdict == Verdict({}, {"one": ("b",)})
    assert "does not differ so" in str(verdict)


def test_a_listed_scenario_that_differs_in_more_than_was_written_does_not_hold(listed: None) -> None:
    worse = Outcome({"a": ("FAILURE",), "b": ("FAILURE", "SUCCESS")})
    assert judge("http", "2025-11-25", {"one": PASSED}, {"one": worse}).unlisted == {"one": ("a", "b")}


def test_an_entry_without_a_reason_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "known.json"
    entry = {"legs": ["http"], "revisions": ["2025-11-25"], "scenario": "one", "checks": ["b"], "reason": " "}
    file.write_text(json.dumps([entry]), encoding="utf-8")
    monkeypatch.setattr(known, "FILE", file)
    with pytest.raises(AssertionError, match="needs its reason"):
        known.read_known()


def test_the_table_shows_each_way_beside_the_direct_one() -> None:
    table = Table("server", "2025-11-25", {"one": PASSED}, {"http": ({"one": HALF}, Verdict({"one": ("b",)}, {}))})
    lines = lines_of(table, colour=False)
    assert any("through http" in line for line in lines)
    assert "one           ✓ 3/3             ✗ 2/3 failed ≠" in lines
    assert "http: differs and is not in known.json: one: b" in lines
    assert not any("\x1b" in line for line in lines)
    assert any("\x1b[31m" in line for line in lines_of(table, colour=True))
    assert not table.holds
