"""The active snapshot: one immutable value, read once for each call, and swapped when a change comes.

A change costs what it holds, and a copy of the tables that it touches: with ten thousand grants well under a millisecond.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypeVar

from yett.errors import OperatorFault
from yett.gateway.ahead import made_ahead
from yett.gateway.published import AT_ONCE_BYTES, ActivePolicy, Made, Published
from yett.gateway.snapshot import (
    EVERYTHING,
    ClassesEntry,
    GrantEntry,
    IssuerEntry,
    PinsEntry,
    ServerEntry,
    SnapshotData,
    SnapshotDelta,
    ToolClass,
    issuer_of,
)
from yett.gateway.whole import as_delta
from yett.policy.decision import Grant

T = TypeVar("T")

_log: Final = logging.getLogger("yett.feed")


class OutOfStep(OperatorFault):
    """A change to another state than the active one; the whole is needed."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that judging one call depends on, of one moment."""

    origin: str
    revision: int
    servers: Mapping[str, ServerEntry]
    """By id."""
    named: Mapping[str, frozenset[str]]
    """Ids of the servers that have a name, one in each organisation at most."""
    grants: Mapping[str, GrantEntry]
    """By the digests of their tokens; one that was rotated has two."""
    grants_by_id: Mapping[str, GrantEntry]
    facts: Mapping[str, Grant]
    """What conditions may ask of a grant, by its id."""
    policies: Mapping[str, Published]
    """By id."""
    issuers: tuple[IssuerEntry, ...] = ()
    """Whose access tokens are taken."""
    classes: Mapping[str, Mapping[str, ToolClass]] = field(default_factory=dict)
    """What classes the tools of a server have, by its id and their names. `yett.gateway.tools` gives them to tools."""
    pins: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What the tools of a server are compared by, by its id and their names; of those that are held to it. As `classes`."""
    stopped: frozenset[str] = frozenset()
    """Organisations that are stopped, or `EVERYTHING`."""
    problems: tuple[str, ...] = ()
    """What the control plane says."""

    def policy_of(self, grant: GrantEntry) -> ActivePolicy | None:
        """The policy that judges a grant's calls; None denies them all."""
        if grant.policy is None:
            return None
        published = self.policies.get(grant.policy)
        if published is None:
            return None
        return published.active if published.done else published.use()

    def stop_of(self, grant: GrantEntry, server: ServerEntry) -> str | None:
        """What people stopped, so that nothing of this grant is forwarded to this server; None where nothing is stopped."""
        if grant.stopped:
            return "this grant"
        if server.stopped:
            return "this server"
        if EVERYTHING in self.stopped:
            return "every call"
        return "this organisation" if grant.organisation in self.stopped else None

    def vouches(self, digest: str) -> bool:
        """Whether the issuer of an access token is still one; true for the digest of a grant's own token."""
        issuer = issuer_of(digest)
        return issuer is None or any(one.id == issuer for one in self.issuers)

    def running(self) -> Iterator[ServerEntry]:
        """The servers to which anything may be forwarded."""
        if EVERYTHING in self.stopped:
            return
        for server in self.servers.values():
            if not server.stopped and server.organisation not in self.stopped:
                yield server

    def name_of(self, reference: str) -> str | None:
        """The name of the server that a path names by id or name, if there is one; whose it is does not show."""
        server = self.servers.get(reference)
        if server is not None:
            return server.name
        return reference if reference in self.named else None


NOTHING: Final = Snapshot("", -1, {}, {}, {}, {}, {}, {})
"""What a whole is a change of."""


@dataclass(frozen=True, slots=True)
class Touched:
    """What a change may have altered, by id."""

    everything: bool
    servers: frozenset[str] = frozenset()
    grants: frozenset[str] = frozenset()
    policies: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    """Of which servers; what holds for a grant's calls stays, but a list may show another part."""
    pins: frozenset[str] = frozenset()
    """Of which servers, as for classes."""

    def concerns(self, grant: GrantEntry) -> bool:
        """Whether what holds for this grant may be another thing now."""
        if self.everything or grant.id in self.grants or grant.server in self.servers:
            return True
        return grant.policy is not None and grant.policy in self.policies


