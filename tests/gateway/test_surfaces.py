"""Which keys of a policy concern which method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.policies import ALLOW_ALL, compiled, policy
from tests.support.wire import request
from yett.gateway.surfaces import shown, shown_tools, surface_of
from yett.policy.decision import Surface
from yett.protocol.lists import LISTS, ToolDefinition
from yett.protocol.methods import TO_SERVER, Handling

REFERENCES = {"ref/prompt": ("name", Surface.PROMPT), "ref/resource": ("uri", Surface.RESOURCE)}


def test_every_judged_method_has_its_surface() -> None:
    judged = [name for name, row in TO_SERVER.items() if row.handling is Handling.JUDGED and name != "completion/complete"]
    found = {method: surface_of(request(method, {"name": "n", "uri": "a:b"}).message).value for method in judged}
    assert found == {method: method.split("/")[0] for method in judged}


@pytest.mark.parametrize("kind", REFERENCES)
def test_a_completion_has_the_surface_of_what_it_refers_to(kind: str) -> None:
    key, surface = REFERENCES[kind]
    params = {"ref": {"type": kind, key: "a:b"}, "argument": {"name": "x", "value": ""}}
    assert surface_of(request("completion/complete", params).message) is surface


@pytest.mark.parametrize("method", LISTS.keys() - {"tools/list"})
def test_every_list_is_shown_by_the_keys_of_its_own_surface(method: str) -> None:
    surface = method.split("/")[0]
    document = compiled(policy(**{surface: {"a:b": {}}}))
    assert shown(document, method)("a:b")
    assert not shown(document, method)("c:d")
    assert shown(compiled(ALLOW_ALL), method)("c:d")
    assert not shown(None, method)("a:b")


def tool(name: str) -> ToolDefinition:
    return ToolDefinition(name, None, b"{}")


@dataclass
class Listed:
    """Implements `ListedTools`."""

    classes: dict[str, str] | None
    """None where nobody is to ask for one."""
    changed: str = ""

    def class_of(self, server: str, tool: ToolDefinition) -> str | None:
        assert self.classes is not None, "nobody needs its class"
        return self.classes.get(tool.name)

    def is_changed(self, server: str, tool: ToolDefinition) -> bool:
        return tool.name == self.changed


def test_a_tool_is_hidden_only_by_hide() -> None:
    see = shown_tools(compiled(policy(tools={"a": {}}, hide=["b"])), Listed(None), "s")
    assert [see(tool(name)) for name in "abc"] == [True, False, True]
    assert not shown_tools(None, Listed(None), "s")(tool("a"))


def test_a_tool_of_a_hidden_class_is_hidden_and_one_without_a_class_is_unknown() -> None:
    classes = {"a": "Read", "b": "Destructive"}
    see = shown_tools(compiled(policy(hide=[{"risk": "Destructive"}])), Listed(classes), "s")
    assert [see(tool(name)) for name in "abc"] == [True, False, True]
    see = shown_tools(compiled(policy(risk={"Read": {}}, hide_unpermitted=True)), Listed(classes), "s")
    assert [see(tool(name)) for name in "abc"] == [True, False, False]


@pytest.mark.parametrize("document", [ALLOW_ALL, policy(risk={"Read": {}}), policy(mode="shadow", tools={"b": {}})])
def test_a_tool_that_nobody_accepted_as_it_is_now_is_not_shown_whatever_the_policy_says(document: Any) -> None:
    see = shown_tools(compiled(document), Listed({"a": "Read", "b": "Read"}, changed="b"), "s")
    assert [see(tool(name)) for name in "ab"] == [True, False]
