"""Emptying counters by hand, which is recorded: the way out of a wrong clock or a wrong limit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import apsw

from yett.quota.charge import amount_text
from yett.stores.state_figures import CounterFigures
from yett.stores.state_file import BUSY_TIMEOUT_S, faults_of, open_writer
from yett.stores.state_rows import INSERT_EVENTS, SELECT_NEWEST, Event, event_row

_COLUMNS: Final = "key, maximum, rule, server_name, grant_label, counts_until_ns"
RESET: Final = "limits_reset"
"""The action of the event."""


def reset_counters(path: Path, wanted: Sequence[CounterFigures], *, actor: str, now_ns: int) -> None:
    """Empty these counters and record who did it, in one transaction. Processes that run see it at their next call.

    Each gets another id: what calls under way give back later is not taken off what was charged meanwhile.

    Errors: `StoreFault`.
    """
    connection = open_writer(path, patience_s=BUSY_TIMEOUT_S)
    try:
        with faults_of(path):
            _reset(connection.cursor(), wanted, actor, now_ns)
    finally:
        connection.close()


def _reset(cursor: apsw.Cursor, wanted: Sequence[CounterFigures], actor: str, now_ns: int) -> None:
    cursor.execute("BEGIN IMMEDIATE")
    newest: Any = cursor.execute(SELECT_NEWEST).get
    for seq, figures in enumerate(wanted, start=newest + 1):
        cursor.execute("DELETE FROM buckets WHERE counter = ?", (figures.id,))
        row: Any = cursor.execute(f"SELECT {_COLUMNS} FROM counters WHERE id = ?", (figures.id,)).get  # noqa: S608 - our own names
        cursor.execute("DELETE FROM counters WHERE id = ?", (figures.id,))
        if row is not None:
            cursor.execute(f"INSERT INTO counters ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", row)  # noqa: S608 - our own names
        INSERT_EVENTS.run(cursor, event_row(seq, Event(now_ns, actor, RESET, _detail(figures))))
    cursor.execute("COMMIT")


def _detail(figures: CounterFigures) -> dict[str, object]:
    key = figures.key
    return {
        "counter": key.name,
        "scope": key.scope,
        "owner": list(key.owner),
        "window": key.window.name,
        "sliding": key.window.sliding,
        "shadow": key.shadow,
        "used": amount_text(figures.used),
        "maximum": amount_text(figures.maximum),
    }
