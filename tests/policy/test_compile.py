"""Which rule applies to a name, in which order, under which rule ids, and what a list shows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.policies import ALLOW_ALL, ask, compiled, facts, policy
from yett.policy.compile import PLANS_MAX
from yett.policy.decision import Decision, Surface, ToolFacts

NEVER = {"action": "deny"}
LEAF = {"path": "args.a", "op": "eq", "value": 1}


def code(decision: Decision) -> str | None:
    return None if decision.code is None else decision.code.value


def rule_for(document: Any, name: str, *, risk: str | None = None, surface: Surface = Surface.TOOL) -> str | None:
    """The rule id of the denial of a call, where every rule of the document denies."""
    arguments = {"uri": name} if surface is Surface.RESOURCE else {}
    return ask(document, arguments, name=name, surface=surface, about=facts(tool=ToolFacts(risk=risk))).rule


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("get_user", "get_user"),
        ("get_users", "get_*"),
        ("del_user", "*_user"),
        ("other", "*"),
        ("GET_USER", "*"),
        ("get_user ", "get_*"),
    ],
)
def test_the_exact_key_wins_then_the_pattern_with_most_literal_characters(name: str, key: str) -> None:
    tools = dict.fromkeys(("*", "*_user", "get_*", "get_user"), NEVER)
    assert rule_for(policy(tools=tools), name) == f"/tools/{key}/deny_if/always"


def test_a_risk_rule_applies_where_no_key_matches() -> None:
    document = policy(tools={"a": NEVER}, risk={"Read": NEVER, "Unknown": NEVER})
    assert rule_for(document, "a", risk="Read") == "/tools/a/deny_if/always"
    assert rule_for(document, "b", risk="Read") == "/risk/Read/deny_if/always"
    assert rule_for(document, "b", risk=None) == "/risk/Unknown/deny_if/always"
    assert rule_for(document, "b", risk="Write") == "(default deny)"


def test_with_risk_a_tool_of_a_class_without_a_rule_is_not_listed_whatever_the_default() -> None:
    written: list[dict[str, Any]] = [{}, {"Write": {}}]
    for risk in written:
        assert rule_for({**ALLOW_ALL, "risk": risk}, "a", risk="Read") == "(default deny)"
    assert rule_for({**ALLOW_ALL, "risk": {"Read": {}}}, "a", risk="Read") is None


def test_all_tools_applies_after_the_tools_own_rule() -> None:
    document = policy(tools={"a": {}, "b": {"deny_if": [LEAF]}}, all_tools={"deny_if": [LEAF]})
    assert ask(document, {"a": 1}, name="a").rule == "/all_tools/deny_if/args.a-eq"
    assert ask(document, {"a": 1}, name="b").rule == "/tools/b/deny_if/args.a-eq"
    assert ask({**ALLOW_ALL, "all_tools": {"deny_if": [LEAF]}}, {"a": 1}, name="c").rule == "/all_tools/deny_if/args.a-eq"


def test_all_tools_concerns_neither_resources_nor_prompts() -> None:
    document = {**ALLOW_ALL, "all_tools": {"deny_if": [{"conditions": []}]}, "hide": ["*"], "validate_arguments": True}
    assert rule_for(document, "file:///a", surface=Surface.RESOURCE) is None
    assert rule_for(document, "p", surface=Surface.PROMPT) is None


def test_resources_and_prompts_have_keys_of_their_own() -> None:
    document = policy(tools={"*": {}}, resources={"file:///srv/*": NEVER_PLAIN}, prompts={"p*": NEVER_PLAIN})
    assert rule_for(document, "file:///srv/a", surface=Surface.RESOURCE) == "/resources/file:~1~1~1srv~1*/deny_if/always"
    assert rule_for(document, "file:///etc/a", surface=Surface.RESOURCE) == "(default deny)"
    assert rule_for(document, "poem", surface=Surface.PROMPT) == "/prompts/p*/deny_if/always"
    assert rule_for(document, "a", surface=Surface.PROMPT) == "(default deny)"


NEVER_PLAIN: dict[str, Any] = {"deny_if": [{"conditions": []}]}


@pytest.mark.parametrize("uri", ["FILE:///a", "file:///a/../b", "file:///%61", "a b", "", "file:///a%2e%2e/b"])
def test_a_uri_that_is_not_in_normal_form_is_not_listed_whatever_the_default(uri: str) -> None:
    document = {**ALLOW_ALL, "resources": {"*": {}}}
    assert rule_for(document, uri, surface=Surface.RESOURCE) == "(default deny)"
    assert rule_for({**document, "mode": "shadow"}, uri, surface=Surface.RESOURCE) == "(default deny)"


def test_rule_ids_are_escaped_and_numbered() -> None:
    document = policy(
        tools={
            "a/b~c": {"deny_if": [{**LEAF, "value": 2}, {**LEAF, "value": 3}, LEAF, {"conditions": [LEAF, {**LEAF, "op": "gt"}]}]}
        }
    )
    assert ask(document, {"a": 2}, name="a/b~c").rule == "/tools/a~1b~0c/deny_if/args.a-eq"
    assert ask(document, {"a": 3}, name="a/b~c").rule == "/tools/a~1b~0c/deny_if/args.a-eq#2"
    assert ask(document, {"a": 1}, name="a/b~c").rule == "/tools/a~1b~0c/deny_if/args.a-eq#3"
    together = policy(tools={"t": {"require": [{"conditions": [LEAF, {"not": {**LEAF, "op": "gt"}}]}]}})
    assert ask(together).rule == "/tools/t/require/args.a-eq+not(args.a-gt)"


def test_limits_are_named_after_their_counters_which_are_not_escaped() -> None:
    limits = [{"counter": "per/day~x", "window": "day", "max": 0}] * 2
    first = policy(tools={"t": {"limits": limits}})
    assert ask(first).charges == ()
    assert ask(first).rule == "/tools/t/limits/per/day~x"


# --- what lists show ------------------------------------------------------------------------------------------------------


def shown(document: Any, name: str, *, risk: str | None = None, surface: Surface = Surface.TOOL) -> bool:
    return compiled(document).visible(surface, name, risk)


def test_what_hide_names_is_hidden_and_beats_a_more_exact_key() -> None:
    document = {**ALLOW_ALL, "hide": ["drop_*", {"risk": "Financial"}], "tools": {"drop_all": {}, "pay": {}}}
    assert not shown(document, "drop_all")
    assert not shown(document, "pay", risk="Financial")
    assert shown(document, "pay", risk="Read")
    assert rule_for(document, "drop_all") == "(hidden)"
    assert rule_for(document, "pay", risk="Financial") == "(hidden)"


def test_a_tool_without_a_class_is_hidden_as_unknown() -> None:
    assert not shown({**ALLOW_ALL, "hide": [{"risk": "Unknown"}]}, "a")


def test_what_is_denied_stays_visible_unless_the_policy_hides_what_it_never_permits() -> None:
    tools = {
        "denied": NEVER,
        "asked": {"action": "require_approval"},
        "judged": {"deny_if": [LEAF]},
        "never": {"require": [LEAF], **NEVER_PLAIN},
    }
    plain, hiding = policy(tools=tools), policy(tools=tools, hide_unpermitted=True)
    names = (*tools, "unlisted")
    assert [name for name in names if shown(plain, name)] == list(names)
    assert [name for name in names if shown(hiding, name)] == ["asked", "judged"]
    assert rule_for(hiding, "unlisted") == "(hidden)"


def test_what_only_shadow_would_forbid_stays_visible() -> None:
    document = policy(hide_unpermitted=True, mode="shadow", tools={"a": NEVER, "b": {**NEVER, "mode": "enforce"}})
    assert [name for name in ("a", "b", "unlisted") if shown(document, name)] == ["a", "unlisted"]
    assert not shown(policy(hide_unpermitted=True, tools={"*": {}}, all_tools=NEVER_PLAIN), "x")
    assert shown(policy(hide_unpermitted=True, tools={"*": {}}, all_tools={**NEVER_PLAIN, "mode": "shadow"}), "x")


def test_hide_hides_in_shadow_mode_too() -> None:
    assert not shown({**ALLOW_ALL, "mode": "shadow", "hide": ["a"]}, "a")


def test_lists_of_resources_and_prompts_show_what_the_policy_lists() -> None:
    document = policy(resources={"file:///srv/*": NEVER_PLAIN}, prompts={"p": {}})
    assert shown(document, "file:///srv/a", surface=Surface.RESOURCE)
    assert not shown(document, "file:///etc/a", surface=Surface.RESOURCE)
    assert [shown(document, name, surface=Surface.PROMPT) for name in ("p", "q")] == [True, False]


# --- validation -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "tool", "every", "place"),
    [
        (True, None, None, "/validate_arguments"),
        (True, None, False, None),
        (True, False, True, None),
        (False, True, False, "/tools/t/validate_arguments"),
        (False, None, True, "/all_tools/validate_arguments"),
        (None, None, None, None),
    ],
)
def test_the_nearest_word_on_validation_counts(
    document: bool | None, tool: bool | None, every: bool | None, place: str | None
) -> None:
    members: dict[str, Any] = {} if document is None else {"validate_arguments": document}
    tools = {"t": {} if tool is None else {"validate_arguments": tool}}
    all_tools = {} if every is None else {"validate_arguments": every}
    about = facts(tool=ToolFacts(check=lambda _: "wrong"))
    assert ask(policy(**members, tools=tools, all_tools=all_tools), about=about).rule == place


def test_made_up_names_do_not_fill_the_memory() -> None:
    found = compiled(policy(tools={"*": {}}))
    for number in range(PLANS_MAX + 10):
        found.plan(Surface.TOOL, f"t{number}", None)
    assert len(found._plans) <= PLANS_MAX
    assert found.plan(Surface.TOOL, "t1", None).listed
