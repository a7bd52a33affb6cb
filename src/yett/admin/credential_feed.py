"""The control plane's end of the credentials' feed: what is sealed for the data planes goes out, what they ask for is heard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

import msgspec

from yett.admin.local_socket import listening
from yett.gateway.credential_feed import BYTES_MAX, Credentials, Settled, Taken, Wanted, encode, load, read
from yett.gateway.frames import FrameFault
from yett.private_files import write_private
from yett.sealing.handover import Handover

ACK_WAIT_S: Final = 2.0
"""How long a change waits until every data plane uses the new credential."""
ASKED_MAX: Final = 1024
"""Questions of one data plane in work at once; more break the connection."""
PENDING_BYTES_MAX: Final = 2 * BYTES_MAX

Renew = Callable[[Wanted], Awaitable[str | None]]
"""Bring a newer credential, offering it before this returns; why there is none, if so. Never raises."""


@dataclass(eq=False)
class _Listener:
    """A connected data plane."""

    writer: asyncio.StreamWriter
    taken: int = 0
    asked: set[asyncio.Task[None]] = field(default_factory=set)


class CredentialFeed:
    """One for a control plane, on its loop."""

    def __init__(self, file: Path, *, ack_wait_s: float = ACK_WAIT_S) -> None:
        self._file = file
        self._ack_wait_s = ack_wait_s
        self._listeners: set[_Listener] = set()
        self._current: dict[str, Handover] = {}
        self._numbers = count(1)
        self._heard = asyncio.Condition()

    def resume(self) -> None:
        """Offer what was kept last, as it is: who starts without the key must not make data planes forget what they have.

        Errors: `OperatorFault` where it cannot be read.
        """
        self._current = {entry.server: entry for entry in load(self._file)}

    @asynccontextmanager
    async def listening(self, socket: Path, renew: Renew) -> AsyncIterator[None]:
        """Serve data planes at `socket`, which only its owner may reach. Errors: `OperatorFault`."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._serve(reader, writer, renew)

        async with listening(socket, serve, self._close):
            yield

    async def _close(self) -> None:
        for listener in self._listeners:
            listener.writer.close()

    async def offer(self, entries: Iterable[Handover], *, gone: Iterable[str] = (), whole: bool = False) -> None:
        """Have the data planes use `entries`, and nothing for the servers that are `gone`; on disk before anybody is told.

        Returns when all use them, or after `ack_wait_s`. Errors: `OperatorFault` where they cannot be kept.
        """
        entries, gone = list(entries), list(gone)
        current = {} if whole else {server: held for server, held in self._current.items() if server not in gone}
        current |= {entry.server: entry for entry in entries}
        write_private(self._file, msgspec.json.encode(list(current.values())))
        self._current = current
        told = list(current.values()) if gone or whole else entries
        number = next(self._numbers)
        addressed = set(self._listeners)
        for listener in addressed:
            self._write(listener, Credentials(told, bool(gone) or whole, number))
        with suppress(TimeoutError):
            async with asyncio.timeout(self._ack_wait_s), self._heard:
                await self._heard.wait_for(lambda: all(one.taken >= number for one in addressed & self._listeners))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, renew: Renew) -> None:
        """One data plane, until it goes."""
        listener = _Listener(writer)
        self._listeners.add(listener)
        try:
            self._write(listener, Credentials(list(self._current.values()), whole=True))
            while (frame := await read(reader)) is not None:
                if isinstance(frame, Taken):
                    listener.taken = max(listener.taken, frame.number)
                    await self._tell()
                elif isinstance(frame, Wanted) and len(listener.asked) < ASKED_MAX:
                    asked = asyncio.get_running_loop().create_task(self._answer(listener, frame, renew), name="yett renewal")
                    listener.asked.add(asked)
                    asked.add_done_callback(listener.asked.discard)
                else:
                    return
        except (OSError, FrameFault):
            pass  # it will connect again
        finally:
            writer.close()
            self._listeners.discard(listener)
            for asked in tuple(listener.asked):
                asked.cancel()
            await self._tell()

    async def _answer(self, listener: _Listener, wanted: Wanted, renew: Renew) -> None:
        problem = await renew(wanted)
        self._write(listener, Settled(wanted.id, problem))

    def _write(self, listener: _Listener, frame: Credentials | Settled) -> None:
        listener.writer.write(encode(frame))
        if listener.writer.transport.get_write_buffer_size() > PENDING_BYTES_MAX:
            listener.writer.transport.abort()

    async def _tell(self) -> None:
        async with self._heard:
            self._heard.notify_all()
