"""A gate before a real server that answers calls as they ask, by the short way or the long one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from tests.gateway.gate import Gate
from tests.gateway.listener import Listener, listening
from tests.support.fake_upstream import DROP, ECHO, PAY, WELCOME, content, encode, result, rpc_error
from tests.support.ledgers import FakeLedger
from tests.support.wire import STATELESS_VERSION
from tests.upstreams.http_server import Peer, Script, Server, chunked, response, serving
from yett.gateway.tokens import mint
from yett.upstreams.bridge import Bridge
from yett.upstreams.http import HttpUpstream

POLICY: Final = {
    "version": "1",
    "default": "deny",
    "tools": {
        "echo": {"limits": [{"counter": "echoes", "window": "minute", "max": 8}]},
        "pay": {
            "deny_if": [{"path": "args.amount", "op": "gt", "value": 100}],
            "limits": [{"counter": "paid", "window": "day", "max": 250, "increment_from": "args.amount"}],
        },
        "drop_table": {"mode": "shadow", "deny_if": [{"path": "args.text", "op": "exists", "value": True}]},
    },
}
DISCOVERED: Final = {
    "resultType": "complete",
    "ttlMs": 0,
    "cacheScope": "private",
    "supportedVersions": [STATELESS_VERSION],
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "s", "version": "1"},
}
EVENT: Final = b"event: message\ndata: %b\n\n"


def said(kind: str, id: bytes) -> bytes:
    """What a server answers to a call, by the kind that the call asks for."""
    fine = result(id, content("fine"))
    wires = {
        "fine": response(fine),
        "dated": response(fine, b"Date: today"),
        "charset": response(fine, content_type=b"application/json; charset=utf-8"),
        "in pieces": chunked(fine[:9], fine[9:]),
        "tool error": response(result(id, content("no", isError=True))),
        "rpc error": response(rpc_error(id, -32603)),
        "did not run": response(rpc_error(id, -32601)),
        "of another call": response(result(b"99", content("other"))),
        "spaced id": response(b'{"jsonrpc":"2.0", "id" : %b ,"result":{"content":[]}}' % id),
        "twice a member": response(b'{"jsonrpc":"2.0","id":%b,"result":{"content":[],"content":[]}}' % id),
        "no json": response(b"oops"),
        "empty": response(b""),
        "text": response(b"oops", content_type=b"text/plain"),
        "complete": response(result(id, content("fine", resultType="complete"))),
        "task": response(result(id, content("later", resultType="task"))),
        "task within": response(result(id, content("later", task={"taskId": "t", "status": "working", "ttl": None}))),
        "asks": response(result(id, {"resultType": "input_required", "inputRequests": {}, "requestState": "s"})),
        "event": response(EVENT % fine, content_type=b"text/event-stream"),
        "not found": response(rpc_error(id, -32600), status=b"404 Not Found"),
        "failed": response(b"sorry", status=b"500 Internal Server Error", content_type=b"text/plain"),
        "busy": response(b"{}", b"Retry-After: 3", status=b"429 Too Many Requests"),
        "session": response(fine, b"Mcp-Session-Id: other"),
        "compressed": response(fine, b"Content-Encoding: gzip"),
        "redirected": response(b"", b"Location: http://other/", status=b"302 Found"),
        "last": response(fine, b"Connection: close"),
        "malformed": b"HTTP/1.1 nothing\r\n\r\n",
        "half": response(fine)[:-3],
    }
    return wires[kind]


KINDS: Final = (
    *("fine", "fine", "fine", "dated", "charset", "in pieces", "tool error", "rpc error", "did not run", "of another call"),
    *(
        "spaced id",
        "twice a member",
        "no json",
        "empty",
        "text",
        "complete",
        "task",
        "task within",
        "asks",
        "event",
        "not found",
        "failed",
    ),
    *("busy", "session", "compressed", "redirected", "last", "malformed", "half"),
)


async def scripted(peer: Peer) -> None:
    """A server of both eras that answers calls as they ask."""
    while True:
        _, body = await peer.request()
        message = json.loads(body)
        id = encode(message.get("id"))
        match message["method"]:
            case "tools/list":
                await peer.send(response(result(id, {**LIST, "tools": [ECHO, PAY, DROP]})))
            case "server/discover":
                await peer.send(response(result(id, DISCOVERED)))
            case "initialize":
                await peer.send(response(result(id, WELCOME), b"Mcp-Session-Id: up-1"))
            case "tools/call":
                kind = message["params"].get("arguments", {}).get("text", "fine")
                await peer.send(said(kind if kind in KINDS else "fine", id))
                if kind == "half":
                    return
            case _:
                await peer.send(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")


LIST: Final = {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"}


@asynccontextmanager
async def gated(
    script: Script = scripted, *, at_once: bool = True, token: str = "", policy: Any = POLICY, ledger: Any = None
) -> AsyncIterator[tuple[Listener, Server]]:
    """A listener before a real server, whose tools it knows."""
    async with serving(script) as server:
        gate = Gate(ledger=ledger or FakeLedger())
        way = HttpUpstream(server.url, clock=gate.clock)
        gate.upstream = Bridge(way, own_channels=False, monotonic=gate.clock.monotonic)  # type: ignore[assignment]  # a real one
        try:
            async with listening(gate, document=policy, at_once=at_once, token=token or mint()) as listener:
                yield listener, server
        finally:
            await way.aclose()
