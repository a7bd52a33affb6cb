"""A server on pipes that knows no handshake. Run by path; standard library only. Its tool asks for a name first."""

from __future__ import annotations

import json
import sys
from typing import Any

VERSION = "io.modelcontextprotocol/protocolVersion"
FORM = {"type": "object", "properties": {"name": {"type": "string"}}}
QUESTION = {"method": "elicitation/create", "params": {"message": "who?", "requestedSchema": FORM}}
NOT_FOUND = {"error": {"code": -32601, "message": "Method not found"}}


def answer(method: str, params: dict[str, Any]) -> dict[str, Any]:
    """Result or error."""
    if VERSION not in params.get("_meta", {}):
        return NOT_FOUND
    if method == "server/discover":
        return complete(supportedVersions=["2026-07-28"], capabilities={"tools": {}})
    if method == "tools/list":
        return complete(tools=[{"name": "greet", "inputSchema": {"type": "object"}}], ttlMs=0, cacheScope="private")
    if method != "tools/call":
        return NOT_FOUND
    if "inputResponses" not in params:
        return {"result": {"resultType": "input_required", "inputRequests": {"who": QUESTION}}}
    return complete(content=[{"type": "text", "text": f"Hello, {params['inputResponses']['who']['content']['name']}!"}])


def complete(**members: Any) -> dict[str, Any]:
    """A final result."""
    return {"result": {"resultType": "complete", **members}}


if __name__ == "__main__":
    for line in sys.stdin:
        message = json.loads(line)
        if "id" in message:
            said = answer(message["method"], message.get("params", {}))
            sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": message["id"], **said}) + "\n")
            sys.stdout.flush()
