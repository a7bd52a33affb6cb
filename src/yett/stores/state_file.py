"""The file state.db: how it is opened, its version, and what its errors mean to a person."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import apsw

from yett.errors import StoreFault

STATE_FILE: Final = "state.db"
"""Its name in the state directory."""
SCHEMA_VERSION: Final = 4
BUSY_TIMEOUT_S: Final = 5.0
"""How long another process may hold the file before calls are denied."""
EMERGENCY_CHECKPOINT_PAGES: Final = 20_000
"""The checkpointer keeps the write-ahead log far below; this is for the case that it died. 80 MB."""
JOURNAL_BYTES_MAX: Final = 64 * 1024 * 1024
STATEMENTS_CACHED: Final = 256
_PAUSE_S: Final = 0.000_05
_SCHEMA: Final = Path(__file__).with_name("state_schema.sql")
_APPROVALS: Final = Path(__file__).with_name("approvals_schema.sql")
_TASKS_LOGGED: Final = "CREATE TABLE tasks (seq INTEGER PRIMARY KEY, task TEXT NOT NULL) STRICT;"
"""What schema 1 lacks, and schema 2 has."""
_TASKS: Final = Path(__file__).with_name("tasks_schema.sql")


def open_writer(path: Path, *, fsync: bool = False, patience_s: float = BUSY_TIMEOUT_S) -> apsw.Connection:
    """A connection that may write, with the schema in place. While opening it waits up to `BUSY_TIMEOUT_S` for other processes,
    afterwards up to `patience_s` for each statement.

    Errors: `StoreFault`.
    """
    with faults_of(path):
        _create_private(path)
        connection = _connect(path, apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
        try:
            _use_wal(connection, path)
            connection.pragma("synchronous", "FULL" if fsync else "NORMAL")
            connection.pragma("journal_size_limit", JOURNAL_BYTES_MAX)
            connection.wal_autocheckpoint(EMERGENCY_CHECKPOINT_PAGES)
            _ensure_schema(connection, path)
        except BaseException:
            connection.close()
            raise
    connection.set_busy_handler(waiting(patience_s))
    return connection


def open_reader(path: Path) -> apsw.Connection:
    """A connection that reads a file that is there already.

    Errors: `StoreFault`.
    """
    if not path.exists():
        raise StoreFault(f"there is no `{path}` yet: nothing has been recorded here; look at `state.directory` in the settings")
    with faults_of(path):
        # Not opened read-only: whoever reads a log left by kill -9 must first recover it.
        connection = _connect(path, apsw.SQLITE_OPEN_READWRITE)
        try:
            _ensure_schema(connection, path)
            connection.pragma("query_only", True)
        except BaseException:
            connection.close()
            raise
    return connection


def waiting(patience_s: float) -> Callable[[int], bool]:
    """A busy handler that waits in steps of some 0.1 ms at first, and gives up after `patience_s`."""
    started = 0.0

    def wait(attempt: int) -> bool:
        nonlocal started
        if attempt == 0:
            started = time.perf_counter()
        elif time.perf_counter() - started >= patience_s:
            return False
        time.sleep(_PAUSE_S * min(attempt + 1, 100))
        return True

    return wait


@contextmanager
def faults_of(path: Path) -> Iterator[None]:
    """Errors of the library inside become `StoreFault` with a sentence."""
    try:
        yield
    except apsw.Error as error:
        raise fault_of(path, error) from error
    except OSError as error:
        raise StoreFault(f"cannot open `{path}`: {error.strerror}; make the state directory writable for this user") from error


def fault_of(path: Path, error: apsw.Error) -> StoreFault:
    """What is wrong with the file and what to do about it."""
    match error:
        case apsw.BusyError() | apsw.LockedError():
            return locked(path, BUSY_TIMEOUT_S)
        case apsw.FullError():
            sentence = f"no space left for `{path}`: free some on its disk; calls are denied until then"
        case apsw.CorruptError() | apsw.NotADBError():
            sentence = (
                f"`{path}` is damaged: put back a copy, or move it away together with its `-wal` and `-shm` "
                "to start with empty counters and an empty log"
            )
        case apsw.ReadOnlyError() | apsw.CantOpenError() | apsw.PermissionsError() | apsw.AuthError():
            sentence = f"cannot write `{path}`: make the file and its directory writable for this user"
        case apsw.IOError():
            sentence = (
                f"the disk under `{path}` fails ({_name(error)}): look at its space and health; calls are denied until then"
            )
        case _:
            sentence = f"cannot use `{path}`: {_one_line(error)}; `yett doctor` looks closer"
    return StoreFault(sentence)


def locked(path: Path, waited_s: float) -> StoreFault:
    """The fault of a file that another process does not let go."""
    return StoreFault(
        f"`{path}` has been locked by another process for longer than {waited_s:g} s: end the program that holds it "
        f"(`fuser {path}` names it); calls are denied until then"
    )


def replaced(path: Path) -> StoreFault:
    """The fault of a file that is no longer the one at its path."""
    return StoreFault(f"`{path}` was removed or replaced while in use: restart to use the one that is there now")


def _connect(path: Path, flags: int) -> apsw.Connection:
    connection = apsw.Connection(str(path), flags=flags, statementcachesize=STATEMENTS_CACHED)
    connection.set_busy_handler(waiting(BUSY_TIMEOUT_S))
    return connection


def _create_private(path: Path) -> None:
    """Make the file readable for its owner only. Not opened where it exists: closing it would drop this process's locks on it."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _use_wal(connection: apsw.Connection, path: Path) -> None:
    if connection.pragma("journal_mode", "wal") != "wal":
        raise StoreFault(f"`{path}` cannot be shared on this file system; put the state directory on a local disk")


def _ensure_schema(connection: apsw.Connection, path: Path) -> None:
    if _check_version(connection, path) == SCHEMA_VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    # Another process may have been faster. What fails here leaves nothing behind: the caller closes the connection.
    version = _check_version(connection, path)
    if version != SCHEMA_VERSION:
        lacking = {0: _SCHEMA.read_text(encoding="utf-8"), 1: _TASKS_LOGGED}.get(version, "")
        approvals = _APPROVALS.read_text(encoding="utf-8") if version < 3 else ""
        connection.execute(lacking + approvals + _TASKS.read_text(encoding="utf-8"))
        connection.pragma("user_version", SCHEMA_VERSION)
    connection.execute("COMMIT")


def _check_version(connection: apsw.Connection, path: Path) -> int:
    version = connection.pragma("user_version")
    assert isinstance(version, int)
    if version > SCHEMA_VERSION:
        raise StoreFault(
            f"`{path}` was written by a newer yett (its schema is {version}, this one knows {SCHEMA_VERSION}): "
            "use that version, or another state directory"
        )
    if version == 0 and connection.execute("SELECT count(*) FROM sqlite_master").get:
        raise StoreFault(f"`{path}` is a database of another program: move it away, or use another state directory")
    return version


def _name(error: apsw.Error) -> str:
    code = getattr(error, "extendedresult", 0)
    return str(apsw.mapping_extended_result_codes.get(code, _one_line(error)))


def _one_line(error: apsw.Error) -> str:
    return " ".join(str(error).split())
