"""One supervised child process: started without a shell, spoken to by lines, and ended for good."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from yett.errors import OperatorFault, UpstreamNotReached
from yett.protocol.lines import LINE_BYTES_MAX, LineReader, Noise
from yett.upstreams.child_watch import BARE_INTERPRETER, SUPPORTED, Watcher
from yett.upstreams.peer import Listener

STDERR_BYTES_MAX: Final = 64 * 1024
"""The last bytes of standard error that are kept, for messages about the child."""
SHOWN_CHARS_MAX: Final = 300
"""Characters of a child's own text in one message."""
REDACTED_CHARS_MIN: Final = 6
"""Configured values at least this long are taken out of a child's own text; shorter ones are words."""
START_S: Final = 10.0
"""How long the start may take until the program itself runs."""
DRAIN_S: Final = 0.2
"""How long the output of a child that ended is still read, where something else holds it open."""
SPARE_BYTES_MAX: Final = 1024 * 1024
"""Bytes that may wait for a child that does not read, before answers to its own requests are left out."""

INHERITED: Final = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "USER", "LOGNAME", "SHELL")
"""Variables of the gateway that a child gets. None of them is a secret; everything else must be configured."""

_NPM_ASIDE: Final = re.compile(rb"\s*npm (notice|warn)\b", re.IGNORECASE)
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """What to start. Comes from the host's own configuration, never from an API."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    """Configured variables, on top of the inherited ones."""
    cwd: str | None = None
    secret_words: frozenset[int] = frozenset()
    """Words of `argv`, by number, that are shown to nobody, as the variables' values are not."""
    stop_grace_s: float = 2.0
    """Seconds between closing its input, SIGTERM, and SIGKILL."""
    line_bytes_max: int = LINE_BYTES_MAX

    @property
    def name(self) -> str:
        """The program, for people; its arguments may hold secrets."""
        return Path(self.argv[0]).name

    @property
    def title(self) -> str:
        """See `PeerSpec.title`."""
        return f"the program `{self.name}`"

    @property
    def again(self) -> str:
        """See `PeerSpec.again`."""
        return "it is started again when it is needed"

    @property
    def doubtful(self) -> bool:
        """See `PeerSpec.doubtful`: a line is written whole or not at all."""
        return False

    def made(self, listener: Listener) -> Child:
        """See `PeerSpec.made`."""
        return Child(self, listener)

    def shown(self, text: bytes) -> str:
        """A child's own text, fit to be shown: one short line, without controls and without configured values."""
        line = _CONTROLS.sub(" ", text.decode(errors="replace")).strip()
        hidden = (*self.env.values(), *(self.argv[at] for at in self.secret_words))
        for value in sorted(hidden, key=len, reverse=True):
            if len(value) >= REDACTED_CHARS_MIN:
                line = line.replace(value, "***")
        return line[:SHOWN_CHARS_MAX]


