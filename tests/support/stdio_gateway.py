"""Something that has children, to be killed in a test. Prints the process ids of all that it started, and waits."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from yett.ports import Outbound
from yett.upstreams.child import ChildSpec
from yett.upstreams.stdio import StdioUpstream


class _Clock:
    def now_ns(self) -> int:
        return time.time_ns()

    def monotonic(self) -> float:
        return time.monotonic()


async def main() -> None:
    server = str(Path(__file__).with_name("stdio_server.py"))
    argv = [sys.executable, server, "--stubborn"]
    upstream = StdioUpstream(
        ChildSpec(tuple(argv), {}),
        clock=_Clock(),
        timeout_s=20,
        on_message=lambda isolation, data: None,
        on_warning=lambda text: None,
    )
    pids: list[int] = []
    for isolation in ("a", "b"):
        params = {"name": "spawn", "arguments": {"own_session": [False, True]}}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
        answer = await upstream.exchange(Outbound(body, "tools/call", b"1", False, isolation=isolation))
        pids += json.loads(answer.body or b"")["result"]["pids"]
    sys.stdout.write(json.dumps(pids) + "\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    if "--uvloop" in sys.argv:
        import uvloop

        uvloop.run(main())
    else:
        asyncio.run(main())
