"""Two tiny programs that keep children from outliving the gateway. Run by path in a bare interpreter: standard library only.

`run STATUS_FD PARENT_PID PROGRAM ARG…` becomes PROGRAM, after asking the kernel to kill it when the gateway dies. If PROGRAM
cannot be started, the reason is written to STATUS_FD; that it closes without a word means that PROGRAM runs.

`watch MARK` waits until its standard input ends, which it does when the gateway is gone however it went, and then kills every
process that still carries MARK in its environment: what children started in turn, which the kernel's promise does not cover.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

PR_SET_PDEATHSIG = 1
SWEEPS_MAX = 100
SWEEP_PAUSE_S = 0.05


def run(status_fd: int, parent_pid: int, argv: list[str]) -> NoReturn:
    """Become `argv`. The environment is the one that the kernel holds: an interpreter adds to its own (PEP 538)."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:  # the gateway died before the line above
        os._exit(1)
    # An interpreter ignores these, and a program would inherit that.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    os.set_inheritable(status_fd, False)
    # Descriptors that leaked are none of the program's business; copies of its own pipes would hide that it closed them.
    os.closerange(3, status_fd)
    os.closerange(status_fd + 1, os.sysconf("SC_OPEN_MAX"))
    pairs = [pair.partition(b"=") for pair in Path("/proc/self/environ").read_bytes().split(b"\0") if b"=" in pair]
    try:
        os.execvpe(argv[0], argv, {name: value for name, _, value in pairs})  # noqa: S606 - argv without a shell is the point
    except OSError as error:
        os.write(status_fd, (error.strerror or "unknown error").encode())
    except ValueError:
        os.write(status_fd, b"its arguments hold a NUL")
    os._exit(127)


def watch(mark: str) -> None:
    """Wait for the end of the gateway, then leave none of its processes."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while os.read(0, 4096):
        pass
    for _ in range(SWEEPS_MAX):  # what is being killed may be starting more
        if not sweep(mark.encode()):
            return
        time.sleep(SWEEP_PAUSE_S)


def sweep(mark: bytes) -> int:
    """Kill all living processes that carry `mark`; how many there were."""
    found = 0
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                os.kill(int(entry.name), signal.SIGKILL)
                found += 1
        except OSError:
            continue  # gone meanwhile, or another user's
    return found


if __name__ == "__main__":
    if sys.argv[1] == "watch":
        watch(sys.argv[2])
    else:
        run(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
