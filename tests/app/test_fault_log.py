"""Faults of servers in the program's log."""

from __future__ import annotations

import pytest

from tests.support.clock import ManualClock
from yett.app.fault_log import FaultLog
from yett.errors import UpstreamFault


def test_a_fault_names_request_server_and_reason(caplog: pytest.LogCaptureFixture) -> None:
    FaultLog(ManualClock().monotonic)("r-1", "files", UpstreamFault("connection refused by http://10.0.0.7"))
    assert caplog.messages == ["request r-1 to server `files` failed: connection refused by http://10.0.0.7"]


def test_many_faults_are_a_few_lines_and_a_number(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    log = FaultLog(clock.monotonic)
    for number in range(1_000):
        log(f"r-{number}", "files", UpstreamFault("gone"))
    log("r-x", "other", UpstreamFault("gone"))
    clock.advance(5)
    log("r-last", "files", UpstreamFault("gone"))
    assert caplog.messages == [
        "request r-0 to server `files` failed: gone",
        "request r-x to server `other` failed: gone",
        "request r-last to server `files` failed: gone (and 999 more since the last line)",
    ]
