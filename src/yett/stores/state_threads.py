"""The threads of the ledger: one moves the write-ahead log into the file, one commits where a commit waits for the disk."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import apsw

from yett.stores.state_commit import Committer, Group, Written
from yett.stores.state_file import waiting

CHECKPOINT_EVERY_S: Final = 0.25
RESTART_AFTER_PAGES: Final = 4_000
"""Pages (16 MB) in the write-ahead log beyond which writers are kept out for a moment: under steady load it never begins anew
by itself."""
RESTART_PATIENCE_S: Final = 0.05

_LOG: Final = logging.getLogger("yett.ledger")


class Checkpointer:
    """Moves committed pages from the write-ahead log into the file, over a connection of its own, while the loop goes on.

    Done within a commit, the same work takes tens of milliseconds at a time.
    """

    def __init__(self, path: Path, commits: Callable[[], int], on_replaced: Callable[[], None]) -> None:
        self._path = path
        self._commits = commits
        self._on_replaced = on_replaced
        self._identity = _identity(path)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="yett-checkpointer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Returns when the thread has ended and its connection is closed."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        connection: apsw.Connection | None = None
        seen = 0
        complaint = ""
        while not self._stopped.wait(CHECKPOINT_EVERY_S):
            if _identity(self._path) != self._identity:
                self._on_replaced()
                break
            commits = self._commits()
            if commits == seen:
                continue
            try:
                connection = connection or self._connect()
                self._checkpoint(connection)
                seen, complaint = commits, ""
            except apsw.Error as error:
                # Nothing is lost: the log grows until a later turn succeeds. A full or failing disk stops the commits too.
                if str(error) != complaint:
                    complaint = str(error)
                    _LOG.warning("cannot move the write-ahead log into %s: %s", self._path, complaint)
        if connection is not None:
            connection.close()

    def _connect(self) -> apsw.Connection:
        connection = apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READWRITE)
        connection.set_busy_handler(waiting(RESTART_PATIENCE_S))
        connection.pragma("user_version")  # before its first read a connection does not know of the log, and checkpoints nothing
        return connection

    def _checkpoint(self, connection: apsw.Connection) -> None:
        # Busy is another process that checkpoints, reads or writes just now; next turn.
        with suppress(apsw.BusyError):
            pages, _ = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            if pages > RESTART_AFTER_PAGES:
                connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)


class Writer:
    """Commits groups in a thread, in the order they are given. `done` is called there with each result."""

    def __init__(self, committer: Committer, done: Callable[[Group, Written], None]) -> None:
        self._committer = committer
        self._done = done
        self._groups: queue.SimpleQueue[tuple[Group, int] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="yett-ledger-writer", daemon=True)
        self._thread.start()

    def submit(self, group: Group, surely_past_ns: int) -> None:
        """Have `group` written next."""
        self._groups.put((group, surely_past_ns))

    def stop(self) -> None:
        """Returns when everything submitted was handled and the thread has ended."""
        self._groups.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (item := self._groups.get()) is not None:
            group, surely_past_ns = item
            self._done(group, self._committer.run(group, surely_past_ns))


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells this file from another one at the same path; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
