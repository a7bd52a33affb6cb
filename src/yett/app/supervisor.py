"""Keeps processes running: starts them, hears when they listen, restarts what crashed, and takes all of them down together."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from yett.errors import OperatorFault

LISTENING: Final = b"listening "
"""What a process says on stdout, with its port, once it serves."""
LINE_BYTES_MAX: Final = 64 * 1024
RESTART_MIN_S: Final = 0.2
RESTART_MAX_S: Final = 10.0
STEADY_S: Final = 30.0
"""A process that ran this long is restarted at once again, however often it crashed before."""
GRACE_S: Final = 15.0
"""Longer than the data plane gives to calls in work; then it is killed."""
PR_SET_PDEATHSIG: Final = 1


@dataclass(frozen=True, slots=True)
class Part:
    """A process to keep running."""

    name: str
    """What a person calls it."""
    argv: Sequence[str]


@dataclass(frozen=True, slots=True)
class Listens:
    """The part serves now."""

    part: str
    pid: int
    port: int
    after_s: float
    """Since it was started."""


@dataclass(frozen=True, slots=True)
class Crashed:
    """The part ended though nobody asked it to."""

    part: str
    status: int
    """Exit status; negative for the signal that killed it."""
    restart_s: float


@dataclass(frozen=True, slots=True)
class Said:
    """The part wrote something else on stdout."""

    part: str
    line: str


Event = Listens | Crashed | Said


class CannotStart(OperatorFault):
    """A part ended before it ever served; starting it again would not help."""


@dataclass(slots=True)
class Supervisor:
    """Runs `parts` until it is told to stop."""

    parts: Sequence[Part]
    tell: Callable[[Event], None]
    grace_s: float = GRACE_S
    restart_min_s: float = RESTART_MIN_S
    _running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _killing: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> bool:
        """Keep the parts running until `stop`; whether all of them then ended by themselves.

        Errors: `CannotStart`, after all others were taken down too.
        """
        keepers = [asyncio.ensure_future(self._keep(part)) for part in self.parts]
        try:
            stopping = asyncio.ensure_future(self._stopping.wait())
            await asyncio.wait([*keepers, stopping], return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
        finally:
            in_time = await self._take_down(keepers)
        for keeper in keepers:
            keeper.result()
        return in_time

    def stop(self) -> None:
        """Ask all parts to end; a second time, kill them."""
        if self._stopping.is_set():
            self._killing.set()
        self._stopping.set()

    async def _keep(self, part: Part) -> None:
        """Run `part`, again and again, until we stop."""
        has_served, pause_s = False, self.restart_min_s
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            began = loop.time()
            process = await self._start(part)
            served = await self._listen(part, process, began)
            has_served = has_served or served
            status = await process.wait()
            self._running.pop(part.name, None)
            if self._stopping.is_set():
                return
            if not has_served:
                raise CannotStart(f"the {part.name} could not start, it ended with status {status}")
            if loop.time() - began > STEADY_S:
                pause_s = self.restart_min_s
            self.tell(Crashed(part.name, status, pause_s))
            await self._pause(pause_s)
            pause_s = min(2 * pause_s, RESTART_MAX_S)

    async def _start(self, part: Part) -> asyncio.subprocess.Process:
        try:
            process = await asyncio.create_subprocess_exec(
                *part.argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                limit=LINE_BYTES_MAX,
                start_new_session=True,  # Ctrl-C in the terminal reaches us, and the part through us
                preexec_fn=_die_with(os.getpid()),
            )
        except OSError as error:
            raise CannotStart(f"the {part.name} could not start, `{part.argv[0]}`: {error.strerror}") from error
        self._running[part.name] = process
        if self._stopping.is_set():
            process.terminate()
        return process

    async def _listen(self, part: Part, process: asyncio.subprocess.Process, began: float) -> bool:
        """Hear what the part says until it closes its stdout; whether it said that it serves."""
        served = False
        assert process.stdout is not None
        while line := await _line(process.stdout):
            port = line.removeprefix(LISTENING).strip()
            if line.startswith(LISTENING) and port.isdigit():
                served = True
                after_s = asyncio.get_running_loop().time() - began
                self.tell(Listens(part.name, process.pid, int(port), after_s))
            else:
                self.tell(Said(part.name, line.decode("utf-8", "replace").rstrip()))
        return served

    async def _pause(self, seconds: float) -> None:
        """Wait, unless we stop meanwhile."""
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    async def _take_down(self, keepers: Sequence[asyncio.Future[None]]) -> bool:
        """End all parts, for sure; whether they did so by themselves."""
        self._stopping.set()
        self._signal(signal.SIGTERM)
        killing = asyncio.ensure_future(self._killing.wait())
        done = asyncio.ensure_future(asyncio.wait(keepers))
        await asyncio.wait([done, killing], timeout=self.grace_s, return_when=asyncio.FIRST_COMPLETED)
        in_time = done.done()
        if not in_time:
            self._signal(signal.SIGKILL)
        killing.cancel()
        await done
        return in_time

    def _signal(self, number: signal.Signals) -> None:
        for process in self._running.values():
            if process.returncode is None:
                process.send_signal(number)


async def _line(stream: asyncio.StreamReader) -> bytes:
    """The next line; a piece of it where it is too long. Empty at the end."""
    try:
        return await stream.readuntil(b"\n")
    except asyncio.IncompleteReadError as error:
        return error.partial
    except asyncio.LimitOverrunError as error:
        return await stream.readexactly(error.consumed)


def _die_with(parent: int) -> Callable[[], None] | None:
    """What a child does before its program starts, so that it does not outlive us even if we are killed. Linux only."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)

    def prepare() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)  # we were killed in between

    return prepare
