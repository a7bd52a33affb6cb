"""A small MCP server on stdin and stdout, for the tests of `yett run`. Run by path; standard library only.

It has the tools `echo` and `drop`, notes each call in the file given as its argument, and says its process id when asked.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

TOOLS = [{"name": name, "inputSchema": {"type": "object"}} for name in ("echo", "drop", "pid")]


def answer_to(message: Any, notes: Path) -> Any:
    """The result of a request."""
    method, params = message["method"], message.get("params", {})
    if method == "initialize":
        info = {"name": "small", "version": "1"}
        return {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": info}
    if method == "tools/list":
        return {"tools": TOOLS}
    if method == "tools/call":
        with notes.open("a", encoding="utf-8") as file:
            file.write(params["name"] + "\n")
        text = str(os.getpid()) if params["name"] == "pid" else json.dumps(params.get("arguments"))
        return {"content": [{"type": "text", "text": text}]}
    return {}


def main() -> None:
    """Answer line by line."""
    notes = Path(sys.argv[1])
    for line in sys.stdin:
        message = json.loads(line)
        if "id" in message:
            result = answer_to(message, notes)
            sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
