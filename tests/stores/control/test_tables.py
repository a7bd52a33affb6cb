"""The tables and the migrations that make them."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import inspect
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

import yett.stores.control
from tests.support.clock import ManualClock
from yett.stores.control.store import SCHEMA, open_control
from yett.stores.control.tables import metadata


def test_the_migrations_make_the_tables_that_the_statements_use(tmp_path: Path) -> None:
    store = open_control(tmp_path, ManualClock())
    made = inspect(store._engine)
    for table in metadata.sorted_tables:
        columns = {column["name"]: column["nullable"] for column in made.get_columns(table.name)}
        assert columns == {column.name: column.nullable for column in table.columns}
        indexes = {index["name"] for index in made.get_indexes(table.name)}
        assert indexes == {index.name for index in table.indexes}
    store.close()


def test_the_schema_constant_is_the_last_migration() -> None:
    versions = Path(yett.stores.control.__file__).with_name("migrations") / "versions"
    assert max(path.stem for path in versions.glob("0*.py")).startswith(SCHEMA)


def test_the_tables_are_as_fit_for_postgresql() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # not typed there
    made = [str(CreateTable(table).compile(dialect=dialect)) for table in metadata.sorted_tables]
    indexes = [str(CreateIndex(index).compile(dialect=dialect)) for table in metadata.sorted_tables for index in table.indexes]
    assert len(made) == len(metadata.sorted_tables)
    assert any(text.endswith("WHERE removed_at_ns IS NULL") for text in indexes)
    assert not any("DATETIME" in text or "BLOB" in text for text in made)
