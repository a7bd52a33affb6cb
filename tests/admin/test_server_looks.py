"""What servers say of themselves."""

from __future__ import annotations

import pytest

from tests.admin.service import Office
from yett.admin.errors import Invalid
from yett.admin.server_looks import note
from yett.admin.views import NewServer
from yett.stores.control.records import Look, Server
from yett.stores.control.transaction import Whole

TOOLS = [{"name": "pay", "title": "Pay", "description": "Moves money.", "inputSchema": {}}, {"name": "see", "title": 3}]


def test_adding_a_server_asks_it_and_keeps_its_tools(office: Office) -> None:
    office.lookout.said = {"name": "shop server", "version": "3", "revision": "2025-06-18", "tools": TOOLS}
    changed = office.service.add_server(NewServer(name="shop", url="https://shop.example/mcp", credential="env:KEY"))
    assert [(server.url, server.credential) for server in office.lookout.asked] == [("https://shop.example/mcp", "env:KEY")]
    assert changed.server.health is not None
    assert (changed.server.health.problem, changed.remarks) == (None, [])
    told = office.service.server_tools("shop")
    assert (told.name, told.version, told.protocol) == ("shop server", "3", "2025-06-18")
    assert [(tool.name, tool.title, tool.description) for tool in told.tools] == [
        ("pay", "Pay", "Moves money."),
        ("see", None, ""),
    ]
    assert [tool.definition for tool in told.tools] == TOOLS


def test_who_says_so_adds_a_server_without_its_being_asked(office: Office) -> None:
    for new in (
        NewServer(name="shop", url="https://shop.example/mcp", look=False),
        NewServer(name="c", command="time", look=False),
    ):
        changed = office.service.add_server(new)
        assert (changed.server.health, changed.remarks) == (None, [])
    assert office.lookout.asked == []


def test_a_listed_command_is_asked_too(office: Office) -> None:
    office.service.add_server(NewServer(name="clock", command="time"))
    assert [server.command for server in office.lookout.asked] == ["time"]


def test_a_server_that_cannot_be_asked_is_added_all_the_same_with_its_problem(office: Office) -> None:
    office.lookout.problem = "cannot connect to http://127.0.0.1:9"
    changed = office.service.add_server(NewServer(name="gone", url="http://127.0.0.1:9/mcp"))
    assert changed.remarks == ["the server did not tell its tools: cannot connect to http://127.0.0.1:9"]
    (listed,) = office.service.servers()
    assert listed.health is not None
    assert listed.health.problem == "cannot connect to http://127.0.0.1:9"
    assert office.service.status().unwell == ["gone"]
    assert [server.name for server in office.publication.last.servers] == ["gone"]


def test_a_url_that_may_not_be_asked_is_not_added(office: Office) -> None:
    office.lookout.refused["http://10.0.0.1/"] = "the host `10.0.0.1` has a private address"
    with pytest.raises(Invalid, match="a private address"):
        office.service.add_server(NewServer(name="inner", url="http://10.0.0.1/"))
    assert office.service.servers() == []
    assert office.lookout.asked == []


def test_a_look_that_fails_keeps_what_was_said_before(office: Office) -> None:
    office.lookout.said = {"tools": TOOLS}
    office.with_server("shop")
    office.clock.advance(60)
    office.lookout.problem = "it is away"
    told = office.service.look_server("shop")
    assert told.health is not None
    assert told.health.problem == "it is away"
    assert [tool.name for tool in told.tools] == ["pay", "see"]
    office.lookout.problem, office.lookout.said = None, {"tools": TOOLS[:1]}
    assert [tool.name for tool in office.service.look_server("shop").tools] == ["pay"]
    assert office.service.status().unwell == []


def test_a_server_that_was_never_asked_has_no_tools_and_no_health(office: Office) -> None:
    office.with_server("shop")
    service = office.service

    def forget(whole: Whole) -> None:
        write = whole.of(service.principal.organisation)
        write.servers.forget_look(service.find_server(write, "shop").id)

    service.desk.write(forget)
    told = service.server_tools("shop")
    assert (told.health, told.tools) == (None, [])


def test_an_answer_that_comes_too_late_for_its_server_is_dropped(office: Office) -> None:
    office.with_server("shop")
    desk, organisation = office.service.desk, office.service.principal.organisation
    there = desk.read(organisation, lambda read: read.servers.listed()[0])
    elsewhere = Server(id=there.id, name="shop", url="https://elsewhere.example/", created_at_ns=1)
    gone = Server(id="11111111-1111-1111-1111-111111111111", name="gone", url="https://x.example/", created_at_ns=1)
    late = {"name": "late"}

    def write(whole: Whole) -> None:
        for server in (elsewhere, gone):
            note(whole.of(organisation), server, Look(server_id=server.id, at_ns=99, said=late))

    desk.write(write)
    assert office.service.server_tools("shop").name == "a server"


def test_what_is_in_the_way_of_a_sealed_credential_is_said(office: Office) -> None:
    from tests.admin.test_server_edits import seal

    office.with_server("shop")
    seal(office, office.service.server("shop"))
    told = office.service.look_server("shop")
    assert told.health is not None
    assert told.health.problem is not None
    assert told.health.problem.startswith("its credential stays sealed: ")
