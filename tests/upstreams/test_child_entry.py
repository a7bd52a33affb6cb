"""The two tiny programs, run as they are run."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from yett.upstreams import child_entry
from yett.upstreams.child_watch import BARE_INTERPRETER

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has what they use")


def run(*argv: str, parent: int | None = None) -> tuple[str, int, bytes]:
    """What the intermediate program says, its status, and what the program wrote."""
    read_end, write_end = os.pipe()
    command = [*BARE_INTERPRETER, "run", str(write_end), str(parent or os.getpid()), *argv]
    with subprocess.Popen(command, pass_fds=[write_end], env={"A": "b=c"}, stdout=subprocess.PIPE) as process:
        os.close(write_end)
        with os.fdopen(read_end) as said:
            reason = said.read()
        output, _ = process.communicate()
    return reason, process.returncode, output


def test_it_becomes_the_program_with_the_environment_that_it_got() -> None:
    assert run("/usr/bin/env") == ("", 0, b"A=b=c\n")


def test_it_says_why_the_program_cannot_be_started() -> None:
    assert run("/nonexistent/program") == ("No such file or directory", 127, b"")
    assert run(str(Path(__file__))) == ("Permission denied", 127, b"")


def test_it_does_not_start_the_program_for_a_parent_that_is_gone() -> None:
    assert run("/usr/bin/env", parent=1) == ("", 1, b"")


STANDARD_SIGNALS = 0x7FFFFFFF
"""1 to 31. The C library keeps 32 and 33 to itself, and whoever runs the tests may have left them ignored."""


def test_the_program_does_not_inherit_that_signals_are_ignored() -> None:
    reason, status, output = run("/bin/sh", "-c", "grep SigIgn /proc/$$/status")
    assert (reason, status) == ("", 0)
    assert int(output.split()[1], 16) & STANDARD_SIGNALS == 0


def test_a_sweep_kills_what_carries_the_mark_and_nothing_else() -> None:
    mark = f"YETT_TEST={secrets.token_hex(8)}"
    sleep = [sys.executable, "-I", "-S", "-c", "print(flush=True); import time; time.sleep(60)"]
    with (
        subprocess.Popen(sleep, env=dict([mark.split("=")]), stdout=subprocess.PIPE) as marked,
        subprocess.Popen(sleep, env={"YETT_TEST": mark.split("=")[1] + "0"}, stdout=subprocess.PIPE) as other,
    ):
        for process in (marked, other):
            assert process.stdout is not None
            process.stdout.readline()
        assert child_entry.sweep(mark.encode()) == 1
        assert marked.wait(5) == -9
        assert child_entry.sweep(mark.encode()) == 0
        assert other.poll() is None
        other.kill()
