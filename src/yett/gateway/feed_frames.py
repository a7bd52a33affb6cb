"""What the two planes say to each other of snapshots. What is large goes in parts, so that neither is busy for long."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from yett.errors import OperatorFault
from yett.gateway.frames import FrameFault, framed, read_body
from yett.gateway.snapshot import SnapshotDelta

FRAME_BYTES_MAX: Final = 16 * 1024 * 1024
"""A part with one policy of the largest size is far below."""
PART_BYTES: Final = 128 * 1024
"""What a part holds, roughly: read in about a millisecond."""
WHOLE_BYTES_MAX: Final = 512 * 1024 * 1024
"""All parts of one change together, and the snapshot file."""
ENTRY_BYTES: Final = 512
"""What is reckoned for an entry beside a policy's document and a server's classes and pins."""
CLASS_BYTES: Final = 96
"""What is reckoned for the class of one tool."""
PIN_BYTES: Final = 64
"""The same for its pin, beside the marks."""


class Hello(msgspec.Struct, frozen=True, tag="hello", forbid_unknown_fields=True):
    """First frame of a data plane, which is then told the whole, and every change of it."""

    pid: int
    listening: str
    """Its base URL; empty if it does not say."""


class Change(msgspec.Struct, frozen=True, tag="change", forbid_unknown_fields=True):
    """A change for the data plane, or a part of one."""

    delta: SnapshotDelta
    more: bool = False
    """Whether another part of the same change follows; nothing counts before the last."""


class Ack(msgspec.Struct, frozen=True, tag="ack", forbid_unknown_fields=True):
    """The state of this revision governs every call from now on, but for what the problems say; or it was refused whole."""

    origin: str
    revision: int
    problems: list[str]
    refused: bool = False


class Again(msgspec.Struct, frozen=True, tag="again", forbid_unknown_fields=True):
    """The last change was to a state that the data plane does not have: it wants the whole."""


class Used(msgspec.Struct, frozen=True, tag="used", forbid_unknown_fields=True):
    """When tokens were last good for a request, in nanoseconds since the epoch, by the ids of their grants."""

    grants: dict[str, int]


class KeyWanted(msgspec.Struct, frozen=True, tag="key", forbid_unknown_fields=True):
    """An issuer signed a token with a key that is not in the snapshot: its keys may have changed."""

    issuer: str
    """`IssuerEntry.id`."""


class LookWanted(msgspec.Struct, frozen=True, tag="look", forbid_unknown_fields=True):
    """A server lists a tool otherwise than it was accepted: people may want to see it."""

    server: str
    """`ServerEntry.id`."""


Frame = Hello | Change | Ack | Again | Used | KeyWanted | LookWanted
_decoder: Final = msgspec.json.Decoder(Frame)


def encode_frame(frame: Frame) -> bytes:
    """`frame` on the wire. Errors: `OperatorFault` for one that is too long."""
    body = msgspec.json.encode(frame)
    if len(body) > FRAME_BYTES_MAX:
        raise OperatorFault(f"a part of the snapshot has {len(body):,} bytes, over {FRAME_BYTES_MAX:,}; shorten what it holds")
    return framed(body)


async def read_frame(reader: asyncio.StreamReader) -> Frame | None:
    """The next frame; None where the other side closed between two frames.

    Errors: `FrameFault` for a frame that is cut off, too long or unreadable.
    """
    body = await read_body(reader, FRAME_BYTES_MAX)
    if body is None:
        return None
    try:
        frame: Frame = _decoder.decode(body)
    except msgspec.DecodeError as error:
        raise FrameFault(f"an unreadable frame: {error}") from error
    return frame


# --- parts ------------------------------------------------------------------------------------------------------------------

_LISTS: Final = ("servers", "servers_gone", "grants", "grants_gone", "policies", "policies_gone", "classes", "pins")


def parts_of(delta: SnapshotDelta) -> Iterator[Change]:
    """`delta` in parts of some `PART_BYTES`."""
    bare = replace(delta, **{name: [] for name in _LISTS})
    part: dict[str, list[object]] = {}
    size = 0
    for name in _LISTS:
        for entry in getattr(delta, name):
            if size >= PART_BYTES:
                yield Change(replace(bare, **part), more=True)
                part, size = {}, 0
            part.setdefault(name, []).append(entry)
            size += _size(name, entry)
    yield Change(replace(bare, **part))


def _size(name: str, entry: Any) -> int:
    """What is reckoned for an entry of one of the lists."""
    if name == "policies":
        return ENTRY_BYTES + len(entry.document)
    if name == "pins":
        return ENTRY_BYTES + sum(PIN_BYTES + len(marks) for marks in (entry.tools or {}).values())
    return ENTRY_BYTES + (CLASS_BYTES * len(entry.tools) if name == "classes" else 0)


class Joined:
    """Puts parts together again."""

    def __init__(self) -> None:
        self._lists: dict[str, list[object]] = {}
        self._size = 0

    def add(self, change: Change) -> SnapshotDelta | None:
        """The whole change, with its last part; None before. Errors: `FrameFault` for more than anybody has."""
        if not change.more and not self._lists:
            return change.delta
        for name in _LISTS:
            entries = getattr(change.delta, name)
            self._lists.setdefault(name, []).extend(entries)
            self._size += sum(_size(name, entry) for entry in entries)
        if self._size > WHOLE_BYTES_MAX:
            raise FrameFault(f"a change of more than {WHOLE_BYTES_MAX:,} bytes; remove policies that no grant uses")
        if change.more:
            return None
        lists, self._lists, self._size = self._lists, {}, 0
        return replace(change.delta, **lists)
