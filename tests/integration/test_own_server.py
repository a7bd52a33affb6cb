"""Yett's own MCP server behind Yett's gateway, an upstream like any other: real clients call each of its tools."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import pytest

from tests.support.real_clients import CLIENTS, Endpoint, RealClient, Step
from tests.support.real_gateway import SILENT, YETT, Gateway, running_gateway
from yett.registry_server.listing import TOOLS

pytestmark = pytest.mark.xdist_group("gateway")

OUTPUTS: Final = {tool.name: tool.output_schema or False for tool in TOOLS}
DENY: Final = {"version": "1", "default": "deny", "tools": {"check_tool": {"action": "deny", "reason": "not by an agent"}}}
ALLOW: Final = {"version": "1", "default": "allow"}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    directory = tmp_path_factory.mktemp("own-server")
    with running_gateway(directory, configuration=SILENT) as running:
        own = {name: running.environment[name] for name in running.environment if name.startswith("YETT_")}
        env = [word for name, value in own.items() for word in ("--env", f"{name}={value}")]
        running.yett("server", "add", "registry", *env, "--", YETT, "mcp")
        running.publish("allow", ALLOW, directory)
        running.publish("deny", DENY, directory)
        yield running


@pytest.fixture(scope="module")
def endpoint(gateway: Gateway) -> Endpoint:
    return gateway.endpoint("registry", "allow")


@pytest.fixture(scope="module")
def request_id(gateway: Gateway) -> str:
    """Of a call that was denied."""
    there = gateway.endpoint("registry", "deny")
    denied = CLIENTS[0].run(there, "auto", [Step("call", "check_tool", {"server": "time", "tool": "x"})]).seen[0]
    assert denied.is_error
    return next(str(value["request_id"]) for value in denied.meta.values() if isinstance(value, dict) and "request_id" in value)


@pytest.fixture
def calls(request_id: str) -> dict[str, dict[str, Any]]:
    return {
        "check_tool": {"server": "redbook", "tool": "generate_images"},
        "check_mcp_server": {"server": "npm:mcp-server-time"},
        "search_registry": {"query": "image"},
        "check_mcp_stack": {"servers": {"clock": {"command": "uvx", "args": ["mcp-server-time"]}}},
        "explain_denial": {"request_id": request_id},
        "get_change_events": {"after": "0"},
    }


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
@pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25", "auto"])
def test_a_real_client_lists_and_calls_each_tool_through_the_gateway(
    gateway: Gateway, endpoint: Endpoint, calls: dict[str, dict[str, Any]], client: RealClient, revision: str
) -> None:
    steps = [Step("list"), *(Step("call", name, arguments) for name, arguments in calls.items())]
    listed, *answers = client.run(endpoint, revision, steps).seen
    assert sorted(listed.tools) == sorted(OUTPUTS)
    told: dict[str, Any] = {}
    for name, answer in zip(calls, answers, strict=True):
        assert not answer.is_error, answer.text
        told[name] = json.loads(answer.text)
        jsonschema_rs.validate(OUTPUTS[name], told[name])
    assert told["check_tool"]["tool"]["class"] == "Execute"
    assert told["check_mcp_server"]["verdict"] == "ask-first"
    found = {(one["server"], one["source"], one["tool"]) for one in told["search_registry"]["tools"]}
    assert ("redbook", "catalogue", "generate_images") in found
    assert told["check_mcp_stack"]["servers"][0]["verification"] == "official"
    explained = told["explain_denial"]
    assert (explained["code"], explained["server"], explained["target"]) == ("deny_if_matched", "registry", "check_tool")
    assert "not by an agent" in explained["message"]
    text = json.dumps(explained)
    grants = gateway.yett("grant", "list")
    assert not any(grant["id"] in text or grant["label"] in text for grant in grants), "nothing of any grant is told"


def test_the_server_is_catalogued_as_one_that_only_reads(gateway: Gateway) -> None:
    shown = gateway.yett("catalog", "show", "registry")
    assert (shown["grade"], {tool["risk"] for tool in shown["tools"]}) == ("A", {"Read"})


def test_it_can_be_asked_without_the_gateway(gateway: Gateway, tmp_path: Path) -> None:
    alone = Endpoint(command=(YETT, "mcp"), env={**gateway.environment, "YETT_STATE_DIRECTORY": str(tmp_path / "none")})
    steps = [Step("call", "search_registry", {"query": "image"}), Step("call", "get_change_events", {})]
    found, changes = CLIENTS[0].run(alone, "auto", steps).seen
    assert "generate_images" in found.text
    assert changes.is_error
    assert json.loads(changes.text)["error"]["code"] == "no_installation"
    made = tmp_path / "none"
    assert not made.exists() or list(made.iterdir()) == [], "asking makes no installation"


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
@pytest.mark.parametrize("revision", ["2025-11-25", "auto"])
def test_it_stands_on_the_control_plane_too_for_whoever_has_a_token(
    gateway: Gateway, calls: dict[str, dict[str, Any]], client: RealClient, revision: str
) -> None:
    made = gateway.yett("token", "create", f"models {client.name} {revision}", "--scope", "view")
    there = Endpoint(url=control_plane(gateway), headers={"Authorization": f"Bearer {made['token']}"})
    steps = [Step("list"), *(Step("call", name, arguments) for name, arguments in calls.items())]
    listed, *answers = client.run(there, revision, steps).seen
    assert sorted(listed.tools) == sorted(OUTPUTS)
    for name, answer in zip(calls, answers, strict=True):
        assert not answer.is_error, answer.text
        jsonschema_rs.validate(OUTPUTS[name], json.loads(answer.text))


def test_a_token_for_another_server_is_told_of_that_one_only(gateway: Gateway) -> None:
    gateway.yett("server", "add", "other", "--url", "http://127.0.0.1:9/mcp", "--no-look")
    made = gateway.yett("token", "create", "confined", "--scope", "view", "--server", "other")
    there = Endpoint(url=control_plane(gateway), headers={"Authorization": f"Bearer {made['token']}"})
    steps = [Step("call", "search_registry", {"query": "check", "server": "registry"}), Step("call", "get_change_events", {})]
    hidden, changes = CLIENTS[0].run(there, "auto", steps).seen
    assert json.loads(hidden.text)["error"]["code"] == "not_found"
    assert json.loads(changes.text)["items"] == []


def test_without_a_token_nothing_is_told(gateway: Gateway) -> None:
    body = b'{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}'
    fields = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    strange: list[dict[str, str]] = [{}, {"authorization": "Bearer another"}]
    for more in strange:
        asked = urllib.request.Request(control_plane(gateway), data=body, headers={**fields, **more})
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(asked, timeout=10)
        with refused.value as answer:
            assert (answer.code, json.loads(answer.read())["code"]) == (401, "unauthorised")


def control_plane(gateway: Gateway) -> str:
    return f"http://127.0.0.1:{gateway.environment['YETT_CONTROL_PLANE_PORT']}/mcp"
