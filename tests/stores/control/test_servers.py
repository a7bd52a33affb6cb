"""The statements about servers and about what they said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stores.control.test_transaction import a_server, first, opened
from yett.stores.control.records import Look, Organisation, ToolClass
from yett.stores.control.servers import Servers
from yett.stores.control.store import ControlStore
from yett.stores.control.tables import server_looks


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ControlStore]:
    made = opened(tmp_path)
    yield made
    made.close()


def test_servers_are_found_by_when_they_were_last_asked(store: ControlStore) -> None:
    never, old, young = (a_server(name) for name in ("never", "old", "young"))
    with first(store) as write:
        assert isinstance(write.servers, Servers)
        for server in (never, old, young):
            write.servers.add(server)
        write.servers.note_look(Look(server_id=old.id, at_ns=10))
        write.servers.note_look(Look(server_id=young.id, at_ns=20))
    with first(store) as read:
        found = {server.name: at_ns for server, at_ns in read.servers.last_asked_before(20)}
        assert found == {"never": None, "old": 10}


def test_those_that_could_not_be_asked_are_named_within_bounds(store: ControlStore) -> None:
    servers = [a_server(name) for name in ("a", "b", "c", "well")]
    with first(store) as write:
        for server in servers:
            write.servers.add(server)
            write.servers.note_look(Look(server_id=server.id, at_ns=1, problem=None if server.name == "well" else "away"))
    with first(store) as read:
        assert read.servers.unwell(2) == ["a", "b"]
        assert read.servers.unwell(9) == ["a", "b", "c"]
        assert read.servers.unwell(9, only={servers[1].id, servers[3].id}) == ["b"]


def test_a_look_is_forgotten_and_with_it_what_was_said(store: ControlStore) -> None:
    server = a_server()
    with first(store) as write:
        write.servers.add(server)
        write.servers.note_look(Look(server_id=server.id, at_ns=1, said={"name": "x"}))
        write.servers.forget_look(server.id)
        assert write.servers.look(server.id) is None
        write.servers.note_look(Look(server_id=server.id, at_ns=2, problem="away"))
        look = write.servers.look(server.id)
        assert look is not None
        assert (look.said, look.problem) == ({}, "away")


def test_servers_are_found_by_words_of_what_they_said_or_of_what_an_admin_said(store: ControlStore) -> None:
    shop, bank, away = (a_server(name) for name in ("shop", "bank", "away"))
    tools = [{"name": "refund_order", "description": 'Says "no" \\ never.'}]
    with first(store) as write:
        for server in (shop, bank, away):
            write.servers.add(server)
        classes = {"refund_order": ("Financial", "f")}
        write.servers.note_look(Look(server_id=shop.id, at_ns=1, said={"tools": tools}, classes=classes))
        write.servers.note_look(Look(server_id=bank.id, at_ns=1, said={"tools": [{"name": "Größe"}]}))
        write.tool_classes.put(ToolClass(server_id=away.id, tool="later", risk="Execute", set_by="ada", at_ns=1))
    with first(store) as read:

        def found(*words: str, limit: int = 9) -> list[str]:
            return [server.name for server in read.servers.mentioning(words, limit)]

        assert found("refund", "SHOP") == found("financial") == found('"no"') == found("\\") == ["shop"]
        assert found("größe") == ["bank"]
        assert found("execute") == found("later", "away") == ["away"]
        assert found("refund", "bank") == found("%") == found("refund-order") == []
        assert found("a", limit=1) == ["away"]
        assert [server.name for server in read.servers.mentioning(["a"], 9, only=[bank.id])] == ["bank"]


def test_nothing_of_another_organisation_is_seen_or_forgotten(store: ControlStore) -> None:
    server = a_server()
    with first(store) as write:
        write.servers.add(server)
        write.servers.note_look(Look(server_id=server.id, at_ns=1, problem="away"))
    with store.whole() as whole:
        whole.add_organisation(Organisation(id="other", name="other", created_at_ns=1))
        other = whole.of("other").servers
        assert (other.unwell(9), other.last_asked_before(9), other.look(server.id)) == ([], [], None)
        assert (other.look_text(server.id), other.mentioning(["a"], 9)) == (None, [])
        with pytest.raises(AssertionError):
            other.forget_look(server.id)
        assert len(whole.connection.execute(server_looks.select()).all()) == 1
