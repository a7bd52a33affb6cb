"""Lists of resources, templates and prompts through the gate, in both eras; those of tools are in `test_tool_lists.py`.

Rows of the reference: `resources/list`, `resources/templates/list`, `prompts/list`. AZ4: a list shows what the policy names.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.gate import Gate
from tests.support.fake_upstream import result
from tests.support.policies import ALLOW_ALL, DENY_ALL, policy
from tests.support.wire import parsed, request
from yett.ports import Answer

pytestmark = pytest.mark.anyio

ERAS = pytest.mark.parametrize("stateless", [False, True], ids=["handshake", "stateless"])
A, B = "file:///srv/a", "file:///srv/b"
NEVER: dict[str, Any] = {"deny_if": [{"conditions": [], "on_deny": "not this one"}]}
LISTS: dict[str, Any] = {
    "resources/list": ("resources", "uri", ["file:///etc/x", A, "FILE:///srv/c", B]),
    "resources/templates/list": ("resourceTemplates", "uriTemplate", ["file:///etc/{x}", "file:///srv/{x}", "file:///srv/a{x}"]),
    "prompts/list": ("prompts", "name", ["delete", "file:///srv/ask", "other"]),
}
KEYS = {"resources": {"file:///srv/*": {}}, "prompts": {"file:///srv/*": NEVER}}


def page(method: str, **rest: Any) -> dict[str, Any]:
    member, key, names = LISTS[method]
    return {member: [{key: name, "title": name, "x": [1]} for name in names], **rest}


async def names_of(gate: Gate, method: str, stateless: bool) -> list[str]:
    member, key, _ = LISTS[method]
    answer = await gate.send(request(method, stateless=stateless))
    return [item[key] for item in parsed(answer.body)["result"][member]]


@ERAS
@pytest.mark.parametrize("method", LISTS)
async def test_a_list_shows_what_the_policy_lists_in_the_servers_order(method: str, stateless: bool) -> None:
    gate = Gate()
    gate.upstream.replies[method] = Answer(body=result(b"1", page(method)))
    gate.publish(policy(**KEYS))
    assert await names_of(gate, method, stateless) == [name for name in LISTS[method][2] if name.startswith("file:///srv/")]
    gate.publish(ALLOW_ALL)
    assert await names_of(gate, method, stateless) == [name for name in LISTS[method][2] if not name.startswith("FILE")]
    gate.publish(DENY_ALL)
    assert await names_of(gate, method, stateless) == []
    gate.publish()
    assert await names_of(gate, method, stateless) == []


@pytest.mark.parametrize("method", LISTS)
async def test_every_page_is_filtered_labelled_and_keeps_its_cursor(method: str) -> None:
    gate = Gate()
    gate.publish(DENY_ALL)
    gate.upstream.replies[method] = Answer(body=result(b"1", page(method, nextCursor="", cacheScope="public", ttlMs=3)))
    answer = await gate.send(request(method, {"cursor": "2"}, stateless=True))
    empty = {LISTS[method][0]: [], "nextCursor": "", "cacheScope": "private", "ttlMs": 3}
    assert parsed(answer.body)["result"] == empty


@ERAS
@pytest.mark.parametrize("method", LISTS)
async def test_a_list_that_cannot_be_read_is_an_error(method: str, stateless: bool) -> None:
    gate = Gate()
    member, key, _ = LISTS[method]
    for value in ({}, {member: [{"title": "secret"}]}, {member: [], member.upper(): [{key: "secret"}]}):
        gate.upstream.replies[method] = Answer(body=result(b"1", value))
        answer = await gate.send(request(method, stateless=stateless))
        assert (answer.status, parsed(answer.body)["error"]["code"]) == (502, -32603)
        assert b"secret" not in (answer.body or b"")


@pytest.mark.parametrize("method", LISTS)
async def test_lists_of_other_kinds_teach_the_gate_no_tools(method: str) -> None:
    gate = Gate()
    gate.upstream.session = "up"
    session = await gate.open()
    gate.upstream.replies[method] = Answer(body=result(b"1", page(method)))
    await gate.send(request(method), session=session)
    await gate.call()
    assert len(gate.upstream.of("tools/list")) == 1
