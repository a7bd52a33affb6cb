"""How the data plane comes by its snapshots: over a local socket from the control plane, and from files while there is none.

The data plane says hello, the control plane sends the whole and then every change, the data plane acknowledges each. A change
that does not follow what is active is not guessed at: the data plane asks for the whole. The control plane writes its files
before it sends, so that a data plane which starts, or goes on, without it knows the last word: a grant that was revoked meanwhile
stays revoked.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from yett.errors import OperatorFault, YettError
from yett.gateway.feed_frames import Ack, Again, Change, Hello, Joined, KeyWanted, LookWanted, Used, encode_frame, read_frame
from yett.gateway.frames import FrameFault
from yett.gateway.snapshot import SnapshotDelta
from yett.gateway.snapshot_file import SNAPSHOT_FILE as SNAPSHOT_FILE
from yett.gateway.snapshot_file import load_snapshot as load_snapshot
from yett.gateway.snapshot_file import state_of
from yett.gateway.snapshot_file import store_snapshot as store_snapshot
from yett.gateway.whole import as_delta

SOCKET_FILE: Final = "feed.sock"
RECONNECT_S: Final = 0.2
"""Between two attempts to reach the control plane, and two looks at the files meanwhile. Local, so it need not grow."""
REPORT_S: Final = 30.0
"""Between two reports of which grants were used."""
KEYS_S: Final = 1.0
"""Between two looks whether a token was signed with a key that is not known."""
REPORTED_MAX: Final = 10_000
"""Grants in one frame of a report."""

_log: Final = logging.getLogger("yett.feed")

Apply = Callable[[SnapshotDelta], Awaitable[list[str]]]
"""Makes a change active, which follows the one before or is a whole; returns sentences about what of it cannot be used. Runs on
the loop, for one change after another."""


@dataclass(frozen=True, slots=True)
class Notes:
    """What a data plane has to tell the control plane beside its answers."""

    uses: dict[str, int] = field(default_factory=dict)
    """When a token of each grant was last good for a request, in nanoseconds since the epoch."""
    unknown_keys: set[str] = field(default_factory=set)
    """Issuers that signed with keys which are not known here."""
    changed_servers: set[str] = field(default_factory=set)
    """Servers (ids) that list a tool otherwise than it was accepted."""


async def follow(
    socket_path: Path, snapshot_path: Path, apply: Apply, *, listening: str = "", notes: Notes | None = None
) -> None:
    """Keep the data plane at the control plane's last word, for ever. Cancel it to stop.

    The files are applied first if there are any, and again whenever they change while the control plane cannot be reached.
    `notes` is what the data plane has to tell; what was told to the control plane is taken out.
    """
    keeper = _Keeper(snapshot_path, apply)
    notes = notes or Notes()
    while True:
        await keeper.apply_file()
        try:
            await _follow_connected(socket_path, keeper, Hello(pid=os.getpid(), listening=listening), notes)
        except (OSError, FrameFault) as error:
            _log.debug("the control plane cannot be reached: %s", error)
        await asyncio.sleep(RECONNECT_S)


async def _follow_connected(socket_path: Path, keeper: _Keeper, hello: Hello, notes: Notes) -> None:
    """Apply and acknowledge what comes over one connection, until it ends."""
    reader, writer = await asyncio.open_unix_connection(socket_path)
    keeper.waits_for_whole = False
    reporting = asyncio.create_task(_report(writer, notes), name="yett report of uses")
    joined = Joined()
    try:
        writer.write(encode_frame(hello))
        while (frame := await read_frame(reader)) is not None:
            if not isinstance(frame, Change):
                raise FrameFault("the control plane sent what only a data plane says")
            delta = joined.add(frame)
            answer = None if delta is None else await keeper.take(delta)
            if answer is not None:
                writer.write(encode_frame(answer))
                await writer.drain()
    except asyncio.CancelledError:
        _tell(writer, notes)
        raise
    finally:
        reporting.cancel()
        writer.close()


async def _report(writer: asyncio.StreamWriter, notes: Notes) -> None:
    told_s = 0.0
    while True:
        await asyncio.sleep(KEYS_S)
        told_s += KEYS_S
        if told_s >= REPORT_S:
            _tell(writer, notes)
            told_s = 0.0
        _tell_keys(writer, notes.unknown_keys)
        _tell_changed(writer, notes.changed_servers)


def _tell(writer: asyncio.StreamWriter, notes: Notes) -> None:
    uses = notes.uses
    while uses and not writer.is_closing():
        told = {id: uses.pop(id) for id in list(uses)[:REPORTED_MAX]}
        writer.write(encode_frame(Used(told)))


def _tell_keys(writer: asyncio.StreamWriter, issuers: set[str]) -> None:
    while issuers and not writer.is_closing():
        writer.write(encode_frame(KeyWanted(issuers.pop())))


def _tell_changed(writer: asyncio.StreamWriter, servers: set[str]) -> None:
    while servers and not writer.is_closing():
        writer.write(encode_frame(LookWanted(servers.pop())))


@dataclass
class _Keeper:
    """Applies changes and knows which one was last; watches the files."""

    path: Path
    activate: Apply
    last: tuple[str, int] | None = None
    """Origin and revision: a database made anew counts from the start, under another origin."""
    waits_for_whole: bool = False
    """Whether the whole was asked for, so that changes are of no use before it."""
    _seen: object = field(default=None)
    """The state of the files when they were last read."""

    async def take(self, delta: SnapshotDelta) -> Ack | Again | None:
        """Make `delta` active, and say what came of it; None while the whole is waited for."""
        if delta.previous is None:
            self.waits_for_whole = False
        elif self.waits_for_whole:
            return None
        elif self.last != (delta.origin, delta.previous):
            self.waits_for_whole = True
            return Again()
        return await self.apply(delta)

    async def apply(self, delta: SnapshotDelta) -> Ack:
        """Make `delta`, which follows what is active or is a whole, the active one."""
        try:
            ack = Ack(delta.origin, delta.revision, await self.activate(delta))
            self.last = (delta.origin, delta.revision)
        except YettError as error:
            told = f"the snapshot was refused, the one before stays: {error}"
            ack = Ack(delta.origin, delta.revision, [told], refused=True)
        for problem in ack.problems:
            _log.warning("snapshot %d: %s", delta.revision, problem)
        return ack

    async def apply_file(self) -> None:
        """Apply what the files say, if that is not what was applied last. Unreadable ones change nothing and are told once."""
        state = state_of(self.path)
        if state == self._seen:
            return
        self._seen = state
        try:
            snapshot = load_snapshot(self.path)
        except OperatorFault as error:
            _log.warning("%s", error)
            return
        if snapshot is not None and (snapshot.origin, snapshot.revision) != self.last:
            await self.apply(as_delta(snapshot))
