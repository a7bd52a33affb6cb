"""On standard input and output. The wire is standard output as it was; what is printed meanwhile goes to standard error."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from io import TextIOWrapper
from typing import Any, BinaryIO, Final

import anyio
from mcp.server.lowlevel.server import Server
from mcp.server.stdio import stdio_server

_LOG: Final = logging.getLogger(__name__)


def on_signals(told: Callable[[], None]) -> None:
    """Call `told` at the first SIGTERM or SIGINT; at the second the process ends at once, whatever is being painted."""
    seen: list[int] = []

    def handle(number: int) -> None:
        if seen:
            os._exit(128 + number)
        seen.append(number)
        told()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, handle, number)


async def serve_stdio(server: Server[dict[str, Any]], wire: BinaryIO) -> bool:
    """Serve one client until it closes its end or the process is told to stop; says whether it was told to."""
    stop = asyncio.Event()
    on_signals(stop.set)
    serving = asyncio.create_task(_serve(server, wire), name="stdio")
    told = asyncio.create_task(stop.wait(), name="signals")
    await asyncio.wait({serving, told}, return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        told.cancel()
        serving.result()
        return False
    # The task is left as it is: its thread waits for a line that may never come, and ends with the process.
    return True


async def _serve(server: Server[dict[str, Any]], wire: BinaryIO) -> None:
    outlet = anyio.wrap_file(TextIOWrapper(wire, encoding="utf-8", newline="\n"))
    try:
        async with stdio_server(stdout=outlet) as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())
    except* (BrokenPipeError, ConnectionResetError):
        _LOG.info("the client left without reading the last answers")
