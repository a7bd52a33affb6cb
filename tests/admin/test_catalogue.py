"""What the tools of configured servers can do, and an admin's own word on it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.admin.listener import TOKEN, Listener
from tests.admin.service import Office
from yett.admin.catalogue_views import NewToolClass
from yett.admin.client import RemoteControl
from yett.admin.control import Control
from yett.admin.errors import Forbidden, Invalid, NotFound
from yett.admin.permissions import ALLOWED, Permission, Role
from yett.admin.service import Service
from yett.policy.document import read_policy
from yett.stores.control.records import Look

TOOLS: list[dict[str, Any]] = [
    {"name": "get_order", "description": "Look at an order."},
    {"name": "delete_order", "description": "Delete an order."},
    {"name": "refund_order", "description": "Refund an order."},
    {"name": 7},
]


def seen(office: Office, tools: list[dict[str, Any]]) -> None:
    """As if the server had been asked."""
    server = office.service.server("shop")
    look = Look(server_id=server.id, at_ns=office.clock.now_ns(), said={"tools": tools})
    office.service.desk.write(lambda whole: whole.of(office.service.principal.organisation).servers.note_look(look))


@pytest.fixture(params=["here", "over HTTP"])
def control(request: pytest.FixtureRequest, office: Office) -> Control:
    office.with_server("shop")
    seen(office, TOOLS)
    if request.param == "here":
        return office.service
    listener: Listener = request.getfixturevalue("listener")
    return RemoteControl("127.0.0.1", listener.port, TOKEN, "ada")


def test_a_servers_tools_are_judged_the_riskiest_first(control: Control) -> None:
    catalogue = control.catalogue("shop")
    assert [(tool.name, tool.risk, tool.recommended) for tool in catalogue.tools] == [
        ("refund_order", "Financial", "by approval"),
        ("delete_order", "Destructive", "hidden"),
        ("get_order", "Read", "allowed"),
    ]
    assert catalogue.grade == "D"
    assert catalogue.seen_at is not None
    read_policy(json.dumps(catalogue.policy).encode())
    assert all(tool.rationale and tool.set_by is None for tool in catalogue.tools)


def test_an_admins_class_is_shown_recorded_and_kept_when_the_list_is_read_again(control: Control, office: Office) -> None:
    changed = control.set_tool_class("shop", "get_order", NewToolClass(risk="Execute", reason="it wakes the warehouse"))
    assert (changed.tool.risk, changed.tool.severity, changed.tool.classifier) == ("Execute", "High", "Read")
    assert changed.tool.reason == "it wakes the warehouse"
    seen(office, TOOLS[:1])
    (tool,) = control.catalogue("shop").tools
    assert (tool.risk, tool.recommended) == ("Execute", "10 a minute")
    (line,) = control.changes(1)
    assert (line.action, line.detail) == ("tool.class_set", {"tool": "get_order"})
    assert line.before is not None
    assert line.after is not None
    assert (line.before["risk"], line.after["risk"]) == ("Read", "Execute")
    assert control.clear_tool_class("shop", "get_order").tool.risk == "Read"
    with pytest.raises(NotFound, match="no admin set a class"):
        control.clear_tool_class("shop", "get_order")


def test_a_severity_may_be_said_apart_and_a_tool_before_it_is_there(control: Control) -> None:
    changed = control.set_tool_class("shop", "later/tool", NewToolClass(risk="Read", severity="High"))
    assert (changed.tool.name, changed.tool.severity) == ("later/tool", "High")
    assert "later/tool" in [tool.name for tool in control.catalogue("shop").tools]


def test_a_server_that_said_nothing_has_no_tools(control: Control, office: Office) -> None:
    office.with_server("new")
    catalogue = control.catalogue("new")
    assert (catalogue.tools, catalogue.grade) == ([], "A")


def test_a_class_that_is_none_is_refused(control: Control) -> None:
    for wrong in (NewToolClass(risk="Harmless"), NewToolClass(risk="Read", severity="None")):  # type: ignore[arg-type]  # from outside
        with pytest.raises(Invalid):
            control.set_tool_class("shop", "get_order", wrong)
    with pytest.raises(NotFound, match="there is no server `none`"):
        control.catalogue("none")


@pytest.mark.parametrize("role", list(Role))
def test_everybody_sees_classes_and_admins_set_them(office: Office, role: Role) -> None:
    office.with_server("shop")
    seen(office, TOOLS)
    principal = replace(office.service.principal, kind="member", name="eve", permissions=ALLOWED[role])
    service = Service(office.service.desk, principal)
    assert service.catalogue("shop").tools
    if Permission.MANAGE_SERVERS in ALLOWED[role]:
        service.set_tool_class("shop", "get_order", NewToolClass(risk="Write"))
        service.clear_tool_class("shop", "get_order")
    else:
        with pytest.raises(Forbidden):
            service.set_tool_class("shop", "get_order", NewToolClass(risk="Write"))
        with pytest.raises(Forbidden):
            service.clear_tool_class("shop", "get_order")
