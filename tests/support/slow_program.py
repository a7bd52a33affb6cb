"""An MCP server on stdin and stdout that takes its time. Run by path; standard library only.

Its tool `slow` notes each call in the file given as its argument, reports twice on its way, and answers after `seconds`.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

TOOL = {"name": "slow", "inputSchema": {"type": "object", "properties": {"seconds": {"type": "number"}}}}


def say(message: Any) -> None:
    """One line."""
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def answer_to(message: Any, notes: Path) -> Any:
    """The result of a request."""
    method, params = message["method"], message.get("params", {})
    if method == "initialize":
        info = {"name": "slow", "version": "1"}
        return {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": info}
    if method == "tools/list":
        return {"tools": [TOOL]}
    if method != "tools/call":
        return {}
    with notes.open("a", encoding="utf-8") as file:
        file.write("called\n")
    for step in (1, 2):
        time.sleep(params["arguments"]["seconds"] / 2)
        if "progressToken" in params.get("_meta", {}):
            progress = {"progressToken": params["_meta"]["progressToken"], "progress": step}
            say({"method": "notifications/progress", "params": progress})
    return {"content": [{"type": "text", "text": "at last"}]}


def main() -> None:
    """Answer line by line."""
    notes = Path(sys.argv[1])
    for line in sys.stdin:
        message = json.loads(line)
        if "id" in message and "method" in message:
            say({"id": message["id"], "result": answer_to(message, notes)})


if __name__ == "__main__":
    main()
