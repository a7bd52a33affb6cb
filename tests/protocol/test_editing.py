"""Lists and capabilities: what is edited changes, all else keeps its bytes, and nothing that is unclear passes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.protocol.wire import ENVELOPE, META_CAPABILITIES, accepted, encode, modern, modern_headers
from yett.errors import UpstreamFault
from yett.protocol.answers import MalformedAnswer
from yett.protocol.capabilities import (
    abilities,
    filter_discover_result,
    filter_initialize_result,
    without_unmediated_client_capabilities,
)
from yett.protocol.lists import ListRefused, ToolDefinition, ToolsPage, read_tools_list

TOOL_A = (
    b'{ "name":"a","description":"caf\\u00e9 \\/","inputSchema":{"$anchor":"x","$defs":{"d":{"type":"number","maximum":1.50}},'
    b'"type":"object"},"x-vendor":{"z":1,"a":[1e2]}}'
)
TOOL_B = b'{"name":"b","inputSchema":{"type":"object"}}'
LIST = b'{"jsonrpc": "2.0","id":"q\\u0031","result":{"tools":[' + TOOL_A + b" , " + TOOL_B + b'],"nextCursor":"","ttlMs":5}}'


def hide(*names: str) -> Callable[[ToolDefinition], bool]:
    return lambda tool: tool.name not in names


def filter_tools_list(
    data: bytes, visible: Callable[[ToolDefinition], bool], *, stateless: bool
) -> tuple[bytes, list[ToolDefinition]]:
    page = ToolsPage(data)
    return page.shown(visible, stateless=stateless), page.tools


def test_a_list_without_hidden_tools_keeps_its_bytes() -> None:
    data, tools = filter_tools_list(LIST, hide(), stateless=False)
    assert data is LIST
    assert [tool.name for tool in tools] == ["a", "b"]


def test_hidden_tools_are_taken_out_and_the_others_keep_their_bytes() -> None:
    data, tools = filter_tools_list(LIST, hide("b"), stateless=False)
    assert TOOL_A in data
    assert b'"b"' not in data
    assert b'"q\\u0031"' in data
    assert json.loads(data)["result"] == {"tools": [json.loads(TOOL_A)], "nextCursor": "", "ttlMs": 5}
    assert [tool.name for tool in tools] == ["a", "b"], "the gateway still learns of all tools"


def test_a_page_may_become_empty() -> None:
    assert json.loads(filter_tools_list(LIST, hide("a", "b"), stateless=False)[0])["result"]["tools"] == []


@pytest.mark.parametrize("scope", [None, "public", "private"])
def test_a_stateless_list_is_labelled_private(scope: str | None) -> None:
    result: dict[str, Any] = {"tools": [json.loads(TOOL_B)], "resultType": "complete"}
    if scope is not None:
        result["cacheScope"] = scope
    source = encode({"jsonrpc": "2.0", "id": 1, "result": result})
    data, _ = filter_tools_list(source, hide(), stateless=True)
    assert json.loads(data)["result"] == {**result, "cacheScope": "private"}
    assert (data is source) is (scope == "private")


def test_an_error_of_the_server_passes_unchanged() -> None:
    source = b'{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}'
    assert filter_tools_list(source, hide(), stateless=True) == (source, [])
    with pytest.raises(ListRefused):
        read_tools_list(source)


def test_definitions_hold_schema_and_definition_as_they_stood() -> None:
    tools, cursor = read_tools_list(LIST)
    assert cursor == ""
    assert tools[0].raw == TOOL_A.strip()
    assert tools[0].input_schema == b'{"$anchor":"x","$defs":{"d":{"type":"number","maximum":1.50}},"type":"object"}'
    assert tools[1].raw == TOOL_B


def test_the_last_page_has_no_cursor() -> None:
    assert read_tools_list(b'{"jsonrpc":"2.0","id":1,"result":{"tools":[],"nextCursor":null}}') == ([], None)
    assert read_tools_list(b'{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}') == ([], None)


@pytest.mark.parametrize("schema", [b"true", b"null", b"[]", b'"object"'])
def test_a_schema_that_is_no_object_is_not_usable(schema: bytes) -> None:
    source = b'{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a","inputSchema":' + schema + b"}]}}"
    assert read_tools_list(source)[0][0].input_schema is None


MALFORMED: dict[str, bytes] = {
    "no JSON": b"<html>",
    "nothing": b"",
    "byte order mark": b"\xef\xbb\xbf" + LIST,
    "UTF-16": LIST.decode().encode("utf-16"),
    "duplicate tools": b'{"jsonrpc":"2.0","id":1,"result":{"tools":[],"tools":[{"name":"b"}]}}',
    "duplicate name": b'{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a","name":"b"}]}}',
    "NaN": b'{"jsonrpc":"2.0","id":1,"result":{"tools":[],"ttlMs":NaN}}',
    "deep": b'{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a","inputSchema":'
    + b'{"a":' * 190
    + b"1"
    + b"}" * 190
    + b"}]}}",
    "100,000 brackets": b'{"jsonrpc":"2.0","id":1,"result":' + b"[" * 100_000,
    "batch": b"[" + LIST + b"]",
    "Tools beside tools": b'{"jsonrpc":"2.0","id":1,"result":{"tools":[],"Tools":[{"name":"b"}]}}',
    "Result beside result": b'{"jsonrpc":"2.0","id":1,"result":{"tools":[]},"Result":{"tools":[{"name":"b"}]}}',
    "Name beside name": b'{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a","Name":"b"}]}}',
    "result and error": b'{"jsonrpc":"2.0","id":1,"result":{"tools":[]},"error":{"code":1,"message":""}}',
    "neither": b'{"jsonrpc":"2.0","id":1}',
    "no version": b'{"id":1,"result":{"tools":[]}}',
    "result list": b'{"jsonrpc":"2.0","id":1,"result":[]}',
    "tools missing": b'{"jsonrpc":"2.0","id":1,"result":{}}',
    "tools object": b'{"jsonrpc":"2.0","id":1,"result":{"tools":{}}}',
    "tool string": b'{"jsonrpc":"2.0","id":1,"result":{"tools":["a"]}}',
    "tool without name": b'{"jsonrpc":"2.0","id":1,"result":{"tools":[{"title":"a"}]}}',
    "tool name number": b'{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":1}]}}',
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_list_that_is_not_clear_never_passes(data: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        filter_tools_list(data, hide(), stateless=False)
    with pytest.raises(UpstreamFault):
        read_tools_list(data)


def test_a_cursor_must_be_a_string() -> None:
    with pytest.raises(MalformedAnswer):
        read_tools_list(b'{"jsonrpc":"2.0","id":1,"result":{"tools":[],"nextCursor":5}}')


def _initialize(capabilities: Any) -> bytes:
    return b'{"jsonrpc":"2.0","id":0, "method":"initialize","params":{"clientInfo":{"n":1.50},"capabilities":' + (
        encode(capabilities) + b',"protocolVersion":"2025-06-18"}}'
    )


def test_client_capabilities_that_are_not_mediated_are_taken_out() -> None:
    source = _initialize({"sampling": {}, "elicitation": {"url": {}}, "roots": {"listChanged": True}, "experimental": {"x": 1}})
    assert without_unmediated_client_capabilities(accepted(source)) == _initialize({}).replace(b'0, "m', b'0,"m')


@pytest.mark.parametrize(
    "source",
    [_initialize({}), b'{"jsonrpc":"2.0","id":0,"method":"initialize"}', b'{"jsonrpc":"2.0","id":0,"method":"tools/list"}'],
)
def test_a_message_without_such_capabilities_keeps_its_bytes(source: bytes) -> None:
    assert without_unmediated_client_capabilities(accepted(source)) is source


def test_stateless_client_capabilities_are_taken_out_of_the_envelope() -> None:
    meta = {**ENVELOPE, META_CAPABILITIES: {"elicitation": {}, "extensions": {"io.modelcontextprotocol/ui": {}}}, "x": 1}
    source = encode(modern(name="pay", arguments={"capabilities": {"sampling": {}}}, meta=meta))
    edited = without_unmediated_client_capabilities(accepted(source, modern_headers(name="pay")))
    expected = json.loads(source)
    expected["params"]["_meta"][META_CAPABILITIES] = {}
    assert json.loads(edited) == expected
    plain = encode(modern(name="pay"))
    assert without_unmediated_client_capabilities(accepted(plain, modern_headers(name="pay"))) is plain


def test_a_client_may_say_that_it_takes_tasks_and_nothing_else_of_the_extensions() -> None:
    tasks = {"io.modelcontextprotocol/tasks": {"x": 1.5}}
    for extensions, kept in ((tasks, {"extensions": tasks}), ({**tasks, "x/y": {}}, {"extensions": tasks}), ({}, {})):
        meta = {**ENVELOPE, META_CAPABILITIES: {"extensions": extensions, "tasks": {}}}
        message = accepted(encode(modern(name="pay", meta=meta)), modern_headers(name="pay"))
        edited = without_unmediated_client_capabilities(message)
        assert json.loads(edited)["params"]["_meta"][META_CAPABILITIES] == kept
        less = without_unmediated_client_capabilities(message, tasks=False)
        assert json.loads(less)["params"]["_meta"][META_CAPABILITIES] == {}
    whole = encode(modern(name="pay", meta={**ENVELOPE, META_CAPABILITIES: {"extensions": tasks}}))
    assert without_unmediated_client_capabilities(accepted(whole, modern_headers(name="pay"))) is whole


def test_what_a_server_hears_that_a_client_can_do_is_said_in_few_words() -> None:
    stated: dict[str, Any] = {"elicitation": {"url": {}, "else": {}}, "sampling": {"tools": {}}, "roots": None, "strange": {}}
    kinds = frozenset({"elicitation", "roots"})
    for capabilities, words in (
        ({}, ""),
        (stated, "elicitation roots elicitation.url"),
        ({"extensions": {"io.modelcontextprotocol/tasks": {}}}, "tasks"),
    ):
        source = encode(modern(name="pay", meta={**ENVELOPE, META_CAPABILITIES: capabilities}))
        assert abilities(accepted(source, modern_headers(name="pay")), lambda: kinds) == words


@pytest.mark.parametrize("said", [5, [], "x", None])
def test_extensions_that_are_no_object_are_taken_out(said: Any) -> None:
    meta = {**ENVELOPE, META_CAPABILITIES: {"extensions": said}}
    message = accepted(encode(modern(name="pay", meta=meta)), modern_headers(name="pay"))
    assert json.loads(without_unmediated_client_capabilities(message))["params"]["_meta"][META_CAPABILITIES] == {}


SERVER: dict[str, Any] = {
    "protocolVersion": "2025-06-18",
    "capabilities": {
        "tools": {"listChanged": True},
        "prompts": {},
        "resources": {},
        "logging": {},
        "tasks": {},
        "experimental": {"x": {}},
    },
    "serverInfo": {"name": "s", "version": "1"},
    "instructions": "read this",
}


def _answer(result: Any) -> bytes:
    return encode({"jsonrpc": "2.0", "id": 1, "result": result})


def test_server_capabilities_that_are_not_mediated_are_taken_out() -> None:
    edited = json.loads(filter_initialize_result(_answer(SERVER)))["result"]
    assert edited == {**SERVER, "capabilities": {"tools": {"listChanged": True}, "prompts": {}, "resources": {}, "logging": {}}}


def test_a_server_may_say_which_calls_may_become_tasks() -> None:
    tasks: dict[str, Any] = {"list": {}, "cancel": {}, "requests": {"tools": {"call": {}}}}
    more = {**tasks, "requests": {**tasks["requests"], "prompts": {"get": {}}}, "vendor": {}}
    said = {**SERVER, "protocolVersion": "2025-11-25", "capabilities": {"tools": {}, "tasks": more, "extensions": {}}}
    assert json.loads(filter_initialize_result(_answer(said)))["result"]["capabilities"] == {"tools": {}, "tasks": tasks}
    whole = _answer({**said, "capabilities": {"tasks": tasks}})
    assert filter_initialize_result(whole) is whole
    found = {**DISCOVERED, "supportedVersions": ["2026-07-28"]}
    extension: dict[str, Any] = {"io.modelcontextprotocol/tasks": {}}
    both = _answer({**found, "capabilities": {"tasks": tasks, "extensions": {**extension, "x/y": {}}}})
    assert json.loads(filter_discover_result(both))["result"]["capabilities"] == {"extensions": extension}


def test_an_initialize_result_with_nothing_to_take_out_keeps_its_bytes() -> None:
    source = _answer({**SERVER, "capabilities": {"tools": {}}})
    assert filter_initialize_result(source) is source
    error = b'{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"no"}}'
    assert filter_initialize_result(error) is error
    assert filter_discover_result(error) is error


@pytest.mark.parametrize("version", ["2099-01-01", "2026-07-28", None, 5])
def test_a_revision_that_is_not_spoken_here_is_never_agreed_on(version: Any) -> None:
    with pytest.raises(MalformedAnswer, match="revision"):
        filter_initialize_result(_answer({**SERVER, "protocolVersion": version}))


@pytest.mark.parametrize("capabilities", [None, [], "tools"])
def test_capabilities_must_be_an_object(capabilities: Any) -> None:
    with pytest.raises(MalformedAnswer):
        filter_initialize_result(_answer({**SERVER, "capabilities": capabilities}))


DISCOVERED: dict[str, Any] = {
    "supportedVersions": ["2099-01-01", "2026-07-28", "2025-11-25", 5],
    "capabilities": {"tools": {}, "extensions": {"io.modelcontextprotocol/ui": {}}, "completions": {}},
    "instructions": "x",
    "resultType": "complete",
    "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "s"}},
}


def test_discovery_offers_only_what_is_spoken_and_mediated() -> None:
    edited = json.loads(filter_discover_result(_answer(DISCOVERED)))["result"]
    assert edited == {
        **DISCOVERED,
        "supportedVersions": ["2026-07-28", "2025-11-25"],
        "capabilities": {"tools": {}, "completions": {}},
    }


def test_discovery_with_nothing_to_take_out_keeps_its_bytes() -> None:
    source = _answer({**DISCOVERED, "supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}})
    assert filter_discover_result(source) is source


@pytest.mark.parametrize("versions", [None, [], ["2099-01-01"], "2026-07-28", {"2026-07-28": 1}])
def test_discovery_without_a_common_revision_is_malformed(versions: Any) -> None:
    with pytest.raises(MalformedAnswer):
        filter_discover_result(_answer({**DISCOVERED, "supportedVersions": versions}))
