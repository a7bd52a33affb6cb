"""How the data plane comes by its snapshots: over a local socket from the control plane, and from a file while there is none.

Frames are four bytes of length, big-endian, and JSON. The data plane says hello, the control plane sends the present snapshot and
every later one, the data plane acknowledges each. The control plane writes the file before it sends, so that a data plane which
starts, or goes on, without it knows the last word: a grant that was revoked meanwhile stays revoked.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from yett.errors import OperatorFault, YettError
from yett.gateway.snapshot import SnapshotData
from yett.private_files import read_private, write_private

SOCKET_FILE: Final = "feed.sock"
SNAPSHOT_FILE: Final = "snapshot.json"
FRAME_BYTES_MAX: Final = 64 * 1024 * 1024
"""256 policies of the largest size; also the largest snapshot file that is read."""
RECONNECT_S: Final = 0.2
"""Between two attempts to reach the control plane, and two looks at the file meanwhile. Local, so it need not grow."""
LENGTH_BYTES: Final = 4

_log: Final = logging.getLogger("yett.feed")

Apply = Callable[[SnapshotData], list[str]]
"""Makes a snapshot the active one; returns sentences about what of it cannot be used. Runs on the loop."""


class Hello(msgspec.Struct, frozen=True, tag="hello", forbid_unknown_fields=True):
    """First frame of a data plane."""

    pid: int
    listening: str
    """Its base URL; empty if it does not say."""


class Publish(msgspec.Struct, frozen=True, tag="publish", forbid_unknown_fields=True):
    """A snapshot for the data plane."""

    snapshot: SnapshotData


class Ack(msgspec.Struct, frozen=True, tag="ack", forbid_unknown_fields=True):
    """The snapshot of this revision governs every call from now on, but for what the problems say; or it was refused whole."""

    revision: int
    problems: list[str]
    refused: bool = False


Frame = Hello | Publish | Ack
_decoder: Final = msgspec.json.Decoder(Frame)


class FrameFault(OperatorFault):
    """The other side of the socket sent something that is no frame."""


def encode_frame(frame: Frame) -> bytes:
    """`frame` on the wire."""
    body = msgspec.json.encode(frame)
    if len(body) > FRAME_BYTES_MAX:
        raise OperatorFault(f"the snapshot has {len(body):,} bytes, over {FRAME_BYTES_MAX:,}; remove policies that no grant uses")
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


async def read_frame(reader: asyncio.StreamReader) -> Frame | None:
    """The next frame; None where the other side closed between two frames.

    Errors: `FrameFault` for a frame that is cut off, too long or unreadable.
    """
    try:
        head = await reader.readexactly(LENGTH_BYTES)
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise FrameFault("the other side broke off") from error
        return None
    length = int.from_bytes(head, "big")
    if length > FRAME_BYTES_MAX:
        raise FrameFault(f"a frame of {length:,} bytes, over {FRAME_BYTES_MAX:,}")
    try:
        frame: Frame = _decoder.decode(await reader.readexactly(length))
    except asyncio.IncompleteReadError as error:
        raise FrameFault("the other side broke off") from error
    except msgspec.DecodeError as error:
        raise FrameFault(f"an unreadable frame: {error}") from error
    return frame


def store_snapshot(path: Path, snapshot: SnapshotData) -> None:
    """Keep `snapshot` as the last word, for a data plane without a control plane. Errors: `OperatorFault`."""
    write_private(path, msgspec.json.encode(snapshot))


def load_snapshot(path: Path) -> SnapshotData | None:
    """The last word of the control plane; None if there was none yet.

    Errors: `OperatorFault` where the file cannot be read or understood, or others may use it.
    """
    content = read_private(path, FRAME_BYTES_MAX)
    if content is None:
        return None
    try:
        return msgspec.json.decode(content, type=SnapshotData)
    except msgspec.DecodeError as error:
        raise OperatorFault(
            f"the snapshot `{path}` is unreadable: {error}; start the control plane, which writes it anew"
        ) from error


async def follow(socket_path: Path, snapshot_path: Path, apply: Apply, *, listening: str = "") -> None:
    """Keep the data plane at the control plane's last word, for ever. Cancel it to stop.

    The file is applied first if there is one, and again whenever it changes while the control plane cannot be reached.
    """
    keeper = _Keeper(snapshot_path, apply)
    while True:
        keeper.apply_file()
        try:
            await _follow_connected(socket_path, keeper, Hello(pid=os.getpid(), listening=listening))
        except (OSError, FrameFault) as error:
            _log.debug("the control plane cannot be reached: %s", error)
        await asyncio.sleep(RECONNECT_S)


async def _follow_connected(socket_path: Path, keeper: _Keeper, hello: Hello) -> None:
    """Apply and acknowledge what comes over one connection, until it ends."""
    reader, writer = await asyncio.open_unix_connection(socket_path)
    try:
        writer.write(encode_frame(hello))
        while (frame := await read_frame(reader)) is not None:
            if not isinstance(frame, Publish):
                raise FrameFault("the control plane sent what only a data plane says")
            writer.write(encode_frame(keeper.apply(frame.snapshot)))
            await writer.drain()
    finally:
        writer.close()


@dataclass
class _Keeper:
    """Applies snapshots and knows which one was last; watches the file."""

    path: Path
    activate: Apply
    last: tuple[str, int] | None = None
    """Organisation and revision: a database made anew counts from the start, under another organisation."""
    seen: tuple[int, int, int] | None = None
    """The state of the file when it was last read."""

    def apply(self, snapshot: SnapshotData) -> Ack:
        """Make `snapshot` the active one, and say what came of it."""
        self.last = (snapshot.organisation, snapshot.revision)
        try:
            ack = Ack(revision=snapshot.revision, problems=self.activate(snapshot))
        except YettError as error:
            told = f"the snapshot was refused, the one before stays: {error}"
            ack = Ack(revision=snapshot.revision, problems=[told], refused=True)
        for problem in ack.problems:
            _log.warning("snapshot %d: %s", snapshot.revision, problem)
        return ack

    def apply_file(self) -> None:
        """Apply what the file says, if that is not what was applied last. An unreadable file changes nothing and is said once."""
        state = self._state()
        if state == self.seen:
            return
        self.seen = state
        try:
            snapshot = load_snapshot(self.path)
        except OperatorFault as error:
            _log.warning("%s", error)
            return
        if snapshot is not None and (snapshot.organisation, snapshot.revision) != self.last:
            self.apply(snapshot)

    def _state(self) -> tuple[int, int, int] | None:
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size
