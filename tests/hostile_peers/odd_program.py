"""A stdio server whose answer to a call is what the call's argument `how` names. Run by path; standard library only."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import Any

PIECE = b"x" * 65_536
FLOOD_BYTES = 100 * 1024 * 1024
DISCOVERED = {
    "resultType": "complete",
    "ttlMs": 0,
    "cacheScope": "private",
    "supportedVersions": ["2026-07-28"],
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "odd", "version": "1"},
}


def say(id: Any, result: Any) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": id, "result": result}) + "\n")
    sys.stdout.flush()


def pour(descriptor: int, piece: bytes) -> None:
    for _ in range(FLOOD_BYTES // len(piece)):
        left = memoryview(piece)
        while left:
            left = left[os.write(descriptor, left) :]


def call(id: Any, how: str) -> None:
    if how == "print":
        pour(1, (b"this is no message " * 100 + b"\n") * 50)
    elif how == "endless line":
        pour(1, PIECE)
        os.write(1, b"\n")
    elif how == "stderr":
        pour(2, b"something is odd\n" * 3000)
    elif how == "die":
        os._exit(3)
    elif how == "hang":
        time.sleep(300)
    elif how == "ignore":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    say(id, {"resultType": "complete", "content": [{"type": "text", "text": str(os.getpid())}], "isError": False})
    if how == "ignore":
        time.sleep(300)


for line in sys.stdin:
    message = json.loads(line)
    if message.get("method") == "tools/call":
        call(message["id"], message["params"]["arguments"].get("how", ""))
    elif message.get("method") == "tools/list":
        say(message["id"], {"resultType": "complete", "tools": [{"name": "do", "inputSchema": {"type": "object"}}]})
    elif message.get("method") == "server/discover":
        say(message["id"], DISCOVERED)
