"""Databases from before servers had a transport."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.support.clock import START_NS, ManualClock
from yett.admin.records import Server
from yett.stores.control import open_control


def test_servers_of_before_there_was_a_choice_speak_streamable_http(tmp_path: Path) -> None:
    store = open_control(tmp_path, ManualClock())
    with store.transaction() as write:
        write.add_server(Server(id="1", name="files", url="http://127.0.0.1:9/mcp", created_at_ns=START_NS))
    store.close()
    with closing(sqlite3.connect(tmp_path / "control.db")) as first:
        first.execute("ALTER TABLE servers DROP COLUMN transport")
        first.execute("UPDATE alembic_version SET version_num = '0001'")
        first.commit()
    store = open_control(tmp_path, ManualClock())
    with store.transaction() as write:
        assert [(server.name, server.transport) for server in write.servers()] == [("files", "http")]
        write.add_server(Server(id="2", name="old", url="http://127.0.0.1:9/sse", transport="sse", created_at_ns=START_NS))
        assert [server.transport for server in write.servers()] == ["http", "sse"]
    store.close()
