"""Both ends of the feed, for tests of either."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from yett.admin.desk import Applied
from yett.admin.publish import Publisher
from yett.errors import OperatorFault
from yett.gateway.active import ActiveSnapshot
from yett.gateway.feed import Notes, follow
from yett.gateway.snapshot import SnapshotData, SnapshotDelta

SOON_S = 5.0


def snapshot(revision: int) -> SnapshotData:
    return SnapshotData(revision=revision, origin="o")


@dataclass
class Gate:
    """What a data plane applied, in order."""

    deltas: list[SnapshotDelta] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    refuses: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def revisions(self) -> list[int]:
        return [delta.revision for delta in self.deltas]

    async def take(self, delta: SnapshotDelta) -> list[str]:
        if self.refuses:
            raise OperatorFault("no room")
        self.deltas.append(delta)
        self.changed.set()
        return self.problems

    async def reaches(self, revision: int) -> None:
        async with asyncio.timeout(SOON_S):
            while not self.revisions or self.revisions[-1] != revision:
                self.changed.clear()
                await self.changed.wait()


@asynccontextmanager
async def following(directory: Path, gate: Gate | ActiveSnapshot, notes: Notes | None = None) -> AsyncIterator[None]:
    files = directory / "s", directory / "snapshot.json"
    task = asyncio.ensure_future(follow(*files, gate.take, listening="http://here", notes=notes))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def offer(publisher: Publisher, data: SnapshotData) -> Applied:
    """As an admin's thread does it."""
    return await asyncio.to_thread(lambda: publisher.begin(data)())
