"""A service on a real store, with a publication that keeps what it was given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from tests.support.clock import ManualClock
from yett.admin.desk import Applied, Desk, Environment
from yett.admin.permissions import operator
from yett.admin.service import Service
from yett.admin.views import DataPlaneView, NewServer
from yett.gateway.snapshot import GrantEntry, PolicyEntry, ServerEntry, SnapshotData, SnapshotDelta
from yett.stores.control.store import open_control

KEY = bytes(32)
Entry = TypeVar("Entry", ServerEntry, GrantEntry, PolicyEntry)


@dataclass
class KeptPublication:
    """Implements `yett.admin.desk.Publication`."""

    snapshots: list[SnapshotData] = field(default_factory=list)
    """The whole, after each change."""
    answer: Applied = field(default_factory=lambda: Applied(applied=True))

    def begin(self, snapshot: SnapshotData) -> Callable[[], Applied]:
        self.snapshots.append(snapshot)
        return lambda: self.answer

    def offer(self, delta: SnapshotDelta) -> Callable[[], Applied]:
        before = self.snapshots[-1] if self.snapshots else SnapshotData(revision=0, origin=delta.origin)
        assert delta.previous == before.revision
        gone = {*delta.servers_gone, *delta.grants_gone, *delta.policies_gone}
        return self.begin(
            SnapshotData(
                revision=delta.revision,
                origin=delta.origin,
                servers=_merged(before.servers, delta.servers, gone),
                grants=_merged(before.grants, delta.grants, gone),
                policies=_merged(before.policies, delta.policies, gone),
                stopped=delta.stopped,
                problems=delta.problems,
            )
        )

    def data_planes(self) -> list[DataPlaneView]:
        return []

    @property
    def last(self) -> SnapshotData:
        return self.snapshots[-1]


def _merged(before: Sequence[Entry], now: Sequence[Entry], gone: set[str]) -> list[Entry]:
    changed = gone | {entry.id for entry in now}
    return [entry for entry in before if entry.id not in changed] + list(now)


@dataclass
class Office:
    """A service and what stands around it."""

    service: Service
    publication: KeptPublication
    clock: ManualClock

    def with_server(self, name: str = "files") -> Office:
        self.service.add_server(NewServer(name=name, url="http://127.0.0.1:9/mcp"))
        return self


@contextmanager
def open_office(state_dir: Path, commands: tuple[str, ...] = ("time",)) -> Iterator[Office]:
    clock, publication = ManualClock(), KeptPublication()
    environment = Environment(
        clock=clock, token_key=KEY, commands=lambda: commands, endpoint=lambda name: f"http://127.0.0.1:8700/mcp/{name}"
    )
    desk = Desk(open_control(state_dir, clock), publication, environment)
    try:
        yield Office(Service(desk, operator("local:ada", desk.first_organisation())), publication, clock)
    finally:
        desk.close()
