"""Verdicts on tools: made once for a list, when nobody waits for the store, and kept within bounds."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.admin.service import Office
from yett.admin import verdicts as module
from yett.admin.catalogue_views import NewToolClass
from yett.admin.listing import Listing
from yett.admin.verdicts import VERDICT_BYTES, Heard, Verdicts
from yett.admin.views import NewRevision
from yett.catalog.model import ToolDefinition
from yett.stores.control.records import LookText, Server, ToolClass

READ: dict[str, Any] = {"name": "get_order", "description": "Look at an order."}
DELETE: dict[str, Any] = {"name": "delete_order", "description": "Delete an order."}


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the tools that were judged, in order."""
    names: list[str] = []
    judge: Any = vars(module)["classify"]

    def noted(tool: ToolDefinition, *rest: Any) -> Any:
        names.append(tool.name)
        return judge(tool, *rest)

    monkeypatch.setattr(module, "classify", noted)
    return names


def heard(*tools: Any, id: str = "s", given: Mapping[str, ToolClass] | None = None, name: str = "shop") -> Heard:
    server = Server(id=id, name=name, url="http://127.0.0.1:9/mcp", created_at_ns=1)
    text = json.dumps({"tools": list(tools), "credential": True})
    return Heard(server, LookText(at_ns=1, problem=None, said=text), given or {})


def by_admin(tool: str, risk: str = "Execute") -> dict[str, ToolClass]:
    return {tool: ToolClass(server_id="s", tool=tool, risk=risk, set_by="ada", at_ns=1)}


def test_a_list_is_judged_once_until_it_says_something_else_or_the_server_is_called_otherwise(judged: list[str]) -> None:
    verdicts = Verdicts()
    for _ in range(2):
        verdicts.catalogued(heard(READ, DELETE))
    assert judged == ["get_order", "delete_order"]
    verdicts.catalogued(heard(READ))
    verdicts.catalogued(heard(READ, name="bank"))
    assert judged[2:] == ["get_order", "get_order"]


def test_an_admins_word_judges_nothing_anew_and_a_tool_that_only_an_admin_named_is_judged_alone(judged: list[str]) -> None:
    verdicts = Verdicts()
    verdicts.catalogued(heard(READ))
    shown = verdicts.catalogued(heard(READ, given=by_admin("get_order"))).tools
    assert [(tool.name, one.risk.value) for tool, one in shown] == [("get_order", "Execute")]
    shown = verdicts.catalogued(heard(READ, given=by_admin("later"))).tools
    assert [(tool.name, one.risk.value) for tool, one in shown] == [("get_order", "Read"), ("later", "Execute")]
    assert judged == ["get_order", "later"]


def test_one_tool_of_many_is_judged_without_the_others(judged: list[str]) -> None:
    tool, verdict, listed = Verdicts().verdict_on(heard(READ, DELETE), "delete_order")
    assert (tool.name, verdict.risk.value, listed) == ("delete_order", "Destructive", True)
    assert Verdicts().verdict_on(heard(READ), "delete_order")[2] is False
    assert judged == ["delete_order", "delete_order"]


def test_what_a_definition_calls_its_server_counts_for_nothing(judged: list[str]) -> None:
    said = Verdicts().catalogued(heard({**READ, "server": "bank"}))
    assert [tool.server for tool, _ in said.tools] == ["shop"]


def test_no_more_is_kept_than_fits_and_the_list_used_longest_ago_gives_way(judged: list[str]) -> None:
    verdicts = Verdicts(bytes_max=3 * VERDICT_BYTES)
    for id in ("a", "b", "a", "c", "a", "b"):
        verdicts.catalogued(heard({"name": f"get_{id}"}, id=id))
    assert judged == ["get_a", "get_b", "get_c", "get_b"]


def test_a_list_that_is_larger_than_all_that_is_kept_is_shown_all_the_same(judged: list[str]) -> None:
    verdicts = Verdicts(bytes_max=1)
    for _ in range(2):
        assert len(verdicts.catalogued(heard(READ)).tools) == 1
    assert judged == ["get_order"]


def test_a_list_that_takes_long_to_judge_is_judged_only_for_who_waits(judged: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 1)
    verdicts = Verdicts()
    assert verdicts.listed_at_once(heard(READ, DELETE)) is None
    assert judged == []
    verdicts.catalogued(heard(READ, DELETE))
    found = verdicts.listed_at_once(heard(READ, DELETE, given=by_admin("get_order")))
    assert found is not None
    assert [one.risk.value for one in found] == ["Execute", "Destructive"]


@pytest.mark.parametrize("what", ["catalogue", "pages", "search", "set", "clear"])
def test_nothing_is_judged_while_others_wait_for_the_store(
    office: Office, judged: list[str], monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    service, desk = office.service, office.service.desk
    office.lookout.said = {"name": "a shop", "tools": [READ, DELETE]}
    office.with_server("shop")
    desk.environment.verdicts._lists.clear()
    service.set_tool_class("shop", "later", NewToolClass(risk="Read"))
    desk.environment.verdicts._lists.clear()
    judge: Any = vars(module)["classify"]

    def asserting(*told: Any) -> Any:
        assert not desk._lock.locked()
        return judge(*told)

    monkeypatch.setattr(module, "classify", asserting)
    judged.clear()
    doing: dict[str, Callable[[], object]] = {
        "catalogue": lambda: service.catalogue("shop"),
        "pages": lambda: service.catalogued_servers(Listing()),
        "search": lambda: service.catalogued_with(["order"]),
        "set": lambda: service.set_tool_class("shop", "get_order", NewToolClass(risk="Write")),
        "clear": lambda: service.clear_tool_class("shop", "later"),
    }
    doing[what]()
    assert judged


def test_of_five_thousand_tools_one_gets_its_class_without_the_others_being_judged(office: Office, judged: list[str]) -> None:
    tools = [{"name": f"get_thing_{number}", "description": "Look at it."} for number in range(5_000)]
    office.lookout.said = {"name": "a shop", "tools": tools}
    office.with_server("shop")
    office.service.desk.environment.verdicts._lists.clear()
    judged.clear()
    changed = office.service.set_tool_class("shop", "get_thing_7", NewToolClass(risk="Execute"))
    assert (changed.tool.risk, changed.tool.classifier, judged) == ("Execute", "Read", ["get_thing_7"])
    again = office.service.set_tool_class("shop", "get_thing_7", NewToolClass(risk="Write"))
    (line,) = office.service.changes(1)
    assert line.before is not None
    assert (line.before["risk"], again.tool.risk) == ("Execute", "Write")


def test_more_tools_than_a_policy_has_rules_are_recommended_by_class(office: Office) -> None:
    tools = [{"name": f"get_thing_{number}"} for number in range(2_001)]
    office.lookout.said = {"name": "a shop", "tools": [*tools, DELETE]}
    office.with_server("shop")
    policy = office.service.catalogue("shop").policy
    assert (policy["hide"], policy["risk"]["Read"]) == ([{"risk": "Destructive"}], {})
    saved = office.service.set_policy("all", NewRevision(document=json.dumps(policy)))
    assert saved.policy.status == "published"
