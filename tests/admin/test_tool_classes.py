"""The classes of tools on their way to the data planes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.admin.service import Office
from yett.admin import server_looks
from yett.admin.catalogue_views import NewToolClass
from yett.admin.errors import Invalid
from yett.admin.server_views import ServerChanges
from yett.admin.views import NewServer
from yett.catalog.fingerprint import fingerprint
from yett.gateway.snapshot import ToolClass

GET: dict[str, Any] = {"name": "get_order", "description": "Look at an order."}
DELETE: dict[str, Any] = {"name": "delete_order", "description": "Delete an order."}


def told(office: Office) -> dict[str, ToolClass]:
    """What data planes know of the classes of the server `shop`."""
    return {name: one for entry in office.publication.last.classes for name, one in entry.tools.items()}


def look(office: Office, *tools: Any) -> None:
    office.lookout.said = {"name": "a shop", "tools": list(tools)}
    office.service.look_server("shop")


@pytest.fixture
def shop(office: Office) -> Office:
    office.lookout.said = {"name": "a shop", "tools": [GET, DELETE, {"name": 7}]}
    return office.with_server("shop")


def test_a_server_that_was_looked_at_has_its_tools_classes_published(shop: Office) -> None:
    assert told(shop) == {
        "get_order": ToolClass("Read", fingerprint(GET)),
        "delete_order": ToolClass("Destructive", fingerprint(DELETE)),
    }
    (entry,) = shop.publication.last.classes
    assert entry.server == shop.service.server("shop").id
    before = len(shop.publication.snapshots)
    shop.service.desk.begin()
    assert len(shop.publication.snapshots) == before + 1
    assert shop.publication.last.classes == [entry], "the whole says the same as the changes before it"


def test_a_look_that_finds_the_same_tools_classifies_and_publishes_nothing(shop: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_looks, "classes_of", lambda *_: pytest.fail("classified again"))
    before = len(shop.publication.snapshots)
    look(shop, GET, DELETE, {"name": 7})
    assert len(shop.publication.snapshots) == before


def test_a_changed_definition_is_classified_anew_and_one_that_is_gone_has_no_class(shop: Office) -> None:
    changed = {**GET, "inputSchema": {"properties": {"action": {"enum": ["get", "delete"]}}}}
    look(shop, changed)
    assert told(shop) == {"get_order": ToolClass("Destructive", fingerprint(changed))}
    look(shop)
    assert shop.publication.last.classes == []


def test_a_server_that_cannot_be_asked_keeps_its_classes(shop: Office) -> None:
    before = told(shop)
    shop.lookout.problem = "away"
    shop.service.look_server("shop")
    assert told(shop) == before != {}


def test_a_name_that_is_listed_for_two_tools_has_no_class(shop: Office) -> None:
    look(shop, GET, {**GET, "description": "Delete an order."}, DELETE, DELETE)
    assert list(told(shop)) == ["delete_order"]


def test_an_admins_class_is_published_at_once_for_whatever_definition_and_so_is_its_end(shop: Office) -> None:
    shop.service.set_tool_class("shop", "get_order", NewToolClass(risk="Execute"))
    shop.service.set_tool_class("shop", "later", NewToolClass(risk="Read"))
    assert told(shop)["get_order"] == ToolClass("Execute")
    assert told(shop)["later"] == ToolClass("Read")
    look(shop, {**GET, "description": "Another one."})
    assert told(shop) == {"get_order": ToolClass("Execute"), "later": ToolClass("Read")}
    shop.service.clear_tool_class("shop", "get_order")
    shop.service.clear_tool_class("shop", "later")
    assert [(name, one.risk) for name, one in told(shop).items()] == [("get_order", "Read")]


def test_classes_change_nothing_of_the_servers_own_entry(shop: Office) -> None:
    before = shop.publication.last.servers
    shop.service.set_tool_class("shop", "get_order", NewToolClass(risk="Execute"))
    assert shop.publication.last.servers == before


def test_a_server_that_is_elsewhere_or_removed_takes_its_classes_along(shop: Office) -> None:
    shop.lookout.problem = "away"
    shop.service.edit_server("shop", ServerChanges(url="http://127.0.0.1:10/mcp"))
    assert shop.publication.last.classes == []
    shop.service.add_server(NewServer(name="other", url="http://127.0.0.1:9/mcp"))
    shop.service.set_tool_class("other", "x", NewToolClass(risk="Read"))
    shop.service.remove_server("other")
    assert shop.publication.last.classes == []
    shop.service.desk.begin()
    assert shop.publication.last.classes == []


def test_no_more_classes_are_given_than_data_planes_are_told_in_one_piece(shop: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yett.admin.catalogue.GIVEN_MAX", 1)
    for _ in range(2):
        shop.service.set_tool_class("shop", "get_order", NewToolClass(risk="Execute"))
    with pytest.raises(Invalid, match="no more can"):
        shop.service.set_tool_class("shop", "delete_order", NewToolClass(risk="Execute"))
