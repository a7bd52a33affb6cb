"""Reading scenario files: what they mean, and every defect with its place."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from yett.lab.scenario import FILE_BYTES_MAX, START_NS, BadScenarioFile, Upstream, parse_moment, read_scenarios
from yett.policy.decision import Grant, Surface
from yett.quota.windows import NS

ALLOW = {"version": "1", "default": "allow"}
STEP = {"call": {"name": "t", "arguments": {}}, "expect": "allow"}


def read(value: object) -> object:
    return read_scenarios(json.dumps(value).encode())


def scenario(**members: object) -> dict[str, object]:
    return {"name": "n", "policy": ALLOW, "steps": [STEP], **members}


def step(**members: object) -> dict[str, object]:
    return scenario(steps=[{**STEP, **members}])


def places(value: object) -> list[str]:
    with pytest.raises(BadScenarioFile) as caught:
        read(value)
    return [error.pointer for error in caught.value.errors]


def test_a_file_is_one_scenario_or_a_list_of_them() -> None:
    assert [one.name for one in read_scenarios(json.dumps(scenario()).encode())] == ["n"]
    assert [one.name for one in read_scenarios(json.dumps([scenario(), scenario(name="m")]).encode())] == ["n", "m"]


def test_a_file_may_be_yaml() -> None:
    text = """
    name: yes is text
    policy: {version: "1", default: deny, tools: {t: {}}}
    steps:
      - call: {name: t}
        at: 2026-03-01T10:00:01Z
        grant: no
        expect: allow
    """
    (found,) = read_scenarios(text.encode(), yaml=True)
    assert found.name == "yes is text"
    assert found.steps[0].grant.id == "no"
    assert found.steps[0].at_ns == int(datetime(2026, 3, 1, 10, 0, 1, tzinfo=UTC).timestamp()) * NS
    assert found.steps[0].call.arguments == {}


def test_a_step_has_the_defaults_of_the_contract() -> None:
    (found,) = read_scenarios(json.dumps(scenario()).encode())
    first = found.steps[0]
    assert (first.at_ns, first.grant.id, first.session, first.client_ip) == (None, "g1", "s1", None)
    assert (first.changed, first.upstream, first.approved) == (False, Upstream.OK, False)
    assert (found.tools, found.invalid) == (None, None)
    assert datetime.fromtimestamp(START_NS / NS, UTC).isoformat() == "2026-01-01T00:00:00+00:00"


def test_a_step_says_everything_that_the_contract_names() -> None:
    members = {
        "at": "2026-01-01T01:00:00.5+01:00",
        "grant": {"id": "g", "label": "l", "owner": "o", "tags": {"team": "x"}},
        "session": "s",
        "client_ip": "10.0.0.1",
        "changed": True,
        "upstream": "timeout",
        "approve": True,
        "expect": {"decision": "deny", "code": "tool_changed", "rule": "r", "message": "m", "retry_after_s": None},
    }
    (found,) = read_scenarios(json.dumps(step(**members)).encode())
    said = found.steps[0]
    assert said.at_ns == START_NS + NS // 2
    assert said.grant == Grant("g", "l", "o", {"team": "x"})
    assert (said.session, said.client_ip, said.changed, said.approved) == ("s", "10.0.0.1", True, True)
    assert said.upstream is Upstream.TIMEOUT
    assert said.expected == members["expect"]


def test_a_step_asks_for_a_tool_a_resource_or_a_prompt() -> None:
    steps = [
        {"call": {"name": "t", "arguments": {"a": 1}}, "expect": "allow"},
        {"resource": "x://1", "expect": "allow"},
        {"prompt": {"name": "p", "arguments": {"a": "1"}}, "expect": "allow"},
    ]
    (found,) = read_scenarios(json.dumps(scenario(steps=steps)).encode())
    asked = [(one.call.surface, one.call.name, dict(one.call.arguments)) for one in found.steps]
    assert asked == [
        (Surface.TOOL, "t", {"a": 1}),
        (Surface.RESOURCE, "x://1", {"uri": "x://1"}),
        (Surface.PROMPT, "p", {"a": "1"}),
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, [""]),
        ([], [""]),
        ([5], ["/0"]),
        ({}, ["/name", "/policy", "/steps"]),
        (scenario(name=""), ["/name"]),
        (scenario(extra=1), ["/extra"]),
        (scenario(invalid=["/version"]), ["/steps"]),
        (scenario(steps=[]), ["/steps"]),
        (scenario(steps={}), ["/steps"]),
        (scenario(steps=[5]), ["/steps/0"]),
        ({"name": "n", "policy": ALLOW, "invalid": []}, ["/invalid"]),
        ({"name": "n", "policy": ALLOW, "invalid": ["version"]}, ["/invalid/0"]),
        ({"name": "n", "policy": ALLOW, "invalid": "/version"}, ["/invalid"]),
        (scenario(tools=[{"name": "t"}, {"name": "t"}]), ["/tools/1/name"]),
        (scenario(tools=[{"name": ""}]), ["/tools/0/name"]),
        (scenario(tools=[{"name": "t", "inputSchema": True}]), ["/tools/0/inputSchema"]),
        (scenario(risk={"t": "read"}), ["/risk/t"]),
        (scenario(risk=[]), ["/risk"]),
        (step(resource="x://1"), ["/steps/0"]),
        (scenario(steps=[{"expect": "allow"}]), ["/steps/0"]),
        (scenario(steps=[{"call": {"name": "t"}}]), ["/steps/0/expect"]),
        (step(call={"arguments": {}}), ["/steps/0/call/name"]),
        (step(call={"name": "t", "arguments": []}), ["/steps/0/call/arguments"]),
        (step(call={"name": "t", "args": {}}), ["/steps/0/call/args"]),
        (step(at="yesterday"), ["/steps/0/at"]),
        (step(at=5), ["/steps/0/at"]),
        (step(grant=5), ["/steps/0/grant"]),
        (step(grant={"tag": {}}), ["/steps/0/grant/tag"]),
        (step(grant={"tags": {"a": 1}}), ["/steps/0/grant/tags/a"]),
        (step(session=None), ["/steps/0/session"]),
        (step(changed="yes"), ["/steps/0/changed"]),
        (step(approve=1), ["/steps/0/approve"]),
        (step(upstream="down"), ["/steps/0/upstream"]),
        (step(expect="allowed"), ["/steps/0/expect"]),
        (step(expect={}), ["/steps/0/expect"]),
        (step(expect={"decision": "no"}), ["/steps/0/expect/decision"]),
        (step(expect={"code": "denied"}), ["/steps/0/expect/code"]),
        (step(expect={"retry_after_s": 1.5}), ["/steps/0/expect/retry_after_s"]),
        (step(expect={"effect": "allow"}), ["/steps/0/expect/effect"]),
        ([scenario(extra=1), step(at="x", upstream="y")], ["/0/extra", "/1/steps/0/at", "/1/steps/0/upstream"]),
    ],
    ids=str,
)
def test_a_bad_file_is_reported_with_every_place(value: object, expected: list[str]) -> None:
    assert places(value) == expected


def test_an_unknown_key_is_reported_with_the_nearest_known_one() -> None:
    with pytest.raises(BadScenarioFile, match="did you mean `approve`"):
        read(step(aprove=True))


@pytest.mark.parametrize("data", [b"", b"{", b'{"name":"a","name":"b"}', b"\xff", b"[NaN]"])
def test_a_file_that_is_not_json_is_a_bad_file(data: bytes) -> None:
    with pytest.raises(BadScenarioFile, match="not readable as JSON"):
        read_scenarios(data)


def test_a_file_of_a_byte_too_much_is_a_bad_file() -> None:
    text = json.dumps(scenario()).encode()
    assert read_scenarios(text.ljust(FILE_BYTES_MAX))
    with pytest.raises(BadScenarioFile, match="larger than"):
        read_scenarios(text.ljust(FILE_BYTES_MAX + 1))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:01z", 1),
        ("1970-01-01T00:00:00-01:30", 5_400),
        ("1970-01-01T01:00:00+01:00", 0),
        ("2024-02-29T00:00:00Z", 1_709_164_800),
        ("1969-12-31T23:59:59Z", -1),
    ],
)
def test_a_moment_is_read_as_rfc_3339_has_it(text: str, seconds: int) -> None:
    assert parse_moment(text) == seconds * NS


@pytest.mark.parametrize(
    "text",
    [
        *("2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00Z", "2026-02-29T00:00:00Z", "2026-01-01T24:00:00Z", "now", ""),
        *("2026-01-01T00:00:60Z", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+0100", "２026-01-01T00:00:00Z"),
        "2026-01-01T00:00:00.Z",
    ],
)
def test_a_text_that_is_no_moment_is_not_read(text: str) -> None:
    assert parse_moment(text) is None


def test_a_fraction_of_a_second_is_kept_to_the_nanosecond() -> None:
    assert parse_moment("1970-01-01T00:00:00.000000001Z") == 1
    assert parse_moment("1970-01-01T00:00:00.25Z") == NS // 4
