"""What the linter says when a policy is saved."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.admin.service import Office
from yett.admin.policy_lint import tool_shapes
from yett.admin.views import NewGrant, NewRevision, PolicyWarning
from yett.stores.control.records import Look

PAY = {"name": "pay", "inputSchema": {"type": "object", "properties": {"amount": {"type": "number"}}, "required": ["amount"]}}
SEND = {"name": "send", "inputSchema": {"type": "object", "properties": {"to": {"type": "string"}}}}


def policy(**tools: Any) -> str:
    return json.dumps({"version": "1", "default": "deny", "tools": tools})


def seen(office: Office, server: str, *tools: dict[str, Any], problem: str | None = None) -> None:
    """The server was looked at, and has these tools."""
    organisation, id = office.service.principal.organisation, office.service.server(server).id
    look = Look(server_id=id, at_ns=1, problem=problem, said={"tools": list(tools)})
    office.service.desk.write(lambda whole: whole.of(organisation).servers.note_look(look))


def told(warnings: list[PolicyWarning]) -> list[tuple[str, str, str | None]]:
    return [(one.code, one.pointer, one.server) for one in warnings]


@pytest.fixture
def shop(office: Office) -> Office:
    office.with_server("shop").with_server("bank")
    seen(office, "shop", PAY, SEND)
    seen(office, "bank", PAY)
    return office


def test_a_bound_policy_is_compared_with_the_tools_of_its_server(shop: Office) -> None:
    saved = shop.service.set_policy("p", NewRevision(document=policy(pya={}, pay={}), server="shop"))
    assert told(saved.warnings) == [("unknown-tool", "/tools/pya", "shop")]
    assert saved.changed


def test_a_policy_for_any_grant_is_compared_with_the_servers_of_the_grants_that_have_it(shop: Office) -> None:
    document = policy(pay={}, send={}, nothing={})
    assert shop.service.set_policy("p", NewRevision(document=document)).warnings == []
    for server in ("shop", "bank"):
        shop.service.mint_grant(NewGrant(server=server, policy="p", label=server))
    saved = shop.service.set_policy("p", NewRevision(document=document))
    assert {(code, pointer) for code, pointer, _ in told(saved.warnings)} == {("unknown-tool", "/tools/nothing")}
    assert {server for *_, server in told(saved.warnings)} == {"shop", "bank"}


def test_types_and_paths_are_compared_with_the_schemas(shop: Office) -> None:
    rule = {"require": [{"path": "args.amount", "op": "starts_with", "value": "1"}]}
    saved = shop.service.set_policy("p", NewRevision(document=policy(pay=rule), server="shop"))
    assert ("type-mismatch", "shop") in {(code, server) for code, _, server in told(saved.warnings)}


def test_a_changed_window_of_a_counter_is_told_beside_the_revision_that_judged_before(office: Office) -> None:
    limit = {"counter": "calls", "max": 1}
    office.service.set_policy("p", NewRevision(document=policy(pay={"limits": [{**limit, "window": "day"}]})))
    saved = office.service.set_policy("p", NewRevision(document=policy(pay={"limits": [{**limit, "window": "hour"}]})))
    assert ("changed-counter", None) in {(code, server) for code, _, server in told(saved.warnings)}


def test_a_server_that_was_never_seen_or_says_odd_things_is_no_hindrance(office: Office) -> None:
    office.with_server("odd")
    for said in ({}, {"tools": None}, {"tools": "x"}):
        assert tool_shapes(said) is None
    assert [shape.name for shape in tool_shapes({"tools": [1, {"name": 2}, {"name": "a"}]}) or ()] == ["a"]
    assert office.service.set_policy("p", NewRevision(document=policy(), server="odd")).changed


def test_the_tools_of_a_server_that_cannot_be_asked_now_are_those_of_before(shop: Office) -> None:
    seen(shop, "shop", problem="gone")
    saved = shop.service.set_policy("p", NewRevision(document=policy(nothing={}), server="shop"))
    assert told(saved.warnings) == [("unknown-tool", "/tools/nothing", "shop")]
