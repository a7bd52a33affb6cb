"""Tasks as rows of state.db, so that they are known after a restart and to every data plane that shares the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import apsw
import msgspec

from yett.ports import StoredTask
from yett.stores.state_file import faults_of, open_writer

GRANT_ROWS_MAX: Final = 512
"""Tasks of one grant: twice what one data plane takes, as two may run side by side. Those that were collected give way first,
then the oldest."""
GRANT_BYTES_MAX: Final = 8 * 1024 * 1024
"""Of one grant's tasks: sealed arguments, and keys of what servers asked, which may be long."""
ROWS_MAX: Final = 20_000
"""Tasks of all grants; those that end first give way."""
BYTES_MAX: Final = 256 * 1024 * 1024
WEIGH_EVERY: Final = 64
"""How many are written until all are counted again: a look at every row takes a millisecond."""
PRUNED_AT_ONCE: Final = 1_000

_FIND: Final = (
    "SELECT server_id, task, grant_id, child, upstream, run, tool, arguments, covers, asked, made_ns, until_ns, collected,"
    " contested FROM task_bindings WHERE server_id = ? AND task = ? AND grant_id = ?"
)
_TAKEN: Final = (
    "SELECT EXISTS (SELECT 1 FROM task_bindings"
    " WHERE server_id = ? AND task = ? AND child = ? AND upstream = ? AND until_ns > ? AND (grant_id <> ? OR contested))"
)
_END: Final = "DELETE FROM task_bindings WHERE server_id = ? AND task = ? AND until_ns <= ?"
_CONTEST: Final = (
    "UPDATE task_bindings SET contested = 1 WHERE server_id = ? AND task = ? AND child = ? AND upstream = ? AND grant_id <> ?"
)
_KEEP: Final = (
    "INSERT INTO task_bindings (server_id, task, grant_id, child, upstream, run, tool, arguments, covers, asked, made_ns,"
    " until_ns, collected, contested, size) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (server_id, task, grant_id, child) DO UPDATE SET upstream = excluded.upstream, run = excluded.run,"
    " tool = excluded.tool, arguments = excluded.arguments, covers = excluded.covers, asked = excluded.asked,"
    " made_ns = excluded.made_ns, until_ns = excluded.until_ns, collected = excluded.collected,"
    " contested = max(contested, excluded.contested), size = excluded.size"
)
_OF_GRANT: Final = "SELECT count(*), total(size) FROM task_bindings WHERE grant_id = ?"
_YIELD_OF_GRANT: Final = (
    "DELETE FROM task_bindings WHERE seq ="
    " (SELECT seq FROM task_bindings WHERE grant_id = ? ORDER BY collected DESC, made_ns LIMIT 1)"
)
_OF_ALL: Final = "SELECT count(*), total(size) FROM task_bindings"
_YIELD: Final = "DELETE FROM task_bindings WHERE seq IN (SELECT seq FROM task_bindings ORDER BY until_ns LIMIT ?)"
_PRUNE: Final = (
    "DELETE FROM task_bindings WHERE seq IN (SELECT seq FROM task_bindings WHERE until_ns <= ? ORDER BY until_ns LIMIT ?)"
)


class StoredTasks:
    """Implements `yett.ports.TaskStore` for the event loop: reads at once, and has written with the next group."""

    def __init__(self, connection: apsw.Connection, path: Path, keep: Callable[[StoredTask], None]) -> None:
        """`keep` puts a row into the group that is written next. It may raise `StoreFault`."""
        self._cursor = connection.cursor()
        self._path = path
        self.keep = keep

    def find(self, server_id: str, task: str, grant_id: str) -> list[StoredTask]:
        """See `TaskStore.find`."""
        with faults_of(self._path):
            return [_stored(row) for row in self._cursor.execute(_FIND, (server_id, task, grant_id))]

    def is_taken(self, task: StoredTask) -> bool:
        """See `TaskStore.is_taken`."""
        place = task.server_id, task.id, task.child, task.upstream
        with faults_of(self._path):
            return bool(self._cursor.execute(_TAKEN, (*place, task.made_ns, task.grant_id)).get)


class TaskRows:
    """The same rows for whoever holds the transaction."""

    def __init__(self, cursor: apsw.Cursor) -> None:
        self._cursor = cursor
        self._until_weighed = 0

    def write(self, tasks: list[StoredTask]) -> None:
        """Write these, and have others give way where they are too many."""
        for task in tasks:
            self._write(task)
        for grant_id in {task.grant_id for task in tasks}:
            self._bound(grant_id)
        self._until_weighed -= len(tasks)
        if self._until_weighed <= 0:
            self._until_weighed = WEIGH_EVERY
            self._bound_all()

    def _write(self, task: StoredTask) -> None:
        place = task.server_id, task.id, task.child, task.upstream
        self._cursor.execute(_END, (task.server_id, task.id, task.made_ns))
        self._cursor.execute(_CONTEST, (*place, task.grant_id))
        contested = task.contested or self._cursor.connection.changes() > 0
        covers, asked = _text(task.covers), _text(task.asked)
        about = task.upstream, task.run, task.tool, task.arguments, covers, asked
        size = len(task.arguments) + len(covers) + len(asked)
        state = task.made_ns, task.until_ns, int(task.collected), int(contested), size
        self._cursor.execute(_KEEP, (task.server_id, task.id, task.grant_id, task.child, *about, *state))

    def _bound(self, grant_id: str) -> None:
        while self._is_over(GRANT_ROWS_MAX, GRANT_BYTES_MAX, _OF_GRANT, grant_id):
            self._cursor.execute(_YIELD_OF_GRANT, (grant_id,))

    def _bound_all(self) -> None:
        while self._is_over(ROWS_MAX, BYTES_MAX, _OF_ALL):
            self._cursor.execute(_YIELD, (WEIGH_EVERY,))

    def _is_over(self, rows_max: int, bytes_max: int, query: str, *of: str) -> bool:
        found: Any = self._cursor.execute(query, of).fetchone()
        rows, size = found
        return bool(rows > rows_max or size > bytes_max)

    def prune(self, now_ns: int) -> int:
        """Delete what is over; how many rows it was, at most `PRUNED_AT_ONCE`."""
        self._cursor.execute(_PRUNE, (now_ns, PRUNED_AT_ONCE))
        return self._cursor.connection.changes()


def forget_tasks(path: Path) -> None:
    """Delete all that a file knows of tasks. Errors: `StoreFault`."""
    connection = open_writer(path)
    try:
        with faults_of(path):
            connection.execute("DELETE FROM task_bindings")
    finally:
        connection.close()


def _stored(row: Any) -> StoredTask:
    server_id, task, grant_id, child, upstream, run, tool, arguments, covers, asked, made_ns, until_ns, collected, contested = row
    return StoredTask(
        server_id=server_id,
        id=task,
        grant_id=grant_id,
        child=child,
        upstream=upstream,
        run=run,
        tool=tool,
        arguments=arguments,
        covers=tuple(msgspec.json.decode(covers)),
        asked=tuple(msgspec.json.decode(asked)),
        made_ns=made_ns,
        until_ns=until_ns,
        collected=bool(collected),
        contested=bool(contested),
    )


def _text(words: tuple[str, ...]) -> str:
    return msgspec.json.encode(words).decode()
