"""What requests for resources, prompts and completions are about; what two readers could take differently is refused.

Rows of the method table: `resources/read`, `resources/subscribe`, `resources/unsubscribe`, `prompts/get`, `completion/complete`.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.protocol.wire import accepted, modern, modern_headers, refused
from yett.protocol.envelope import NAME_CHARS_MAX
from yett.protocol.methods import Handling
from yett.protocol.rejection import INVALID_PARAMS
from yett.protocol.targets import URI_CHARS_MAX, refers_to_resource

OF_RESOURCES = ("resources/read", "resources/subscribe", "resources/unsubscribe")
PROMPT = {"type": "ref/prompt", "name": "p"}
RESOURCE = {"type": "ref/resource", "uri": "file:///{x}"}
ARGUMENT = {"name": "a", "value": "b"}


def asked(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


@pytest.mark.parametrize("method", OF_RESOURCES)
def test_a_request_for_a_resource_is_about_its_uri(method: str) -> None:
    message = accepted(asked(method, uri="file:///Ä/%2e", _meta={"x": 1}))
    assert message.handling is Handling.JUDGED
    assert (message.name, message.arguments) == ("file:///Ä/%2e", {"uri": "file:///Ä/%2e"})


def test_a_request_for_a_prompt_is_about_its_name_and_arguments() -> None:
    message = accepted(asked("prompts/get", name="p", arguments={"topic": "x"}))
    assert (message.handling, message.name, message.arguments) == (Handling.JUDGED, "p", {"topic": "x"})
    assert accepted(asked("prompts/get", name="p")).arguments == {}


def test_in_the_stateless_era_the_header_repeats_uri_and_name() -> None:
    read, get = modern("resources/read", uri="a:b"), modern("prompts/get", name="p")
    assert accepted(read, modern_headers("resources/read", "a:b")).name == "a:b"
    assert accepted(get, modern_headers("prompts/get", "p")).name == "p"
    for body, method, name in ((read, "resources/read", "a:c"), (get, "prompts/get", "q"), (read, "resources/read", None)):
        assert refused(body, modern_headers(method, name)).rpc_code == -32020


@pytest.mark.parametrize("uri", [None, "", 1, ["a:b"], {"a": "b"}, "a:" + "b" * URI_CHARS_MAX])
@pytest.mark.parametrize("method", OF_RESOURCES)
def test_what_is_no_uri_is_refused(method: str, uri: Any) -> None:
    assert refused(asked(method, uri=uri)).rpc_code == INVALID_PARAMS


def test_the_longest_uri_is_let_through() -> None:
    accepted(asked("resources/read", uri="a:" + "b" * (URI_CHARS_MAX - 2)))


@pytest.mark.parametrize("name", [None, "", 1, "a\x00b", "a\n", "x" * (NAME_CHARS_MAX + 1)])
def test_what_is_no_prompts_name_is_refused(name: Any) -> None:
    assert refused(asked("prompts/get", name=name)).rpc_code == INVALID_PARAMS
    assert refused(asked("completion/complete", ref={"type": "ref/prompt", "name": name}, argument=ARGUMENT)).id == b"1"


@pytest.mark.parametrize("key", ["task", "inputResponses", "requestState"])
@pytest.mark.parametrize(("method", "named"), [("resources/read", {"uri": "a:b"}), ("prompts/get", {"name": "p"})])
def test_a_request_that_is_part_of_a_longer_exchange_is_refused(method: str, named: dict[str, Any], key: str) -> None:
    assert refused(asked(method, **named, **{key: {}})).rpc_code == INVALID_PARAMS


@pytest.mark.parametrize("key", ["Uri", "URI", "uri\x00", "Name", "Arguments", "Ref", "Context"])
@pytest.mark.parametrize(
    ("method", "named"),
    [("resources/read", {"uri": "a:b"}), ("prompts/get", {"name": "p"}), ("completion/complete", {"ref": PROMPT})],
)
def test_a_key_that_another_reader_may_go_by_is_refused(method: str, named: dict[str, Any], key: str) -> None:
    refused(asked(method, **named, argument=ARGUMENT, **{key: "x"}))


def test_a_completion_is_about_what_it_refers_to() -> None:
    context = {"arguments": {"topic": "x"}}
    prompt = accepted(asked("completion/complete", ref=PROMPT, argument=ARGUMENT, context=context))
    assert (prompt.handling, prompt.name, prompt.arguments) == (Handling.JUDGED, "p", {"topic": "x"})
    assert accepted(asked("completion/complete", ref={**PROMPT, "title": "P"}, argument=ARGUMENT, context={})).arguments == {}
    template = accepted(asked("completion/complete", ref=RESOURCE, argument=ARGUMENT, context=context))
    assert (template.name, template.arguments) == ("file:///{x}", {"uri": "file:///{x}"})
    assert [refers_to_resource(message.params) for message in (prompt, template)] == [False, True]


@pytest.mark.parametrize(
    "reference",
    [
        None,
        "p",
        {},
        {"type": "ref/prompt"},
        {"type": "ref/resource"},
        {"type": "ref/tool", "name": "p"},
        {"type": ["ref/prompt"], "name": "p"},
        {"type": "ref/prompt", "uri": "a:b"},
        {"type": "ref/prompt", "name": "p", "uri": "a:b"},
        {"type": "ref/resource", "uri": "a:b", "name": "p"},
        {"type": "ref/prompt", "name": "p", "Name": "q"},
        {"type": "ref/prompt", "name": "p", "TYPE": "ref/resource"},
        {"type": "ref/resource", "uri": "a:b", "URI\x00": "c:d"},
        {"type": "ref/resource", "uri": "a:" + "b" * URI_CHARS_MAX},
    ],
)
def test_a_reference_that_is_not_to_one_thing_is_refused(reference: Any) -> None:
    assert refused(asked("completion/complete", ref=reference, argument=ARGUMENT)).rpc_code == INVALID_PARAMS


@pytest.mark.parametrize(
    "rest",
    [
        {},
        {"argument": None},
        {"argument": "a"},
        {"argument": {**ARGUMENT, "Name": "b"}},
        {"argument": ARGUMENT, "context": None},
        {"argument": ARGUMENT, "context": {"arguments": None}},
        {"argument": ARGUMENT, "context": {"arguments": []}},
        {"argument": ARGUMENT, "context": {"arguments": {}, "Arguments": {}}},
    ],
)
def test_a_completion_without_a_clear_argument_and_context_is_refused(rest: dict[str, Any]) -> None:
    assert refused(asked("completion/complete", ref=PROMPT, **rest)).rpc_code == INVALID_PARAMS


@pytest.mark.parametrize("method", ["resources/subscribe", "resources/unsubscribe"])
def test_the_stateless_era_has_no_subscriptions_of_a_session(method: str) -> None:
    assert refused(modern(method, uri="a:b"), modern_headers(method)).rpc_code == -32601


@pytest.mark.parametrize("method", [*OF_RESOURCES, "prompts/get", "completion/complete"])
def test_none_of_them_is_a_notification(method: str) -> None:
    assert refused({"jsonrpc": "2.0", "method": method, "params": {"uri": "a:b", "name": "p"}}).rpc_code == -32600
