"""Fields that repeat arguments: which one contradicts, and where nobody behind the gate would see that one is missing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.gate import HTTP_SERVER, STDIO_SERVER, Gate
from tests.support.policies import policy
from tests.support.wire import call
from yett.gateway.repeated_fields import contradicting_field, is_visible_tool

pytestmark = pytest.mark.anyio

TOOL: dict[str, Any] = {
    "name": "echo",
    "inputSchema": {"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}},
}
FIELD = b"mcp-param-region"


@pytest.mark.parametrize(
    ("server", "value", "stateless", "local", "named"),
    [
        (HTTP_SERVER, b"eu", True, False, False),
        (HTTP_SERVER, b"us", True, False, True),
        (HTTP_SERVER, None, True, False, False),
        (STDIO_SERVER, b"eu", True, False, False),
        (STDIO_SERVER, None, True, False, True),
        (STDIO_SERVER, None, True, True, False),
        (STDIO_SERVER, None, False, False, False),
    ],
)
async def test_a_field_must_repeat_its_argument(server: Any, value: Any, stateless: bool, local: bool, named: bool) -> None:
    gate = Gate(server=server)
    gate.upstream.pages = [[TOOL]]
    await gate.call(arguments={"region": "eu"}, stateless=True)
    sent = call("echo", {"region": "eu"}, stateless=stateless)
    headers = sent.fields if value is None else [*sent.fields, (FIELD, value)]
    found = contradicting_field(gate.route(headers=headers, local=local), sent.message, gate.tools)
    assert (found is not None and found.lower() == FIELD.decode()) is named


async def test_a_tool_that_the_policy_hides_is_not_looked_at() -> None:
    gate = Gate()
    gate.publish(policy(hide=["echo"], default="allow"))
    sent = call("echo", stateless=True)
    route = gate.route(headers=[*sent.fields, (FIELD, b"x")])
    assert not is_visible_tool(route, sent.message, None)
    assert contradicting_field(route, sent.message, gate.tools) is None
