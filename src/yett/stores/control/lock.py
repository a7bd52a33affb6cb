"""Who has the control database: a lock on a file that the system gives back however its holder ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO, Final

from yett.errors import StoreFault

DATABASE_FILE: Final = "control.db"
LOCK_FILE: Final = "control.lock"


class ControlBusy(StoreFault):
    """Another process has the database; `holder` is its process id, if it said so."""

    def __init__(self, path: Path, holder: int | None) -> None:
        who = f"process {holder}" if holder else "another process"
        super().__init__(f"{who} has the control database `{path}`; stop it, or let it do the work over its admin API")
        self.holder = holder


def take_lock(state_dir: Path) -> IO[str]:
    """Have the control database of `state_dir` until the returned file is closed. Errors: `ControlBusy`, `StoreFault`."""
    lock = _open(state_dir / LOCK_FILE)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        written = lock.read(20).strip()
        lock.close()
        raise ControlBusy(state_dir / DATABASE_FILE, int(written) if written.isdecimal() else None) from error
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def is_held(state_dir: Path) -> bool:
    """Whether somebody has the control database now."""
    with _open(state_dir / LOCK_FILE) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _open(path: Path) -> IO[str]:
    try:
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+", encoding="ascii")
    except OSError as error:
        raise StoreFault(f"cannot open the lock `{path}`: {error.strerror}") from error
