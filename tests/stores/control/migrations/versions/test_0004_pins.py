"""A database of the version before pins, brought here."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.stores.control.migrations.versions.test_versions import ORGANISATION, made_by, upgrade
from tests.support.clock import ManualClock
from yett.catalog.pins import pins_of
from yett.policy.json_value import JsonValue
from yett.stores.control.store import open_control


def test_what_servers_said_last_is_pinned(tmp_path: Path) -> None:
    made_by("0002", tmp_path)
    upgrade(tmp_path, "0003")
    twice: list[JsonValue] = [{"name": "two", "inputSchema": {}}, {"name": "two", "description": "another", "inputSchema": {}}]
    tools: list[JsonValue] = [{"name": "bell\x00", "description": "rings", "inputSchema": {}}, {"no": "tool"}, *twice]
    with closing(sqlite3.connect(tmp_path / "control.db")) as old, old:
        for server in ("mute", "gone"):
            columns = "id, organisation_id, name, url, credential_header, credential_scheme, created_at_ns, removed_at_ns"
            removed = 5 if server == "gone" else None
            values = (server, ORGANISATION, server, "http://x/mcp", "h", "Bearer", 1, removed)
            old.execute(f"INSERT INTO servers ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
        for server, said in (("s", {"tools": tools}), ("mute", {}), ("gone", {"tools": tools})):
            old.execute("INSERT INTO server_looks VALUES (?, 9, NULL, ?, '{}', '')", (server, json.dumps(said)))
    open_control(tmp_path, ManualClock()).close()
    with closing(sqlite3.connect(tmp_path / "control.db")) as new:
        assert new.execute("SELECT * FROM server_pins").fetchall() == [("s", "strict", 9, 0)]
        ((server, tool, fingerprint, marks, definition, *rest),) = new.execute("SELECT * FROM tool_pins").fetchall()
        pin = pins_of(tools)["bell\x00"]
    assert pin is not None, "of a name that is listed once"
    assert (server, json.loads(tool), fingerprint, tuple(json.loads(marks))) == ("s", "bell\x00", pin.fingerprint, pin.marks)
    assert json.loads(definition) == tools[0]
    assert rest == ["upgrade", "", "", 9, 0]