Follower = Callable[[Snapshot, Touched], None]


class ActiveSnapshot:
    """The only owner of the active snapshot."""

    def __init__(self) -> None:
        self._current: Snapshot | None = None
        self._followers: list[Follower] = []
        self._faults: dict[str, str] = {}
        """Why policies cannot be read, by their ids."""
        self._applying = False

    def follow(self, follower: Follower) -> None:
        """Have `follower` told of each snapshot that becomes active, and what of it is new. It must not raise."""
        self._followers.append(follower)

    def current(self) -> Snapshot | None:
        """The snapshot to judge by; None until the first one has come. Read it once for each call."""
        return self._current

    def problems(self) -> list[str]:
        """What is not as the operator wrote it: what the control plane said, and policies that turned out to be unreadable."""
        told = () if self._current is None else self._current.problems
        return [*told, *self._faults.values()]

    def apply(self, data: SnapshotData) -> list[str]:
        """Make `data` active; returns sentences about what could not be taken as it is."""
        return self.apply_delta(as_delta(data))

    async def take(self, delta: SnapshotDelta) -> list[str]:
        """As `apply_delta`, with its policies compiled ahead; until then, what is active judges. One after another."""
        if self._current is None:  # nothing judges yet, and whoever connects to a listener that has just begun is not to wait
            return self.apply_delta(delta)
        return self.apply_delta(delta, await made_ahead(delta.policies, self._current.policies))

    def apply_delta(self, delta: SnapshotDelta, made: Mapping[str, Made] | None = None) -> list[str]:
        """Make what `delta` changes active; returns sentences about what could not be taken as it is. `made`: by policy id.

        A policy that cannot be read keeps its last good revision; one that never was readable is absent, and its grants are
        denied every call. Errors: `OutOfStep` where the change is not one to the active snapshot, which then stays.
        """
        before = self._current
        if delta.previous is not None and (before is None or (before.origin, before.revision) != (delta.origin, delta.previous)):
            raise OutOfStep(f"the change to revision {delta.revision} is one to revision {delta.previous}, which is not active")
        was = NOTHING if before is None else before
        base = NOTHING if delta.previous is None else was
        self._applying = True
        try:
            policies = self._policies(base, delta, was, made or {})
        finally:
            self._applying = False
        servers, named = _servers(base, delta)
        grants, by_id, facts = _grants(base, delta)
        classes, pins, stopped = _classes(base, delta), _pins(base, delta), frozenset(delta.stopped)
        touched = Touched(
            everything=delta.previous is None or before is None or stopped != before.stopped or delta.issuers is not None,
            servers=frozenset((*delta.servers_gone, *(server.id for server in delta.servers))),
            grants=frozenset((*delta.grants_gone, *(grant.id for grant in delta.grants))),
            policies=frozenset((*delta.policies_gone, *(policy.id for policy in delta.policies))),
            classes=_others(delta, delta.classes, was.classes, classes),
            pins=_others(delta, delta.pins, was.pins, pins),
        )
        problems = tuple(delta.problems)
        issuers = base.issuers if delta.issuers is None else tuple(delta.issuers)
        tables = (servers, named, grants, by_id, facts, policies)
        current = Snapshot(delta.origin, delta.revision, *tables, issuers, classes, pins, stopped, problems)
        self._current = current
        for follower in self._followers:
            follower(current, touched)
        return self.problems()

    def _policies(
        self, base: Snapshot, delta: SnapshotDelta, before: Snapshot, made: Mapping[str, Made]
    ) -> Mapping[str, Published]:
        if not delta.policies and not delta.policies_gone and base is not NOTHING:
            return base.policies
        policies = _copied(base.policies)
        ready: list[Published] = []
        new: list[tuple[Published, int]] = []
        for id in delta.policies_gone:
            policies.pop(id, None)
            self._faults.pop(id, None)
        for entry in delta.policies:
            known = before.policies.get(entry.id)
            if known is None or not known.is_of(entry):
                self._faults.pop(entry.id, None)
                known = Published(entry, known, self._unreadable, made.get(entry.id))
                if entry.id in made:
                    ready.append(known)
                else:
                    new.append((known, len(entry.document)))
            policies[entry.id] = known
        if base is NOTHING:
            self._faults = {id: told for id, told in self._faults.items() if id in policies}
        if sum(size for _, size in new) <= AT_ONCE_BYTES:
            ready.extend(published for published, _ in new)
        for published in ready:
            published.use()
        return MappingProxyType(policies)

    def _unreadable(self, published: Published, told: str) -> None:
        current = None if self._current is None else self._current.policies.get(published.id)
        if self._applying or current is published:
            self._faults[published.id] = told
        if not self._applying:
            _log.warning("%s", told)


