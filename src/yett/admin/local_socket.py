"""A socket on this host for the other plane, which only its owner may reach."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from yett.errors import OperatorFault

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(path: Path, serve: Serve, close: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Have `serve` meet whoever connects at `path` while the block lasts; `close` ends what is open then.

    Errors: `OperatorFault`.
    """
    try:
        server = await asyncio.start_unix_server(serve, path)
        os.chmod(path, 0o600)  # noqa: PTH101 - a moment, at start; the directory keeps others out meanwhile
    except OSError as error:
        raise OperatorFault(f"cannot listen at `{path}`: {error}; a shorter `state.directory` may help") from error
    try:
        yield
    finally:
        server.close()
        await close()
        with suppress(FileNotFoundError):
            os.unlink(path)  # noqa: PTH108 - a moment, at the end
