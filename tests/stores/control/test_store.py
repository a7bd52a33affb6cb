"""control.db: one process, one transaction, one schema."""

from __future__ import annotations

import signal
import sqlite3
import stat
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.support.clock import START_NS, ManualClock
from yett.errors import StoreFault
from yett.stores.control.lock import ControlBusy
from yett.stores.control.records import Server
from yett.stores.control.store import ControlStore, check_integrity, open_control


def opened(state_dir: Path) -> ControlStore:
    return open_control(state_dir, ManualClock())


def a_server(name: str = "files") -> Server:
    return Server(id=str(uuid.uuid4()), name=name, url="http://127.0.0.1:9/mcp", created_at_ns=START_NS)


def test_a_block_that_raises_changes_nothing(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with pytest.raises(KeyError), store.whole() as write:
        whole = write.of(write.organisations()[0].id)
        whole.servers.add(a_server())
        write.bump_revision()
        raise KeyError
    with store.whole() as read:
        assert (read.of(read.organisations()[0].id).servers.listed(), read.revision()) == ([], 0)
    store.close()


def test_a_process_that_was_killed_leaves_neither_lock_nor_half_a_change(tmp_path: Path) -> None:
    opened(tmp_path).close()
    script = (
        "import sys; from pathlib import Path\n"
        "from tests.support.clock import ManualClock\n"
        "from yett.stores.control.store import open_control\n"
        "store = open_control(Path(sys.argv[1]), ManualClock())\n"
        "with store.whole() as write:\n    write.bump_revision(); print('in', flush=True); sys.stdin.read()\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"in\n"
        with pytest.raises(ControlBusy, match=f"process {child.pid} "):
            opened(tmp_path)
        child.send_signal(signal.SIGKILL)
    store = opened(tmp_path)
    with store.whole() as read:
        assert read.revision() == 0
    store.close()


def test_the_files_belong_to_their_owner_alone(tmp_path: Path) -> None:
    store = opened(tmp_path)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    store.close()


def test_the_database_is_as_durable_as_it_can_be(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with store._engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    store.close()


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"no database at all, but long enough to be looked at " * 40, "is not a database, or damaged; restore a backup")],
)
def test_a_damaged_file_is_named_and_left_as_it_is(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "control.db"
    path.write_bytes(content)
    with pytest.raises(StoreFault, match=message):
        opened(tmp_path)
    assert path.read_bytes() == content
    with pytest.raises(StoreFault, match=message):
        check_integrity(tmp_path)
    path.unlink()
    opened(tmp_path).close()  # the lock was given back


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    opened(tmp_path).close()
    with sqlite3.connect(tmp_path / "control.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreFault, match="written by a newer Yett"):
        opened(tmp_path)


def test_a_database_locked_by_another_program_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yett.stores.control.store.BUSY_TIMEOUT_MS", 10)
    opened(tmp_path).close()
    other = sqlite3.connect(tmp_path / "control.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreFault, match="is locked by another program"):
        opened(tmp_path)
    other.close()


def test_a_full_disk_is_named_and_nothing_is_half_written(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with store._engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        connection.rollback()
    with pytest.raises(StoreFault, match="the disk is full; make room"), store.whole() as write:
        for number in range(500):
            write.of(write.organisations()[0].id).servers.add(a_server(f"server-{number}"))
    with store.whole() as read:
        assert read.of(read.organisations()[0].id).servers.listed() == []
    store.close()


def test_integrity_of_a_sound_database_has_nothing_to_say(tmp_path: Path) -> None:
    assert check_integrity(tmp_path) == []
    store = opened(tmp_path)
    assert check_integrity(tmp_path) == []
    store.close()
