"""Servers that come to be somewhere else: what was accepted and approved of them does not survive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from tests.admin.approving import Bank, bank_in
from tests.admin.asking import put
from tests.admin.people.conftest import house as house
from tests.admin.people.house import House
from tests.admin.service import Office, open_office
from tests.admin.test_drift import says
from tests.admin.test_pins import GET, LIST, REWORDED, accept, marks, of, published
from yett.admin.apply_views import ApplyWanted, ServerDocument
from yett.admin.errors import Conflict
from yett.admin.moves import has_moved, note_program, note_programs, origin_of
from yett.admin.pin_views import AcceptedTool, AcceptPins, NewPinMode
from yett.admin.server_edits import MOVED
from yett.admin.server_looks import look_and_note
from yett.admin.server_views import ServerChanges
from yett.admin.views import NewServer
from yett.approvals.model import State
from yett.errors import OperatorFault
from yett.stores.control.records import Server

HERE = Server(id="s", name="shop", url="https://shop.example/mcp", created_at_ns=1)
PROGRAM = Server(id="s", name="shop", command="shop", program="a", created_at_ns=1)


@pytest.fixture
def shop(office: Office) -> Office:
    office.lookout.said = {"tools": [GET, LIST]}
    return office.with_server("shop")


@pytest.mark.parametrize(
    ("before", "changes", "moved"),
    [
        (HERE, {"url": "https://shop.example/mcp/v2"}, True),
        (HERE, {"url": "https://evil.example/mcp"}, True),
        (HERE, {"url": "http://shop.example/mcp"}, True),
        (HERE, {"url": "https://shop.example:8443/mcp"}, True),
        (HERE, {"url": "https://shop.example/mcp?tenant=2"}, True),
        (HERE, {"url": "https://SHOP.example:443/mcp"}, False),
        (HERE, {"name": "other", "notes": "x", "credential": "env:NEW", "credential_header": "x-key"}, False),
        (HERE, {"transport": "sse"}, False),
        (PROGRAM, {"command": "other"}, True),
        (PROGRAM, {"program": "b"}, True),
        (PROGRAM, {"name": "other"}, False),
        (replace(PROGRAM, program=None), {"program": "b"}, False),
        (PROGRAM, {"program": None}, False),
    ],
)
def test_what_is_somewhere_else(before: Server, changes: dict[str, Any], moved: bool) -> None:
    assert has_moved(before, replace(before, **changes)) is moved
    assert origin_of(before.url) == (None if before.url is None else ("https", "shop.example", 443))


def test_at_another_url_every_tool_waits_though_it_reads_the_same(shop: Office) -> None:
    changed = shop.service.edit_server("shop", ServerChanges(url="https://elsewhere.example/mcp"))
    assert MOVED in changed.remarks
    assert published(shop) == {}, "no data plane lets anything through"
    pins = shop.service.pins("shop")
    assert [(one.tool, one.state, one.suspended, one.severity, one.meanings) for one in pins.items] == [
        ("get_order", "moved", True, "High", ["server_moved"]),
        ("list_orders", "moved", True, "High", ["server_moved"]),
    ]
    assert (pins.waiting, pins.moved_at) == (2, "2026-01-01T00:00:00Z")
    assert pins.items[0].what == "its server is somewhere else than when it was accepted"
    (line,) = [line for line in shop.service.changes() if line.action == "server.moved"]
    assert (line.actor, line.detail) == ("local:ada", {"pins_void": "2"})
    assert (line.before, line.after) == ({"url": "http://127.0.0.1:9/mcp"}, {"url": "https://elsewhere.example/mcp"})
    accept(shop.service, "get_order")
    assert published(shop) == marks(GET)
    assert shop.service.pins("shop").moved_at is not None
    accept(shop.service, "list_orders")
    assert published(shop) == marks(GET, LIST)
    assert shop.service.pins("shop").moved_at is None


def test_the_way_back_is_another_move(shop: Office) -> None:
    for url in ("https://elsewhere.example/mcp", "http://127.0.0.1:9/mcp"):
        shop.service.edit_server("shop", ServerChanges(url=url))
    assert [one.state for one in shop.service.pins("shop").items] == ["moved", "moved"]


@pytest.mark.parametrize("changes", [ServerChanges(name="other"), ServerChanges(notes="x"), ServerChanges(credential="env:KEY")])
def test_a_name_notes_and_credentials_void_nothing(shop: Office, changes: ServerChanges) -> None:
    shop.service.edit_server("shop", changes)
    assert published(shop) == marks(GET, LIST)


def test_what_only_grave_changes_are_held_back_of_waits_for_a_person_when_it_moved(shop: Office) -> None:
    shop.service.set_pin_mode("shop", NewPinMode(mode="grave"))
    shop.lookout.said = {"tools": [GET, LIST, {"name": "look", "description": "Look."}]}
    shop.service.edit_server("shop", ServerChanges(url="https://elsewhere.example/mcp"))
    assert published(shop) == {}
    accept(shop.service, "get_order", "list_orders")
    assert of(shop.service, "look").suspended, "new where the server is now, and nobody looked at it"
    accept(shop.service, "look")
    says(shop, REWORDED, LIST, {"name": "look", "description": "Look."})
    assert of(shop.service, "get_order").how == "setting", "the move is over"


def test_a_server_held_to_nothing_that_moved_waits_when_it_is_held_again(shop: Office) -> None:
    shop.service.set_pin_mode("shop", NewPinMode(mode="off"))
    shop.service.edit_server("shop", ServerChanges(url="https://elsewhere.example/mcp"))
    shop.service.set_pin_mode("shop", NewPinMode(mode="strict"))
    assert published(shop) == {}


def test_a_server_that_never_told_its_tools_is_seen_first_where_it_is_then(office: Office) -> None:
    office.lookout.problem = "it is away"
    office.with_server("shop")
    office.lookout.problem, office.lookout.said = None, {"tools": [GET]}
    assert MOVED not in office.service.edit_server("shop", ServerChanges(url="https://elsewhere.example/mcp")).remarks
    assert of(office.service, "get_order").how == "first"


def test_a_tool_that_is_not_listed_there_may_be_let_go(shop: Office) -> None:
    shop.lookout.said = {"tools": [GET]}
    shop.service.edit_server("shop", ServerChanges(url="https://elsewhere.example/mcp"))
    assert of(shop.service, "list_orders").state == "gone"
    accept(shop.service, "get_order")
    says(shop, GET, LIST)
    assert of(shop.service, "list_orders").state == "moved", "what is listed again was accepted elsewhere"


def test_a_document_moves_a_server_as_a_person_does(shop: Office) -> None:
    document = ServerDocument(kind="server", name="shop", url="https://elsewhere.example/mcp")
    shop.service.apply(ApplyWanted(documents=[document], dry_run=True))
    assert published(shop) == marks(GET, LIST)
    shop.service.apply(ApplyWanted(documents=[document]))
    assert published(shop) == {}
    assert of(shop.service, "get_order").state == "moved"


# --- programs -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def program(tmp_path: Path) -> Iterator[tuple[Office, dict[str, str]]]:
    marked = {"time": "one"}
    with open_office(tmp_path) as office:
        desk = office.service.desk
        desk.environment = replace(desk.environment, mark=marked.get)
        office.lookout.said = {"tools": [GET, LIST]}
        office.service.add_server(NewServer(name="shop", command="time"))
        yield office, marked


def test_another_program_behind_the_same_command_is_another_server(program: tuple[Office, dict[str, str]]) -> None:
    office, marked = program
    assert [entry.program for entry in office.publication.last.servers] == ["one"]
    marked["time"] = "two"
    office.service.look_server("shop")
    assert published(office) == {}
    assert [entry.program for entry in office.publication.last.servers] == ["two"]
    assert [one.state for one in office.service.pins("shop").items] == ["moved", "moved"]
    (line,) = [line for line in office.service.changes() if line.action == "server.moved"]
    assert (line.before, line.after) == ({"command": "time", "program": "one"}, {"command": "time", "program": "two"})
    accept(office.service, "get_order", "list_orders")
    assert published(office) == marks(GET, LIST)


def test_a_control_plane_that_starts_finds_programs_that_changed_meanwhile(program: tuple[Office, dict[str, str]]) -> None:
    office, marked = program
    note_programs(office.service.desk)
    assert published(office) == marks(GET, LIST)
    marked["time"] = "two"
    note_programs(office.service.desk)
    assert published(office) == {}
    assert [line.actor for line in office.service.changes() if line.action == "server.moved"] == ["yett"]


def test_a_program_that_was_never_seen_before_is_the_one_that_it_was(program: tuple[Office, dict[str, str]]) -> None:
    office, _ = program

    def forget(write: Any) -> None:
        server = write.servers.find("shop")
        write.servers.replace(replace(server, program=None))

    office.service.change(forget)
    note_programs(office.service.desk)
    assert published(office) == marks(GET, LIST)
    assert [entry.program for entry in office.publication.last.servers] == ["one"]


def test_a_list_of_commands_that_cannot_be_read_moves_nothing(program: tuple[Office, dict[str, str]]) -> None:
    office, _ = program
    desk = office.service.desk

    def broken(name: str) -> str:
        raise OperatorFault("the list of commands is unreadable")

    desk.environment = replace(desk.environment, mark=broken)
    note_program(desk, office.service.principal.organisation, office.publication.last.servers[0].id)
    assert published(office) == marks(GET, LIST)


# --- what people approved -------------------------------------------------------------------------------------------------


@pytest.fixture
def bank(house: House) -> Bank:
    return bank_in(house)


def approved(bank: Bank, arguments: dict[str, Any] | None = None) -> str:
    """A call that a person has approved, and others like it for a while."""
    id = bank.asked(arguments)
    answer = bank.house.program().api("POST", f"/approvals/{id}/approve", {"exempt_for": "1h"})
    assert answer.status_code == 200, answer.text
    return id


def spent(bank: Bank, id: str) -> None:
    """The call has run."""
    put(bank.path, structs.replace(bank.standing(id), state=State.DONE, ended_ns=bank.house.clock.now_ns()))


def test_neither_approvals_nor_exemptions_survive(bank: Bank) -> None:
    service = bank.house.service
    spent(bank, approved(bank))
    decided, waiting = approved(bank, {"amount": 6}), bank.asked({"amount": 7})
    assert len(service.exemptions()) == 2
    service.edit_server("bank", ServerChanges(notes="still here"))
    assert (bank.standing(waiting).state, len(service.exemptions())) == (State.PENDING, 2)
    service.edit_server("bank", ServerChanges(url="http://127.0.0.1:9/elsewhere"))
    assert [bank.standing(id).state for id in (decided, waiting)] == [State.WITHDRAWN, State.WITHDRAWN]
    assert bank.standing(waiting).note == "its server was moved elsewhere by local:root"
    assert service.exemptions() == []
    (line,) = [line for line in bank.house.log() if line.action == "exemption.ended"]
    assert line.detail["reason"] == "its server moved"
    later = approved(bank, {"amount": 8})
    service.edit_server("bank", ServerChanges(notes="there"))
    assert (bank.standing(later).state, len(service.exemptions())) == (State.APPROVED, 1)


def test_what_a_crash_left_of_them_is_taken_back_before_tools_are_accepted_there(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = bank.house.service
    spent(bank, approved(bank))
    with monkeypatch.context() as crash:
        crash.setattr("yett.admin.server_edits.try_to_ask_anew", lambda *_: None)
        service.edit_server("bank", ServerChanges(url="http://127.0.0.1:9/elsewhere"))
    assert len(service.exemptions()) == 1
    with pytest.raises(Conflict, match="never told its tools"):
        service.accept_pins("bank", AcceptPins(tools=[AcceptedTool(tool="pay")]))
    assert service.exemptions() == []


def test_a_look_that_finds_another_program_takes_them_back_too(bank: Bank) -> None:
    desk = bank.house.desk
    organisation = desk.first_organisation()
    desk.change(organisation, lambda write: write.servers.replace(replace(_bank(write), url=None, command="c", program="one")))
    spent(bank, approved(bank))
    desk.environment = replace(desk.environment, mark={"c": "two"}.get)
    look_and_note(desk, organisation, bank.server)
    assert bank.house.service.exemptions() == []


def _bank(read: Any) -> Server:
    found = read.servers.find("bank")
    assert isinstance(found, Server)
    return found
