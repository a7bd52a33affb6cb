"""On standard input and output. The SDK points standard output at standard error meanwhile: only the protocol is left."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from mcp.server.lowlevel.server import Server
from mcp.server.stdio import stdio_server


async def serve_stdio(server: Server[dict[str, Any]]) -> bool:
    """Serve one client until it closes its end or the process is told to stop; says whether it was told to."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    serving = asyncio.create_task(_serve(server), name="stdio")
    told = asyncio.create_task(stop.wait(), name="signals")
    await asyncio.wait({serving, told}, return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        told.cancel()
        serving.result()
        return False
    # The task is left as it is: its thread waits for a line that may never come, and ends with the process.
    return True


async def _serve(server: Server[dict[str, Any]]) -> None:
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())
