"""The control plane's end of the feed: snapshots go out in order, and every data plane's word is waited for, but not for long."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from yett.admin.desk import Applied
from yett.admin.views import DataPlaneView
from yett.errors import OperatorFault
from yett.gateway.feed import FRAME_BYTES_MAX, Ack, FrameFault, Hello, Publish, encode_frame, read_frame, store_snapshot
from yett.gateway.snapshot import SnapshotData

ACK_WAIT_S: Final = 2.0
"""How long an administrator waits to hear that a change governs calls."""
HELLO_WAIT_S: Final = 5.0
PENDING_BYTES_MAX: Final = 2 * FRAME_BYTES_MAX
"""What may wait for a data plane that does not read; then it is cut off, and gets the last snapshot when it comes back."""
NOBODY: Final = "no data plane is connected; the change counts when one starts"


@dataclass(eq=False)
class _Listener:
    """A connected data plane."""

    hello: Hello
    writer: asyncio.StreamWriter
    revision: int = -1
    problems: list[str] = field(default_factory=list)
    refused: bool = False


class Publisher:
    """Implements `yett.admin.desk.Publication` on one loop, for callers on other threads."""

    def __init__(self, snapshot_path: Path, *, ack_wait_s: float = ACK_WAIT_S) -> None:
        self._snapshot_path = snapshot_path
        self._ack_wait_s = ack_wait_s
        self._listeners: set[_Listener] = set()
        self._current: SnapshotData | None = None
        self._heard = asyncio.Condition()
        self._loop = asyncio.get_running_loop()

    @asynccontextmanager
    async def listening(self, socket_path: Path) -> AsyncIterator[None]:
        """Serve data planes at `socket_path`, which only its owner may reach. Errors: `OperatorFault`."""
        try:
            server = await asyncio.start_unix_server(self._serve, socket_path)
            os.chmod(socket_path, 0o600)  # noqa: PTH101 - a moment, at start; the directory keeps others out meanwhile
        except OSError as error:
            raise OperatorFault(f"cannot listen at `{socket_path}`: {error}; a shorter `state.directory` may help") from error
        try:
            yield
        finally:
            server.close()
            for listener in self._listeners:
                listener.writer.close()
            with suppress(FileNotFoundError):
                os.unlink(socket_path)  # noqa: PTH108 - a moment, at the end

    def offer(self, snapshot: SnapshotData) -> Callable[[], Applied]:
        """Keep `snapshot` on disk and send it; from any thread but the loop's. The answer takes at most `ack_wait_s`."""
        try:
            store_snapshot(self._snapshot_path, snapshot)
            fault = None
        except OperatorFault as error:
            fault = f"{error}; a data plane that starts without the control plane would not know of this change"
        sent = asyncio.run_coroutine_threadsafe(self._send(snapshot), self._loop)

        def answer() -> Applied:
            applied = sent.result()
            return applied if fault is None else Applied(applied=applied.applied, note=fault)

        return answer

    def data_planes(self) -> list[DataPlaneView]:
        return [
            DataPlaneView(pid=one.hello.pid, listening=one.hello.listening, revision=one.revision, problems=one.problems)
            for one in tuple(self._listeners)
        ]

    async def _send(self, snapshot: SnapshotData) -> Applied:
        """INVARIANT: nothing is awaited before the snapshot is on every connection: they go out in the order of offers."""
        self._current = snapshot
        addressed = set(self._listeners)
        for listener in addressed:
            self._write(listener, snapshot)
        if not addressed:
            return Applied(applied=False, note=NOBODY)
        try:
            async with asyncio.timeout(self._ack_wait_s), self._heard:
                await self._heard.wait_for(lambda: self._silent(addressed, snapshot) == 0)
        except TimeoutError:
            return Applied(
                applied=False, note=f"the data plane did not answer within {self._ack_wait_s:g} s; `yett status` shows it"
            )
        left = addressed & self._listeners
        if not left:
            return Applied(applied=False, note=NOBODY)
        problems = sorted({problem for listener in left for problem in listener.problems})
        return Applied(applied=not any(listener.refused for listener in left), note="; ".join(problems) or None)

    def _silent(self, addressed: set[_Listener], snapshot: SnapshotData) -> int:
        """How many that are still there have not acknowledged `snapshot` or a later one."""
        return sum(listener.revision < snapshot.revision for listener in addressed & self._listeners)

    def _write(self, listener: _Listener, snapshot: SnapshotData) -> None:
        listener.writer.write(encode_frame(Publish(snapshot)))
        if listener.writer.transport.get_write_buffer_size() > PENDING_BYTES_MAX:
            listener.writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One data plane, until it goes."""
        listener = None
        try:
            async with asyncio.timeout(HELLO_WAIT_S):
                hello = await read_frame(reader)
            if not isinstance(hello, Hello):
                return
            listener = _Listener(hello, writer)
            self._listeners.add(listener)
            if self._current is not None:
                self._write(listener, self._current)
            while isinstance(ack := await read_frame(reader), Ack):
                listener.revision, listener.problems, listener.refused = ack.revision, ack.problems, ack.refused
                await self._tell()
        except (OSError, FrameFault, TimeoutError):
            pass  # it will connect again
        finally:
            writer.close()
            if listener is not None:
                self._listeners.discard(listener)
                await self._tell()

    async def _tell(self) -> None:
        async with self._heard:
            self._heard.notify_all()
