"""A connection that is cut."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from yett.edge.reset import reset

pytestmark = pytest.mark.anyio


async def test_a_client_cannot_take_what_it_got_for_all_there_was() -> None:
    class Half(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            stream = cast("asyncio.Transport", transport)  # uvloop's transports do not inherit from asyncio's
            stream.write(b"half")
            asyncio.get_running_loop().call_soon(reset, stream)

    server = await asyncio.get_running_loop().create_server(Half, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    with pytest.raises(ConnectionResetError):
        await reader.read(-1)
    writer.close()
    server.close()
