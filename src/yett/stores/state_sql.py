"""Multi-row INSERT statements: one statement for many rows costs a third of many statements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import apsw

from yett.audit.clip import clean

Cell: TypeAlias = str | int | None

_SIZES: Final = (64, 32, *range(16, 0, -1))
"""Rows of the statements that are kept prepared; any number of rows is made of these, and a usual group takes one."""
_INT64_MAX: Final = 2**63 - 1


class Insert:
    """One INSERT statement for any number of rows."""

    def __init__(self, head: str, columns: int, tail: str = "") -> None:
        row = f"({','.join('?' * columns)})"
        self._columns = columns
        self._statements = {size: head + ",".join([row] * size) + tail for size in _SIZES}

    def run(self, cursor: apsw.Cursor, flat: Sequence[Cell]) -> None:
        """Insert rows, given as one flat sequence of their values."""
        start, left = 0, len(flat) // self._columns
        whole = self._statements.get(left)
        if whole is not None:
            _execute(cursor, whole, flat)
            return
        for size in _SIZES:
            while left >= size:
                end = start + size * self._columns
                _execute(cursor, self._statements[size], flat[start:end])
                start, left = end, left - size


def _execute(cursor: apsw.Cursor, statement: str, cells: Sequence[Cell]) -> None:
    try:
        cursor.execute(statement, cells)
    except (UnicodeEncodeError, OverflowError):
        # A stranger's text or number that no column takes must not keep others' records out.
        cursor.execute(statement, [_storable(cell) for cell in cells])


def _storable(cell: Cell) -> Cell:
    if isinstance(cell, str):
        return clean(cell)
    if isinstance(cell, int):
        return max(-_INT64_MAX, min(cell, _INT64_MAX))
    return cell
