"""The gateway of a state directory as a process: known by a file that it holds locked, and ended by it, whoever started it."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Final

from yett.errors import OperatorFault

PID_FILE: Final = "up.pid"
PAUSE_S: Final = 0.1
PATIENCE_S: Final = 20.0
"""How long a gateway waits for one that is just ending."""


@contextmanager
def being_the_gateway(state_dir: Path, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Be known as the gateway of this state directory while the block lasts. Errors: `OperatorFault` where another one is."""
    deadline = time.monotonic() + patience_s
    with _open(state_dir) as file:
        while not _locked(file):
            if time.monotonic() > deadline:
                raise OperatorFault(f"process {_pid_in(file)} is the gateway of `{state_dir}`; `yett down` ends it")
            time.sleep(PAUSE_S)
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield  # the lock goes with the file, however this process ends


class Running:
    """A gateway that runs. INVARIANT: a signal reaches that very process, never another one that got its number later."""

    def __init__(self, pid: int, descriptor: int) -> None:
        self.pid = pid
        self._descriptor = descriptor

    def close(self) -> None:
        """Let it be."""
        os.close(self._descriptor)

    def end(self) -> None:
        """Ask it to end; a second time, to end at once. Errors: `OperatorFault` where it is another user's."""
        try:
            signal.pidfd_send_signal(self._descriptor, signal.SIGTERM)
        except ProcessLookupError:
            return  # it has ended
        except PermissionError as error:
            raise OperatorFault(f"the gateway, process {self.pid}, is another user's; end it as that user") from error

    def has_ended(self, within_s: float) -> bool:
        """Whether it has ended, waiting so long for that."""
        return bool(select.select([self._descriptor], [], [], within_s)[0])


def find_running(state_dir: Path) -> Running | None:
    """The gateway of this state directory, if one runs; close it. Errors: `OperatorFault` where the file cannot be read."""
    if not (state_dir / PID_FILE).exists():
        return None
    with _open(state_dir) as file:
        if _locked(file):
            return None  # what it names has ended
        pid = _pid_in(file)
        if pid is None:
            raise OperatorFault(f"a gateway just starts in `{state_dir}`; try again")
        if not hasattr(os, "pidfd_open"):
            raise OperatorFault(f"this system has no safe way to end another process; end the gateway, process {pid}, yourself")
        try:
            descriptor = os.pidfd_open(pid)
        except OSError:
            return None
        # Its number was taken before this look: as long as the file is held by it, the descriptor is of the one who holds it.
        if _locked(file) or _pid_in(file) != pid:
            os.close(descriptor)
            return None
        return Running(pid, descriptor)


def end_gateway(state_dir: Path, within_s: float, *, now: bool) -> tuple[int, bool] | None:
    """Have the gateway end, `now` without waiting for calls in work; its process id, and whether it did. None where none runs."""
    found = find_running(state_dir)
    if found is None:
        return None
    with closing(found):
        found.end()
        if now and not found.has_ended(PAUSE_S):
            found.end()
        return found.pid, found.has_ended(within_s)


def _open(state_dir: Path) -> IO[str]:
    path = state_dir / PID_FILE
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600), "r+", encoding="ascii")
    except OSError as error:
        raise OperatorFault(f"cannot use `{path}`: {error.strerror}; look at `state.directory` in the settings") from error


def _locked(file: IO[str]) -> bool:
    """Whether nobody had the file, and it is ours now."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _pid_in(file: IO[str]) -> int | None:
    file.seek(0)
    written = file.read(20).strip()
    return int(written) if written.isdecimal() else None
