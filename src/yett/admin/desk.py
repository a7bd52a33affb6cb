"""Where the control plane's state changes, in one place: a transaction, and the word of it to the data planes.

A change is committed and handed over while the lock is held, so that changes leave in the order of their numbers; the wait for
the data planes' answer comes after.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from yett.admin.approvals_port import ApprovalsPort
from yett.admin.credentials.port import CredentialKeeper
from yett.admin.entries import build_delta, build_snapshot
from yett.admin.other_tools import OtherTools
from yett.admin.outside import Index, Lookout, NoIndex, RegistryClient
from yett.admin.references import References
from yett.admin.verdicts import Verdicts
from yett.admin.views import DataPlaneView
from yett.gateway.snapshot import SnapshotData, SnapshotDelta
from yett.ports import Clock
from yett.sealing.rotation import SealedStore
from yett.sealing.vault import SealedSecret, Vault
from yett.stores.control.records import Touched
from yett.stores.control.store import ControlStore
from yett.stores.control.transaction import Transaction, Whole

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Applied:
    """Whether a change governs calls already, and if not, or not as written, why."""

    applied: bool
    note: str | None = None
    of_all: bool = False
    """Whether the note may tell of other organisations, too."""


class Publication(Protocol):
    """How changes reach the data planes."""

    def begin(self, snapshot: SnapshotData) -> Callable[[], Applied]:
        """Hand everything over, as at start, without waiting; the returned function waits for the answer, for a bounded time."""
        ...

    def offer(self, delta: SnapshotDelta) -> Callable[[], Applied]:
        """The same for what changed since."""
        ...

    def data_planes(self) -> list[DataPlaneView]:
        """Those that are connected now."""
        ...


@dataclass(frozen=True, slots=True)
class Environment:
    """What the use cases need beside the store."""

    clock: Clock
    token_key: bytes
    commands: Callable[[], Collection[str]]
    """Names of the programs that the host lists."""
    endpoint: Callable[[str], str]
    """Where clients reach the server of this name, through the gate."""
    lookout: Lookout
    """Who asks servers what they are."""
    references: References
    """Which credentials may be referred to."""
    registry: RegistryClient | None = None
    """Who asks the MCP registry; None where the settings name none."""
    called: Callable[[str], bool] = lambda server: False
    """Whether the decision log has a call to the server of this id."""
    reveal: bool = False
    """Whether this installation keeps tokens, sealed, so that an admin may see one again."""
    vault: Vault | None = None
    """What seals tokens where no control plane runs."""
    page: Callable[[str], str] = lambda path: path
    """Where people reach this path of the control plane."""
    host_secrets: SealedStore | None = None
    """What the host keeps sealed beside the store; the master key opens it too."""
    verdicts: Verdicts = field(default_factory=Verdicts)
    """What the classifier said of servers' tools."""
    other_tools: OtherTools = field(default_factory=OtherTools)
    """What is known of tools of other servers, where texts of one are judged."""
    index: Index = field(default_factory=NoIndex)
    """Servers that others list, beside those that come with Yett."""
    approvals: ApprovalsPort | None = None
    """Who keeps requests for approval; None where nothing is ever asked."""
    mark: Callable[[str], str | None] = lambda name: None
    """By which the program of this name that the host lists is known again; None where there is none."""
    program: Callable[[str], Sequence[str]] = lambda name: ()
    """The words of the program of this name that the host lists; none where there is none."""


class Desk:
    """Owner of the store and of the problems. For any number of threads."""

    def __init__(self, store: ControlStore, publication: Publication, environment: Environment) -> None:
        self._store = store
        self._publication = publication
        self._problems: dict[str, str] = {}
        self._lock = threading.Lock()
        self.environment = environment
        self.credentials: CredentialKeeper | None = None
        """Who keeps servers' credentials alive; a command where no control plane runs has somebody who only seals them."""

    def first_organisation(self) -> str:
        """The id of the oldest organisation: the one of a command that names none."""
        return self.look(lambda whole: whole.organisations()[0].id)

    def look(self, work: Callable[[Whole], T]) -> T:
        """What `work` finds in the whole installation, all of one moment."""
        with self._lock, self._store.whole() as whole:
            return work(whole)

    def read(self, organisation: str, work: Callable[[Transaction], T]) -> T:
        """What `work` finds in one organisation, all of one moment."""
        return self.look(lambda whole: work(whole.of(organisation)))

    def write(self, work: Callable[[Whole], T]) -> T:
        """Do what no data plane needs to know; nothing happens if it raises."""
        return self.look(work)

    def sealed_secrets(self) -> list[SealedSecret]:
        """Everything that the master key seals. Not to be called within a transaction. Errors: `OperatorFault`."""
        stored = self.look(lambda whole: whole.sealed.all())
        host = self.environment.host_secrets
        return stored if host is None else [*stored, *host.sealed_secrets()]

    def change(self, organisation: str, work: Callable[[Transaction], T]) -> tuple[T, Applied]:
        """Do `work` and publish what it changed for calls, if anything; nothing happens if it raises."""

        def within(whole: Whole) -> tuple[T, SnapshotDelta | None]:
            transaction = whole.of(organisation)
            result = work(transaction)
            touched = transaction.touched
            if touched == Touched():
                return result, None
            return result, self._delta(whole, transaction)

        return self._publish(within)

    def change_whole(self, work: Callable[[Whole], T]) -> tuple[T, Applied]:
        """Do what concerns no single server, grant or policy: the kill switch, an organisation more."""
        return self._publish(lambda whole: (work(whole), self._delta(whole, None)))

    def begin(self) -> Applied:
        """Publish everything, as at start."""
        with self._lock:
            with self._store.whole() as whole:
                whole.bump_revision()
                snapshot = build_snapshot(whole, self.environment.clock.now_ns(), list(self._problems.values()))
            answer = self._publication.begin(snapshot)
        return answer()

    def report(self, source: str, problem: str | None) -> bool:
        """Note what is wrong with `source`, None for nothing; whether that is news, which `spread` should then tell."""
        with self._lock:
            if self._problems.get(source) == problem:
                return False
            if problem is None:
                del self._problems[source]
            else:
                self._problems[source] = problem
            return True

    def spread(self) -> Applied:
        """Tell the data planes what is not as the operator wrote it."""
        return self.change_whole(lambda _: None)[1]

    def problems(self) -> list[str]:
        """What is not as the operator wrote it."""
        with self._lock:
            return list(self._problems.values())

    def data_planes(self) -> list[DataPlaneView]:
        """Those that are connected now."""
        return self._publication.data_planes()

    def close(self) -> None:
        """Let another process have the store."""
        self.environment.lookout.close()
        if self.environment.approvals is not None:
            self.environment.approvals.close()
        with self._lock:
            self._store.close()

    def _publish(self, work: Callable[[Whole], tuple[T, SnapshotDelta | None]]) -> tuple[T, Applied]:
        with self._lock:
            with self._store.whole() as whole:
                result, delta = work(whole)
            if delta is None:
                return result, Applied(applied=True)
            answer = self._publication.offer(delta)
        return result, answer()

    def _delta(self, whole: Whole, transaction: Transaction | None) -> SnapshotDelta:
        whole.bump_revision()
        return build_delta(whole, transaction, self.environment.clock.now_ns(), list(self._problems.values()))
