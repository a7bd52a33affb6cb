"""Databases of earlier versions, brought here."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

import yett.stores.control
from tests.support.clock import START_NS, ManualClock
from yett.stores.control.records import Server
from yett.stores.control.store import open_control

ORGANISATION = "11111111-1111-4111-8111-111111111111"


def upgrade(directory: Path, version: str) -> None:
    """Bring a database to this version of the schema."""
    config = Config()
    config.set_main_option("script_location", str(Path(yett.stores.control.__file__).with_name("migrations")))
    config.set_main_option("path_separator", "os")
    engine = create_engine(f"sqlite:///{directory / 'control.db'}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)
    engine.dispose()


def made_by(version: str, directory: Path) -> None:
    """A database as a version of this schema made it, with a server, a policy of two revisions and a grant."""
    upgrade(directory, version)
    with closing(sqlite3.connect(directory / "control.db")) as old, old:
        old.execute("INSERT INTO organisations VALUES (?, 'default', 7, 1)", (ORGANISATION,))
        columns = "id, organisation_id, name, url, credential_header, credential_scheme, created_at_ns"
        old.execute(
            f"INSERT INTO servers ({columns}) VALUES ('s', ?, 'files', 'http://x/mcp', 'h', 'Bearer', 1)", (ORGANISATION,)
        )
        old.execute("INSERT INTO policies VALUES ('p', ?, 'strict', NULL, 1)", (ORGANISATION,))
        for number in (1, 2):
            old.execute("INSERT INTO policy_revisions VALUES ('p', ?, 'd', '{}', 'ada', 'm', 1)", (number,))
        columns = "id, organisation_id, server_id, policy_id, digest, label, tags, created_at_ns"
        old.execute(f"INSERT INTO grants ({columns}) VALUES ('g', ?, 's', 'p', 'digest', 'ci', '{{}}', 1)", (ORGANISATION,))
        old.execute("INSERT INTO admin_log VALUES (1, ?, 1, 'ada', 'grant.minted', 'g', 'ci', '{}')", (ORGANISATION,))


@pytest.mark.parametrize("version", ["0001", "0002"])
def test_what_an_earlier_version_kept_is_there_and_works(tmp_path: Path, version: str) -> None:
    made_by(version, tmp_path)
    store = open_control(tmp_path, ManualClock())
    with store.whole() as whole:
        assert [(one.id, one.name) for one in whole.organisations()] == [(ORGANISATION, "default")]
        assert whole.revision() == 7, "data planes know a higher number than a new one would have"
        read = whole.of(ORGANISATION)
        (server,) = read.servers.listed()
        assert (server.name, server.transport, server.notes, server.stopped_at_ns) == ("files", "http", "", None)
        ((policy, revision),) = read.policies.published()
        assert (policy.name, policy.published, revision.number) == ("strict", 2, 2), "the last text was the one that judged"
        (found,) = read.grants.listed()
        assert (found.grant.digest, found.server, found.policy) == ("digest", "files", "strict")
        assert [line.action for line in read.log.listed(limit=9)] == ["grant.minted"]
        read.servers.add(Server(id="2", name="old", url="http://127.0.0.1:9/sse", transport="sse", created_at_ns=START_NS))
    store.close()