def child_environment(configured: Mapping[str, str], inherited: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of a child."""
    return {name: inherited[name] for name in INHERITED if name in inherited} | dict(configured)


class Child(asyncio.SubprocessProtocol):
    """A running program. Once `ended`, it and its process group are gone, and it is never started again."""

    def __init__(self, spec: ChildSpec, listener: Listener) -> None:
        self._spec = spec
        self._listener = listener
        self._lines = LineReader(line_bytes_max=spec.line_bytes_max)
        self._stderr = bytearray()
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.SubprocessTransport | None = None
        self._stdin: asyncio.WriteTransport | None = None
        self._gone = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._turn = asyncio.Lock()
        self._open_outputs = {1, 2}
        self._stopping = False
        self.pid = 0

    async def start(self, watcher: Watcher) -> None:
        """Start the program; it runs when this returns. Once.

        Errors: `UpstreamNotReached`, which names the program and the reason.
        """
        if any("\0" in text for text in (*self._spec.argv, *self._spec.env, *self._spec.env.values())):
            raise self._not_started("its arguments or variables hold a NUL")
        try:
            await watcher.start()
        except OperatorFault as error:
            raise UpstreamNotReached(str(error)) from error
        status = _StatusPipe() if SUPPORTED else None
        try:
            await self._spawn(status, watcher.environment)
            reason = "" if status is None else await status.reason()
        except (OSError, ValueError) as error:
            # Without the intermediate program, as with a bad working directory, the reason comes at once.
            raise self._not_started(getattr(error, "strerror", None) or "its command is not valid") from error
        finally:
            if status is not None:
                status.close()
        if reason:
            await self.stop()
            raise self._not_started(reason)

    def _not_started(self, reason: str) -> UpstreamNotReached:
        reason = reason[:1].lower() + reason[1:]
        return UpstreamNotReached(f"the program `{self._spec.name}` cannot be started: {reason}; check the server's command")

    async def _spawn(self, status: _StatusPipe | None, mark: Mapping[str, str]) -> None:
        argv: Sequence[str] = self._spec.argv
        if status is not None:
            argv = (*BARE_INTERPRETER, "run", str(status.write_end), str(os.getpid()), *argv)
        transport, _ = await self._loop.subprocess_exec(
            lambda: self,
            *argv,
            cwd=self._spec.cwd,
            env={**child_environment(self._spec.env, os.environ), **mark},
            start_new_session=True,
            pass_fds=() if status is None else (status.write_end,),
        )
        self._transport, self.pid = transport, transport.get_pid()
        self._stdin = cast(asyncio.WriteTransport, transport.get_pipe_transport(0))

    @property
    def ended(self) -> bool:
        """Whether it is gone, or on its way."""
        return self._stdin is None or self._stdin.is_closing() or self._gone.is_set() or 1 not in self._open_outputs

    @property
    def end(self) -> str:
        """How it ended, for people."""
        status = self._status
        if status is None:
            return "closed its input or output"
        return f"ended with status {status}" if status >= 0 else f"was ended by signal {-status}"

    @property
    def end_and_last_words(self) -> str:
        """How it ended, and the last that it said on standard error, which is mostly why."""
        said = self.last_stderr_line
        return f"{self.end}: {said}" if said else self.end

    @property
    def _status(self) -> int | None:
        return None if self._transport is None else self._transport.get_returncode()

    @property
    def last_stderr_line(self) -> str:
        """The last thing it said on standard error; empty if nothing. What npm tells beside the matter only if that is all."""
        lines = [line for line in bytes(self._stderr).splitlines() if line.strip()]
        telling = [line for line in lines if not _NPM_ASIDE.match(line)] or lines
        return self._spec.shown(telling[-1]) if telling else ""

    # --- speaking to it -------------------------------------------------------------------------------------------------

    async def send(self, line: bytes) -> None:
        """Write one message; waits before that while the child does not read what others wrote.

        When this returns, the whole line is on its way; where it raises or is cancelled, nothing of it is.

        Errors: `UpstreamNotReached`.
        """
        async with self._turn:
            await self._writable.wait()
            if self._stdin is None or self.ended:
                raise UpstreamNotReached(f"the program `{self._spec.name}` is not running; try again")
            self._stdin.write(line + b"\n")

    def send_spare(self, line: bytes) -> None:
        """Write one message that may be lost, without waiting."""
        if self._stdin is not None and not self.ended and self._stdin.get_write_buffer_size() < SPARE_BYTES_MAX:
            self._stdin.write(line + b"\n")

    # --- what the event loop says ---------------------------------------------------------------------------------------

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Standard output is messages; the end of standard error is kept."""
        if fd == 1:
            self._hear(self._lines.feed(data))
        else:
            self._stderr += data
            del self._stderr[:-STDERR_BYTES_MAX]

    def pipe_connection_lost(self, fd: int, exc: BaseException | None) -> None:
        """A child that neither hears nor speaks is of no use: it is ended if it does not end itself."""
        self._open_outputs.discard(fd)
        if fd == 1:
            self._hear(self._lines.close())
        if fd != 2:
            self._loop.call_later(DRAIN_S, self._out_of_touch)
        self._writable.set()
        self._settle()

    def process_exited(self) -> None:
        """Its output may still hold the last answers, or be held open by something that it started."""
        self._loop.call_later(DRAIN_S, self._finish)
        self._settle()

    def pause_writing(self) -> None:
        """The child reads more slowly than we write."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """It caught up."""
        self._writable.set()

    def _hear(self, heard: object) -> None:
        for line in cast("list[bytes | Noise]", heard):
            if isinstance(line, Noise):
                self._listener.on_noise(line)
            else:
                self._listener.on_line(line)

    def _out_of_touch(self) -> None:
        """A pipe is lost, and the exit that would say why has not come."""
        if not self._gone.is_set() and not self._stopping:
            self._listener.on_end()
            self._loop.call_later(self._spec.stop_grace_s, self._kill)

    def _kill(self) -> None:
        if not self._gone.is_set():
            self._signal(signal.SIGKILL)

    def _settle(self) -> None:
        if not self._open_outputs and self._status is not None:
            self._finish()

    def _finish(self) -> None:
        """The program is over; what it started in its group is killed with it."""
        if self._gone.is_set() or self._transport is None:
            return
        self._signal(signal.SIGKILL)
        self._gone.set()
        self._writable.set()
        self._transport.close()
        self._listener.on_end()

    # --- ending it ------------------------------------------------------------------------------------------------------

    async def stop(self) -> None:
        """End it: close its input, then SIGTERM, then SIGKILL to its whole group; returns when it is gone."""
        if self._stdin is None:
            return
        self._stopping = True
        self._stdin.close()
        for number in (signal.SIGTERM, signal.SIGKILL, None):
            try:
                async with asyncio.timeout(self._spec.stop_grace_s):
                    await self._gone.wait()
            except TimeoutError:
                if number is not None:
                    self._signal(number)

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            return  # the group is empty; or holds only what changed its user, which is beyond our reach


class _StatusPipe:
    """How the intermediate program says that it could not become the real one."""

    def __init__(self) -> None:
        self._read_end, self.write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        self._write_open = True

    async def reason(self) -> str:
        """Why the program could not be started; empty if it runs."""
        self._close_write_end()
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        loop.add_reader(self._read_end, readable.set)
        try:
            async with asyncio.timeout(START_S):
                await readable.wait()
        except TimeoutError:
            return f"it did not start within {START_S:.0f} s"
        finally:
            loop.remove_reader(self._read_end)
        return os.read(self._read_end, 1000).decode(errors="replace")

    def close(self) -> None:
        """Give the descriptors back."""
        self._close_write_end()
        os.close(self._read_end)

    def _close_write_end(self) -> None:
        if self._write_open:
            self._write_open = False
            os.close(self.write_end)
