"""The statements of the control plane."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.clock import START_NS, ManualClock
from yett.errors import StoreFault
from yett.stores.control.records import Change, Grant, NamedGrant, Policy, Revision, Server
from yett.stores.control.store import ControlStore, open_control
from yett.stores.control.transaction import Transaction


def opened(state_dir: Path) -> ControlStore:
    return open_control(state_dir, ManualClock())


@contextmanager
def first(store: ControlStore) -> Iterator[Transaction]:
    """A transaction of the oldest organisation."""
    with store.whole() as whole:
        yield whole.of(whole.organisations()[0].id)


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
    with first(store) as write:
        write.servers.add(server)
        write.policies.add(policy)
        write.policies.add_revision(revision)
        write.grants.add(grant)
        write.log.add(change)
        organisation = write.organisation
    store.close()

    store = opened(tmp_path)
    with first(store) as read:
        assert read.organisation == organisation
        assert (read.servers.listed(), read.policies.listed()) == ([server], [policy])
        assert read.grants.listed() == [NamedGrant(grant, "files", "strict")]
        assert read.policies.revision(policy.id, 1) == revision
        assert read.policies.revisions(policy.id) == [replace(revision, document="")]
        assert read.policies.last_revision(policy.id) == revision
        assert read.log.listed(limit=10) == [replace(change, sequence=1)]
        assert read.servers.find("files") == read.servers.find(server.id) == server
    store.close()


def test_revisions_of_snapshots_go_up_and_are_kept(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with store.whole() as write:
        assert [write.bump_revision(), write.bump_revision()] == [1, 2]
    store.close()
    store = opened(tmp_path)
    with store.whole() as read:
        assert read.revision() == 2
    store.close()


def test_a_removed_server_is_gone_and_its_name_is_free(tmp_path: Path) -> None:
    store, old, new = opened(tmp_path), a_server(), a_server()
    with first(store) as write:
        write.servers.add(old)
        write.grants.add(Grant(id="g", server_id=old.id, digest="d", created_at_ns=START_NS))
        write.servers.remove(old.id, START_NS)
        write.servers.add(new)
        assert write.servers.find("files") == new
        assert write.servers.find(old.id) is None
        assert write.grants.listed() == []
    store.close()


def test_two_servers_of_one_name_are_refused_by_the_database_too(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with pytest.raises(StoreFault, match="UNIQUE"), first(store) as write:
        write.servers.add(a_server())
        write.servers.add(a_server())
    store.close()


def test_a_grant_of_no_server_is_refused_by_the_database_too(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with pytest.raises(StoreFault, match="FOREIGN KEY"), first(store) as write:
        write.grants.add(Grant(id="g", server_id="nobody", digest="d", created_at_ns=START_NS))
    store.close()


def test_changing_what_is_not_there_is_a_bug(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with pytest.raises(AssertionError), first(store) as write:
        write.servers.remove("none", START_NS)
    store.close()
