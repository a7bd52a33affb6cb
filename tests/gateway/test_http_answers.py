"""The HTTP status of what a program on pipes answers: it gives none, and the stateless revision says which one belongs to it."""

from __future__ import annotations

import pytest

from tests.gateway.gate import HTTP_SERVER, STDIO_SERVER, Gate
from tests.gateway.listener import listening
from tests.support.fake_upstream import result, rpc_error
from tests.support.wire import Sent, call, request
from yett.gateway.snapshot import ServerEntry
from yett.ports import Answer

pytestmark = pytest.mark.anyio

SENT = {"tools/call": call("echo", stateless=True), "tools/list": request("tools/list", stateless=True)}


async def status(server: ServerEntry, method: str, body: bytes, sent: Sent | None = None) -> int:
    gate = Gate(server=server)
    await gate.call(stateless=True)  # the list of tools is known
    gate.upstream.replies[method] = Answer(body=body)
    async with listening(gate) as listener:
        return (await listener.post(sent or SENT[method], path=f"/mcp/{server.name}")).status


@pytest.mark.parametrize("method", SENT)
@pytest.mark.parametrize(
    ("code", "expected"),
    [(-32700, 400), (-32600, 400), (-32602, 400), (-32020, 400), (-32021, 400), (-32601, 404), (-32603, 200), (-32002, 200)],
)
async def test_an_error_of_a_program_has_the_status_of_its_code(method: str, code: int, expected: int) -> None:
    assert await status(STDIO_SERVER, method, rpc_error(b"1", code)) == expected


async def test_a_result_of_a_program_is_200() -> None:
    assert await status(STDIO_SERVER, "tools/call", result(b"1", {"content": [], "resultType": "complete"})) == 200


async def test_an_http_server_says_itself_which_status_it_answers_with() -> None:
    assert await status(HTTP_SERVER, "tools/call", rpc_error(b"1", -32602)) == 200
