"""The tools of Yett's own MCP server, each answer held against its schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from tests.admin.conftest import office as office
from tests.admin.service import Office
from tests.admin.test_drift import DELETE, GET, says
from tests.support.clock import START_NS
from yett.admin.control import Control
from yett.admin.service import Service
from yett.app.catalogue_import import import_catalogue
from yett.registry_server.listing import TOOLS
from yett.registry_server.server import call
from yett.registry_server.tools import CALLS, Place
from yett.settings import Settings, load_settings
from yett.stores.catalogue_index import FILE as INDEX_FILE

SECRET = "sk-live-abcdefghijklmnopqrstuvwxyz012345"
OUTPUTS = {tool.name: tool.output_schema or False for tool in TOOLS}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(None, {"YETT_STATE_DIRECTORY": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)})


@pytest.fixture
def place(office: Office, settings: Settings) -> Place:
    office.lookout.said = {"tools": [GET], "credential": False}
    office.with_server("shop")
    says(office, GET, DELETE)
    return at(settings, office.service)


def at(settings: Settings, control: Control | None) -> Place:
    @contextmanager
    def opened() -> Iterator[Control | None]:
        yield control

    return Place(settings, opened, lambda: datetime.fromtimestamp(START_NS // 10**9, UTC) + timedelta(days=1))


def told(place: Place, name: str, **given: Any) -> Any:
    result = call(place, name, given)
    assert not result.is_error, result.content
    jsonschema_rs.validate(OUTPUTS[name], result.structured_content)
    assert json.loads(result.content[0].text) == result.structured_content  # type: ignore[union-attr]  # it is text
    return result.structured_content


def refused(place: Place, name: str, **given: Any) -> tuple[str, str]:
    result = call(place, name, given)
    assert result.is_error
    assert result.structured_content is None
    error = json.loads(result.content[0].text)["error"]  # type: ignore[union-attr]  # it is text
    return error["code"], error["message"]


def test_every_tool_is_listed_reads_only_and_has_schemas() -> None:
    assert [tool.name for tool in TOOLS] == list(CALLS)
    for tool in TOOLS:
        assert tool.annotations is not None
        assert (tool.annotations.read_only_hint, tool.annotations.destructive_hint) == (True, False)
        jsonschema_rs.validator_for(tool.input_schema)
        jsonschema_rs.validator_for(tool.output_schema or False)
        assert tool.input_schema["additionalProperties"] is False


def test_a_tool_is_checked_on_the_installations_server_and_in_the_catalogue(place: Place) -> None:
    found = told(place, "check_tool", server="shop", tool="delete_order")
    assert (found["tool"]["class"], found["recommended"], found["policy"]["hide"]) == ("Destructive", "hidden", ["delete_order"])
    assert found["owasp"]
    assert told(place, "check_tool", server="redbook", tool="generate_images")["tool"]["class"] == "Execute"


def test_a_server_gets_a_verdict_with_its_riskiest_tools(place: Place) -> None:
    found = told(place, "check_mcp_server", server="shop")
    assert (found["slug"], found["facts"]["grade"]["letter"]) == ("shop", "D")
    assert [tool["name"] for tool in found["tools"]] == ["delete_order", "get_order"]
    assert found["facts"]["changes"]["lately"]
    assert told(place, "check_mcp_server", server="https://mcp.stirpe.com/")["verdict"] == "ask-first"


def test_asking_leaves_no_trace(place: Place, settings: Settings) -> None:
    told(place, "check_mcp_server", server="redbook")
    assert not (settings.state_dir / "precheck.json").exists()


def test_the_registry_is_searched_with_and_without_an_installation(place: Place, settings: Settings) -> None:
    found = told(place, "search_registry", query="order", server="shop")
    assert [one["tool"] for one in found["tools"]] == ["delete_order", "get_order"]
    assert "shop" in [one["slug"] for one in told(place, "search_registry", query="shop")["servers"]]
    alone = at(settings, None)
    known = told(alone, "search_registry", query="generate images", **{"class": "Execute"})
    assert ("redbook", "generate_images") in [(one["server"], one["tool"]) for one in known["tools"]]
    assert told(alone, "search_registry", query="generate", limit=1)["more"]


def test_a_stack_is_judged_entry_by_entry_and_its_secrets_stay_out(place: Place) -> None:
    servers = {
        "clock": {"command": "uvx", "args": ["mcp-server-time"]},
        "pay": {"url": f"https://mcp.stripe.com/?key={SECRET}", "headers": {"Authorization": f"Bearer {SECRET}"}},
        "odd": {"command": "npx", "args": ["-y", "some-server", "--api-key", SECRET], "env": {"API_KEY": SECRET}},
        "empty": {},
    }
    found = told(place, "check_mcp_stack", servers=servers)
    assert found["verdict"] == "ask-first"
    assert [one["name"] for one in found["servers"]] == list(servers)
    assert found["servers"][0]["verification"] == "official"
    assert any("secret may stand" in reason["text"] for reason in found["servers"][2]["reasons"])
    assert SECRET not in json.dumps(found)


def test_every_tool_knows_what_an_index_lists(place: Place, settings: Settings, tmp_path: Path) -> None:
    source = tmp_path / "listed.jsonl"
    schema = '{"type": "object", "properties": {"path": {"type": "string"}}}'
    source.write_text(f'{{"server": "acme-files", "name": "purge", "description": "Delete a file.", "inputSchema": {schema}}}\n')
    import_catalogue(source, settings.state_dir / INDEX_FILE)
    checked = told(place, "check_tool", server="acme-files", tool="purge")
    assert (checked["tool"]["class"], "path" in checked["tool"]["signals"]) == ("Destructive", True)
    assert "purge" in checked["rationale"]
    assert told(place, "check_mcp_server", server="npm:acme-files")["facts"]["grade"]["letter"] == "D"
    stack = {"files": {"command": "npx", "args": ["-y", "acme-files"]}}
    (entry,) = told(place, "check_mcp_stack", servers=stack)["servers"]
    assert (entry["grade"], entry["tools"], entry["verification"]) == ("D", 1, "unknown")


def test_changes_are_a_feed(place: Place, settings: Settings) -> None:
    found = told(place, "get_change_events", after="0")
    assert [one["kind"] for one in found["items"]] == ["added", "grade"]
    assert told(place, "get_change_events", after=found["cursor"])["items"] == []
    assert refused(at(settings, None), "get_change_events")[0] == "no_installation"


def test_a_request_that_is_not_known_is_said_to_be_unknown(place: Place, settings: Settings) -> None:
    assert refused(place, "explain_denial", request_id="nobody")[0] == "unknown_request"
    assert refused(at(settings, None), "explain_denial", request_id="nobody")[0] == "unknown_request"


def test_out_of_reach_is_like_not_there(place: Place, office: Office, settings: Settings) -> None:
    confined = Service(office.service.desk, replace(office.service.principal, servers=frozenset({"another"})))
    there = at(settings, confined)
    assert told(there, "check_mcp_server", server="shop")["slug"] is None
    assert told(there, "get_change_events", after="0")["items"] == []
    assert "shop" not in [one["slug"] for one in told(there, "search_registry", query="shop")["servers"]]
    assert refused(there, "search_registry", query="order", server="shop")[0] == "not_found"


@pytest.mark.parametrize(
    ("name", "given", "code"),
    [
        ("check_tool", {"server": "redbook"}, "invalid_arguments"),
        ("check_tool", {"server": "redbook", "tool": "pay"}, "unknown_tool"),
        ("check_tool", {"server": "npm:nobody-knows", "tool": "x"}, "tools_unknown"),
        ("check_mcp_server", {"server": ""}, "invalid_arguments"),
        ("check_mcp_server", {"server": "a b"}, "invalid"),
        ("check_mcp_server", {"server": "x", "more": 1}, "invalid_arguments"),
        ("search_registry", {"query": "x", "class": "Evil"}, "invalid_arguments"),
        ("search_registry", {"query": "x" * 201}, "invalid_arguments"),
        ("search_registry", {"query": "!!"}, "invalid"),
        ("search_registry", {"query": "x", "limit": 101}, "invalid_arguments"),
        ("check_mcp_stack", {"servers": {}}, "invalid_arguments"),
        ("check_mcp_stack", {"servers": {"a": 1}}, "invalid_arguments"),
        ("check_mcp_stack", {"servers": {str(number): {} for number in range(101)}}, "invalid_arguments"),
        ("get_change_events", {"after": "x"}, "invalid"),
        ("get_change_events", {"server": "nobody"}, "not_found"),
    ],
)
def test_what_is_asked_wrongly_is_an_error_with_a_code(place: Place, name: str, given: dict[str, Any], code: str) -> None:
    found, message = refused(place, name, **given)
    assert found == code, message
    assert message


def test_what_is_wrong_with_a_configuration_is_said_without_its_secrets(place: Place) -> None:
    code, message = refused(place, "check_mcp_stack", servers={"a": SECRET})
    assert (code, SECRET in message) == ("invalid_arguments", False)