def _servers(base: Snapshot, delta: SnapshotDelta) -> tuple[Mapping[str, ServerEntry], Mapping[str, frozenset[str]]]:
    if not delta.servers and not delta.servers_gone:
        return base.servers, base.named
    servers, named = _copied(base.servers), _copied(base.named)
    for id in (*delta.servers_gone, *(server.id for server in delta.servers)):
        old = servers.pop(id, None)
        if old is not None:
            others = named[old.name] - {id}
            if others:
                named[old.name] = others
            else:
                del named[old.name]
    for server in delta.servers:
        servers[server.id] = server
        named[server.name] = named.get(server.name, frozenset()) | {server.id}
    return MappingProxyType(servers), MappingProxyType(named)


_ClassesBy = Mapping[str, Mapping[str, ToolClass]]


def _classes(base: Snapshot, delta: SnapshotDelta) -> _ClassesBy:
    if not delta.classes and base.classes.keys().isdisjoint(delta.servers_gone):
        return base.classes
    kept = {id: tools for id, tools in base.classes.items() if id not in delta.servers_gone}
    new = {entry.server: entry.tools for entry in delta.classes}
    return MappingProxyType({id: tools for id, tools in {**kept, **new}.items() if tools})


def _pins(base: Snapshot, delta: SnapshotDelta) -> Mapping[str, Mapping[str, str]]:
    if not delta.pins and base.pins.keys().isdisjoint(delta.servers_gone):
        return base.pins
    kept = {id: tools for id, tools in base.pins.items() if id not in delta.servers_gone}
    new = {entry.server: entry.tools for entry in delta.pins}
    return MappingProxyType({id: tools for id, tools in {**kept, **new}.items() if tools is not None})


def _others(
    delta: SnapshotDelta,
    entries: Sequence[ClassesEntry | PinsEntry],
    before: Mapping[str, Mapping[str, object]],
    after: Mapping[str, Mapping[str, object]],
) -> frozenset[str]:
    """The servers of whose tools any has another class, or pin, now."""
    some = (*delta.servers_gone, *(entry.server for entry in entries))
    return frozenset(id for id in (some if delta.previous is not None else {*before, *after}) if before.get(id) != after.get(id))


_Grants = tuple[Mapping[str, GrantEntry], Mapping[str, GrantEntry], Mapping[str, Grant]]


def _grants(base: Snapshot, delta: SnapshotDelta) -> _Grants:
    if not delta.grants and not delta.grants_gone:
        return base.grants, base.grants_by_id, base.facts
    grants, by_id, facts = _copied(base.grants), _copied(base.grants_by_id), _copied(base.facts)
    for id in (*delta.grants_gone, *(grant.id for grant in delta.grants)):
        old = by_id.pop(id, None)
        if old is not None:
            del facts[id]
            for digest in _digests(old):
                if (found := grants.get(digest)) is not None and found.id == id:
                    del grants[digest]
    for grant in delta.grants:
        by_id[grant.id] = grant
        facts[grant.id] = Grant(grant.id, grant.label, grant.owner, grant.tags)
        for digest in _digests(grant):
            grants[digest] = grant
    return MappingProxyType(grants), MappingProxyType(by_id), MappingProxyType(facts)


def _digests(grant: GrantEntry) -> tuple[str, ...]:
    """Those of its tokens, the present one last."""
    return (grant.digest,) if grant.previous_digest is None else (grant.previous_digest, grant.digest)


def _copied(table: Mapping[str, T]) -> dict[str, T]:
    """A copy to change; the proxy's own is that of a plain dict, and takes a tenth of the time."""
    return table.copy() if isinstance(table, MappingProxyType) else dict(table)
