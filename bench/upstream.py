"""The slow, complete half of the benchmark's server: discovery and the tool list, which are asked for once."""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from bench.policies import ARGUMENTS, TOOL

REVISION: Final = "2026-07-28"
KINDS: Final = {str: "string", float: "number"}
TOOLS: Final = [
    {
        "name": TOOL,
        "description": "Charges a customer.",
        "inputSchema": {"type": "object", "properties": {key: {"type": KINDS[type(value)]} for key, value in ARGUMENTS.items()}},
    }
]
INFO: Final = {"name": "bench", "version": "1"}


def result_of(method: str) -> dict[str, Any]:
    """The result of a method of either era."""
    complete = {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"}
    results: dict[str, dict[str, Any]] = {
        "server/discover": {**complete, "supportedVersions": [REVISION], "capabilities": {"tools": {}}, "serverInfo": INFO},
        "initialize": {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": INFO},
        "tools/list": {**complete, "tools": TOOLS},
        "tools/call": {"resultType": "complete", "content": [{"type": "text", "text": "charged"}], "isError": False},
    }
    return results[method]


class Handler(BaseHTTPRequestHandler):
    """JSON-RPC over POST."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer one message."""
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = b""
        if "id" in message:
            answer = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result_of(message["method"])}).encode()
        self.send_response(200 if answer else 202)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def do_GET(self) -> None:
        """Say that the server is there."""
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
