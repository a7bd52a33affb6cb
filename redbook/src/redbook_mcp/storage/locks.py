"""Locks between processes, and between the threads of one: each holder opens the file anew, and a killed one lets go."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from redbook_mcp.errors import Code, RedBookError
from redbook_mcp.storage.faults import storage_faults

try:
    import fcntl
except ImportError:  # Windows has no flock; the store says so when it is opened.
    fcntl = None  # type: ignore[assignment]  # told apart below

POLL_S: Final = 0.01
_FLAGS: Final = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_CONTENT_BYTES_MAX: Final = 200


def require_locks() -> None:
    """Errors: UPDATE_FAILED on systems without file locks."""
    if fcntl is None:
        raise RedBookError(Code.UPDATE_FAILED, "this system has no file locks (flock); run RedBook on Linux, macOS or WSL")


@contextmanager
def held(folder: int, name: str, *, wait_s: float, busy: Callable[[str], RedBookError], note: str = "") -> Iterator[None]:
    """Hold the lock file `name` in a folder while the block runs.

    Waits up to `wait_s` seconds; `note` stands in the file meanwhile, for whoever waits in vain: `busy` makes the error from it.
    The file is never removed, since a lock on a removed file would hold off nobody.
    """
    with storage_faults(Code.UPDATE_FAILED, f"lock `{name}`"):
        descriptor = os.open(name, _FLAGS, 0o600, dir_fd=folder)
    try:
        deadline = time.monotonic() + wait_s
        while not _taken(descriptor):
            if time.monotonic() >= deadline:
                raise busy(os.pread(descriptor, _CONTENT_BYTES_MAX, 0).decode("utf-8", "replace"))
            time.sleep(POLL_S)
        if note:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, note.encode()[:_CONTENT_BYTES_MAX], 0)
        yield
    finally:
        os.close(descriptor)


def is_free(folder: int, name: str) -> bool:
    """Whether nobody holds the lock now. A holder who comes at this very moment waits for us for an instant."""
    try:
        with storage_faults(Code.UPDATE_FAILED, f"look at `{name}`"):
            descriptor = os.open(name, _FLAGS & ~os.O_CREAT, dir_fd=folder)
    except RedBookError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return True
        raise
    try:
        return _taken(descriptor, shared=True)
    finally:
        os.close(descriptor)


def _taken(descriptor: int, *, shared: bool = False) -> bool:
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
