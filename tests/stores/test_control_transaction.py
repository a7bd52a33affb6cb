"""The statements of the control plane."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from tests.support.clock import START_NS, ManualClock
from yett.admin.records import Change, Grant, Policy, Revision, Server
from yett.errors import StoreFault
from yett.stores.control import SqlControlStore, open_control


def opened(state_dir: Path) -> SqlControlStore:
    return open_control(state_dir, ManualClock())


def a_server(name: str = "files") -> Server:
    return Server(id=str(uuid.uuid4()), name=name, url="http://127.0.0.1:9/mcp", created_at_ns=START_NS)


def test_what_was_written_is_there_after_opening_again(tmp_path: Path) -> None:
    store, server = opened(tmp_path), a_server()
    policy = Policy(id=str(uuid.uuid4()), name="strict", created_at_ns=START_NS)
    revision = Revision(
        policy_id=policy.id, number=1, digest="ab" * 32, document="{}", author="ada", message="first", created_at_ns=START_NS
    )
    grant = Grant(id="g-1", server_id=server.id, policy_id=policy.id, digest="d", tags={"team": "ops"}, created_at_ns=START_NS)
    change = Change(at_ns=START_NS, actor="ada", action="server.added", subject=server.id, name="files", detail={"a": "b"})
    with store.transaction() as write:
        write.add_server(server)
        write.add_policy(policy)
        write.add_revision(revision)
        write.add_grant(grant)
        write.log(change)
        organisation = write.organisation()
    store.close()

    store = opened(tmp_path)
    with store.transaction() as read:
        assert read.organisation() == organisation
        assert (read.servers(), read.policies(), read.grants()) == ([server], [policy], [grant])
        assert read.revisions(policy.id) == [revision]
        assert read.last_revision(policy.id) == revision
        assert read.changes(10) == [change]
        assert read.server("files") == read.server(server.id) == server
    store.close()


def test_revisions_of_snapshots_go_up_and_are_kept(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with store.transaction() as write:
        assert [write.bump_revision(), write.bump_revision()] == [1, 2]
    store.close()
    store = opened(tmp_path)
    with store.transaction() as read:
        assert read.revision() == 2
    store.close()


def test_a_removed_server_is_gone_and_its_name_is_free(tmp_path: Path) -> None:
    store, first, second = opened(tmp_path), a_server(), a_server()
    with store.transaction() as write:
        write.add_server(first)
        write.add_grant(Grant(id="g", server_id=first.id, digest="d", created_at_ns=START_NS))
        write.remove_server(first.id, START_NS)
        write.add_server(second)
        assert write.server("files") == second
        assert write.server(first.id) is None
        assert write.grants() == []
    store.close()


def test_two_servers_of_one_name_are_refused_by_the_database_too(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with pytest.raises(StoreFault, match="UNIQUE"), store.transaction() as write:
        write.add_server(a_server())
        write.add_server(a_server())
    store.close()


def test_a_grant_of_no_server_is_refused_by_the_database_too(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with pytest.raises(StoreFault, match="FOREIGN KEY"), store.transaction() as write:
        write.add_grant(Grant(id="g", server_id="nobody", digest="d", created_at_ns=START_NS))
    store.close()


def test_changing_what_is_not_there_is_a_bug(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with pytest.raises(AssertionError), store.transaction() as write:
        write.revoke_grant("none", START_NS)
    store.close()
