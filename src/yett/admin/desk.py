"""The one place where the control plane's state changes: a transaction, a snapshot, and the word to the data planes.

A change is committed and its snapshot handed over while the lock is held, so that snapshots leave in the order of their numbers;
the wait for the data planes' answer comes after.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol, TypeVar

from yett.admin.records import ControlStore, ControlTransaction, Grant
from yett.admin.views import DataPlaneView
from yett.gateway.snapshot import GrantEntry, PolicyEntry, ServerEntry, SnapshotData
from yett.ports import Clock

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Applied:
    """Whether a snapshot governs calls already, and if not, or not as written, why."""

    applied: bool
    note: str | None = None


class Publication(Protocol):
    """How snapshots reach the data planes."""

    def offer(self, snapshot: SnapshotData) -> Callable[[], Applied]:
        """Hand `snapshot` over, without waiting; the returned function waits for the answer, for a bounded time."""
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


class Desk:
    """Owner of the store and of the problems. For any number of threads."""

    def __init__(self, store: ControlStore, publication: Publication, environment: Environment) -> None:
        self._store = store
        self._publication = publication
        self._problems: dict[str, str] = {}
        self._lock = threading.Lock()
        self.environment = environment

    def read(self, work: Callable[[ControlTransaction], T]) -> T:
        """What `work` finds, all of one moment."""
        with self._lock, self._store.transaction() as transaction:
            return work(transaction)

    def change(self, work: Callable[[ControlTransaction], T]) -> tuple[T, Applied]:
        """Do `work` and publish what comes of it; nothing happens if it raises."""
        with self._lock:
            with self._store.transaction() as transaction:
                result = work(transaction)
                transaction.bump_revision()
                snapshot = build_snapshot(transaction, self.environment.clock.now_ns(), list(self._problems.values()))
            answer = self._publication.offer(snapshot)
        return result, answer()

    def publish(self) -> Applied:
        """Send the present state again, as at start."""
        return self.change(lambda _: None)[1]

    def report(self, source: str, problem: str | None) -> bool:
        """Note what is wrong with `source`, None for nothing; whether that is news, which `publish` should then spread."""
        with self._lock:
            if self._problems.get(source) == problem:
                return False
            if problem is None:
                del self._problems[source]
            else:
                self._problems[source] = problem
            return True

    def problems(self) -> list[str]:
        """What is not as the operator wrote it."""
        with self._lock:
            return list(self._problems.values())

    def data_planes(self) -> list[DataPlaneView]:
        """Those that are connected now."""
        return self._publication.data_planes()

    def close(self) -> None:
        """Let another process have the store."""
        with self._lock:
            self._store.close()


def build_snapshot(transaction: ControlTransaction, now_ns: int, problems: list[str]) -> SnapshotData:
    """All that the data plane needs to judge: live grants, present servers, the last revision of each policy."""
    policies = {policy.id: policy.name for policy in transaction.policies()}
    texts = [(name, transaction.last_revision(policy_id)) for policy_id, name in policies.items()]
    return SnapshotData(
        revision=transaction.revision(),
        organisation=transaction.organisation(),
        servers=[
            ServerEntry(
                id=server.id,
                name=server.name,
                url=server.url,
                transport="sse" if server.transport == "sse" else "http",
                command=server.command,
                credential=server.credential,
                credential_header=server.credential_header,
                credential_scheme=server.credential_scheme,
            )
            for server in transaction.servers()
        ],
        grants=[_entry(grant, policies) for grant in transaction.grants() if is_live(grant, now_ns)],
        policies=[PolicyEntry(name=name, revision=text.name, document=text.document) for name, text in texts if text],
        problems=problems,
    )


def _entry(grant: Grant, policies: dict[str, str]) -> GrantEntry:
    return GrantEntry(
        id=grant.id,
        digest=grant.digest,
        server=grant.server_id,
        label=grant.label,
        owner=grant.owner,
        tags=grant.tags,
        expires_at_ns=grant.expires_at_ns,
        policy=policies[grant.policy_id] if grant.policy_id else None,
    )


def is_live(grant: Grant, now_ns: int) -> bool:
    """Whether the grant's token opens anything."""
    return grant.revoked_at_ns is None and (grant.expires_at_ns is None or now_ns < grant.expires_at_ns)
