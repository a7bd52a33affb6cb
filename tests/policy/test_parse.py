"""The whole document: every defect at its place, all of them at once, and sugar rewritten."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.policies import ALLOW_ALL, policy, problems_of, read
from yett.policy.errors import PolicyErrors
from yett.policy.model import HiddenClass, Mode, Policy, Rule
from yett.policy.parse import parse_policy

ALWAYS: dict[str, Any] = {"conditions": []}
LIMIT = {"counter": "n", "window": "day", "max": 1}


def test_the_smallest_policy() -> None:
    assert read({"version": "1", "default": "deny"}) == Policy(default_allows=False)
    assert read({"version": "1", "default": "allow"}) == Policy(default_allows=True)


def test_every_key_of_the_document() -> None:
    document = {
        "$schema": "https://example.com/s.json",
        "version": "1",
        "default": "deny",
        "description": "about",
        "mode": "shadow",
        "timezone": "Europe/Berlin",
        "hide": ["drop_*", {"risk": "Destructive"}],
        "hide_unpermitted": True,
        "validate_arguments": True,
        "all_tools": {},
        "tools": {"a": {}, "b*": {}},
        "risk": {"Read": {}},
        "resources": {"file:///*": {}},
        "prompts": {"p": {}},
        "server_requests": {"sampling": "allow", "roots": "deny"},
    }
    assert read(document) == Policy(
        default_allows=False,
        hide=("drop_*", HiddenClass("Destructive")),
        hide_unpermitted=True,
        validate_arguments=True,
        all_tools=Rule(),
        tools={"a": Rule(), "b*": Rule()},
        risk={"Read": Rule()},
        resources={"file:///*": Rule()},
        prompts={"p": Rule()},
        server_requests={"sampling": True, "roots": False},
        mode=Mode.SHADOW,
        timezone="Europe/Berlin",
        description="about",
        schema="https://example.com/s.json",
    )


@pytest.mark.parametrize("document", [None, True, 1, "x", []])
def test_a_document_is_an_object(document: Any) -> None:
    with pytest.raises(PolicyErrors) as refused:
        parse_policy(document)
    assert [error.pointer for error in refused.value.errors] == [""]


@pytest.mark.parametrize(
    ("members", "pointers"),
    [
        ({"version": None}, ["/version"]),
        ({"version": 1}, ["/version"]),
        ({"version": "1.0"}, ["/version"]),
        ({"default": "Allow"}, ["/default"]),
        ({"default": True}, ["/default"]),
        ({"default": None}, ["/default"]),
        ({"tolls": {}}, ["/tolls"]),
        ({"Tools": {}}, ["/Tools"]),
        ({"": 1}, ["/"]),
        ({"a/b~c": 1}, ["/a~1b~0c"]),
        ({"mode": "off"}, ["/mode"]),
        ({"timezone": "Mars/Olympus"}, ["/timezone"]),
        ({"timezone": ""}, ["/timezone"]),
        ({"timezone": "../../etc/passwd"}, ["/timezone"]),
        ({"timezone": "/etc/localtime"}, ["/timezone"]),
        ({"timezone": "Europe"}, ["/timezone"]),
        ({"timezone": "a\0b"}, ["/timezone"]),
        ({"timezone": 1}, ["/timezone"]),
        ({"description": 1}, ["/description"]),
        ({"$schema": {}}, ["/$schema"]),
        ({"hide": "x"}, ["/hide"]),
        (
            {"hide": ["", 1, None, {}, {"risk": "read"}, {"risk": "Read", "x": 1}]},
            [f"/hide/{n}" for n in (0, 1, 2)] + ["/hide/3/risk", "/hide/4/risk", "/hide/5/x"],
        ),
        ({"hide_unpermitted": 1}, ["/hide_unpermitted"]),
        ({"hide_unpermitted": None}, ["/hide_unpermitted"]),
        ({"validate_arguments": "true"}, ["/validate_arguments"]),
        ({"all_tools": []}, ["/all_tools"]),
        ({"all_tools": {"action": "deny"}}, ["/all_tools/action"]),
        ({"all_tools": {"rate_limit": {"max": 1, "window": 60}}}, ["/all_tools/rate_limit"]),
        ({"tools": []}, ["/tools"]),
        ({"tools": None}, ["/tools"]),
        ({"tools": {"": {}}}, ["/tools/"]),
        ({"tools": {"a": None}}, ["/tools/a"]),
        ({"tools": {"a": []}}, ["/tools/a"]),
        ({"tools": {"a": "allow"}}, ["/tools/a"]),
        ({"tools": {"a/b": {"x": 1}}}, ["/tools/a~1b/x"]),
        ({"tools": {"a": {"mode": "x", "validate_arguments": 1}}}, ["/tools/a/mode", "/tools/a/validate_arguments"]),
        ({"risk": {"read": {}, "Unknown": {}, "Other": {}}}, ["/risk/read", "/risk/Other"]),
        ({"risk": []}, ["/risk"]),
        ({"resources": {"": {}}}, ["/resources/"]),
        ({"resources": {"x": {"action": "deny"}}}, ["/resources/x/action"]),
        ({"resources": []}, ["/resources"]),
        ({"prompts": {"x": {"rate_limit": {}}}}, ["/prompts/x/rate_limit"]),
        ({"server_requests": {"sampling": True, "elicit": "allow"}}, ["/server_requests/sampling", "/server_requests/elicit"]),
        ({"server_requests": []}, ["/server_requests"]),
    ],
)
def test_each_defect_is_reported_at_its_place(members: dict[str, Any], pointers: list[str]) -> None:
    assert list(problems_of(policy(**members))) == pointers


def test_missing_keys_are_reported_where_they_would_be() -> None:
    assert list(problems_of({})) == ["/version", "/default"]


def test_all_defects_are_reported_at_once() -> None:
    document = {
        "version": "2",
        "tolls": {},
        "hide": [""],
        "tools": {
            "a": {"deny_if": [{"path": "x", "op": "gt", "value": 1}], "limits": [{"counter": "", "window": 0, "max": -1}]},
            "b": {"action": "block", "require": {}},
        },
        "all_tools": {"limits": [{**LIMIT, "increment_from": "args.x"}]},
    }
    assert sorted(problems_of(document)) == [
        "/all_tools/limits/0/increment_from",
        "/default",
        "/hide/0",
        "/tolls",
        "/tools/a/deny_if/0/path",
        "/tools/a/limits/0/counter",
        "/tools/a/limits/0/max",
        "/tools/a/limits/0/window",
        "/tools/b/action",
        "/tools/b/require",
        "/version",
    ]


def test_errors_come_in_the_same_order_every_time() -> None:
    document = policy(risk={name: {} for name in ("z", "y", "x", "w", "v")})
    assert list(problems_of(document)) == ["/risk/z", "/risk/y", "/risk/x", "/risk/w", "/risk/v"]


@pytest.mark.parametrize(
    ("members", "hint"),
    [
        ({"tolls": {}}, "did you mean `tools`?"),
        ({"tools": {"a": {"denyif": []}}}, "did you mean `deny_if`?"),
        ({"default": "block"}, "known are `allow`, `deny`"),
        ({"version": "2"}, 'write `"1"`'),
        ({"timezone": "Berlin"}, "Europe/Berlin"),
        ({"risk": {"read": {}}}, "did you mean `Read`?"),
        ({"all_tools": {"action": "deny"}}, "known are"),
    ],
)
def test_an_error_says_what_to_write_instead(members: dict[str, Any], hint: str) -> None:
    (problem,) = problems_of(policy(**members)).values()
    assert hint in problem


# --- bounds ---------------------------------------------------------------------------------------------------------------


def nested(depth: int) -> dict[str, Any]:
    """A policy that is `depth` levels deep: the document, tools, the rule, deny_if and the entry are five of them."""
    condition: dict[str, Any] = {"path": "args.a", "op": "eq", "value": 1}
    for _ in range(depth - 5):
        condition = {"not": condition}
    return policy(tools={"a": {"deny_if": [condition]}})


def test_a_document_may_be_32_levels_deep() -> None:
    assert problems_of(nested(32)) == {}
    assert list(problems_of(nested(33))) == [""]
    assert list(problems_of(nested(100))) == [""]


def test_a_document_may_have_2000_rules() -> None:
    rules: dict[str, Any] = {str(number): {} for number in range(1_999)}
    assert problems_of(policy(tools=rules, risk={"Read": {}})) == {}
    assert list(problems_of(policy(tools=rules, risk={"Read": {}, "Write": {}}))) == [""]
    assert list(problems_of(policy(tools=rules, resources={"a:*": {}}, prompts={"b": {}}))) == [""]
    assert problems_of(policy(tools=rules, risk={"Read": {}}, all_tools={})) == {}


def test_a_rule_may_have_64_conditions_counted_at_their_leaves() -> None:
    leaf = {"path": "args.a", "op": "eq", "value": 1}
    whole = {"require": [{"conditions": [leaf] * 30}], "deny_if": [{"any": [leaf] * 30}], "require_approval": [{"not": leaf}] * 4}
    assert problems_of(policy(tools={"a": whole, "b": whole}, all_tools=whole)) == {}
    over = {**whole, "require_approval": [{"not": leaf}] * 5}
    assert list(problems_of(policy(tools={"a": over}))) == [""]
    assert list(problems_of(policy(all_tools=over))) == [""]


# --- sugar ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("section", ["tools", "risk"])
@pytest.mark.parametrize(
    ("short", "long"),
    [
        ({"action": "allow"}, {}),
        ({"action": "deny"}, {"deny_if": [ALWAYS]}),
        ({"action": "deny", "reason": "no"}, {"deny_if": [{**ALWAYS, "on_deny": "no"}]}),
        ({"action": "require_approval"}, {"require_approval": [ALWAYS]}),
        ({"action": "require_approval", "reason": "ask"}, {"require_approval": [{**ALWAYS, "on_deny": "ask"}]}),
        ({"require_approval": True}, {"require_approval": [ALWAYS]}),
        (
            {"rate_limit": {"max": 10, "window": 60}},
            {"limits": [{"counter": "Read_rate", "window": 60, "max": 10, "scope": "session"}]},
        ),
        (
            {"action": "deny", "rate_limit": {"max": 1, "window": "day"}, "mode": "shadow"},
            {
                "deny_if": [ALWAYS],
                "limits": [{"counter": "Read_rate", "window": "day", "max": 1, "scope": "session"}],
                "mode": "shadow",
            },
        ),
        ({"action": "allow", "validate_arguments": True}, {"validate_arguments": True}),
    ],
)
def test_sugar_means_what_its_long_form_means(section: str, short: Any, long: Any) -> None:
    assert read(policy(**{section: {"Read": short}})) == read(policy(**{section: {"Read": long}}))


def test_a_rate_limits_counter_is_named_after_the_key_as_written() -> None:
    rule = read(policy(tools={"a/b*~": {"rate_limit": {"max": 1, "window": 60}}})).tools["a/b*~"]
    assert [limit.counter for limit in rule.limits] == ["a/b*~_rate"]


def test_hide_as_an_action_is_an_entry_of_hide() -> None:
    found = read(policy(tools={"a*": {"action": "hide"}, "b": {}}, risk={"Write": {"action": "hide"}}, hide=["x", "a*"]))
    assert found.hide == ("x", "a*", HiddenClass("Write"))
    assert found.tools["a*"] == Rule()


@pytest.mark.parametrize(
    ("rule", "pointers"),
    [
        ({"action": "allow", "require": []}, ["/action"]),
        ({"action": "deny", "deny_if": []}, ["/action"]),
        ({"action": "deny", "require_approval": True}, ["/action"]),
        ({"action": "hide", "limits": []}, ["/action"]),
        ({"action": "block"}, ["/action"]),
        ({"action": None}, ["/action"]),
        ({"rate_limit": {"max": 1, "window": 60}, "limits": []}, ["/rate_limit"]),
        ({"rate_limit": {}}, ["/rate_limit/max", "/rate_limit/window"]),
        ({"rate_limit": 10}, ["/rate_limit"]),
        (
            {"rate_limit": {"max": -1, "window": "year", "scope": "grant"}},
            ["/rate_limit/max", "/rate_limit/window", "/rate_limit/scope"],
        ),
        ({"reason": "x"}, ["/reason"]),
        ({"action": "deny", "reason": 1}, ["/reason"]),
        (
            {"action": "deny", "reason": "x", "deny_if": [], "rate_limit": {"max": 1, "window": 1}, "limits": []},
            ["/action", "/rate_limit"],
        ),
    ],
)
def test_sugar_that_contradicts_its_neighbours_is_an_error(rule: Any, pointers: list[str]) -> None:
    assert list(problems_of(policy(tools={"t": rule}))) == [f"/tools/t{pointer}" for pointer in pointers]


def test_duplicate_keys_are_errors_in_json_too() -> None:
    text = json.dumps(ALLOW_ALL)[:-1].encode() + b',"tools":{"a":{"action":"deny"},"a":{}}}'
    assert list(problems_of(text)) == [""]
