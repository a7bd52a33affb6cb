"""A service on a real store, with a publication that keeps what it was given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.clock import ManualClock
from yett.admin.desk import Applied, Desk, Environment
from yett.admin.service import Service
from yett.admin.views import DataPlaneView, NewServer
from yett.gateway.snapshot import SnapshotData
from yett.stores.control import open_control

KEY = bytes(32)


@dataclass
class KeptPublication:
    """Implements `yett.admin.desk.Publication`."""

    snapshots: list[SnapshotData] = field(default_factory=list)
    answer: Applied = field(default_factory=lambda: Applied(applied=True))

    def offer(self, snapshot: SnapshotData) -> Callable[[], Applied]:
        self.snapshots.append(snapshot)
        return lambda: self.answer

    def data_planes(self) -> list[DataPlaneView]:
        return []

    @property
    def last(self) -> SnapshotData:
        return self.snapshots[-1]


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
        yield Office(Service(desk, "local:ada"), publication, clock)
    finally:
        desk.close()
