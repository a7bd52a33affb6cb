"""A database of the version before servers moved, brought here."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.stores.control.migrations.versions.test_versions import ORGANISATION, made_by, upgrade
from tests.support.clock import ManualClock
from yett.stores.control.records import Hold
from yett.stores.control.store import open_control


def test_no_server_has_moved_and_what_was_accepted_counts(tmp_path: Path) -> None:
    made_by("0002", tmp_path)
    upgrade(tmp_path, "0006")
    with closing(sqlite3.connect(tmp_path / "control.db")) as old, old:
        old.execute("INSERT INTO server_pins VALUES ('s', 'grave', 9)")
        old.execute("INSERT INTO tool_pins VALUES ('s', '\"see\"', 'f', '[\"a\"]', '{}', 'first', '', '', 9)")
    store = open_control(tmp_path, ManualClock())
    with store.whole() as whole:
        read = whole.of(ORGANISATION)
        (server,) = read.servers.listed()
        assert (server.program, server.moved_at_ns) == (None, None)
        assert read.pins.state("s") == Hold(mode="grave", since_ns=9)
        assert (read.pins.marks("s"), read.pins.of("s")["see"].void) == ({"s": {"see": ("a",)}}, False)
    store.close()
