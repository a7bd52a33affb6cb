"""The watcher: one small process that outlives a killed gateway just long enough to kill what the gateway had started."""

from __future__ import annotations

import asyncio
import secrets
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path
from typing import Final

from yett.errors import OperatorFault

ENTRY: Final = str(Path(__file__).with_name("child_entry.py"))
BARE_INTERPRETER: Final = (sys.executable, "-I", "-S", ENTRY)
MARK: Final = "YETT_CHILD_OF"
"""The variable by which children, and theirs, are known."""
CLOSE_S: Final = 6.0
"""A little more than all sweeps of the watcher take."""

SUPPORTED: Final = sys.platform == "linux"
"""Elsewhere there is no /proc to look into; children end when their standard input does."""


class Watcher:
    """Started with the first child. It learns of the gateway's end from a pipe, so nothing can hide that from it."""

    def __init__(self) -> None:
        self._value = secrets.token_hex(16)
        self._process: Process | None = None
        self._lock = asyncio.Lock()

    @property
    def environment(self) -> dict[str, str]:
        """What every child must carry."""
        return {MARK: self._value}

    async def start(self) -> None:
        """Have it running. Errors: `OperatorFault`."""
        if not SUPPORTED:
            return
        async with self._lock:
            if self._process is not None and self._process.returncode is None:
                return
            try:
                self._process = await asyncio.create_subprocess_exec(
                    *BARE_INTERPRETER,
                    "watch",
                    f"{MARK}={self._value}",
                    stdin=PIPE,
                    stdout=DEVNULL,
                    stderr=DEVNULL,
                    env={},
                    start_new_session=True,
                )
            except OSError as error:
                raise OperatorFault(f"the watcher of child processes cannot be started: {error.strerror}") from error

    async def aclose(self) -> None:
        """Let it kill what is left, and end."""
        if self._process is None or self._process.stdin is None:
            return
        self._process.stdin.close()
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        self._process = None
