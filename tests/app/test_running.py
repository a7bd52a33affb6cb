"""The gateway of a state directory as a process: found by the file that it holds, and nobody else is ever ended."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from yett.app.running import PID_FILE, being_the_gateway, end_gateway, find_running
from yett.errors import OperatorFault

HOLDER = """
import signal, sys, time
from pathlib import Path
from yett.app.running import being_the_gateway
ignored = []
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, lambda *_: ignored.append(1) if not ignored else sys.exit(9))
with being_the_gateway(Path(sys.argv[1])):
    print("here", flush=True)
    while True:
        time.sleep(0.05)
"""


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process that is nobody's gateway."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        yield process
        process.kill()


def holder(directory: Path, *words: str) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(directory), *words], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    return process


def test_what_holds_the_file_is_ended_and_nothing_runs_then(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        found = find_running(tmp_path)
        assert found is not None and found.pid == process.pid
        assert not found.has_ended(0)
        found.close()
        assert end_gateway(tmp_path, 10, now=False) == (process.pid, True)
        assert process.wait() == -15
    assert end_gateway(tmp_path, 10, now=False) is None


def test_what_still_has_work_is_said_and_ends_when_it_is_told_twice(tmp_path: Path) -> None:
    with holder(tmp_path, "stubborn") as process:
        assert end_gateway(tmp_path, 0.3, now=False) == (process.pid, False)
        assert end_gateway(tmp_path, 10, now=True) == (process.pid, True)
        assert process.wait() == 9


def test_a_number_that_another_process_has_by_now_ends_nobody(tmp_path: Path, bystander: subprocess.Popen[bytes]) -> None:
    (tmp_path / PID_FILE).write_text(f"{bystander.pid}\n")
    assert end_gateway(tmp_path, 1, now=True) is None
    assert bystander.poll() is None
    assert end_gateway(tmp_path / "nowhere", 1, now=True) is None


def test_there_is_one_gateway_at_a_time_and_the_next_waits_for_one_that_ends(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        with pytest.raises(OperatorFault, match=f"process {process.pid} is the gateway of .*`yett down` ends it"):  # noqa: SIM117 - of the inner one
            with being_the_gateway(tmp_path, 0.2):
                raise AssertionError("two of them")
        process.terminate()
        with being_the_gateway(tmp_path, 10):
            assert (tmp_path / PID_FILE).read_text() == f"{os.getpid()}\n"
            assert (tmp_path / PID_FILE).stat().st_mode & 0o777 == 0o600


def test_a_file_that_leads_elsewhere_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("1\n")
    (tmp_path / PID_FILE).symlink_to(tmp_path / "other")
    with pytest.raises(OperatorFault, match=PID_FILE):
        find_running(tmp_path)
