"""What the statements of all tables share: one connection, one organisation, and a note of what was changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Connection, Select, Table, func, or_, select

from yett.stores.control.records import Touched

LIKE_ESCAPE: Final = "\\"


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one organisation in some table. INVARIANT: every statement names the organisation, or an id that it checked."""

    connection: Connection
    organisation: str
    touched: Touched

    def all(self, statement: Select[Any]) -> list[Mapping[str, Any]]:
        """The rows that `statement` finds, by column."""
        found = self.connection.execute(statement)
        names = tuple(found.keys())
        return [dict(zip(names, row, strict=True)) for row in found]

    def first(self, statement: Select[Any]) -> Mapping[str, Any] | None:
        """The first row that `statement` finds."""
        row = self.connection.execute(statement).first()
        return None if row is None else dict(row._mapping)

    def change_one(self, statement: Any) -> None:
        """Run an update or a deletion that concerns exactly one row."""
        count = self.connection.execute(statement).rowcount
        assert count == 1, f"{count} rows changed instead of one"


def columns_of(table: Table, *, without: Collection[str] = ("organisation_id",)) -> list[Column[Any]]:
    """The columns of `table` but some."""
    return [column for column in table.c if column.name not in without]


def matches(search: str, *columns: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether one of `columns` holds `search`, whatever the case; every row, for an empty one."""
    plain = search.lower()
    for special in (LIKE_ESCAPE, "%", "_"):
        plain = plain.replace(special, LIKE_ESCAPE + special)
    return or_(*(func.lower(func.coalesce(column, "")).like(f"%{plain}%", escape=LIKE_ESCAPE) for column in columns))


def count(connection: Connection, table: Table, *where: ColumnElement[bool]) -> int:
    """How many rows there are."""
    number: int = connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one()
    return number
