"""control.db: what people set up, and the log of their changes. One process has it at a time.

SQLAlchemy Core over one connection: another database is another engine, the statements stay.
"""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from yett.errors import StoreFault
from yett.ports import Clock
from yett.stores.control.lock import DATABASE_FILE, take_lock
from yett.stores.control.tables import organisations
from yett.stores.control.transaction import Transaction, Whole

SCHEMA: Final = "0007"
"""The newest migration. A database with another one is brought here, or refused if no migration leads here."""
ORGANISATION: Final = "default"
BUSY_TIMEOUT_MS: Final = 5_000
"""For readers of the file that are not ours, such as a backup."""


class ControlStore:
    """The control plane's memory. Not for several threads at once; its owner takes turns.

    Errors: `StoreFault` wherever it cannot answer or write.
    """

    def __init__(self, engine: Engine, place: str, lock: IO[str] | None = None) -> None:
        self._engine = engine
        self._place = place
        self._lock = lock

    @contextmanager
    def whole(self) -> Iterator[Whole]:
        """All or nothing: committed and durable when the block ends, undone when it raises."""
        with _faults(self._place), self._engine.begin() as connection:
            yield Whole(connection)

    @contextmanager
    def transaction(self, organisation: str) -> Iterator[Transaction]:
        """The same, for what belongs to one organisation."""
        with self.whole() as whole:
            yield whole.of(organisation)

    def close(self) -> None:
        """Let another process have it."""
        self._engine.dispose()
        if self._lock is not None:
            self._lock.close()


def open_control(state_dir: Path, clock: Clock) -> ControlStore:
    """Take the lock, open or make `control.db` in `state_dir`, and bring its schema up to date.

    Errors: `ControlBusy` where another process has it; `StoreFault` where it is damaged, full, unwritable or of a newer Yett.
    """
    path = state_dir / DATABASE_FILE
    lock = take_lock(state_dir)
    store = None
    try:
        engine = _sqlite_engine(path)
        store = ControlStore(engine, str(path), lock)
        prepare(engine, str(path), clock.now_ns())
    except BaseException:
        (store or lock).close()
        raise
    return store


def prepare(engine: Engine, place: str, now_ns: int) -> None:
    """Bring the schema of `engine`'s database up to date and make the organisation, all in one transaction.

    Errors: `StoreFault`.
    """
    with _faults(place), engine.begin() as connection:
        present = _schema_of(connection)
        if present != SCHEMA:
            _migrate(connection, present, place)
        if connection.execute(select(organisations.c.id)).first() is None:
            row = {"id": str(uuid.uuid4()), "name": ORGANISATION, "created_at_ns": now_ns}
            connection.execute(organisations.insert().values(row))


def check_integrity(state_dir: Path) -> list[str]:
    """What SQLite finds wrong with `control.db`, read only; empty if all is well or there is no file yet.

    Errors: `StoreFault` where it cannot be read at all.
    """
    path = state_dir / DATABASE_FILE
    if not path.exists():
        return []
    with _faults(str(path)):
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_MS / 1000)
        try:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check(10)")]
            found += [f"row {row[1]} of {row[0]} refers to nothing" for row in connection.execute("PRAGMA foreign_key_check")]
        finally:
            connection.close()
    return [line for line in found if line != "ok"]


def _sqlite_engine(path: Path) -> Engine:
    """One connection. It begins each transaction as a writer: a reader that turns writer may be refused at once."""
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_CLOEXEC, 0o600))  # SQLite would make it readable for others
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=StaticPool,
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "journal_size_limit=4194304"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _schema_of(connection: Connection) -> str | None:
    """The migration that the database is at; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return found


def _migrate(connection: Connection, present: str | None, place: str) -> None:
    """Run the missing migrations within the open transaction, so that a crash leaves the old schema or the new one."""
    from alembic import command  # noqa: PLC0415 - half a second that only a new or old database costs
    from alembic.config import Config  # noqa: PLC0415 - as above
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if present is not None and present not in known:
        raise StoreFault(f"the control database `{place}` was written by a newer Yett (schema `{present}`); upgrade Yett")
    command.upgrade(config, SCHEMA)


@contextmanager
def _faults(place: str) -> Iterator[None]:
    """Turn what the database says into a sentence with a remedy."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        original = error.orig if isinstance(error, DBAPIError) else error
        raise StoreFault(f"the control database `{place}` {_sentence(str(original))}") from error


_SENTENCES: Final = {
    "not a database": "is not a database, or damaged; restore a backup, or move it away and start anew",
    "malformed": "is damaged; restore a backup, or move it away and start anew",
    "locked": "is locked by another program; close what has it open",
    "full": "cannot grow, the disk is full; make room",
    "readonly": "cannot be written; check owner and mode of the file and of its directory",
    "unable to open": "cannot be opened; check owner and mode of the file and of its directory",
}


def _sentence(message: str) -> str:
    for part, sentence in _SENTENCES.items():
        if part in message:
            return sentence
    return f"cannot be used: {' '.join(message.split())}; `yett doctor` looks closer"
