"""The control plane's end of the feed: changes go out in order, and every data plane's word is waited for, but not for long."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from yett.admin.desk import Applied
from yett.admin.local_socket import listening
from yett.admin.views import DataPlaneView
from yett.errors import OperatorFault
from yett.gateway.feed_frames import Ack, Again, Hello, KeyWanted, LookWanted, Used, encode_frame, parts_of, read_frame
from yett.gateway.frames import FrameFault
from yett.gateway.snapshot import SnapshotData, SnapshotDelta
from yett.gateway.snapshot_file import SnapshotFile
from yett.gateway.whole import Whole, as_delta

ACK_WAIT_S: Final = 2.0
"""How long an administrator waits to hear that a change governs calls."""
HELLO_WAIT_S: Final = 5.0
PENDING_MAX: Final = 1_024
"""Changes that may wait for a data plane that does not read; then it is cut off, and gets the whole when it comes back."""
NOBODY: Final = "no data plane is connected; the change counts when one starts"

_log: Final = logging.getLogger("yett.feed")

OnUsed = Callable[[Mapping[str, int]], None]
"""Told when tokens of grants were last used, by grant id; on a thread of its own, one call after another. Must not raise."""


@dataclass(eq=False)
class _Listener:
    """A connected data plane."""

    hello: Hello
    writer: asyncio.StreamWriter
    heard: tuple[str, int] = ("", -1)
    """Origin and revision of its last word."""
    problems: list[str] = field(default_factory=list)
    refused: bool = False
    pending: deque[SnapshotDelta] = field(default_factory=deque)
    wanted: asyncio.Event = field(default_factory=asyncio.Event)

    def queue(self, delta: SnapshotDelta) -> None:
        """Have `delta` sent after all that was queued before; a whole takes the place of that."""
        if delta.previous is None:
            self.pending.clear()
        self.pending.append(delta)
        self.wanted.set()
        if len(self.pending) > PENDING_MAX:
            self.writer.transport.abort()

    def knows(self, delta: SnapshotDelta) -> bool:
        """Whether it acknowledged `delta` or a later change."""
        origin, revision = self.heard
        return origin == delta.origin and revision >= delta.revision


class Publisher:
    """Implements `yett.admin.desk.Publication` on one loop, for callers on other threads, one of them at a time."""

    def __init__(self, snapshot_path: Path, *, ack_wait_s: float = ACK_WAIT_S, on_used: OnUsed | None = None) -> None:
        self._file = SnapshotFile(snapshot_path)
        self._ack_wait_s = ack_wait_s
        self._on_used = on_used
        self.key_wanted: Callable[[str], None] = lambda _: None
        """Told, on the loop, of an issuer that signed with a key which data planes do not have."""
        self.look_wanted: Callable[[str], None] = lambda _: None
        """Told, on the loop, of a server that lists a tool otherwise than it was accepted."""
        self._used: dict[str, int] = {}
        self._listeners: set[_Listener] = set()
        self._whole: Whole | None = None
        """What was sent last. Of the loop; the file has its own."""
        self._heard = asyncio.Condition()
        self._loop = asyncio.get_running_loop()
        self._beside: set[asyncio.Task[None]] = set()
        self._folding = False
        self._telling = asyncio.Lock()

    @asynccontextmanager
    async def listening(self, socket_path: Path) -> AsyncIterator[None]:
        """Serve data planes at `socket_path`, which only its owner may reach. Errors: `OperatorFault`."""
        async with listening(socket_path, self._serve, self._close):
            yield

    async def _close(self) -> None:
        for listener in self._listeners:
            listener.writer.close()
        if self._beside:
            await asyncio.wait(self._beside)

    # --- what the desk does, on threads of its own ----------------------------------------------------------------------

    def begin(self, full: SnapshotData) -> Callable[[], Applied]:
        """Keep the whole on disk and send it. The returned function waits for the answer, `ack_wait_s` at most."""
        return self._publish(as_delta(full), lambda: self._file.begin(full))

    def offer(self, delta: SnapshotDelta) -> Callable[[], Applied]:
        """Keep a change of what was begun on disk and send it, as `begin` does. Before that, nothing: `begin` has it in it."""
        if self._file.known() is None:
            return lambda: Applied(applied=False, note=NOBODY)
        return self._publish(delta, lambda: self._file.append(delta))

    def known(self) -> tuple[str, int] | None:
        """Origin and revision that the next offer can build on; None where `begin` must come first."""
        return self._file.known()

    def last_used(self, grant_ids: Iterable[str]) -> dict[str, int]:
        """When tokens of these grants were last good for a request, as far as data planes told this process."""
        used = self._used
        return {id: used[id] for id in grant_ids if id in used}

    def data_planes(self) -> list[DataPlaneView]:
        return [
            DataPlaneView(pid=one.hello.pid, listening=one.hello.listening, revision=one.heard[1], problems=one.problems)
            for one in tuple(self._listeners)
        ]

    def _publish(self, delta: SnapshotDelta, keep: Callable[[], None]) -> Callable[[], Applied]:
        try:
            keep()
            fault = None
        except OperatorFault as error:
            fault = f"{error}; a data plane that starts without the control plane would not know of this change"
        sent = asyncio.run_coroutine_threadsafe(self._send(delta), self._loop)

        def answer() -> Applied:
            applied = sent.result()
            return applied if fault is None else Applied(applied=applied.applied, note=fault)

        return answer

    # --- on the loop ----------------------------------------------------------------------------------------------------

    async def _send(self, delta: SnapshotDelta) -> Applied:
        """INVARIANT: nothing is awaited before the change is queued for every connection: they go out in the order of offers."""
        if self._whole is None:
            self._whole = Whole()
        self._whole.apply(delta)
        addressed = set(self._listeners)
        for listener in addressed:
            listener.queue(delta)
        if self._file.grown and not self._folding:
            self._folding = True
            self._start(self._fold())
        if not addressed:
            return Applied(applied=False, note=NOBODY)
        try:
            async with asyncio.timeout(self._ack_wait_s), self._heard:
                await self._heard.wait_for(lambda: all(listener.knows(delta) for listener in addressed & self._listeners))
        except TimeoutError:
            return Applied(
                applied=False, note=f"the data plane did not answer within {self._ack_wait_s:g} s; `yett status` shows it"
            )
        left = addressed & self._listeners
        if not left:
            return Applied(applied=False, note=NOBODY)
        problems = sorted({problem for listener in left for problem in listener.problems})
        note = "; ".join(problems) or None
        return Applied(applied=not any(listener.refused for listener in left), note=note, of_all=note is not None)

    async def _fold(self) -> None:
        try:
            await asyncio.to_thread(self._file.fold)
        except OperatorFault as error:
            _log.warning("%s; the journal beside it goes on growing", error)
        finally:
            self._folding = False

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work, name="yett publisher's chore")
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

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
            self._queue_whole(listener)
            sending = asyncio.create_task(_send_all(listener), name="yett feed")
            try:
                await self._hear(listener, reader)
            finally:
                sending.cancel()
        except (OSError, FrameFault, TimeoutError):
            pass  # it will connect again
        finally:
            writer.close()
            if listener is not None:
                self._listeners.discard(listener)
                await self._tell()

    def _queue_whole(self, listener: _Listener) -> None:
        if self._whole is not None:
            listener.queue(as_delta(self._whole.data()))

    async def _hear(self, listener: _Listener, reader: asyncio.StreamReader) -> None:
        while True:
            frame = await read_frame(reader)
            if isinstance(frame, Ack):
                listener.heard = (frame.origin, frame.revision)
                listener.problems, listener.refused = frame.problems, frame.refused
                await self._tell()
            elif isinstance(frame, Again):
                self._queue_whole(listener)
            elif isinstance(frame, KeyWanted):
                self.key_wanted(frame.issuer)
            elif isinstance(frame, LookWanted):
                self.look_wanted(frame.server)
            elif isinstance(frame, Used):
                await self._note_used(frame.grants)
            else:
                return

    async def _note_used(self, grants: Mapping[str, int]) -> None:
        news = {id: at_ns for id, at_ns in grants.items() if at_ns > self._used.get(id, 0)}
        self._used.update(news)
        if self._on_used is not None and news:
            self._start(self._tell_used(self._on_used, news))

    async def _tell_used(self, on_used: OnUsed, news: Mapping[str, int]) -> None:
        async with self._telling:
            await asyncio.to_thread(on_used, news)

    async def _tell(self) -> None:
        async with self._heard:
            self._heard.notify_all()


async def _send_all(listener: _Listener) -> None:
    """Send what is queued, for ever."""
    with suppress(OSError):
        while True:
            await listener.wanted.wait()
            listener.wanted.clear()
            while listener.pending:
                for part in parts_of(listener.pending.popleft()):
                    listener.writer.write(encode_frame(part))
                    await listener.writer.drain()
