"""The tables and the migrations that make them."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import inspect

import yett.stores.control
from tests.support.clock import ManualClock
from yett.stores.control import SCHEMA, open_control
from yett.stores.control_tables import metadata


def test_the_migrations_make_the_tables_that_the_statements_use(tmp_path: Path) -> None:
    store = open_control(tmp_path, ManualClock())
    made = inspect(store._engine)
    for table in metadata.sorted_tables:
        columns = {column["name"]: column["nullable"] for column in made.get_columns(table.name)}
        assert columns == {column.name: column.nullable for column in table.columns}
        indexes = {index["name"] for index in made.get_indexes(table.name)}
        assert indexes == {index.name for index in table.indexes}
    store.close()


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"no database at all, but long enough to be looked at " * 40, "is not a database, or damaged; restore a backup")],
)
def test_a_damaged_file_is_named_and_left_as_it_is(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "control.db"
    path.write_bytes(content)
    with pytest.raises(StoreFault, match=message):
        open_control(tmp_path, ManualClock())
    assert path.read_bytes() == content
    with pytest.raises(StoreFault, match=message):
        check_integrity(tmp_path)
    path.unlink()
    open_control(tmp_path, ManualClock()).close()  # the lock was given back


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    open_control(tmp_path, ManualClock()).close()
    with sqlite3.connect(tmp_path / "control.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreFault, match="written by a newer Yett"):
        open_control(tmp_path, ManualClock())


def test_a_database_locked_by_another_program_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yett.stores.control.BUSY_TIMEOUT_MS", 10)
    open_control(tmp_path, ManualClock()).close()
    other = sqlite3.connect(tmp_path / "control.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreFault, match="is locked by another program"):
        open_control(tmp_path, ManualClock())
    other.close()


def test_a_full_disk_is_named_and_nothing_is_half_written(tmp_path: Path) -> None:
    store = open_control(tmp_path, ManualClock())
    with store._engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        connection.rollback()
    with pytest.raises(StoreFault, match="the disk is full; make room"), store.transaction() as write:
        for number in range(500):
            write.add_server(a_server(f"server-{number}"))
    with store.transaction() as read:
        assert read.servers() == []
    store.close()


def test_integrity_of_a_sound_database_has_nothing_to_say(tmp_path: Path) -> None:
    assert check_integrity(tmp_path) == []
    store = open_control(tmp_path, ManualClock())
    assert check_integrity(tmp_path) == []
    store.close()


def test_the_schema_constant_is_the_last_migration() -> None:
    versions = Path(yett.stores.control.__file__).with_name("migrations") / "versions"
    assert max(path.stem for path in versions.glob("0*.py")).startswith(SCHEMA)
