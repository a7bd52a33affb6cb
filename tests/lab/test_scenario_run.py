"""Running scenarios: what fails and how it is said."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest

from yett.lab.scenario import read_scenarios
from yett.lab.scenario_report import FileReport, as_json, as_junit
from yett.lab.scenario_run import Result, run_scenario
from yett.policy.errors import PolicyError

Json = dict[str, Any]
ONCE = {"version": "1", "default": "deny", "tools": {"t": {"limits": [{"counter": "n", "window": "hour", "max": 1}]}}}


def run(policy: object, *steps: Json, **members: Any) -> Result:
    scenario = {"name": "n", "policy": policy, "steps": list(steps), **members}
    if not steps:
        del scenario["steps"]
    (found,) = read_scenarios(json.dumps(scenario).encode())
    return run_scenario(found)


def call(expect: object, **members: Any) -> Json:
    return {"call": {"name": "t", "arguments": {}}, "expect": expect, **members}


def test_a_step_that_is_as_expected_passes() -> None:
    result = run(ONCE, call("allow"), call({"decision": "deny", "code": "limit_exceeded", "retry_after_s": 3_600}))
    assert result.passed
    assert [decision.effect.value for decision in result.decisions] == ["allow", "deny"]


@pytest.mark.parametrize(
    ("expect", "words"),
    [
        ("deny", "decision is `allow`, expected `deny`"),
        ({"code": "not_listed"}, "code is absent, expected `not_listed`"),
        ({"rule": "/tools/t"}, "rule is absent, expected `/tools/t`"),
        ({"message": "no"}, "message is absent, expected `no`"),
        ({"retry_after_s": 1}, "retry_after_s is absent, expected `1`"),
    ],
)
def test_a_step_that_is_not_as_expected_is_said_in_one_sentence(expect: object, words: str) -> None:
    assert run(ONCE, call(expect)).failures == (f"step 1 (tool `t`): {words}",)


def test_a_wrong_denial_names_its_rule_and_message() -> None:
    (failure,) = run({"version": "1", "default": "deny"}, call("allow")).failures
    assert "decision is `deny` (not_listed by (default deny): " in failure
    assert failure.endswith("expected `allow`")


def test_a_member_that_is_expected_to_be_absent_is_looked_at() -> None:
    assert run(ONCE, call({"decision": "allow", "code": None, "retry_after_s": None})).passed
    assert not run({"version": "1", "default": "deny"}, call({"code": None})).passed


@pytest.mark.parametrize(
    ("upstream", "second"),
    [
        *((word, "allow") for word in ("unreachable", "rpc_error")),
        *((word, "deny") for word in ("ok", "is_error", "invalid_params", "internal_error", "timeout")),
    ],
)
def test_what_surely_did_not_run_is_given_back(upstream: str, second: str) -> None:
    assert run(ONCE, call("allow", upstream=upstream), call(second)).passed


def test_time_is_that_of_the_step_before_until_a_step_says_otherwise() -> None:
    later = "2026-01-01T01:00:00Z"
    assert run(ONCE, call("allow"), call("deny"), call("allow", at=later), call("deny")).passed


def test_shadow_limits_are_counted_apart() -> None:
    assert run({**ONCE, "mode": "shadow"}, call("allow"), call("would_deny"), call("would_deny")).passed


def test_tools_of_the_file_are_the_servers_list() -> None:
    policy = {"version": "1", "default": "allow", "validate_arguments": True}
    tools = [{"name": "t", "inputSchema": {"required": ["a"]}}, {"name": "u"}]
    unknown = {"call": {"name": "x"}, "expect": {"code": "unknown_tool"}}
    no_schema = {"call": {"name": "u"}, "expect": {"code": "argument_schema"}}
    assert run(policy, call({"code": "argument_schema"}), unknown, no_schema, tools=tools).passed
    assert run(policy, call({"code": "argument_schema"})).passed, "without a list there is no schema"


def test_the_client_address_and_the_grant_are_what_the_step_says() -> None:
    conditions = [
        {"path": "client.ip", "op": "cidr_in", "value": ["10.0.0.0/8"]},
        {"path": "grant.tags.team", "op": "eq", "value": "a"},
    ]
    policy = {"version": "1", "default": "deny", "tools": {"t": {"require": conditions}}}
    team = {"id": "g", "tags": {"team": "a"}}
    assert run(policy, call("allow", client_ip="10.1.1.1", grant=team)).passed
    assert run(policy, call({"code": "argument_type"}, grant=team), call({"code": "require_failed"}, client_ip="10.1.1.1")).passed


def test_a_policy_that_must_be_refused_is_refused_at_just_these_places() -> None:
    bad = {"version": "2", "default": "deny", "toolz": {}}
    assert run(bad, invalid=["/version", "/toolz"]).passed
    assert "an error that is not expected at `/toolz`" in run(bad, invalid=["/version"]).failures[0]
    assert run(bad, invalid=["/version", "/toolz", "/x"]).failures == ("no error at `/x`",)
    assert "the policy is accepted" in run(ONCE, invalid=["/version"]).failures[0]
    assert run(None, invalid=[""]).passed


def test_a_policy_that_is_refused_where_steps_were_to_be_run_fails() -> None:
    (failure,) = run({"version": "1"}, call("allow")).failures
    assert failure.startswith("the policy is refused at `/default`: `default` is missing")


def test_a_policy_inside_a_file_is_held_to_its_own_size() -> None:
    long = {"version": "1", "default": "deny", "description": "ä" * 131_072}
    assert run(long, invalid=[""]).passed


def test_no_policy_denies() -> None:
    assert run(None, call({"code": "no_policy", "rule": "(no policy)"})).passed


REPORTS = (
    FileReport("a.json", (run(ONCE, call("allow")), run(ONCE, call("deny")))),
    FileReport('b "<&>\x00.json', errors=(PolicyError("/0/x", "unknown key `x`"),)),
)


def test_the_json_report_holds_totals_failures_and_decisions() -> None:
    report: Any = as_json(REPORTS)
    assert (report["passed"], report["failed"], report["bad_files"]) == (1, 1, 1)
    assert report["files"][0]["scenarios"][1]["failures"] == ["step 1 (tool `t`): decision is `allow`, expected `deny`"]
    assert report["files"][0]["scenarios"][0]["decisions"] == [{"decision": "allow"}]
    assert report["files"][1]["errors"][0]["pointer"] == "/0/x"


def test_the_junit_report_is_xml_that_counts_failures_and_errors() -> None:
    suites = ElementTree.fromstring(as_junit(REPORTS))
    counts = [(suite.get("tests"), suite.get("failures"), suite.get("errors")) for suite in suites]
    assert counts == [("2", "1", "0"), ("1", "0", "1")]
    assert suites[1].get("name") == 'b "<&>\ufffd.json'
    failure = suites[0][1].find("failure")
    assert failure is not None
    assert failure.text == "step 1 (tool `t`): decision is `allow`, expected `deny`"
