"""A service on a real store, with a publication that keeps what it was given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.clock import ManualClock
from yett.admin.desk import Applied, Desk, Environment
from yett.admin.outside import RegistryClient, Seen
from yett.admin.permissions import operator
from yett.admin.references import References
from yett.admin.service import Service
from yett.admin.views import DataPlaneView, NewServer
from yett.gateway.snapshot import ServerEntry, SnapshotData, SnapshotDelta
from yett.gateway.whole import Whole
from yett.sealing.keys import KEY_FILE, FileKeys
from yett.sealing.vault import Vault
from yett.stores.control.store import open_control

KEY = bytes(32)


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
        state = Whole.of(self.snapshots[-1]) if self.snapshots else Whole(origin=delta.origin, revision=0)
        state.apply(delta)
        return self.begin(state.data())

    def data_planes(self) -> list[DataPlaneView]:
        return []

    @property
    def last(self) -> SnapshotData:
        return self.snapshots[-1]


@dataclass
class KeptLookout:
    """Implements `yett.admin.outside.Lookout` without asking anybody: answers as it is told, and remembers what was asked."""

    said: dict[str, Any] | None = field(default_factory=lambda: {"name": "a server", "revision": "2025-11-25", "tools": []})
    problem: str | None = None
    refused: dict[str, str] = field(default_factory=dict)
    """Why nothing may be sent to a url."""
    asked: list[ServerEntry] = field(default_factory=list)
    fields: list[Mapping[str, str] | None] = field(default_factory=list)
    """Of the sealed credential, for each."""
    called: set[str] = field(default_factory=set)
    """Ids of servers with a call in the decision log."""

    def refusal(self, url: str) -> str | None:
        return self.refused.get(url)

    def look(self, server: ServerEntry, fields: Mapping[str, str] | None = None, *, patient: bool = False) -> Seen:
        self.asked.append(server)
        self.fields.append(fields)
        return Seen(None, self.problem) if self.problem else Seen(self.said, None)

    def close(self) -> None:
        pass


@dataclass
class Office:
    """A service and what stands around it."""

    service: Service
    publication: KeptPublication
    clock: ManualClock
    lookout: KeptLookout

    def with_server(self, name: str = "files") -> Office:
        self.service.add_server(NewServer(name=name, url="http://127.0.0.1:9/mcp"))
        return self


@contextmanager
def open_office(
    state_dir: Path, commands: tuple[str, ...] = ("time",), *, reveal: bool = False, registry: RegistryClient | None = None
) -> Iterator[Office]:
    clock, publication = ManualClock(), KeptPublication()
    lookout = KeptLookout()
    environment = Environment(
        clock=clock,
        token_key=KEY,
        commands=lambda: commands,
        endpoint=lambda name: f"http://127.0.0.1:8700/mcp/{name}",
        lookout=lookout,
        references=References(state_dir),
        registry=registry,
        called=lambda server: server in lookout.called,
        reveal=reveal,
        vault=Vault(FileKeys(state_dir / KEY_FILE)),
    )
    desk = Desk(open_control(state_dir, clock), publication, environment)
    try:
        yield Office(Service(desk, operator("local:ada", desk.first_organisation())), publication, clock, lookout)
    finally:
        desk.close()
